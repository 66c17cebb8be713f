"""A container's inside: its parts side by side or in rows, within a border."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt

from archviz.layouts.sugiyama.blocks import Memo
from archviz.layouts.sugiyama.measures import (
    BOX_GAP,
    LABEL_PADDING,
    PADDING,
    PART_GAP,
    RAIL_PADDING,
)
from archviz.layouts.sugiyama.nesting import INLET, OUTLET, PortedArc
from archviz.layouts.sugiyama.parts import Child, Drawn, Part, PartPlan, Rectangle, Sheet, Spot
from archviz.layouts.sugiyama.reading import read_part
from archviz.layouts.sugiyama.routes import Placed
from archviz.layouts.sugiyama.rows import find_cuts, rank_vertices
from archviz.layouts.sugiyama.runs import run_plans
from archviz.layouts.sugiyama.stamping import lay_sections, put_together
from archviz.records import record, replace


@record
class Border:
    """What a cell keeps free around its children.

    Attributes:
        before: Above the first child, along; a header when the direction is down.
        beside: Left of everything, across; the header when the direction is to the right.
        is_page: Whether there is no border at all.
        width: The least width.
        height: The least height.
    """

    before: float
    beside: float
    is_page: bool
    width: float
    height: float


@record
class CellLayout:
    """A cell laid out, from its top left corner.

    Attributes:
        width: Across.
        height: Along.
        corners: Top left corner of each child.
        inlets: Where nets come in on the upper border.
        outlets: Where nets go out on the lower border.
        routes: Each arc's way.
        labels: Area of each arc's label.
        backs: Whether each arc goes back up.
        plans: What depends on no size, of each part that has links.
        head: The inlet where the spine was taken to come in.
    """

    width: float
    height: float
    corners: list[Spot]
    inlets: tuple[float, ...]
    outlets: tuple[float, ...]
    routes: list[Placed]
    labels: list[Rectangle | None]
    backs: list[bool]
    plans: tuple[PartPlan, ...] = ()
    head: int = -1


def lay_cell(
    children: Sequence[Child],
    arcs: Sequence[PortedArc],
    head: int,
    border: Border,
    memo: Memo,
    plans: tuple[PartPlan, ...] | None = None,
) -> CellLayout:
    """Lays out ``children`` and what links them.

    Args:
        children: What is inside.
        arcs: What links it.
        head: The inlet where the spine comes in.
        border: What is kept free around it.
        memo: Blocks laid out before.
        plans: Those of a layout of the same children and arcs in other sizes, to look like that.
    """
    packing = _Packing(border)
    single: list[int] = []
    found: list[PartPlan] = []
    ranked = 0
    for members, indices, ported in connected(len(children), arcs):
        if len(members) == 1 and not indices:
            single.append(members[0])
            continue
        part = read_part(children, members, arcs, indices, head, border.before, memo)
        if plans is not None:
            part.plan = plans[ranked]
        ranked += 1
        drawn, plan = _lay_part(part, memo)
        found += plan
        del part  # of a huge drawing, it takes much memory
        packing.add(drawn, ported=ported)
    if single:
        packing.add(_grid(children, single, packing.shelf_width()), ported=False)
    return replace(packing.close(len(children), arcs), plans=tuple(found), head=head)


def _lay_part(part: Part, memo: Memo) -> tuple[Drawn, list[PartPlan]]:
    """The picture of a part, and its plan if that is asked for."""
    rank_vertices(part)
    find_cuts(part)
    sections, stamps = lay_sections(part, memo)
    drawn = put_together(part, sections, stamps, memo.ways)
    if not memo.keeps_plans:
        return drawn, []
    runs = tuple([run for section in sections for run in run_plans(part, section)])
    sides = tuple([lane.is_left for lane in part.lanes.values()])
    return drawn, [PartPlan(part.rank, list(part.beside), runs, sides)]


def connected(count: int, arcs: Sequence[PortedArc]) -> list[tuple[list[int], list[int], bool]]:
    """Connected children with their arcs, and whether nets cross the border there."""
    sources, targets = [arc[0] for arc in arcs], [arc[2] for arc in arcs]
    is_ported = min(sources, default=0) < 0 or min(targets, default=0) < 0
    joins = _joined_at_ports(arcs) if is_ported else list(zip(sources, targets, strict=True))
    leader = _leaders(count, joins)
    if leader and not any(leader):
        return [(list(range(count)), list(range(len(arcs))), is_ported)]
    members: dict[int, list[int]] = {root: [] for root in dict.fromkeys(leader)}
    own: dict[int, list[int]] = {root: [] for root in members}
    for v, root in enumerate(leader):
        members[root].append(v)
    for i, (a, _) in enumerate(joins):
        own[leader[a]].append(i)
    ported: dict[int, bool] = {}
    for (a, _), arc in zip(joins, arcs, strict=True) if is_ported else ():
        if arc[0] == INLET or arc[2] == OUTLET:
            ported[leader[a]] = True
    return [(members[root], own[root], root in ported) for root in members]


def _leaders(count: int, joins: Sequence[tuple[int, int]]) -> list[int]:
    """For each child the first one of all that it is connected with."""
    above = list(range(count))
    for a, b in joins:
        if a < b:
            above[b] = a
        elif b < a:
            above[a] = b
    # Each hangs on an earlier one, if there is any: only the few trees of that are left to join.
    for v, u in enumerate(above):
        above[v] = above[u]
    if not any(above):
        return above
    leader = {root: root for root in dict.fromkeys(above)}
    for a, b in [(x, y) for a, b in joins if (x := above[a]) != (y := above[b])]:
        while leader[a] != a:
            leader[a] = a = leader[leader[a]]
        while leader[b] != b:
            leader[b] = b = leader[leader[b]]
        if a != b:
            leader[max(a, b)] = min(a, b)
    for root in leader:
        leader[root] = leader[leader[root]]
    return [leader[root] for root in above]


def _joined_at_ports(arcs: Sequence[PortedArc]) -> list[tuple[int, int]]:
    """The children that each arc joins; what comes in or goes out at one port is joined too."""
    at_port: dict[tuple[int, int], int] = {}
    joins: list[tuple[int, int]] = []
    for source, port, target, target_port, _, _ in arcs:
        a = at_port.setdefault((INLET, port), target) if source == INLET else source
        b = at_port.setdefault((OUTLET, target_port), source) if target == OUTLET else target
        joins.append((a, b))
    return joins


def _grid(children: Sequence[Child], members: Sequence[int], width: float) -> Drawn:
    """Boxes without links, in rows."""
    area = sum((children[i].width + BOX_GAP) * (children[i].height + BOX_GAP) for i in members)
    limit = max(width, 1.3 * sqrt(area), max(children[i].width for i in members))
    corners: list[Spot] = []
    x = y = tallest = widest = 0.0
    for i in members:
        child = children[i]
        if x and x + child.width > limit:
            x = 0.0
            y += tallest + BOX_GAP
            tallest = 0.0
        corners.append((x, y))
        x += ceil(child.width)
        widest = max(widest, x)
        x += BOX_GAP
        tallest = max(tallest, ceil(child.height))

    def put(sheet: Sheet, dx: float, dy: float) -> None:
        for i, (left, top) in zip(members, corners, strict=True):
            sheet.corners[i] = (left + dx, top + dy)

    middle = (widest / 2, widest / 2)
    return Drawn(put, {}, {}, (0.0, widest), middle, middle, y + tallest)


class _Packing:
    """Parts in a row from border to border when nets cross the border, else on shelves."""

    def __init__(self, border: Border) -> None:
        self.border = border
        self.ported: list[Drawn] = []
        self.free: list[Drawn] = []

    def add(self, drawn: Drawn, *, ported: bool) -> None:
        (self.ported if ported else self.free).append(drawn)

    def span(self, drawn: Drawn) -> tuple[float, float]:
        """Least and greatest x with the distance each kind of thing keeps from a border."""
        pads = (PADDING, RAIL_PADDING, LABEL_PADDING)
        if self.border.is_page:
            pads = (0.0, 0.0, 0.0)
        kinds = (drawn.boxes, drawn.rails, drawn.texts)
        return (
            min(low - pad for (low, _), pad in zip(kinds, pads, strict=True)),
            max(high + pad for (_, high), pad in zip(kinds, pads, strict=True)),
        )

    def shelf_width(self) -> float:
        """A width that makes about a page of the free parts."""
        spans = [(self.span(drawn), drawn.height) for drawn in self.free]
        area = sum((high - low + PART_GAP) * (height + PART_GAP) for (low, high), height in spans)
        return max([sqrt(area), *(high - low for (low, high), _ in spans)])

    def close(self, count: int, arcs: Sequence[PortedArc]) -> CellLayout:
        border = self.border
        pad = 0.0 if border.is_page else PADDING
        gap = PART_GAP if border.is_page else PART_GAP / 2
        placed: list[tuple[Drawn, float, float]] = []
        x = 0.0
        bottom = border.before + pad
        for drawn in self.ported:
            low, high = self.span(drawn)
            top = 0.0 if drawn.inlets else border.before + pad
            placed.append((drawn, x - low, top))
            x += high - low + gap
            bottom = max(bottom, top + drawn.height + (0.0 if drawn.outlets else pad))
        right = max(x - gap, 0.0)
        limit = self.shelf_width() if self.free else 0.0
        start = x
        y = border.before + pad
        shelf = 0.0
        for drawn in self.free:
            low, high = self.span(drawn)
            if x > start and x + high - low > start + limit:
                x = start
                y += shelf + gap
                shelf = 0.0
            placed.append((drawn, x - low, y))
            x += high - low + gap
            right = max(right, x - gap)
            shelf = max(shelf, drawn.height)
            bottom = max(bottom, y + shelf + pad)
        width = max(float(ceil(right)), float(ceil(border.width)) - border.beside, 2 * pad)
        height = max(float(ceil(bottom)), float(ceil(border.height)))
        shift = border.beside + _half((width - right) / 2)
        return self.merge(placed, count, arcs, (width + border.beside, height), shift)

    @staticmethod
    def merge(
        placed: list[tuple[Drawn, float, float]],
        count: int,
        arcs: Sequence[PortedArc],
        size: tuple[float, float],
        shift: float,
    ) -> CellLayout:
        nowhere: Placed = (0.0, 0.0, ())
        sheet = Sheet(
            [(0.0, 0.0)] * count, [nowhere] * len(arcs), [None] * len(arcs), [False] * len(arcs)
        )
        inlets: dict[int, float] = {}
        outlets: dict[int, float] = {}
        for drawn, dx, dy in placed:
            dx += shift
            drawn.put(sheet, dx, dy)
            inlets.update((port, x + dx) for port, x in drawn.inlets.items())
            outlets.update((port, x + dx) for port, x in drawn.outlets.items())
        for i, arc in enumerate(arcs) if outlets else ():
            if arc[2] == OUTLET:
                x, y, way = sheet.routes[i]
                sheet.routes[i] = (x, y, (*way[:-1], (way[-1][0], size[1] - y)))
        return CellLayout(
            size[0],
            size[1],
            sheet.corners,
            tuple(inlets[port] for port in sorted(inlets)),
            tuple(outlets[port] for port in sorted(outlets)),
            sheet.routes,
            sheet.labels,
            sheet.backs,
        )


def _half(x: float) -> float:
    return (x * 2 // 1) / 2
