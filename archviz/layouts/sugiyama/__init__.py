"""The engine for directed graphs: ranks, few crossings, straight spines, orthogonal routes.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system
structures" (1981), for nested containers: each is laid out by itself, from the innermost out,
with ports on its border for the links that cross it. Containers and stretches between bottlenecks
that look the same are laid out once. All work is bounded by counts, and only indices decide order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Literal

from archviz.errors import LayoutError
from archviz.garbage import collection_paused
from archviz.layouts import Area, Box, Layout, Link, Placement, Route
from archviz.layouts.sugiyama.blocks import Memo
from archviz.layouts.sugiyama.cells import Border, CellLayout, lay_cell
from archviz.layouts.sugiyama.drawing import straightened
from archviz.layouts.sugiyama.nesting import Cell, take_apart
from archviz.layouts.sugiyama.parts import Child, Spot
from archviz.layouts.sugiyama.routes import Ways
from archviz.records import making


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
    memo = Memo()
    layouts = lay_all(boxes, cells, memo, turned=turned)
    corners = _corners(cells, layouts)
    made = tuple.__new__  # as Area does
    areas = [
        made(Area, (y, x, box.width, box.height) if turned else (x, y, box.width, box.height))
        for box, (x, y) in zip(boxes, corners, strict=True)
    ]
    for index, layout in enumerate(layouts[:-1]):
        if layout is not None:
            x, y, *_ = areas[index]
            width, height = layout.width, layout.height
            areas[index] = Area(x, y, *((height, width) if turned else (width, height)))
    page = layouts[-1]
    assert page is not None
    if turned or len(cells[-1].children) < len(boxes):
        routes = _routes(pieces, layouts, [*corners, (0.0, 0.0)], memo.ways, turned=turned)
    else:
        # All is on the page: each link is one piece, and in place.
        make_route = making(Route)
        routes = [
            make_route(way, label and Area(*label), is_back, x, y)
            for (x, y, way), label, is_back in zip(
                page.routes, page.labels, page.backs, strict=True
            )
        ]
    width, height = (page.height, page.width) if turned else (page.width, page.height)
    return Placement(tuple(areas), tuple(routes), width, height)


def lay_all(
    boxes: Sequence[Box], cells: Sequence[Cell], memo: Memo, *, turned: bool
) -> list[CellLayout | None]:
    """A layout for each container and the page, innermost first; equal ones are shared.

    Raises:
        LayoutError: A size is not a finite number.
    """
    layouts: list[CellLayout | None] = [None] * len(cells)
    shapes = [-1] * len(cells)
    known: dict[object, int] = {}
    kept: list[CellLayout] = []
    leaves: dict[tuple[float, float], Child] = {}
    containers = [index for index, box in enumerate(boxes) if box.is_container]
    for index in (*reversed(containers), -1):
        cell = cells[index]
        box = boxes[index] if index >= 0 else None
        if box is not None:
            _check(box)
        children = []
        for i in cell.children:
            inner = layouts[i]
            if inner is None:
                child = boxes[i]
                size = (child.width, child.height)
                leaf = leaves.get(size)
                if leaf is None:
                    _check(child)
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


def _check(box: Box) -> None:
    if not (0 <= box.width < inf and 0 <= box.height < inf and 0 <= box.header < inf):
        raise LayoutError(f"the box {box.id!r} has no finite size")


def border_of(box: Box | None, *, turned: bool) -> Border:
    """What a container keeps free; None stands for the page."""
    if box is None:
        return Border(0.0, 0.0, True, 0.0, 0.0)
    if turned:
        return Border(0.0, box.header, False, 0.0, box.width)
    return Border(box.header, 0.0, False, box.width, 0.0)


def _corners(cells: Sequence[Cell], layouts: Sequence[CellLayout | None]) -> list[Spot]:
    """Top left corner of each box."""
    page = layouts[-1]
    assert page is not None
    if len(page.corners) == len(cells) - 1:
        return page.corners
    corners: list[Spot] = [(0.0, 0.0)] * (len(cells) - 1)
    for i, corner in zip(cells[-1].children, page.corners, strict=True):
        corners[i] = corner
    for index, layout in enumerate(layouts[:-1]):
        if layout is not None:
            x, y = corners[index]
            for i, (dx, dy) in zip(cells[index].children, layout.corners, strict=True):
                corners[i] = (x + dx, y + dy)
    return corners


def _routes(
    pieces: Iterable[tuple[tuple[int, int], ...]],
    layouts: Sequence[CellLayout | None],
    origins: Sequence[Spot],
    ways: Ways,
    *,
    turned: bool,
) -> list[Route]:
    """The links' ways on the page, from those of the pieces."""
    routes: list[Route] = []
    here = None
    for parts in pieces:
        cell, arc = parts[-1]
        if cell != here:
            here, (left, top) = cell, origins[cell]
            layout = layouts[cell]
            assert layout is not None
            placed, backs, labels = layout.routes, layout.backs, layout.labels
        x, y, way = placed[arc]
        x, y = left + x, top + y
        is_back = backs[arc]
        # A label belongs to the last piece, which ends at the target.
        label = labels[arc]
        area = None if label is None else Area(left + label[0], top + label[1], *label[2:])
        if len(parts) > 1:
            here = None
            points: list[Spot] = []
            for cell, arc in parts:
                layout = layouts[cell]
                assert layout is not None
                left, top = origins[cell]
                x, y, way = layout.routes[arc]
                x, y = left + x, top + y
                # Rounded, so that pieces that meet on a border are seen to; half pixels are most.
                points += [
                    (
                        px if not (px := x + dx) % 0.5 else round(px, 6),
                        py if not (py := y + dy) % 0.5 else round(py, 6),
                    )
                    for dx, dy in way
                ]
                is_back = is_back or layout.backs[arc]
            x, y, way = ways.shared(straightened(points))
        if turned:
            if area is not None:
                area = Area(area.y, area.x, area.height, area.width)
            x, y, way = y, x, ways.turned(way)
        routes.append(Route(way, area, is_back, x, y))
    return routes


LAYOUT = Layout(
    name="sugiyama",
    title="layered, for directed graphs with containers",
    place=place,
    features=frozenset({"graphs", "containers", "labels", "orthogonal"}),
)
