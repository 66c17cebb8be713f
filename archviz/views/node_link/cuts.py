"""Where a long picture may be cut: at heights where no box, header or label is.

Every edge runs straight there. A cut may go through frames, which then go on in the next column.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from archviz.layouts import Box, Link, Placement
from archviz.records import record

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


@record
class Cut:
    """A height at which the picture may be cut.

    Attributes:
        y: The height.
        crossings: How many edges pass.
        frames: How many frames are cut.
    """

    y: float
    crossings: int
    frames: int


def candidates(
    placement: Placement, boxes: Sequence[Box], links: Sequence[Link], headers: Sequence[float]
) -> list[Cut]:
    """Heights at which the picture may be cut, from above, one in each free band.

    Args:
        placement: Whose edges run down.
        boxes: What was placed.
        links: What was routed.
        headers: Room that each box keeps at its top.
    """
    taken, frames = _taken_by_boxes(placement, boxes, headers)
    starts: list[float] = []
    ends: list[float] = []
    # Those of edges that may share their way with another one, by whose they are.
    shared: dict[tuple[tuple[int, int], float], list[tuple[float, float]]] = {}
    known: dict[int, _Stretches] = {}
    carried: dict[tuple[int, int], int] = {}
    nets = [(link.source, link.trunk) for link in links]
    for net in nets:
        carried[net] = carried.get(net, 0) + 1
    # Many things stand in one rank: of those that begin at one height, the longest counts.
    for net, route in zip(nets, placement.routes, strict=True):
        if route.label is not None:
            _, y, _, height = route.label
            _take(taken, y - CLEAR, y + height + CLEAR)
        way = route.way
        stretches = known.get(id(way))
        if stretches is None:
            stretches = known[id(way)] = _stretches(way)
        down, across = stretches
        y = route.y
        for low, high in across:
            _take(taken, y + low - CLEAR, y + high + CLEAR)
        if carried[net] == 1:
            for _, low, high in down:
                starts.append(y + low)
                ends.append(y + high)
            continue
        for x, low, high in down:
            place = (net, route.x + x)
            if place in shared:
                shared[place].append((y + low, y + high))
            else:
                shared[place] = [(y + low, y + high)]
    for found in shared.values():
        for low, high in _merged(found) if len(found) > 1 else found:
            starts.append(low)
            ends.append(high)
    starts.sort()
    ends.sort()
    spans = sorted(taken.items())
    free: list[float] = []
    reached = spans[0][1] if spans else 0.0
    for start, end in spans:
        if start > reached:
            free.append((reached + start) / 2)
        reached = max(reached, end)
    frame_starts = sorted([start for start, _ in frames])
    frame_ends = sorted([end for _, end in frames])
    cuts = []
    for y in free:
        crossings = bisect_left(starts, y) - bisect_left(ends, y)
        if crossings <= MOST_CROSSINGS:
            cut = bisect_left(frame_starts, y) - bisect_left(frame_ends, y) if frames else 0
            cuts.append(Cut(y, crossings, cut))
    return cuts


_Stretches: TypeAlias = tuple[list[tuple[float, float, float]], list[tuple[float, float]]]


def _stretches(way: Sequence[tuple[float, float]]) -> _Stretches:
    """The parts of a way that run down, as x and heights, and the heights of the others."""
    down: list[tuple[float, float, float]] = []
    across: list[tuple[float, float]] = []
    for (before_x, before_y), (x, y) in pairwise(way):
        low, high = (before_y, y) if before_y <= y else (y, before_y)
        if x == before_x:
            down.append((x, low, high))
        else:
            across.append((low, high))
    return down, across


def _take(taken: dict[float, float], start: float, end: float) -> None:
    known = taken.get(start)
    if known is None or known < end:
        taken[start] = end


def by_cost(cuts: Sequence[Cut]) -> dict[float, list[float]]:
    """The heights of cuts from above, by what passes there."""
    found: dict[float, list[float]] = {}
    for cut in cuts:
        found.setdefault(cut.crossings + _FRAME_COST * cut.frames, []).append(cut.y)
    return found


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
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    for area, box in zip(placement.areas, boxes, strict=True):
        if box.parent >= 0:
            first[box.parent] = min(first.get(box.parent, math.inf), area.y)
            last[box.parent] = max(last.get(box.parent, -math.inf), area.y + area.height)
    taken: dict[float, float] = {}
    frames: list[tuple[float, float]] = []
    for index, ((_, y, _, height), box) in enumerate(zip(placement.areas, boxes, strict=True)):
        top, bottom = y - CLEAR, y + height + CLEAR
        if box.is_container:
            start = min(first.get(index, math.inf), y + height)
            end = max(last.get(index, -math.inf), y + headers[index])
            if start < end:
                _take(taken, top, start)
                _take(taken, end, bottom)
                frames.append((start, end))
                continue
        _take(taken, top, bottom)
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
