"""Branches whose wide boxes stand beside narrow ones, where one of them begins a rank later."""

from __future__ import annotations

import pytest
from geometry import crossings, faults

from archviz.layouts import Box, Link, Placement
from archviz.layouts.sugiyama import place

LAYER = (70.0, 140.0, 50.0)
"""Widths of a convolution, its normalization and its activation."""


def branching(*branches: tuple[float, ...]) -> tuple[list[Box], list[Link]]:
    """A box, branches of boxes of these widths from it, and the box where they meet."""
    boxes = [Box("fork", 70, 40), Box("join", 70, 40)]
    links = []
    for branch in branches:
        above = 0
        for width in branch:
            links.append(Link(above, len(boxes)))
            above = len(boxes)
            boxes.append(Box(str(above), width, 40))
        links.append(Link(above, 1))
    return boxes, links


def heads(boxes: list[Box], links: list[Link], placement: Placement) -> list[tuple[float, float]]:
    """Middle and top of the first box of each branch, in the order of the links."""
    areas = [placement.areas[link.target] for link in links if link.source == 0]
    return [(area.x + area.width / 2, area.y) for area in areas]


def test_a_branch_between_others_begins_a_rank_later() -> None:
    boxes, links = branching(LAYER, LAYER * 2, LAYER * 3, (100.0, *LAYER))
    placement = place(boxes, links)
    assert faults(boxes, links, placement) == []
    assert crossings(links, placement) == 0
    xs, ys = zip(*heads(boxes, links, placement), strict=True)
    assert list(xs) == sorted(xs)  # as the links are
    assert ys[0] == ys[2] == ys[3] < ys[1]
    # Not 164: a normalization stands beside a convolution.
    assert xs[1] - xs[0] == xs[2] - xs[1] == 129


@pytest.mark.parametrize(
    "branches",
    [
        pytest.param(((140.0, 140.0), (140.0,) * 3, (140.0,) * 4), id="boxes of one width"),
        pytest.param((LAYER, LAYER, LAYER), id="no branch has room"),
        pytest.param(((70.0,), (70.0,), (140.0, 70.0)), id="branches of one box"),
        pytest.param(((70.0, 80.0), (70.0, 80.0, 75.0)), id="little would be gained"),
    ],
)
def test_branches_begin_in_line(branches: tuple[tuple[float, ...], ...]) -> None:
    boxes, links = branching(*branches)
    assert len({y for _, y in heads(boxes, links, place(boxes, links))}) == 1


def test_a_drawing_does_not_become_higher() -> None:
    boxes, links = branching(LAYER, LAYER * 2)
    tall = [Box(box.id, box.width, 90 if box.width == 140 else 40) for box in boxes]
    assert len({y for _, y in heads(tall, links, place(tall, links))}) == 1
    assert len({y for _, y in heads(boxes, links, place(boxes, links))}) == 2


def test_one_branch_of_a_box_is_moved_at_most() -> None:
    boxes, links = branching(LAYER, LAYER * 2, LAYER * 2, LAYER * 2, LAYER * 3)
    placement = place(boxes, links)
    assert crossings(links, placement) == 0
    tops = [y for _, y in heads(boxes, links, placement)]
    assert sorted(tops.count(y) for y in set(tops)) == [1, 4]
