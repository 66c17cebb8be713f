"""Layouts of boxes whose containers open and close: decided once, sized for every state.

Ranks, orders, who stands in line with whom, and the sides of lanes come from the layout in which
every container is open. Sizes then give coordinates, from the innermost containers out, with no
search: a page that lets its reader open and close containers needs that part alone.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from archviz.garbage import collection_paused
from archviz.layouts import Area, Box, Link, Point
from archviz.layouts.sugiyama import border_of, lay_all
from archviz.layouts.sugiyama.blocks import Memo
from archviz.layouts.sugiyama.cells import CellLayout, lay_cell
from archviz.layouts.sugiyama.nesting import Cell, PortedArc, take_apart
from archviz.layouts.sugiyama.parts import Child, Size
from archviz.records import record

MOST_LABELLED = 2
"""Up to so many links into a closed container, their labels have room beside them."""

Piece = tuple[int, int]
"""A container and an arc in it; the page is the container behind the last box."""


@record
class States:
    """Boxes and links with what depends on no size.

    Attributes:
        boxes: What is placed.
        closed: Width and height of each container when it is closed.
        cells: What is inside each container, by box, the page's last.
        pieces: The pieces of each link, from its source to its target.
        plans: The layout with every container open, by box, the page's last; None for a leaf.
        labels: Sizes of labels on arcs into containers, for when those are closed.
    """

    boxes: Sequence[Box]
    closed: Mapping[int, Size]
    cells: Sequence[Cell]
    pieces: Sequence[tuple[Piece, ...]]
    plans: Sequence[CellLayout | None]
    labels: Mapping[Piece, Size]


@record
class StatePlacement:
    """Where everything that is visible in one state is.

    Attributes:
        areas: By box.
        routes: Corners of the way of each arc, by piece.
        labels: Area of each arc's label, by piece.
        width: Of the page.
        height: Of the page.
    """

    areas: Mapping[int, Area]
    routes: Mapping[Piece, tuple[Point, ...]]
    labels: Mapping[Piece, Area]
    width: float
    height: float


@collection_paused()
def prepare(boxes: Sequence[Box], links: Sequence[Link], closed: Mapping[int, Size]) -> States:
    """Decides all that sizes do not.

    Args:
        boxes: What to place, all containers open.
        links: What to route.
        closed: Width and height of each container when it is closed.

    Raises:
        LayoutError: Boxes and links do not fit together.
    """
    cells, found = take_apart(boxes, links)
    pieces = list(found)
    layouts = lay_all(boxes, cells, Memo(keeps_plans=True), turned=False)
    # The page is at the end, as in ``cells``, and also where index -1 finds it.
    labels: dict[Piece, Size] = {}
    for link, parts in zip(links, pieces, strict=True):
        for cell, arc in parts if link.label else ():
            target = cells[cell].arcs[arc][2]
            if link.label and target >= 0 and boxes[cells[cell].children[target]].is_container:
                labels.setdefault((cell, arc), link.label)
    crowded = {
        (index, child)
        for index, cell in enumerate(cells)
        for child, arcs in _entering(cell).items()
        if arcs > MOST_LABELLED
    }
    labels = {
        (cell, arc): size
        for (cell, arc), size in labels.items()
        if (cell, cells[cell].arcs[arc][2]) not in crowded
    }
    return States(boxes, closed, cells, pieces, layouts, labels)


def _entering(cell: Cell) -> dict[int, int]:
    found: dict[int, int] = {}
    for source, _, target, _, _, _ in cell.arcs:
        if target >= 0 and source != target:
            found[target] = found.get(target, 0) + 1
    return found


@collection_paused()
def place_state(states: States, is_open: Container[int]) -> StatePlacement:
    """Where everything is while exactly the containers in ``is_open`` are open."""
    boxes, cells = states.boxes, states.cells
    page = len(boxes)
    layouts: list[CellLayout | None] = [None] * (page + 1)
    memo = Memo()
    visible = [True] * page
    for index, box in enumerate(boxes):
        if box.parent >= 0:
            visible[index] = visible[box.parent] and box.parent in is_open
    for index in (*reversed(range(page)), page):
        if index < page and not (visible[index] and index in is_open):
            continue
        plan = states.plans[index]
        if plan is None:
            continue
        layouts[index] = lay_cell(
            [_child(states, layouts, i) for i in cells[index].children],
            _arcs(states, layouts, index),
            plan.head,
            border_of(boxes[index] if index < page else None, turned=False),
            memo,
            plan.plans,
        )
    return _absolute(states, layouts)


def _child(states: States, layouts: Sequence[CellLayout | None], index: int) -> Child:
    layout = layouts[index]
    if layout is not None:
        return Child(layout.width, layout.height, layout.inlets, layout.outlets)
    box = states.boxes[index]
    return Child(*states.closed[index]) if box.is_container else Child(box.width, box.height)


def _arcs(states: States, layouts: Sequence[CellLayout | None], index: int) -> list[PortedArc]:
    """The arcs of a cell, those into closed containers with their labels."""
    cell = states.cells[index]
    arcs = cell.arcs[:]
    for i, (source, port, target, target_port, net, _) in enumerate(arcs):
        label = states.labels.get((index, i))
        if label is not None and layouts[cell.children[target]] is None:
            arcs[i] = (source, port, target, target_port, net, label)
    return arcs


def _absolute(states: States, layouts: Sequence[CellLayout | None]) -> StatePlacement:
    page = len(states.boxes)
    whole = layouts[page]
    assert whole is not None
    areas: dict[int, Area] = {}
    routes: dict[Piece, tuple[Point, ...]] = {}
    labels: dict[Piece, Area] = {}
    for index in (page, *range(page)):
        layout = layouts[index]
        if layout is None:
            continue
        x, y = (areas[index].x, areas[index].y) if index < page else (0.0, 0.0)
        for i, (dx, dy) in zip(states.cells[index].children, layout.corners, strict=True):
            child = _child(states, layouts, i)
            areas[i] = Area(x + dx, y + dy, child.width, child.height)
        for arc, (start_x, start_y, way) in enumerate(layout.routes):
            left, top = x + start_x, y + start_y
            routes[index, arc] = tuple([Point(left + dx, top + dy) for dx, dy in way])
            label = layout.labels[arc]
            if label is not None:
                labels[index, arc] = Area(x + label[0], y + label[1], label[2], label[3])
    return StatePlacement(areas, routes, labels, whole.width, whole.height)
