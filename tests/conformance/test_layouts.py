"""What every layout must do."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from archviz.errors import LayoutError
from archviz.layouts import LAYOUTS, Box, Layout, Link, Placement

each_layout = pytest.mark.parametrize(
    "layout", list(LAYOUTS.builtin()), ids=lambda layout: layout.name
)
each_direction = pytest.mark.parametrize("direction", ["TB", "LR"])

BOXES = [Box(f"box {index}", 60.0 + 10 * index, 30.0) for index in range(6)]
LINKS = [
    Link(0, 1),
    Link(0, 2, trunk=1),
    Link(1, 3),
    Link(2, 3),
    Link(3, 4),
    Link(0, 4),
    Link(4, 1),  # closes a cycle
    Link(4, 4),  # from a box to itself
    Link(3, 4, trunk=2),  # a second one between the same two
]
TREE = [Link(0, 1), Link(0, 2), Link(1, 3), Link(1, 4), Link(4, 5)]


def links_for(layout: Layout) -> list[Link]:
    """Everything that links can be, or a tree for an engine that places nothing else."""
    return LINKS if "graphs" in layout.features else TREE


def place(layout: Layout, *arguments: Any, **options: Any) -> Placement:
    if layout.name == "graphviz" and not shutil.which("dot"):
        pytest.importorskip("pygraphviz", reason="neither dot nor pygraphviz is installed")
    return layout.place(*arguments, **options)


@each_layout
@each_direction
def test_boxes_keep_their_sizes_and_do_not_overlap(layout: Layout, direction: str) -> None:
    placement = place(layout, BOXES, links_for(layout), direction=direction)
    assert len(placement.areas) == len(BOXES)
    for box, area in zip(BOXES, placement.areas, strict=True):
        assert (area.width, area.height) == pytest.approx((box.width, box.height), abs=0.1)
        assert area.x >= 0
        assert area.y >= 0
        assert area.x + area.width <= placement.width + 0.1
        assert area.y + area.height <= placement.height + 0.1
    for index, one in enumerate(placement.areas):
        for other in placement.areas[index + 1 :]:
            assert (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )


@each_layout
@each_direction
def test_routes_run_from_border_to_border(layout: Layout, direction: str) -> None:
    links = links_for(layout)
    placement = place(layout, BOXES, links, direction=direction)
    assert len(placement.routes) == len(links)
    for link, route in zip(links, placement.routes, strict=True):
        assert len(route.points) >= 2
        ends = ((link.source, route.points[0]), (link.target, route.points[-1]))
        for index, (x, y) in ends:
            area = placement.areas[index]
            slack = 1.0
            assert area.x - slack <= x <= area.x + area.width + slack
            assert area.y - slack <= y <= area.y + area.height + slack


@each_layout
def test_placing_twice_gives_the_same(layout: Layout) -> None:
    links = links_for(layout)
    assert place(layout, BOXES, links, direction="TB") == place(
        layout, BOXES, links, direction="TB"
    )


@each_layout
def test_flow_follows_the_direction(layout: Layout) -> None:
    chain = [Link(0, 1), Link(1, 2), Link(2, 3)]
    down = place(layout, BOXES[:4], chain, direction="TB").areas
    assert [area.y for area in down] == sorted(area.y for area in down)
    right = place(layout, BOXES[:4], chain, direction="LR").areas
    assert [area.x for area in right] == sorted(area.x for area in right)


@each_layout
def test_nothing_and_one_box_can_be_placed(layout: Layout) -> None:
    assert place(layout, [], [], direction="TB").areas == ()
    assert len(place(layout, BOXES[:1], [], direction="TB").areas) == 1


@each_layout
def test_containers_hold_what_is_in_them(layout: Layout) -> None:
    if "containers" not in layout.features:
        pytest.skip(f"{layout.name} places no containers, and says so")
    boxes = [
        Box("outer", 0.0, 0.0, header=20.0, is_container=True),
        Box("inner", 0.0, 0.0, parent=0, header=20.0, is_container=True),
        Box("a", 50.0, 30.0, parent=1),
        Box("b", 50.0, 30.0, parent=0),
        Box("c", 50.0, 30.0),
    ]
    areas = place(layout, boxes, [Link(2, 3), Link(3, 4), Link(2, 4)], direction="TB").areas
    for box, area in zip(boxes, areas, strict=True):
        if box.parent >= 0:
            around = areas[box.parent]
            assert around.x <= area.x
            assert around.y + boxes[box.parent].header <= area.y + 0.1
            assert area.x + area.width <= around.x + around.width
            assert area.y + area.height <= around.y + around.height


@each_layout
@each_direction
def test_labels_find_room(layout: Layout, direction: str) -> None:
    if "labels" not in layout.features:
        pytest.skip(f"{layout.name} places no labels, and says so")
    links = [Link(0, 1, label=(40.0, 12.0)), Link(1, 2), Link(0, 3, label=(30.0, 12.0))]
    if "graphs" in layout.features:
        links.append(Link(0, 2, label=(30.0, 12.0)))
    routes = place(layout, BOXES[:4], links, direction=direction).routes
    for link, route in zip(links, routes, strict=True):
        assert (route.label is None) == (link.label is None)
        if route.label and link.label:
            assert (route.label.width, route.label.height) == pytest.approx(link.label)


@each_layout
def test_an_engine_for_trees_alone_says_so(layout: Layout) -> None:
    if "graphs" in layout.features:
        pytest.skip(f"{layout.name} places any graph")
    with pytest.raises(LayoutError, match="trees only"):
        place(layout, BOXES, LINKS, direction="TB")
