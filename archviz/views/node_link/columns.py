"""Long pictures in columns: a strip many pages tall is cut where few edges pass.

The work is done on a finished placement, whatever engine made it. A cut lies where no box and no
label is and every edge runs straight down; an edge that passes it goes around the foot of one
column and over the head of the next.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from archviz.layouts import Area, Box, Link, Placement, Point, Route

TALLEST = 4800.0
"""Height in pixels above which columns are made unasked."""
MOST_CROSSINGS = 4
"""Edges that may pass a cut."""
TRACK = 12.0
"""Distance of two edges on their way from column to column."""
CLEAR = 6.0
"""Room on both sides of a cut that is free but for the edges through it."""
GAP = 36.0
"""Room between two columns, beside the edges that run there."""


@dataclass(frozen=True, slots=True)
class _Cut:
    y: float
    crossings: int


def in_columns(
    placement: Placement,
    boxes: Sequence[Box],
    links: Sequence[Link],
    columns: int | Literal["auto"] = "auto",
) -> Placement:
    """The placement in columns, or as it was when it is short enough or cannot be cut.

    Args:
        placement: Top to bottom.
        boxes: What was placed.
        links: What was routed.
        columns: How many; "auto" makes a page-shaped picture of one that is too tall.
    """
    number = 1
    if isinstance(columns, int):
        number = columns
    elif placement.height > TALLEST:
        number = round(math.sqrt(placement.height / (placement.width + 2 * GAP)))
    if number < 2:
        return placement
    cuts = _chosen(_candidates(placement, boxes), placement.height, number)
    return _cut(placement, links, [cut.y for cut in cuts]) if cuts else placement


def _candidates(placement: Placement, boxes: Sequence[Box]) -> list[_Cut]:
    """Heights at which the picture may be cut, one in each free band."""
    taken = [
        (area.y - CLEAR, area.y + area.height + CLEAR)
        for area, box in zip(placement.areas, boxes, strict=True)
        if box.parent < 0
    ]
    verticals: list[tuple[float, float]] = []
    for route in placement.routes:
        if route.label is not None:
            taken.append((route.label.y - CLEAR, route.label.y + route.label.height + CLEAR))
        for one, other in pairwise(route.points):
            if one.x == other.x:
                verticals.append((min(one.y, other.y), max(one.y, other.y)))
            else:
                taken.append((min(one.y, other.y) - CLEAR, max(one.y, other.y) + CLEAR))
    taken.sort()
    free: list[float] = []
    reached = taken[0][1] if taken else 0.0
    for start, end in taken:
        if start > reached:
            free.append((reached + start) / 2)
        reached = max(reached, end)
    starts = sorted(start for start, _ in verticals)
    ends = sorted(end for _, end in verticals)
    found = [_Cut(y, bisect_left(starts, y) - bisect_left(ends, y)) for y in free]
    return [cut for cut in found if 0 < cut.crossings <= MOST_CROSSINGS]


def _chosen(candidates: list[_Cut], height: float, columns: int) -> list[_Cut]:
    """The cut for each border between columns that is cheap and near where it should be."""
    step = height / columns
    chosen: list[_Cut] = []
    for number in range(1, columns):
        near = [cut for cut in candidates if abs(cut.y - number * step) < step * 0.35]
        best = min(
            near,
            key=lambda cut: (cut.crossings + 6 * abs(cut.y - number * step) / step, cut.y),
            default=None,
        )
        if best is not None and (not chosen or best.y > chosen[-1].y):
            chosen.append(best)
    return chosen


def _cut(placement: Placement, links: Sequence[Link], cuts: list[float]) -> Placement:
    def column_of(y: float) -> int:
        return bisect_left(cuts, y)

    passing = _passing(placement, links, cuts)
    tracks = [len(keys) for keys in passing]
    left, right = _extents(placement, cuts)
    head = [0.0, *(TRACK * (count + 1) for count in tracks)]
    dx: list[float] = []
    x = 0.0
    for number in range(len(cuts) + 1):
        dx.append(x - left[number])
        x += right[number] - left[number]
        if number < len(cuts):
            x += GAP + TRACK * tracks[number]
    tops = [0.0, *cuts]
    dy = [max(head) - top for top in tops]
    # The last column ends with the picture, the others with the edges that leave them.
    feet = [cut + dy[n] + TRACK * (tracks[n] + 1) for n, cut in enumerate(cuts)]
    bottom = max(placement.height + dy[-1], *feet)
    channels = [dx[n] + right[n] + GAP / 2 for n in range(len(cuts))]

    def moved(area: Area) -> Area:
        number = column_of(area.y + area.height / 2)
        return Area(area.x + dx[number], area.y + dy[number], area.width, area.height)

    def way(index: int, route: Route) -> Route:
        key = (links[index].source, links[index].trunk)
        points: list[Point] = []
        for one, other in pairwise(route.points):
            start, end = column_of(one.y), column_of(other.y)
            points.append(Point(one.x + dx[start], one.y + dy[start]))
            step = 1 if end > start else -1
            for number in range(start, end, step):
                border = number if step > 0 else number - 1
                track = TRACK * passing[border].index(key)
                channel = channels[border] + track
                low = cuts[border] + dy[border] + TRACK + track
                high = max(head) - TRACK - track
                before, behind = one.x + dx[border], one.x + dx[border + 1]
                around = [
                    Point(before, low),
                    Point(channel, low),
                    Point(channel, high),
                    Point(behind, high),
                ]
                points += around if step > 0 else around[::-1]
            if other is route.points[-1]:
                points.append(Point(other.x + dx[end], other.y + dy[end]))
        label = moved(route.label) if route.label is not None else None
        return replace(route, points=tuple(points), label=label)

    routes = tuple(way(index, route) for index, route in enumerate(placement.routes))
    return Placement(tuple(map(moved, placement.areas)), routes, x, bottom)


def _passing(
    placement: Placement, links: Sequence[Link], cuts: list[float]
) -> list[list[tuple[int, int]]]:
    """For each cut what passes it: the source and trunk of edges, which share a track."""
    found: list[dict[tuple[int, int], None]] = [{} for _ in cuts]
    for link, route in zip(links, placement.routes, strict=True):
        for one, other in pairwise(route.points):
            low, high = sorted((one.y, other.y))
            for number in range(bisect_left(cuts, low), bisect_left(cuts, high)):
                found[number][link.source, link.trunk] = None
    return [list(keys) for keys in found]


def _extents(placement: Placement, cuts: list[float]) -> tuple[list[float], list[float]]:
    """The left and right end of what is in each column."""
    left = [math.inf] * (len(cuts) + 1)
    right = [-math.inf] * (len(cuts) + 1)

    def add(start: float, end: float, y: float) -> None:
        number = bisect_left(cuts, y)
        left[number] = min(left[number], start)
        right[number] = max(right[number], end)

    for area in placement.areas:
        add(area.x, area.x + area.width, area.y + area.height / 2)
    for route in placement.routes:
        if route.label is not None:
            add(route.label.x, route.label.x + route.label.width, route.label.y)
        for point in route.points:
            add(point.x, point.x, point.y)
        for one, other in pairwise(route.points):
            for number in range(bisect_left(cuts, min(one.y, other.y)), len(cuts)):
                if cuts[number] > max(one.y, other.y):
                    break
                for column in (number, number + 1):
                    left[column] = min(left[column], one.x)
                    right[column] = max(right[column], one.x)
    return left, right
