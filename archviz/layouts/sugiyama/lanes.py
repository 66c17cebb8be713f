"""Links beside the drawing: those that pass bottlenecks, very long ones, those that go back up."""

from __future__ import annotations

from bisect import bisect_left

from archviz.layouts.sugiyama.measures import LABEL_GAP, NEAR, PITCH, RAIL_GAP
from archviz.layouts.sugiyama.parts import Part
from archviz.records import mutable

_ROUNDS = 4


@mutable
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
        is_left: Which side it is on.
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
    is_left: bool = False
    x: float = 0.0

    @property
    def channels(self) -> tuple[int, ...]:
        """Where it turns off."""
        return (self.source + 1, *dict.fromkeys(self.targets))

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
    exits: dict[int, dict[int, float]] = {}
    for link, (u, v) in enumerate(part.ends):
        if part.vertices[v].ins:
            pins.setdefault(v, []).append(part.arrive[link])
        if part.vertices[u].outs:
            exits.setdefault(u, {})[part.nets[link]] = part.leave[link]
    for link in links:
        u, v = part.ends[link]
        key = (part.nets[link], part.is_back[link])
        lane = part.lanes.get(key)
        if lane is None:
            start = part.x[u] + part.leave[link]
            lane = part.lanes[key] = Lane(key[0], start, part.rank[u], [], key[1])
            _count_beside(lane, part, u, part.x[u] if u in exits else start)
            if u in exits:
                lane.before += sum([x < part.leave[link] for x in exits[u].values()])
                lane.after += sum([x > part.leave[link] for x in exits[u].values()])
        lane.targets.append(part.rank[v])
        _count_beside(lane, part, v, part.x[v] if v in pins else lane.start)
        if v in pins:
            lane.before += sum([pin < part.arrive[link] for pin in pins[v]])
            lane.after += sum([pin > part.arrive[link] for pin in pins[v]])
    lanes = list(part.lanes.values())
    for lane in lanes:
        lane.close()
    # Short lanes lie further in.
    lanes.sort(key=lambda lane: (lane.last - lane.first, lane.first))
    if part.plan:
        for lane, is_left in zip(part.lanes.values(), part.plan.sides, strict=True):
            lane.is_left = is_left
    else:
        _choose_sides(lanes, _crossings(lanes, len(part.rows)))
    left, right = _free(part)
    for lane in lanes:
        a, b = lane.first, lane.last + 1
        if lane.is_left:
            lane.x = min(left[a:b])
            # A little further out it may need no step where it starts.
            if lane.x - RAIL_GAP <= lane.start < lane.x:
                lane.x = lane.start
            left[a:b] = [lane.x - PITCH] * (b - a)
        else:
            lane.x = max(right[a:b])
            if lane.x < lane.start <= lane.x + RAIL_GAP:
                lane.x = lane.start
            right[a:b] = [lane.x + PITCH] * (b - a)


def _count_beside(lane: Lane, part: Part, v: int, x: float) -> None:
    """Adds what stands between one of the lane's ends, in the row of ``v``, and either side.

    Args:
        lane: The lane.
        part: What it is a lane of.
        v: The vertex that it ends at.
        x: Where the end is: the middle of a container, which links may leave far from there.
    """
    spots = part.spots[part.rank[v]]
    lane.before += bisect_left(spots, x - NEAR)
    lane.after += len(spots) - bisect_left(spots, x + NEAR)


def _crossings(lanes: list[Lane], count: int) -> list[dict[int, int]]:
    """How often each lane and others cross when they lie on one side.

    A lane further out crosses one further in where it turns off while the other passes.
    """
    ends: list[list[int]] = [[] for _ in range(count + 1)]
    for i, lane in enumerate(lanes):
        for channel in lane.channels:
            ends[channel].append(i)
    crossed: list[dict[int, int]] = [{} for _ in lanes]
    for i, lane in enumerate(lanes):
        for channel in range(lane.first + 1, lane.last + 1):
            for other in ends[channel]:
                if other > i:
                    crossed[i][other] = crossed[i].get(other, 0) + 1
                    crossed[other][i] = crossed[other].get(i, 0) + 1
    return crossed


def _choose_sides(lanes: list[Lane], crossed: list[dict[int, int]]) -> None:
    """Puts each lane on the side where it crosses less, and looks again while that helps."""
    chosen = [False] * len(lanes)
    for turn in range(_ROUNDS):
        changed = False
        for i, lane in enumerate(lanes):
            before, after = lane.before, lane.after
            for other, times in crossed[i].items():
                if chosen[other]:
                    if lanes[other].is_left:
                        before += times
                    else:
                        after += times
            # Without a reason, links down run on the left and links back up on the right.
            is_left = before < after or (before == after and not lane.is_back)
            if turn and before == after:
                is_left = lane.is_left
            changed = changed or is_left != lane.is_left or not turn
            lane.is_left = is_left
            chosen[i] = True
        if not changed:
            break


def _free(part: Part) -> tuple[list[float], list[float]]:
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
    return left, right
