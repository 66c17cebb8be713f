"""Where a long picture may be cut: at heights where no box, header or label is.

Every edge runs straight there. A cut may go through frames, which then go on in the next column.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from archviz.layouts import Box, Link, Placement, Route

MOST_CROSSINGS = 8
"""Edges that may pass a cut."""
CLEAR = 4.0
"""Room on both sides of a cut that is free but for the edges through it."""
_FRAME_COST = 3.0
"""What it costs to cut a frame, in edges that pass."""
_DISTANCE_COST = 8.0
"""What it costs to be a whole column away from where the cut should be."""
_MISSING_COST = 40.0
"""What it costs to cut nowhere."""


def candidates(
    placement: Placement, boxes: Sequence[Box], links: Sequence[Link], headers: Sequence[float]
) -> dict[float, list[float]]:
    """Heights at which the picture may be cut, one in each free band, by what passes there.

    Those of each cost are in order from above; it is given in edges that pass.

    Args:
        placement: Whose edges run down.
        boxes: What was placed.
        links: What was routed.
        headers: Room that each box keeps at its top.
    """
    taken, frames = _taken_by_boxes(placement, boxes, headers)
    starts: list[float] = []
    ends: list[float] = []
    leaving = Counter([link.source for link in links])
    # Edges of one net may share their way, and are looked at together.
    shared: dict[tuple[int, int], list[Route]] = {}
    known: dict[object, _Stretches] = {}
    for link, route in zip(links, placement.routes, strict=True):
        if route.label is not None:
            _, y, _, height = route.label
            _take(taken, y - CLEAR, y + height + CLEAR)
        if leaving[link.source] > 1:
            net = (link.source, link.trunk)
            if net in shared:
                shared[net].append(route)
            else:
                shared[net] = [route]
            continue
        way, y = route.way, route.y
        stretches = known.get(id(way))
        if stretches is None:
            stretches = known[id(way)] = _stretches([route])
        for low, high in stretches[0]:
            starts.append(y + low)
            ends.append(y + high)
        for low, high in stretches[1]:
            start, end = y + low, y + high
            if start not in taken or taken[start] < end:
                taken[start] = end
    for routes in shared.values():
        x, y = routes[0].x, routes[0].y
        look = tuple([(id(route.way), route.x - x, route.y - y) for route in routes])
        stretches = known.get(look)
        if stretches is None:
            stretches = known[look] = _stretches(routes)
        for low, high in stretches[0]:
            starts.append(y + low)
            ends.append(y + high)
        for low, high in stretches[1]:
            _take(taken, y + low, y + high)
    frame_starts = [start for start, _ in frames]
    frame_ends = [end for _, end in frames]
    for heights in (starts, ends, frame_starts, frame_ends):
        heights.append(math.inf)
        heights.sort()
    found: dict[float, list[float]] = {}
    started = ended = frames_started = frames_ended = 0
    tops = sorted(taken)
    reached = taken[tops[0]] if tops else 0.0
    for start in tops:
        end = taken[start]
        if start <= reached:
            if end > reached:
                reached = end
            continue
        y, reached = (reached + start) / 2, end
        while starts[started] < y:
            started += 1
        while ends[ended] < y:
            ended += 1
        crossings = started - ended
        if crossings <= MOST_CROSSINGS:
            while frame_starts[frames_started] < y:
                frames_started += 1
            while frame_ends[frames_ended] < y:
                frames_ended += 1
            cost = crossings + _FRAME_COST * (frames_started - frames_ended)
            if cost in found:
                found[cost].append(y)
            else:
                found[cost] = [y]
    return found


_Stretches: TypeAlias = tuple[list[tuple[float, float]], list[tuple[float, float]]]


def _stretches(routes: Sequence[Route]) -> _Stretches:
    """Heights at which lines of one net run down, and the room that those across take.

    They are seen from the origin of the first; lines that share their way count as one.
    """
    down: dict[float, list[tuple[float, float]]] = {}
    across: dict[tuple[float, float], None] = {}
    top = routes[0].y
    for route in routes:
        left, y0 = route.x, route.y - top
        for (before_x, before_y), (x, y) in pairwise(route.way):
            low, high = (before_y, y) if before_y <= y else (y, before_y)
            if x == before_x:
                down.setdefault(left + x, []).append((y0 + low, y0 + high))
            else:
                across[y0 + low - CLEAR, y0 + high + CLEAR] = None
    return [line for lines in down.values() for line in _merged(lines)], [*across]


def _take(taken: dict[float, float], start: float, end: float) -> None:
    known = taken.get(start)
    if known is None or known < end:
        taken[start] = end


def chosen(
    found: Mapping[float, Sequence[float]], height: float, columns: int
) -> tuple[list[float], float]:
    """Heights of the cuts that make ``columns`` of about one height, and what a cut costs."""
    result: list[float] = []
    total = 0.0
    reached = 0.0
    for remaining in range(columns, 1, -1):
        step = (height - reached) / remaining
        wanted = reached + step
        low, high = wanted - 0.35 * step, wanted + 0.35 * step
        costs = []
        for cost, heights in found.items():
            # Of those that cost the same, one next to where the cut should be is the best.
            behind = bisect_left(heights, wanted)
            costs += [
                (cost + _DISTANCE_COST * abs(y - wanted) / step, y)
                for y in heights[max(behind - 1, 0) : behind + 1]
                if low < y < high
            ]
        cost, y = min(costs, default=(_MISSING_COST, -1.0))
        total += cost
        if y >= 0:
            result.append(y)
        reached = y if y >= 0 else wanted
    return result, total / max(columns - 1, 1)


def _taken_by_boxes(
    placement: Placement, boxes: Sequence[Box], headers: Sequence[float]
) -> tuple[dict[float, float], list[tuple[float, float]]]:
    """The heights that boxes take, and those that frames span between first and last child."""
    containers = [index for index, box in enumerate(boxes) if box.is_container]
    first: dict[int, float] = dict.fromkeys(containers, math.inf)
    last: dict[int, float] = dict.fromkeys(containers, -math.inf)
    for (_, y, _, height), box in zip(placement.areas, boxes, strict=True) if containers else ():
        if box.parent >= 0:
            first[box.parent] = min(first[box.parent], y)
            last[box.parent] = max(last[box.parent], y + height)
    taken: dict[float, float] = {}
    frames: list[tuple[float, float]] = []
    split: set[int] = set()
    for index in containers:
        _, y, _, height = placement.areas[index]
        start = min(first[index], y + height)
        end = max(last[index], y + headers[index])
        if start < end:
            _take(taken, y - CLEAR, start)
            _take(taken, end, y + height + CLEAR)
            frames.append((start, end))
            split.add(index)
    for index, (_, y, _, height) in enumerate(placement.areas):
        if index not in split:
            top, bottom = y - CLEAR, y + height + CLEAR
            if top not in taken or taken[top] < bottom:
                taken[top] = bottom
    return taken, frames


def _merged(stretches: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Heights that lines span at one place, those that share their way there as one line."""
    found: list[tuple[float, float]] = []
    for low, high in sorted(stretches):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found
