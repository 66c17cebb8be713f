"""Links beside the drawing: those that pass bottlenecks, very long ones, those that go back up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from archviz.layouts.sugiyama.measures import NEAR, PITCH, RAIL_GAP
from archviz.layouts.sugiyama.parts import Part
from archviz.layouts.sugiyama.sections import Section
from archviz.records import field, mutable

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
        links: Those in it.
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
    links: list[int] = field(default_factory=list)
    before: int = 0
    after: int = 0
    first: int = 0
    last: int = 0
    is_left: bool = False
    x: float = 0.0

    @property
    def channels(self) -> tuple[int, ...]:
        """Where it turns off."""
        if len(self.targets) == 1:
            return (self.source + 1, self.targets[0])
        return (self.source + 1, *dict.fromkeys(self.targets))

    def close(self) -> None:
        """Sets the ranks beside it once all targets are known."""
        if self.is_back:
            self.first, self.last = min(self.targets), self.source
        else:
            self.first, self.last = self.source + 1, max(self.targets) - 1

    def seen_from(self, x: float, rank: int) -> Lane:
        """The lane as it is where ``x`` and ``rank`` are 0."""
        return Lane(
            self.net,
            self.start - x,
            self.source - rank,
            [target - rank for target in self.targets],
            self.is_back,
            first=self.first - rank,
            last=self.last - rank,
            x=self.x - x,
        )


def lay_lanes(part: Part, sections: Sequence[Section], owner: Sequence[int]) -> None:
    """Sets the lanes, short ones innermost, each on the side where it crosses less."""
    if not part.beside:
        return
    rank, place, nets = part.rank, part.place, part.nets
    sources, targets, found = part.sources, part.targets, part.lanes
    pins: dict[int, list[float]] = {}
    exits: dict[int, dict[int, float]] = {}
    if part.leave:
        for link, (u, v) in enumerate(zip(sources, targets, strict=True)):
            if part.vertices[v].ins:
                pins.setdefault(v, []).append(part.arrive[link])
            if part.vertices[u].outs:
                exits.setdefault(u, {})[nets[link]] = part.leave[link]
    for link, is_back in part.beside.items():
        u, v = sources[link], targets[link]
        key = (nets[link], is_back)
        lane = found.get(key)
        if lane is None:
            section = sections[owner[rank[u]]]
            x = section.x + section.shape.positions[place[u] - section.places[0]]
            leave = part.leave[link] if part.leave else 0.0
            lane = found[key] = Lane(key[0], x + leave, rank[u], [], is_back)
            _count_beside(lane, section, rank[u], x if u in exits else lane.start)
            if u in exits:
                lane.before += sum([at < leave for at in exits[u].values()])
                lane.after += sum([at > leave for at in exits[u].values()])
        lane.links.append(link)
        lane.targets.append(rank[v])
        section = sections[owner[rank[v]]]
        x = lane.start
        if v in pins:
            x = section.x + section.shape.positions[place[v] - section.places[0]]
            arrive = part.arrive[link]
            lane.before += sum([pin < arrive for pin in pins[v]])
            lane.after += sum([pin > arrive for pin in pins[v]])
        _count_beside(lane, section, rank[v], x)
    lanes = list(found.values())
    for lane in lanes:
        lane.close()
    # Short lanes lie further in.
    ranks = len(part.first) - 1
    lanes.sort(key=lambda lane: (lane.last - lane.first) * ranks + lane.first)
    if part.plan:
        for lane, is_left in zip(found.values(), part.plan.sides, strict=True):
            lane.is_left = is_left
    else:
        _choose_sides(lanes, _crossings(lanes))
    left, right = _free(sections)
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


def _count_beside(lane: Lane, section: Section, rank: int, x: float) -> None:
    """Adds what stands between one of the lane's ends, in a rank, and either side.

    Args:
        lane: The lane.
        section: The section with that rank.
        rank: The rank.
        x: Where the end is: the middle of a container, which links may leave far from there.
    """
    spots = section.shape.spots[rank - section.top]
    x -= section.x
    lane.before += bisect_left(spots, x - NEAR)
    lane.after += len(spots) - bisect_left(spots, x + NEAR)


def _crossings(lanes: list[Lane]) -> list[dict[int, int]]:
    """How often each lane and others cross when they lie on one side.

    A lane further out crosses one further in where it turns off while the other passes.
    """
    count = len(lanes)
    ends = sorted(
        [channel * count + i for i, lane in enumerate(lanes) for channel in lane.channels]
    )
    turning = [end % count for end in ends]
    crossed: list[dict[int, int]] = [{} for _ in lanes]
    for i, lane in enumerate(lanes):
        start = bisect_left(ends, (lane.first + 1) * count)
        stop = bisect_left(ends, (lane.last + 1) * count, start)
        if start == stop:
            continue
        for other in [other for other in turning[start:stop] if other > i]:
            crossed[i][other] = crossed[other][i] = crossed[i].get(other, 0) + 1
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


def _free(sections: Sequence[Section]) -> tuple[list[float], list[float]]:
    """Where a lane may lie left and right of each rank."""
    left: list[float] = []
    right: list[float] = []
    for section in sections:
        lows, highs = section.shape.free
        x, own = section.x, section.start >= 0  # the first rank is another section's
        left += [x + low for low in lows[own:]]
        right += [x + high for high in highs[own:]]
    return left, right
