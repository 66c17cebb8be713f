"""Tall pictures are cut into columns: nothing is lost, torn or laid over another thing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from scene_geometry import problems

from archviz.ir import Graph, Model, TensorType
from archviz.ir.build import GraphBuilder
from archviz.layouts import LAYOUTS, Box, Link, Placement
from archviz.views.node_link import draw
from archviz.views.node_link.columns import TALLEST, in_columns


def chain(length: int, skip: int = 0) -> tuple[list[Box], list[Link]]:
    """Boxes in a row; every ``skip``-th also leads to the one ``skip`` behind it."""
    boxes = [Box(str(index), 120, 40) for index in range(length)]
    links = [Link(a, b, a) for a, b in pairwise(range(length))]
    if skip:
        links += [Link(a, a + skip, a) for a in range(0, length - skip, skip)]
    return boxes, links


def placed(boxes: list[Box], links: list[Link]) -> Placement:
    return LAYOUTS.get("sugiyama").place(boxes, links)


def test_a_short_picture_is_left_alone() -> None:
    boxes, links = chain(20)
    whole = placed(boxes, links)
    assert whole.height < TALLEST
    assert in_columns(whole, boxes, links) is whole


def test_a_tall_chain_becomes_a_page() -> None:
    boxes, links = chain(300)
    whole = placed(boxes, links)
    page = in_columns(whole, boxes, links)
    assert whole.height > TALLEST
    assert 0.4 < page.width / page.height < 2.5
    assert [(a.width, a.height) for a in page.areas] == [(a.width, a.height) for a in whole.areas]


@pytest.mark.parametrize("skip", [0, 3])
@pytest.mark.parametrize("columns", [2, 3, 7])
def test_columns_hold_every_box_apart_and_every_edge_whole(skip: int, columns: int) -> None:
    boxes, links = chain(60, skip)
    whole = placed(boxes, links)
    page = in_columns(whole, boxes, links, columns)
    lefts = sorted({round(area.x / 60) for area in page.areas})
    assert len(lefts) >= columns
    for one, area in enumerate(page.areas):
        assert area.x >= -0.01
        assert area.y >= -0.01
        assert area.x + area.width <= page.width + 0.01
        assert area.y + area.height <= page.height + 0.01
        for other in page.areas[:one]:
            apart = (
                area.x + area.width <= other.x
                or other.x + other.width <= area.x
                or area.y + area.height <= other.y
                or other.y + other.height <= area.y
            )
            assert apart
    for link, route in zip(links, page.routes, strict=True):
        first, last = page.areas[link.source], page.areas[link.target]
        start, end = route.points[0], route.points[-1]
        assert start.y == pytest.approx(first.y + first.height)
        assert first.x <= start.x <= first.x + first.width
        assert last.x <= end.x <= last.x + last.width
        assert last.y - 0.01 <= end.y <= last.y + last.height
        for before, behind in pairwise(route.points):
            assert before.x == behind.x or before.y == behind.y
            assert 0 <= before.x <= page.width
            assert 0 <= before.y <= page.height + 0.01


def residual_chain(blocks: int) -> Graph:
    b = GraphBuilder()
    value = b.value("x", TensorType("float32", (1, 8)))
    b.inputs.append(value)
    for index in range(blocks):
        skip = value
        for op in ("Gemm", "Relu"):
            made = b.value("v", TensorType("float32", (1, 8 + index)))
            b.node(op, (value,), (made,))
            value = made
        made = b.value("v", TensorType("float32", (1, 8 + index)))
        b.node("Add", (value, skip), (made,))
        value = made
    b.outputs.append(value)
    return b.build()


@pytest.mark.parametrize("columns", [1, 2, 4, 9, "auto"])
def test_a_residual_network_in_columns_has_no_fault(columns: int | str) -> None:
    scene = draw(Model(residual_chain(70)), columns=columns)  # type: ignore[arg-type]
    assert problems(scene) == []
    if columns != 1:
        assert scene.height < 0.7 * draw(Model(residual_chain(70)), columns=1).height


def test_columns_are_for_pictures_from_top_to_bottom() -> None:
    model = Model(residual_chain(40))
    assert draw(model, direction="LR", columns=4) == draw(model, direction="LR", columns=1)
