"""The space between two ranks: links go crosswise there, each net on tracks of its own.

Two nets never share a stretch: their crosswise lines get different tracks where they overlap, and
where a net comes down where another one goes on down, the first turns off above the second. When
such demands go round in a circle, one net changes over in a column of its own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from itertools import pairwise

from archviz.layouts.sugiyama.measures import NEAR, PITCH
from archviz.records import field, mutable

_WEIGHED = 80
"""Up to so many nets in a channel, crossings are counted to choose their order."""

_COMPARED = 400
"""Up to so many nets, tracks are shared as well as can be."""


@mutable
class Net:
    """What must be joined in a channel.

    Attributes:
        tops: Where it goes on upwards.
        bottoms: Where it goes on downwards.
        upper: Track of its crosswise line; -1 when it needs none.
        lower: Track of the second crosswise line, when it has a column of its own.
        column: Where it changes over from the upper to the lower track.
    """

    tops: list[float] = field(default_factory=list)
    bottoms: list[float] = field(default_factory=list)
    upper: int = -1
    lower: int = -1
    column: float | None = None

    def turns(self, entry: float, leave: float, *, down: bool) -> list[tuple[float, int]]:
        """Where a link turns, as (position, track), on its way through the channel."""
        if entry == leave or self.upper < 0:
            return []
        if self.column is None:
            return [(entry, self.upper), (leave, self.upper)]
        # Both ends on one side: the net's upper line joins the tops, its lower one the bottoms.
        if entry in self.tops and leave in self.tops and not down:
            return [(entry, self.upper), (leave, self.upper)]
        if entry in self.bottoms and leave in self.bottoms and not down:
            return [(entry, self.lower), (leave, self.lower)]
        return [
            (entry, self.upper),
            (self.column, self.upper),
            (self.column, self.lower),
            (leave, self.lower),
        ]


class _Line:
    """One crosswise line."""

    __slots__ = ("bottoms", "high", "low", "net", "tops", "track")

    def __init__(self, net: Net, tops: Sequence[float], bottoms: Sequence[float]) -> None:
        self.net = net
        self.tops = tops
        self.bottoms = bottoms
        self.low = min(*tops, *bottoms) if len(tops) + len(bottoms) > 1 else (*tops, *bottoms)[0]
        self.high = max(*tops, *bottoms) if len(tops) + len(bottoms) > 1 else self.low
        self.track = -1


def assign_tracks(nets: Sequence[Net], passing: Callable[[], Sequence[float]] = tuple) -> int:
    """Sets the tracks of ``nets``.

    Args:
        nets: Those of the channel that go crosswise, in a fixed order.
        passing: Positions of links that pass the channel and are not among the nets.

    Returns:
        How many tracks there are.
    """
    lines = []
    for net in nets:
        if len(net.tops) == 1 and net.tops == net.bottoms:
            continue  # straight on, as most are
        line = _Line(net, net.tops, net.bottoms)
        if line.high > line.low:
            lines.append(line)
    if len(lines) < 2:
        for line in lines:
            line.net.upper = 0
        return len(lines)
    ordered = _ordered(lines, nets, passing)
    tracks = _compact(ordered) if len(ordered) <= _COMPARED else _stack(ordered)
    split: dict[int, bool] = {}
    for line in ordered:
        if line.net.column is not None and id(line.net) in split:
            line.net.lower = line.track
        else:
            split[id(line.net)] = True
            line.net.upper = line.track
    return tracks


def _must_precede(lines: list[_Line]) -> list[list[int]]:
    """For each line those that must lie below it, because it comes down onto their way on."""
    ends = sorted((x, i) for i, line in enumerate(lines) for x in line.bottoms)
    below: list[list[int]] = []
    for i, line in enumerate(lines):
        found: dict[int, bool] = {}
        for x in line.tops:
            k = bisect_left(ends, (x - NEAR + 1e-6, -1))
            while k < len(ends) and ends[k][0] < x + NEAR - 1e-6:
                other = ends[k][1]
                # A line that goes on below its top runs beside the other's end anyway.
                if other != i and (x not in line.bottoms or ends[k][0] == x):
                    found[other] = True
                k += 1
        below.append(list(found))
    return below


def _ordered(
    lines: list[_Line], nets: Sequence[Net], passing: Callable[[], Sequence[float]]
) -> list[_Line]:
    """Lines from top to bottom; nets in the way of each other are cut in two."""
    below = _must_precede(lines)
    count = len(lines)
    waiting = [0] * count
    for others in below:
        for other in others:
            waiting[other] += 1
    cost = _costs(lines) if count <= _WEIGHED else None
    placed = [False] * count
    result: list[_Line] = []
    remaining = list(range(count))
    lower_half: dict[int, _Line] = {}
    pins: list[float] = []
    while remaining:
        free = [i for i in remaining if not waiting[i]]
        if free:
            if cost is not None and len(free) > 1:
                chosen = min(
                    free,
                    key=lambda i: (
                        sum([cost[i][j] - cost[j][i] for j in remaining]),
                        lines[i].low,
                        i,
                    ),
                )
                batch = [chosen]
            else:
                batch = free
            for i in batch:
                placed[i] = True
                result.append(lower_half.get(i, lines[i]))
                for other in below[i]:
                    waiting[other] -= 1
            remaining = [i for i in remaining if not placed[i]]
            continue
        # A circle: the first line whose cutting frees another goes in two steps.
        i = next(i for i in remaining if below[i] and lines[i].tops and lines[i].bottoms)
        line = lines[i]
        if not pins:
            pins = sorted([*passing(), *(x for net in nets for x in (*net.tops, *net.bottoms))])
        column = _free_column(pins, line.low, line.high)
        insort(pins, column)
        line.net.column = column
        result.append(_Line(line.net, line.tops, [column]))
        lower_half[i] = _Line(line.net, [column], line.bottoms)
        for other in below[i]:
            waiting[other] -= 1
        below[i] = []
    return result


def _costs(lines: list[_Line]) -> list[list[int]]:
    """Crossings when line i lies above line j."""
    return [
        [
            0
            if a is b or a.high < b.low or b.high < a.low
            else sum([b.low < x < b.high for x in a.bottoms])
            + sum([a.low < x < a.high for x in b.tops])
            for b in lines
        ]
        for a in lines
    ]


def _free_column(pins: list[float], low: float, high: float) -> float:
    """A position with room to either side, near the middle of ``low`` and ``high``."""
    middle = (low + high) / 2
    best = pins[-1] + PITCH
    if abs(pins[0] - PITCH - middle) < abs(best - middle):
        best = pins[0] - PITCH
    for a, b in pairwise(pins):
        if b - a >= 2 * NEAR:
            x = min(max(middle, a + NEAR), b - NEAR)
            if abs(x - middle) < abs(best - middle):
                best = x
    return round(best * 2) / 2 if best in (pins[0] - PITCH, pins[-1] + PITCH) else best


def _compact(ordered: list[_Line]) -> int:
    """Tracks for lines in their order; lines apart from each other share one."""
    for i, line in enumerate(ordered):
        track = 0
        for other in ordered[:i]:
            if (
                other.track >= track
                and other.low < line.high + NEAR
                and line.low < other.high + NEAR
            ):
                track = other.track + 1
        line.track = track
    return max(line.track for line in ordered) + 1


def _stack(ordered: list[_Line]) -> int:
    """One track a line: always right, never short."""
    for track, line in enumerate(ordered):
        line.track = track
    return len(ordered)
