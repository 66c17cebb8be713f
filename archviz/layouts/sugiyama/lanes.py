"""Links beside the drawing: those that pass bottlenecks, very long ones, those that go back up."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from archviz.layouts.sugiyama.measures import LABEL_GAP, NEAR, PITCH, RAIL_GAP
from archviz.layouts.sugiyama.parts import Part


@dataclass(slots=True)
class Lane:
    """One column beside the ranks ``first`` to ``last``, for all such links of one net.

    Attributes:
        net: Whose it is.
        start: Where the net leaves its source.
        source: Rank the net starts in.
        targets: Ranks where it ends.
        is_back: Whether it runs up.
        before: Links that it must cross on its way from or to the left, next to its ends.
        after: The same on the right.
        first: Uppermost rank beside it.
        last: Lowest rank beside it.
        x: Its position.
    """

    net: int
    start: float
    source: int
    targets: list[int]
    is_back: bool
    before: int = 0
    after: int = 0
    first: int = 0
    last: int = 0
    x: float = 0.0

    def close(self) -> None:
        """Sets the ranks beside it once all targets are known."""
        if self.is_back:
            self.first, self.last = min(self.targets), self.source
        else:
            self.first, self.last = self.source + 1, max(self.targets) - 1


def lay_lanes(part: Part) -> None:
    """Sets the lanes, short ones innermost, each on the side where it crosses less."""
    links = [link for link, is_lane in enumerate(part.is_lane) if is_lane]
    if not links:
        return
    pins: dict[int, list[float]] = {}
    for link, (_, v) in enumerate(part.ends):
        if part.vertices[v].ins:
            pins.setdefault(v, []).append(part.arrive[link])
    for link in links:
        u, v = part.ends[link]
        key = (part.nets[link], part.is_back[link])
        lane = part.lanes.get(key)
        if lane is None:
            start = part.x[u] + part.leave[link]
            lane = part.lanes[key] = Lane(key[0], start, part.rank[u], [], key[1])
        lane.targets.append(part.rank[v])
        if v in pins:
            lane.before += sum([pin < part.arrive[link] for pin in pins[v]])
            lane.after += sum([pin > part.arrive[link] for pin in pins[v]])
    left, right = _sides(part)
    lanes = list(part.lanes.values())
    for lane in lanes:
        lane.close()
    order = sorted(
        range(len(lanes)), key=lambda i: (lanes[i].last - lanes[i].first, lanes[i].first, i)
    )
    for i in order:
        _place_lane(lanes[i], left, right, part.spots)


class _Side:
    """One side of the drawing.

    Attributes:
        free: How far out the next lane beside each rank may lie.
        passing: How many lanes pass each channel there.
    """

    def __init__(self, free: list[float]) -> None:
        self.free = free
        self.passing = [0] * (len(free) + 1)

    def take(self, lane: Lane, x: float, step: float) -> None:
        a, b = lane.first, lane.last + 1
        lane.x = x
        self.free[a:b] = [x + step] * (b - a)
        for channel in range(a + 1, b):
            self.passing[channel] += 1


def _sides(part: Part) -> tuple[_Side, _Side]:
    """Where a lane may lie left and right of each rank."""
    left: list[float] = []
    right: list[float] = []
    vertices, x = part.vertices, part.x
    for spots, row in zip(part.spots, part.rows, strict=True):
        low = spots[0] - PITCH
        high = spots[-1] + PITCH
        for v in row:
            extent = vertices[v].extent
            low = min(low, x[v] - max(extent.left + RAIL_GAP, extent.before + LABEL_GAP))
            high = max(high, x[v] + max(extent.right + RAIL_GAP, extent.after + LABEL_GAP))
        left.append(low)
        right.append(high)
    return _Side(left), _Side(right)


def _place_lane(lane: Lane, left: _Side, right: _Side, spots: list[list[float]]) -> None:
    a, b = lane.first, lane.last + 1
    low = min(left.free[a:b])
    high = max(right.free[a:b])
    before, after = lane.before, lane.after
    for rank in (lane.source, *lane.targets):
        before += bisect_left(spots[rank], lane.start - NEAR)
        after += len(spots[rank]) - bisect_left(spots[rank], lane.start + NEAR)
    # Lanes further in that pass where this one turns off are crossed.
    for channel in (lane.source + 1, *lane.targets):
        before += left.passing[channel]
        after += right.passing[channel]
    to_left = (before, lane.start - low) < (after, high - lane.start)
    if before == after:
        to_left = not lane.is_back
    if to_left:
        left.take(lane, low, -PITCH)
    else:
        right.take(lane, high, PITCH)
