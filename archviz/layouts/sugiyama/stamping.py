"""A part's picture, put together from those of its sections."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from operator import attrgetter
from typing import TypeAlias

from archviz.layouts.sugiyama.blocks import Memo
from archviz.layouts.sugiyama.drawing import Stamp, draw, straightened
from archviz.layouts.sugiyama.lanes import Lane, lay_lanes
from archviz.layouts.sugiyama.parts import Drawn, Part, Rectangle, Sheet, Spot
from archviz.layouts.sugiyama.pins import pin_sources, pin_targets
from archviz.layouts.sugiyama.routes import Placed, Ways
from archviz.layouts.sugiyama.runs import lay_section
from archviz.layouts.sugiyama.sections import Section, cut_part, likenesses
from archviz.layouts.sugiyama.sketches import sketch
from archviz.layouts.sugiyama.stacking import stack_rows

_Piece: TypeAlias = tuple[Section, Stamp, Spot]
"""A section, its picture, and where that is."""


def lay_sections(part: Part, memo: Memo) -> tuple[list[Section], list[Stamp]]:
    """The sections of a part whose vertices have ranks, and the picture of each."""
    sections, owner = cut_part(part)
    threads = [run.block.threads for run in reversed(part.plan.runs)] if part.plan else []
    x = 0.0
    for section, likeness in zip(sections, likenesses(part, sections, owner), strict=True):
        if part.plan:
            likeness = (len(memo.shapes),)  # each run follows its own plan
        shape = memo.shapes.get(likeness)
        if shape is None:
            shape = lay_section(part, section, len(memo.shapes), memo, threads)
            memo.shapes[likeness] = shape
        section.shape = shape
        section.x = x
        x += shape.positions[-1]
    lay_lanes(part, sections, owner)
    return sections, _stamps(part, sections, owner, memo)


def _stamps(
    part: Part, sections: Sequence[Section], owner: Sequence[int], memo: Memo
) -> list[Stamp]:
    """The picture of each section."""
    near: list[list[tuple[int, Lane]]] = [[] for _ in sections]
    for lane in part.lanes.values():
        touched = {owner[lane.source + 1]: lane.links[0]}
        for link, rank in zip(lane.links, lane.targets, strict=True):
            touched.setdefault(owner[rank], link)
        for number, link in touched.items():
            near[number].append((link, lane))
    beside = _Beside(part, owner)
    stamps = []
    for number, section in enumerate(sections):
        key: tuple[object, ...] = (section.shape.number, section.x - section.left)
        if near[number]:
            number_of = section.numbers
            if number_of:
                links = [number_of[link] for link, _ in near[number]]
            else:
                first = part.outgoing[section.links[0]]
                links = [link - first for link, _ in near[number]]
            key += (*links, *[_seen(lane, section) for _, lane in near[number]])
        if memo.tied and key in memo.tied:
            key += tuple([_seen(lane, section) for lane in beside.at(number)])
        stamp = memo.stamps.get(key)
        if stamp is None:
            asked: list[bool] = []
            passing = partial(beside.ask, number, section, asked)
            stamp = _draw(part, section, [lane for _, lane in near[number]], passing, memo.ways)
            if asked and key not in memo.tied:
                memo.tied[key] = True
                key += tuple([_seen(lane, section) for lane in beside.at(number)])
            memo.stamps[key] = stamp
        stamps.append(stamp)
    return stamps


def _seen(lane: Lane, section: Section) -> tuple[float, int, int]:
    """What a section sees of a lane beside it."""
    top = section.top
    first, last, most = lane.first - top, lane.last - top, section.stop - top + 2
    return (lane.x - section.left, first if first > -1 else -1, last if last < most else most)


class _Beside:
    """The lanes beside each section, found when somebody asks."""

    def __init__(self, part: Part, owner: Sequence[int]) -> None:
        self._lanes = part.lanes.values()
        self._owner = owner
        self._found: dict[int, list[Lane]] = {}

    def at(self, number: int) -> list[Lane]:
        """Those beside a section."""
        if not self._found:
            for lane in self._lanes:
                for i in range(self._owner[lane.first], self._owner[lane.last] + 1):
                    self._found.setdefault(i, []).append(lane)
        return self._found.get(number, [])

    def ask(self, number: int, section: Section, asked: list[bool]) -> list[Lane]:
        """Those beside a section, as it sees them; leaves a note that they matter."""
        asked.append(True)
        return [lane.seen_from(section.left, section.top) for lane in self.at(number)]


def _draw(
    part: Part,
    section: Section,
    lanes: Sequence[Lane],
    passing: Callable[[], Sequence[Lane]],
    ways: Ways,
) -> Stamp:
    drawing = sketch(part, section, lanes, passing)
    pin_sources(drawing)
    pin_targets(drawing)
    stack_rows(drawing)
    return draw(drawing, ways)


def put_together(
    part: Part, sections: Sequence[Section], stamps: Sequence[Stamp], ways: Ways
) -> Drawn:
    """The picture of a part, ready to be put somewhere."""
    middle = _middle(part, sections, 0)
    lefts = [section.left for section in sections]
    return Drawn(
        partial(_put, part, sections, stamps, ways),
        inlets={port: _middle(part, sections, v) for port, v in part.inlets.items()},
        outlets={port: _middle(part, sections, v) for port, v in part.outlets.items()},
        boxes=_span(lefts, [stamp.boxes for stamp in stamps], middle),
        rails=_span(lefts, [stamp.rails for stamp in stamps], middle),
        texts=_span(lefts, [stamp.texts for stamp in stamps], middle),
        height=[*accumulate([stamp.height for stamp in stamps])][-1],
    )


def _middle(part: Part, sections: Sequence[Section], v: int) -> float:
    """The middle of a vertex, across."""
    section = sections[bisect_left(sections, part.rank[v], key=attrgetter("stop"))]
    return section.x + section.shape.positions[part.place[v] - section.places[0]]


def _span(
    lefts: Sequence[float], found: Sequence[tuple[float, float]], otherwise: float
) -> tuple[float, float]:
    """The least and the greatest x of what sections have, each seen from its own x."""
    low = min([x + low for x, (low, _) in zip(lefts, found, strict=True)])
    high = max([x + high for x, (_, high) in zip(lefts, found, strict=True)])
    return (low, high) if low <= high else (otherwise, otherwise)


def _put(
    part: Part,
    sections: Sequence[Section],
    stamps: Sequence[Stamp],
    ways: Ways,
    sheet: Sheet,
    dx: float,
    dy: float,
) -> None:
    """Puts the picture of a part on a sheet, moved by ``dx`` and ``dy``."""
    spots: list[Spot] = []
    placed: list[Placed] = []
    pieces: list[_Piece] = []
    y = 0.0
    for section, stamp in zip(sections, stamps, strict=True):
        x = section.left
        if stamp.open or stamp.labels or stamp.tags or stamp.loops:
            pieces.append((section, stamp, (x, y)))
        x += dx
        top = y + dy
        spots += [(x + left, top + down) for left, down in stamp.corners]
        placed += [(x + left, top + down, way) for left, down, way in stamp.routes]
        y += stamp.height
    corners = sheet.corners
    for i, at in zip(part.members, part.place, strict=False):  # members come before ports
        corners[i] = spots[at]
    routes = placed[:]
    for link, route in zip(part.outgoing, placed, strict=True):
        routes[link] = route
    _join(part, pieces, routes, ways, dx, dy)
    loops = _finish(part, pieces, sheet, dx, dy)
    if part.chains == range(len(sheet.routes)):
        sheet.routes = routes
    else:
        for arc, link in zip(part.arcs, part.chains, strict=True):
            sheet.routes[arc] = routes[link] if link >= 0 else loops[arc]
    if part.back or part.loops:
        for arc, link in zip(part.arcs, part.chains, strict=True):
            if link < 0 or link in part.back or part.ends_with.get(arc) in part.back:
                sheet.backs[arc] = True


def _join(
    part: Part,
    pieces: Sequence[_Piece],
    routes: list[Placed],
    ways: Ways,
    dx: float,
    dy: float,
) -> None:
    """Sets the ways that several sections have something of."""
    starts: dict[int, list[Spot]] = {}
    ends: dict[int, list[Spot]] = {}
    for section, stamp, (x, y) in pieces:
        for slot, points in stamp.open:
            moved = [(x + left, y + top) for left, top in points]
            if slot < 0:
                ends[section.arriving[-1 - slot]] = moved
            else:
                starts[part.outgoing[section.links[0] + slot]] = moved
    for link, points in starts.items():
        whole = points + ends.get(link, [])
        if part.targets[link] in part.tags:
            last = part.ends_with[part.tags[part.targets[link]]]
            whole = straightened(whole + starts[last] + ends.get(last, []))
        x, y, way = ways.shared(whole)
        routes[link] = (x + dx, y + dy, way)


def _finish(
    part: Part, pieces: Sequence[_Piece], sheet: Sheet, dx: float, dy: float
) -> dict[int, Placed]:
    """Sets the areas of labels, and returns the ways of self-loops."""
    arc_of = dict(zip(part.chains, part.arcs, strict=True)) if part.labels else {}
    loops: dict[int, Placed] = {}
    for section, stamp, (x, y) in pieces:
        x += dx
        y += dy
        for slot, area in stamp.labels:
            link = (
                section.arriving[-1 - slot] if slot < 0 else part.outgoing[section.links[0] + slot]
            )
            sheet.labels[arc_of[link]] = _moved(area, x, y)
        for place, area in stamp.tags:
            sheet.labels[part.tags[part.order[section.places[0] + place]]] = _moved(area, x, y)
        for place, found in stamp.loops:
            arcs = part.loops[part.order[section.places[0] + place]]
            for arc, ((left, top, way), text) in zip(arcs, found, strict=True):
                loops[arc] = (x + left, y + top, way)
                if text:
                    sheet.labels[arc] = _moved(text, x, y)
    return loops


def _moved(area: Rectangle, x: float, y: float) -> Rectangle:
    return (x + area[0], y + area[1], area[2], area[3])
