"""Where a long picture may be cut: at heights where no box, header or label is.

Every edge runs straight there. A cut may go through frames, which then go on in the next column.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

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
    verticals: list[tuple[int, int, float, float, float]] = []
    # Many things stand in one rank: of those that begin at one height, the longest counts.
    for link, route in zip(links, placement.routes, strict=True):
        if route.label is not None:
            _, y, _, height = route.label
            _take(taken, y - CLEAR, y + height + CLEAR)
        source, trunk = link.source, link.trunk
        before_x = before_y = math.nan
        for x, y in route.points:
            if x == before_x:
                verticals.append(
                    (source, trunk, x, before_y, y)
                    if before_y <= y
                    else (source, trunk, x, y, before_y)
                )
            elif before_y <= y:
                _take(taken, before_y - CLEAR, y + CLEAR)
            elif before_y > y:
                _take(taken, y - CLEAR, before_y + CLEAR)
            before_x, before_y = x, y
    spans = sorted(taken.items())
    free: list[float] = []
    reached = spans[0][1] if spans else 0.0
    for start, end in spans:
        if start > reached:
            free.append((reached + start) / 2)
        reached = max(reached, end)
    passing, cut = _Spans(_merged(verticals)), _Spans(frames)
    found = [Cut(y, passing.at(y), cut.at(y)) for y in free]
    return [cut for cut in found if cut.crossings <= MOST_CROSSINGS]


def _take(taken: dict[float, float], start: float, end: float) -> None:
    known = taken.get(start)
    if known is None or known < end:
        taken[start] = end


def chosen(found: Sequence[Cut], height: float, columns: int) -> tuple[list[float], float]:
    """Heights of the cuts that make ``columns`` of about one height, and what a cut costs."""
    result: list[float] = []
    total = 0.0
    reached = 0.0
    for remaining in range(columns, 1, -1):
        step = (height - reached) / remaining
        wanted = reached + step
        low = bisect_right(found, wanted - 0.35 * step, key=lambda cut: cut.y)
        high = bisect_left(found, wanted + 0.35 * step, key=lambda cut: cut.y)
        costs = [
            (
                cut.crossings
                + _FRAME_COST * cut.frames
                + _DISTANCE_COST * abs(cut.y - wanted) / step,
                cut.y,
            )
            for cut in found[low:high]
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
    for index, (_, y, _, height) in enumerate(placement.areas):
        top, bottom = y - CLEAR, y + height + CLEAR
        if boxes[index].is_container:
            start = min(first.get(index, math.inf), y + height)
            end = max(last.get(index, -math.inf), y + headers[index])
            if start < end:
                _take(taken, top, start)
                _take(taken, end, bottom)
                frames.append((start, end))
                continue
        _take(taken, top, bottom)
    return taken, frames


def _merged(
    verticals: list[tuple[int, int, float, float, float]],
) -> list[tuple[float, float]]:
    """The heights that lines span, those of edges that share their way as one line."""
    found: list[tuple[float, float]] = []
    last: tuple[int, int, float] | None = None
    for source, trunk, x, low, high in sorted(verticals):
        if (source, trunk, x) == last and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
        last = (source, trunk, x)
    return found


class _Spans:
    """Intervals, to count those around a height."""

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        self._starts = sorted(start for start, _ in spans)
        self._ends = sorted(end for _, end in spans)

    def at(self, y: float) -> int:
        return bisect_left(self._starts, y) - bisect_left(self._ends, y)
