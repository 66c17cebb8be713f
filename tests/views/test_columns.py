"""Long pictures are cut into columns: nothing is lost, torn or laid over another thing."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest
from geometry import ancestors, faults
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import NETWORKS, Network, build, transformer
from random_graphs import graphs
from scene_geometry import problems

import archviz
from archviz.errors import OptionError
from archviz.ir import Graph, Model, TensorType
from archviz.ir.build import GraphBuilder
from archviz.layouts import LAYOUTS, Area, Box, Link, Placement
from archviz.length import READABLE
from archviz.scene import Group, Scene, Text, flatten
from archviz.views.node_link import draw
from archviz.views.node_link.columns import TALLEST, Page, Wrapping
from archviz.views.node_link.frames import CONTINUED

Direction = Literal["TB", "LR"]


def chain(length: int, skip: int = 0) -> tuple[list[Box], list[Link]]:
    """Boxes in a row; every ``skip``-th also leads to the one ``skip`` behind it."""
    boxes = [Box(str(index), 120, 40) for index in range(length)]
    links = [Link(a, b, a) for a, b in pairwise(range(length))]
    if skip:
        links += [Link(a, a + skip, a) for a in range(0, length - skip, skip)]
    return boxes, links


def placed(boxes: list[Box], links: list[Link], direction: Direction = "TB") -> Placement:
    return LAYOUTS.get("sugiyama").place(boxes, links, direction=direction)


def wrapped(boxes: list[Box], links: list[Link], columns: int, direction: Direction = "TB") -> Page:
    return Wrapping(placed(boxes, links, direction), boxes, links, direction).in_columns(columns)


def column_faults(boxes: list[Box], links: list[Link], page: Page, direction: str) -> list[str]:
    """What is wrong with a picture in columns, each piece of a frame taken for a frame."""
    pieces: list[Box] = []
    areas: list[Area] = []
    found: dict[int, list[int]] = {}
    for index, box in enumerate(boxes):
        own = [piece.area for piece in page.pieces.get(index, ())]
        for area in own or [page.placement.areas[index]]:
            around = [one for one in found.get(box.parent, ()) if is_in(area, areas[one])]
            found.setdefault(index, []).append(len(pieces))
            pieces.append(
                replace(box, parent=around[0] if around else -1, width=0.0 if own else box.width)
            )
            areas.append(area)
            assert box.parent < 0 or around, f"{index} is in no piece of its frame"
    moved = [replace(k, source=found[k.source][0], target=found[k.target][0]) for k in links]
    placement = replace(page.placement, areas=tuple(areas))
    # To the next column an edge goes up, and out of one piece of a frame into the next.
    own = [
        f"route {k} crosses box {piece}"
        for k, link in enumerate(links)
        for frame in (*ancestors(boxes, link.source), *ancestors(boxes, link.target))
        if boxes[frame].is_container
        for piece in found[frame]
    ]
    return [
        fault
        for fault in faults(pieces, moved, placement, direction)
        if "goes up" not in fault and fault not in own
    ]


def is_in(inner: Area, outer: Area) -> bool:
    return (
        outer.x <= inner.x + 0.01
        and outer.y <= inner.y + 0.01
        and inner.x + inner.width <= outer.x + outer.width + 0.01
        and inner.y + inner.height <= outer.y + outer.height + 0.01
    )


def test_a_short_picture_is_left_alone() -> None:
    boxes, links = chain(20)
    whole = placed(boxes, links)
    assert whole.height < TALLEST
    assert Wrapping(whole, boxes, links).usual() == 1
    assert wrapped(boxes, links, 1).placement == whole


def test_a_picture_that_is_as_wide_as_tall_is_left_alone() -> None:
    boxes, links = chain(150)
    boxes[0] = Box("wide", 9000, 40)
    whole = placed(boxes, links)
    assert whole.height > TALLEST
    assert Wrapping(whole, boxes, links).usual() == 1


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_long_chain_becomes_a_page(direction: Direction) -> None:
    boxes, links = chain(300)
    whole = placed(boxes, links, direction)
    wrapping = Wrapping(whole, boxes, links, direction)
    page = wrapping.in_columns(wrapping.usual()).placement
    assert max(whole.width, whole.height) > TALLEST
    assert 0.4 < page.width / page.height < 2.5
    assert [(a.width, a.height) for a in page.areas] == [(a.width, a.height) for a in whole.areas]


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("skip", [0, 3])
@pytest.mark.parametrize("columns", [2, 3, 7])
def test_a_chain_has_as_many_columns_as_asked(
    skip: int, columns: int, direction: Direction
) -> None:
    boxes, links = chain(60, skip)
    page = wrapped(boxes, links, columns, direction)
    assert column_faults(boxes, links, page, direction) == []
    along = [(a.x, a.y) if direction == "TB" else (a.y, a.x) for a in page.placement.areas]
    assert sum(after < before for (_, before), (_, after) in pairwise(along)) == columns - 1


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("columns", [2, 5])
@pytest.mark.parametrize("labelled", [True, False], ids=["labelled", "bare"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_in_columns_are_without_fault(
    name: str, *, labelled: bool, columns: int, direction: Direction
) -> None:
    network = build(name, labelled=labelled)
    page = wrapped(network.boxes, network.links, columns, direction)
    assert column_faults(network.boxes, network.links, page, direction) == []


@given(graphs(), st.sampled_from(("TB", "LR")), st.integers(2, 5))
@settings(max_examples=300, deadline=None)
def test_any_graph_in_columns_is_without_fault(
    graph: tuple[list[Box], list[Link]], direction: Direction, columns: int
) -> None:
    boxes, links = graph
    page = wrapped(boxes, links, columns, direction)
    assert column_faults(boxes, links, page, direction) == []


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_one_frame_around_all_layers_goes_on_in_each_column(direction: Direction) -> None:
    network = Network()
    transformer(network, 12)
    page = wrapped(network.boxes, network.links, 4, direction)
    layers = [index for index, box in enumerate(network.boxes) if box.id == "Layers"]
    assert [len(page.pieces[index]) for index in layers] == [4]
    # The layers themselves stay whole: there are as good cuts between them.
    assert set(page.pieces) == set(layers)
    assert column_faults(network.boxes, network.links, page, direction) == []


def test_edges_do_not_cross_on_their_way_to_the_next_column() -> None:
    boxes = [Box(str(index), 60, 30) for index in range(40)]
    links = [Link(i, i + 4) for i in range(36)]
    links += [Link(i, j) for i, j in ((0, 5), (1, 6), (2, 7))]
    page = wrapped(boxes, links, 3)
    assert column_faults(boxes, links, page, "TB") == []
    ways = [
        [(a, b) for a, b in pairwise(route.points) if min(a.y, b.y) < 30 or b.y < a.y]
        for route in page.placement.routes
    ]
    upward = [(k, a.x, b.y, a.y) for k, way in enumerate(ways) for a, b in way if b.y < a.y]
    across = [(k, a, b) for k, r in enumerate(page.placement.routes) for a, b in pairwise(r.points)]
    assert upward
    for k, x, top, bottom in upward:
        for other, a, b in across:
            if other != k and a.y == b.y and top < a.y < bottom:
                assert not min(a.x, b.x) < x < max(a.x, b.x)


def blocks(count: int, *, around: tuple[str, ...] = ()) -> Graph:
    """Residual blocks in a row, each a module, all inside the modules ``around``."""
    b = GraphBuilder()
    value = b.value("x", TensorType("float32", (1, 8)))
    b.inputs.append(value)
    for index in range(count):
        skip = value
        scope = (*around, str(index))
        b.scope(scope, "Block")
        for op in ("Gemm", "Relu", "Gemm"):
            made = b.value("v", TensorType("float32", (1, 8 + index)))
            b.node(op, (value,), (made,), scope=scope)
            value = made
        made = b.value("v", TensorType("float32", (1, 8 + index)))
        b.node("Add", (value, skip), (made,), scope=scope)
        value = made
    b.outputs.append(value)
    return b.build()


@pytest.mark.parametrize("around", [(), ("model",), ("model", "layers")], ids=len)
@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("columns", [1, 2, 4, 9, "auto"])
def test_a_residual_network_in_columns_has_no_fault(
    columns: int | Literal["auto"], direction: Direction, around: tuple[str, ...]
) -> None:
    model = Model(blocks(40, around=around))
    scene = draw(model, columns=columns, direction=direction)
    assert problems(scene) == []
    if columns != 1:
        strip = draw(model, columns=1, direction=direction)
        assert max(scene.height, scene.width) < 0.7 * max(strip.height, strip.width)


def test_a_frame_says_that_it_goes_on() -> None:
    scene = draw(Model(blocks(40, around=("model",))), columns=3)
    titles = [
        mark.text
        for mark in flatten(scene.marks)
        if isinstance(mark, Text) and mark.role == "scope-title"
    ]
    assert titles.count("model") == 1
    continued = [title for title in titles if title.startswith("model ")]
    assert len(continued) == 2
    assert all(title.removeprefix("model") in CONTINUED for title in continued)
    names = [mark.id for mark in scene.marks if isinstance(mark, Group) and mark.id]
    assert {"scope:model", "scope:model#2", "scope:model#3"} <= set(names)
    assert len(set(names)) == len(names)


def smallest(scene: Scene) -> float:
    """Points of the smallest text, as shown."""
    texts = [mark.size for mark in flatten(scene.marks) if isinstance(mark, Text)]
    return min(texts) * scene.scale * 72 / 96


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_picture_fitted_to_a_page_has_its_shape(direction: Direction) -> None:
    scene = draw(Model(blocks(40, around=("model",))), fit="page", direction=direction)
    assert problems(scene) == []
    assert scene.shown_width is not None
    wide, high = scene.width * scene.scale, scene.height * scene.scale
    assert wide <= 170 / 25.4 * 96 + 0.1
    assert high <= 239 / 25.4 * 96 + 0.1
    assert wide * high > 0.6 * 170 * 239 * (96 / 25.4) ** 2


def test_a_small_picture_is_not_blown_up_to_a_page() -> None:
    scene = draw(Model(blocks(1)), fit="page")
    assert scene.scale == pytest.approx(1.0, abs=1e-3)


def test_a_width_is_kept_in_its_unit() -> None:
    drawn = str(archviz.render(Model(blocks(3)), width="84mm"))
    root = ET.fromstring(drawn)
    left, top, wide, high = map(float, root.attrib["viewBox"].split())
    assert (left, top) == (0, 0)
    assert root.attrib["width"] == "84mm"
    assert root.attrib["height"].endswith("mm")
    assert float(root.attrib["height"][:-2]) == pytest.approx(84 * high / wide, abs=0.01)


def test_a_narrow_picture_has_no_more_columns_than_can_be_read() -> None:
    model = Model(blocks(60, around=("model",)))
    wide, narrow = draw(model), draw(model, width="84mm")
    assert narrow.width < wide.width
    assert smallest(narrow) >= READABLE


@pytest.mark.parametrize("text", ["wide", "84 parsecs", "-3mm", "0mm", "1e9in", "nan", "1px"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="--width"):
        draw(Model(blocks(1)), width=text)
