"""What must hold of every placement, as lists of what does not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from math import isfinite

from archviz.layouts import Area, Box, Link, Placement, Point

SLACK = 0.02


def overlap(a: Area, b: Area, slack: float = SLACK) -> bool:
    return (
        a.x + slack < b.x + b.width
        and b.x + slack < a.x + a.width
        and a.y + slack < b.y + b.height
        and b.y + slack < a.y + a.height
    )


def within(inner: Area, outer: Area) -> bool:
    return (
        inner.x >= outer.x - SLACK
        and inner.y >= outer.y - SLACK
        and inner.x + inner.width <= outer.x + outer.width + SLACK
        and inner.y + inner.height <= outer.y + outer.height + SLACK
    )


def segments(points: Sequence[Point]) -> Iterator[Area]:
    for a, b in pairwise(points):
        yield Area(min(a.x, b.x), min(a.y, b.y), abs(a.x - b.x), abs(a.y - b.y))


def ancestors(boxes: Sequence[Box], i: int) -> list[int]:
    found = []
    while i >= 0:
        found.append(i)
        i = boxes[i].parent
    return found


def faults(
    boxes: Sequence[Box], links: Sequence[Link], placement: Placement, direction: str = "TB"
) -> list[str]:
    """Everything wrong with a placement, in words."""
    return [
        *_box_faults(boxes, placement),
        *_route_faults(boxes, links, placement, direction),
        *_label_faults(boxes, links, placement),
        *_shared_stretches(links, placement),
    ]


def _box_faults(boxes: Sequence[Box], placement: Placement) -> Iterator[str]:
    areas = placement.areas
    if len(areas) != len(boxes):
        yield "not every box has an area"
    page = Area(0, 0, placement.width, placement.height)
    siblings: dict[int, list[int]] = {}
    for i, (box, area) in enumerate(zip(boxes, areas, strict=True)):
        siblings.setdefault(box.parent, []).append(i)
        if not all(map(isfinite, area)):
            yield f"box {i} is not finite"
        if not box.is_container and (area.width, area.height) != (box.width, box.height):
            yield f"box {i} changed its size"
        if box.is_container and area.width < box.width - SLACK:
            yield f"container {i} is narrower than asked"
        outer = page
        if box.parent >= 0:
            outer = areas[box.parent]
            header = boxes[box.parent].header
            outer = Area(outer.x, outer.y + header, outer.width, outer.height - header)
        if not within(area, outer):
            yield f"box {i} is not in {box.parent}"
    for members in siblings.values():
        for i, j in combinations(members, 2):
            if overlap(areas[i], areas[j]):
                yield f"boxes {i} and {j} overlap"


def _route_faults(
    boxes: Sequence[Box], links: Sequence[Link], placement: Placement, direction: str
) -> Iterator[str]:
    areas = placement.areas
    page = Area(0, 0, placement.width, placement.height)
    for k, (link, route) in enumerate(zip(links, placement.routes, strict=True)):
        points = route.points
        if len(points) < 2 or not all(isfinite(c) for p in points for c in p):
            yield f"route {k} is none"
            continue
        for a, b in pairwise(points):
            if a.x != b.x and a.y != b.y:
                yield f"route {k} is not orthogonal"
            if a == b:
                yield f"route {k} repeats a point"
        if link.source == link.target:
            if not route.is_back:
                yield f"loop {k} is not marked"
        else:
            yield from _end_faults(
                k, areas[link.source], areas[link.target], points, direction, back=route.is_back
            )
        own = [*ancestors(boxes, link.source), *ancestors(boxes, link.target)]
        for segment in segments(points):
            if not within(segment, page):
                yield f"route {k} leaves the page"
            for i, area in enumerate(areas):
                if i not in own and overlap(segment, area):
                    yield f"route {k} crosses box {i}"
                elif i in (link.source, link.target) and overlap(segment, area):
                    yield f"route {k} crosses its own end {i}"


def _end_faults(
    k: int, source: Area, target: Area, points: Sequence[Point], direction: str, *, back: bool
) -> Iterator[str]:
    if direction == "LR":
        source = Area(source.y, source.x, source.height, source.width)
        target = Area(target.y, target.x, target.height, target.width)
        points = [Point(p.y, p.x) for p in points]
    first, second, before, last = points[0], points[1], points[-2], points[-1]
    if not source.x <= first.x <= source.x + source.width:
        yield f"route {k} starts beside its source"
    if abs(first.y - source.y - source.height) > SLACK:
        yield f"route {k} does not start at its source's lower border"
    if not target.x <= last.x <= target.x + target.width:
        yield f"route {k} ends beside its target"
    if abs(last.y - target.y) > SLACK:
        yield f"route {k} does not end at its target's upper border"
    if second.x != first.x or second.y < first.y:
        yield f"route {k} does not leave downwards"
    if before.x != last.x or last.y - before.y < 14 - SLACK:
        yield f"route {k} has no room for its arrow head"
    if not back and any(b.y < a.y for a, b in pairwise(points)):
        yield f"route {k} goes up"


def _label_faults(
    boxes: Sequence[Box], links: Sequence[Link], placement: Placement
) -> Iterator[str]:
    page = Area(0, 0, placement.width, placement.height)
    labels: list[tuple[int, Area]] = []
    for k, (link, route) in enumerate(zip(links, placement.routes, strict=True)):
        if (link.label is None) != (route.label is None):
            yield f"route {k} has a label too few or too many"
        if route.label is not None:
            labels.append((k, route.label))
            if link.label != (route.label.width, route.label.height):
                yield f"label {k} changed its size"
            if not within(route.label, page):
                yield f"label {k} leaves the page"
    for (j, a), (k, b) in combinations(labels, 2):
        if overlap(a, b):
            yield f"labels {j} and {k} overlap"
    for k, label in labels:
        for i, area in enumerate(placement.areas):
            if overlap(label, area) and not (boxes[i].is_container and within(label, area)):
                yield f"label {k} is on box {i}"
            header = Area(area.x, area.y, area.width, boxes[i].header)
            if boxes[i].is_container and overlap(label, header):
                yield f"label {k} is on the header of {i}"
        for other, route in enumerate(placement.routes):
            if any(overlap(label, segment) for segment in segments(route.points)):
                yield f"label {k} is on route {other}"


def _shared_stretches(links: Sequence[Link], placement: Placement) -> Iterator[str]:
    lines: dict[tuple[str, float], list[tuple[float, float, int]]] = {}
    for k, route in enumerate(placement.routes):
        for s in segments(route.points):
            key = ("x", s.x) if not s.width else ("y", s.y)
            span = (s.y, s.y + s.height, k) if not s.width else (s.x, s.x + s.width, k)
            lines.setdefault(key, []).append(span)
    for key, spans in lines.items():
        for (a, b, j), (c, d, k) in combinations(spans, 2):
            mine, other = links[j], links[k]
            same = (mine.source, mine.trunk) == (other.source, other.trunk)
            if not same and a + SLACK < d and c + SLACK < b:
                yield f"routes {j} and {k} share a stretch at {key}"


def crossings(links: Sequence[Link], placement: Placement) -> int:
    """Places where links of different nets cross; a shared stretch counts once."""
    across: dict[tuple[int, int], list[Area]] = {}
    down: dict[tuple[int, int], list[Area]] = {}
    for link, route in zip(links, placement.routes, strict=True):
        net = (link.source, link.trunk)
        for s in segments(route.points):
            (down if not s.width else across).setdefault(net, []).append(s)
    upright = sorted((s.x, s, net) for net, found in down.items() for s in found)
    xs = [x for x, _, _ in upright]
    places: dict[tuple[float, float], bool] = {}
    for net, found in across.items():
        for a in found:
            for _, b, other in upright[bisect_right(xs, a.x) : bisect_left(xs, a.x + a.width)]:
                if other != net and b.y < a.y < b.y + b.height:
                    places[b.x, a.y] = True
    return len(places)


def straight_share(placement: Placement) -> float:
    """How many of the routes have no bend."""
    return sum(len(route.points) == 2 for route in placement.routes) / len(placement.routes)
