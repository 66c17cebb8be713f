"""The engine for directed graphs: ranks, few crossings, straight spines, orthogonal routes.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
structures" (1981), for nested containers: each is laid out by itself, from the innermost out,
with ports on its border for the links that cross it. Containers and stretches between bottlenecks
that look the same are laid out once. All work is bounded by counts, and only indices decide order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import inf
from typing import Literal

from archviz.errors import LayoutError
from archviz.garbage import collection_paused
from archviz.layouts import Area, Box, Layout, Link, Placement, Point, Route
from archviz.layouts.sugiyama.blocks import Memo
from archviz.layouts.sugiyama.cells import Border, CellLayout, lay_cell
from archviz.layouts.sugiyama.drawing import straightened
from archviz.layouts.sugiyama.nesting import Cell, take_apart
from archviz.layouts.sugiyama.parts import Child, Spot


def place(
    boxes: Sequence[Box], links: Sequence[Link], *, direction: Literal["TB", "LR"] = "TB"
) -> Placement:
    """Places ``boxes`` and routes ``links``.

    Args:
        boxes: What to place.
        links: What to route.
        direction: Where links run: down, or to the right.

    Raises:
        LayoutError: A size is not a finite number, or boxes and links do not fit together.
    """
    for box in boxes:
        if not (0 <= box.width < inf and 0 <= box.height < inf and 0 <= box.header < inf):
            raise LayoutError(f"the box {box.id!r} has no finite size")
    with collection_paused():
        return _place(boxes, links, turned=direction == "LR")


def _place(boxes: Sequence[Box], links: Sequence[Link], *, turned: bool) -> Placement:
    # Inside, links always run down; to the right is the same with the axes exchanged.
    if turned:
        links = [
            Link(link.source, link.target, link.trunk, (link.label[1], link.label[0]))
            if link.label
            else link
            for link in links
        ]
    cells, pieces = take_apart(boxes, links)
    layouts = lay_all(boxes, cells, turned=turned)
    corners = _corners(cells, layouts)
    origins = [*corners, (0.0, 0.0)]
    areas = []
    for box, (x, y), layout in zip(boxes, corners, layouts, strict=False):
        if turned:
            x, y = y, x
        if layout is None:
            areas.append(Area(x, y, box.width, box.height))
        elif turned:
            areas.append(Area(x, y, layout.height, layout.width))
        else:
            areas.append(Area(x, y, layout.width, layout.height))
    routes = tuple([_route(parts, layouts, origins, turned=turned) for parts in pieces])
    page = layouts[-1]
    assert page is not None
    width, height = (page.height, page.width) if turned else (page.width, page.height)
    return Placement(tuple(areas), routes, width, height)


def lay_all(
    boxes: Sequence[Box], cells: Sequence[Cell], *, turned: bool
) -> list[CellLayout | None]:
    """A layout for each container and the page, innermost first; equal ones are shared."""
    layouts: list[CellLayout | None] = [None] * len(cells)
    shapes = [-1] * len(cells)
    known: dict[object, int] = {}
    kept: list[CellLayout] = []
    leaves: dict[tuple[float, float], Child] = {}
    memo = Memo()
    for index in range(len(cells) - 1, -2, -1):
        if index == len(cells) - 1:
            continue
        cell = cells[index]
        box = boxes[index] if index >= 0 else None
        if box is not None and not box.is_container:
            continue
        children = []
        for i in cell.children:
            inner = layouts[i]
            if inner is None:
                size = (boxes[i].width, boxes[i].height)
                leaf = leaves.get(size)
                if leaf is None:
                    leaf = leaves[size] = Child(*(size[::-1] if turned else size))
                children.append(leaf)
            else:
                children.append(
                    Child(inner.width, inner.height, inner.inlets, inner.outlets, shapes[i])
                )
        border = border_of(box, turned=turned)
        if box is None:  # there is one page
            layouts[index] = lay_cell(children, cell.arcs, cell.head, border, memo)
            break
        # Equal containers look equal even where their spines come in differently: the last decides.
        key = (border, tuple(children), tuple(cell.arcs))
        shape = known.get(key)
        if shape is None:
            shape = known[key] = len(kept)
            kept.append(lay_cell(children, cell.arcs, cell.head, border, memo))
        layouts[index] = kept[shape]
        shapes[index] = shape
    return layouts


def border_of(box: Box | None, *, turned: bool) -> Border:
    """What a container keeps free; None stands for the page."""
    if box is None:
        return Border(0.0, 0.0, True, 0.0, 0.0)
    if turned:
        return Border(0.0, box.header, False, 0.0, box.width)
    return Border(box.header, 0.0, False, box.width, 0.0)


def _corners(cells: Sequence[Cell], layouts: Sequence[CellLayout | None]) -> list[Spot]:
    """Top left corner of each box."""
    corners: list[Spot] = [(0.0, 0.0)] * (len(cells) - 1)
    for index in range(-1, len(cells) - 1):
        layout = layouts[index]
        if layout is not None:
            x, y = corners[index] if index >= 0 else (0.0, 0.0)
            for i, (dx, dy) in zip(cells[index].children, layout.corners, strict=True):
                corners[i] = (x + dx, y + dy)
    return corners


def _route(
    pieces: tuple[tuple[int, int], ...],
    layouts: Sequence[CellLayout | None],
    origins: Sequence[Spot],
    *,
    turned: bool,
) -> Route:
    label: Area | None = None
    if len(pieces) == 1:
        ((cell, arc),) = pieces
        layout = layouts[cell]
        assert layout is not None
        x, y = origins[cell]
        points = layout.routes[arc]
        if x or y:
            points = [(x + dx, y + dy) for dx, dy in points]
        is_back = layout.backs[arc]
        found = layout.labels[arc]
    else:
        points = []
        is_back = False
        found = None
        for cell, arc in pieces:
            layout = layouts[cell]
            assert layout is not None
            x, y = origins[cell]
            points += [(x + dx, y + dy) for dx, dy in layout.routes[arc]]
            is_back = is_back or layout.backs[arc]
            found = layout.labels[arc]
        points = straightened(points)
    if found is not None:
        # It belongs to the last piece, which ends at the target.
        dx, dy, width, height = found
        label = Area(x + dx, y + dy, width, height)
    if turned:
        if label is not None:
            label = Area(label.y, label.x, label.height, label.width)
        points = [(y, x) for x, y in points]
    return Route(tuple(map(_point, points)), label, is_back)


_point = partial(tuple.__new__, Point)
"""Makes a Point of a pair without unpacking it, which halves the time that routes take."""


LAYOUT = Layout(
    name="sugiyama",
    title="layered, for directed graphs with containers",
    place=place,
    features=frozenset({"graphs", "containers", "labels", "orthogonal"}),
)
