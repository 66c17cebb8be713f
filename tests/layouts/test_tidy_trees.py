"""The layout for trees: tidy whatever their shape, in linear time, and at any depth."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import growth

from archviz.errors import LayoutError
from archviz.layouts import Area, Box, Link, Placement
from archviz.layouts.tree import GAP, LEVEL_GAP, place

SLACK = 0.03


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    """Boxes of any size in one to four trees, some links with labels."""
    count = draw(st.integers(1, 60))
    size = st.floats(0, 150)
    boxes = [Box(f"box {i}", draw(size), draw(size)) for i in range(count)]
    roots = draw(st.integers(1, 4))
    near = draw(st.booleans())
    links = []
    for i in range(roots, count):
        parent = draw(st.integers(max(0, i - 4) if near else 0, i - 1))
        label = (draw(st.floats(1, 90)), 12.0) if draw(st.booleans()) else None
        links.append(Link(parent, i, 0, label))
    return boxes, links


def turned(placement: Placement) -> Placement:
    return Placement(
        tuple(Area(a.y, a.x, a.height, a.width) for a in placement.areas), (), 0.0, 0.0
    )


def too_near(areas: Sequence[Area], gap: float) -> Iterator[tuple[int, int]]:
    """Pairs side by side that are nearer than ``gap``, by a sweep over their tops."""
    active: list[int] = []
    for i in sorted(range(len(areas)), key=lambda i: areas[i].y):
        one = areas[i]
        active = [j for j in active if areas[j].y + areas[j].height > one.y + SLACK]
        for j in active:
            other = areas[j]
            if (
                one.x < other.x + other.width + gap - SLACK
                and other.x < one.x + one.width + gap - SLACK
            ):
                yield i, j
        active.append(i)


@settings(max_examples=150, deadline=None)
@given(trees(), st.sampled_from(["TB", "LR"]), st.booleans())
def test_random_trees_are_tidy(
    tree: tuple[list[Box], list[Link]], direction: str, aligned: bool
) -> None:
    boxes, links = tree
    placement = place(boxes, links, direction=direction, aligned=aligned)  # type: ignore[arg-type]
    down = placement if direction == "TB" else turned(placement)
    assert not list(too_near(down.areas, GAP))
    children: dict[int, list[int]] = {}
    for link in links:
        children.setdefault(link.source, []).append(link.target)
        upper, lower = down.areas[link.source], down.areas[link.target]
        assert lower.y >= upper.y + upper.height + LEVEL_GAP - SLACK
    for parent, siblings in children.items():
        middles = [down.areas[i].x + down.areas[i].width / 2 for i in siblings]
        assert middles == sorted(middles)
        own = down.areas[parent].x + down.areas[parent].width / 2
        assert own == pytest.approx((middles[0] + middles[-1]) / 2, abs=SLACK)
    labels = [route.label for route in placement.routes if route.label]
    assert len(labels) == sum(link.label is not None for link in links)
    assert not list(too_near([*labels, *placement.areas], 0.0))
    for area in (*placement.areas, *labels):
        assert area.x >= -SLACK
        assert area.y >= -SLACK
        assert area.x + area.width <= placement.width + SLACK
        assert area.y + area.height <= placement.height + SLACK


def test_boxes_of_a_level_start_at_one_line() -> None:
    boxes = [Box(str(i), 40, 20 + 10 * i) for i in range(5)]
    links = [Link(0, 1), Link(0, 2), Link(1, 3), Link(2, 4)]
    areas = place(boxes, links).areas
    assert areas[1].y == areas[2].y
    assert areas[3].y == areas[4].y == areas[2].y + areas[2].height + LEVEL_GAP


def test_boxes_that_need_not_line_up_come_right_behind_their_parents() -> None:
    boxes = [Box("root", 40, 20), Box("low", 40, 20), Box("high", 40, 90), Box("leaf", 40, 20)]
    areas = place(boxes, [Link(0, 1), Link(0, 2), Link(1, 3)], aligned=False).areas
    assert areas[3].y == areas[1].y + 20 + LEVEL_GAP < areas[2].y + 90


def test_a_subtree_moves_under_the_arm_of_its_neighbour() -> None:
    """The wide one is lower than the short one's end, so their roots may be close."""
    boxes = [Box(str(i), 50, 20) for i in range(3)] + [Box(str(i), 50, 20) for i in range(3, 8)]
    links = [Link(0, 1), Link(0, 2), Link(2, 3), Link(3, 4), Link(3, 5), Link(3, 6), Link(3, 7)]
    areas = place(boxes, links).areas
    assert areas[2].x - areas[1].x == pytest.approx(50 + GAP)


def test_a_chain_of_a_thousand_splits_needs_no_recursion() -> None:
    boxes = [Box(str(i), 60, 20) for i in range(1999)]
    links = [Link(2 * ((i - 1) // 2), i) for i in range(1, 1999)]
    placement = place(boxes, links)
    assert not list(too_near(placement.areas, GAP))
    assert placement.height == 1000 * 20 + 999 * LEVEL_GAP


def random_binary(splits: int) -> tuple[list[Box], list[Link]]:
    source = random.Random(splits)
    leaves, links = [0], []
    for i in range(splits):
        leaf = leaves.pop(source.randrange(len(leaves)))
        leaves += (2 * i + 1, 2 * i + 2)
        links += [Link(leaf, 2 * i + 1), Link(leaf, 2 * i + 2)]
    return [Box(str(i), source.uniform(20, 100), 20) for i in range(2 * splits + 1)], links


def comb(splits: int) -> tuple[list[Box], list[Link]]:
    """A chain from which a leaf hangs at every split, left and right by turns."""
    links, at = [], 0
    for i in range(splits):
        one, other = 2 * i + 1, 2 * i + 2
        links += [Link(at, one), Link(at, other)]
        at = one if i % 2 else other
    return [Box(str(i), 50, 20) for i in range(2 * splits + 1)], links


@pytest.mark.parametrize("make", [random_binary, comb])
def test_work_grows_with_the_boxes_alone(make: object) -> None:
    def run(size: int) -> object:
        boxes, links = make(size)  # type: ignore[operator]
        return lambda: place(boxes, links)

    assert growth(run, 200) < 1.2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "links",
    [
        [Link(0, 2), Link(1, 2)],
        [Link(0, 0)],
        [Link(0, 1), Link(1, 0)],
        [Link(0, 1), Link(0, 1)],
        [Link(1, 2), Link(2, 1)],
    ],
)
def test_what_is_no_tree_is_refused(links: list[Link]) -> None:
    with pytest.raises(LayoutError, match=r"trees only.*sugiyama"):
        place([Box(str(i), 10, 10) for i in range(3)], links)


def test_a_box_without_a_finite_size_is_refused() -> None:
    with pytest.raises(LayoutError, match="'endless' has no finite size"):
        place([Box("endless", float("nan"), 10)], [])
