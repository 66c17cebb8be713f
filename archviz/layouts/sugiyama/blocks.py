"""A run of ranks between two bottlenecks: order and position across of all that is in it.

A bottleneck is a vertex that is alone in its rank with nothing passing by. The runs between them
do not see each other, and equal runs (the layers of most networks) are worked out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from archviz.layouts.sugiyama.measures import BOX_GAP, LABEL_GAP, PITCH, RAIL_GAP
from archviz.layouts.sugiyama.ordering import Neighbours, order_ranks
from archviz.layouts.sugiyama.spacing import space


class Extent(NamedTuple):
    """What a vertex takes to either side of its position.

    Attributes:
        left: Of the box.
        right: Of the box.
        before: Left of it, room above the box for the ends of links and their labels.
        after: The same on the right.
        is_thin: Whether it is the end of a link and no box.
        is_tag: Whether it is a label on a link.
    """

    left: float
    right: float
    before: float
    after: float
    is_thin: bool = False
    is_tag: bool = False


RAIL = Extent(0.0, 0.0, 0.0, 0.0, True)

Stretch = tuple[int, int, int, float, float]
"""Source, target, net, and how far from the vertices' positions the link leaves and arrives."""


class Run(NamedTuple):
    """What is known of a block before it is laid out; equal runs look equal.

    Attributes:
        ranks: Of each vertex, from 0.
        extents: Number of each vertex's extent.
        stretches: The links.
        starts_at_cut: Whether the first vertex is a bottleneck.
        ends_at_cut: Whether the last vertex is one.
        head: The vertex where the spine comes in; -1 when any may be it.
        beside: Vertices with links to or from a lane, which is better on the left.
    """

    ranks: tuple[int, ...]
    extents: tuple[int, ...]
    stretches: tuple[Stretch, ...]
    starts_at_cut: bool
    ends_at_cut: bool
    head: int
    beside: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A run laid out.

    Attributes:
        positions: Of each vertex; the first bottleneck, else the last, is at 0.
        rails: Positions of links that pass a rank, by net and rank.
        rows: Positions of all that is in a rank, sorted, by rank.
    """

    positions: list[float]
    rails: dict[tuple[int, int], float]
    rows: list[list[float]]


def separation(a: Extent, b: Extent) -> float:
    """Least distance of two neighbours in a rank."""
    if a.is_thin and b.is_thin:
        gap = PITCH
    elif a.is_thin or b.is_thin or a.is_tag or b.is_tag:
        gap = RAIL_GAP
    else:
        gap = BOX_GAP
    return max(a.right + gap + b.left, a.after + LABEL_GAP + b.before)


class Memo:
    """Blocks laid out before; one for a whole drawing."""

    def __init__(self) -> None:
        self.numbers: dict[Extent, int] = {}
        self.blocks: dict[Run, Block] = {}

    def number(self, extent: Extent) -> int:
        """A number for an extent: equal ones have one."""
        return self.numbers.setdefault(extent, len(self.numbers))

    def block(self, run: Run) -> Block:
        """The run laid out."""
        block = self.blocks.get(run)
        if block is None:
            extents = list(self.numbers)
            block = self.blocks[run] = lay_run(run, [extents[i] for i in run.extents])
        return block


def lay_run(run: Run, extents: list[Extent]) -> Block:
    """Lays a run out."""
    grid = _Grid(run, extents)
    orders = order_ranks(grid.rows, grid.up, grid.down)
    best: list[float] = []
    least = -1.0
    for rows in orders:
        grid.rows = rows
        strips = _Strips(grid, run)
        found = strips.positions()
        cost = strips.cost(found) if len(orders) > 1 else 0.0
        if least < 0 or cost < least:
            best, least = found, cost
    positions = best
    count = len(run.ranks)
    return Block(
        positions=positions[:count],
        rails={key: positions[v] for key, v in grid.rails.items()},
        rows=[sorted(positions[v] for v in row) for row in grid.rows],
    )


class _Grid:
    """Vertices in ranks, with links cut at each rank; a net passes a rank once."""

    def __init__(self, run: Run, extents: list[Extent]) -> None:
        count = len(run.ranks)
        self.extents = extents
        self.rank = list(run.ranks)
        self.rows: list[list[int]] = [[] for _ in range(max(run.ranks) + 1)]
        for v in range(count):
            self.rows[run.ranks[v]].append(v)
        self.up: Neighbours = [[] for _ in range(count)]
        self.down: Neighbours = [[] for _ in range(count)]
        self.real = [not extent.is_tag for extent in extents]
        self.rails: dict[tuple[int, int], int] = {}
        self.links: list[tuple[int, int, float, float]] = []
        nets: dict[int, list[Stretch]] = {}
        for stretch in run.stretches:
            nets.setdefault(stretch[2], []).append(stretch)
        for net, stretches in nets.items():
            self.add_net(net, stretches, run.ranks)

    def add_net(self, net: int, stretches: list[Stretch], ranks: Sequence[int]) -> None:
        source, _, _, leave, _ = stretches[0]
        ends: dict[int, list[Stretch]] = {}
        for stretch in stretches:
            ends.setdefault(ranks[stretch[1]], []).append(stretch)
        last = max(ends)
        upper, at = source, leave
        for rank in range(ranks[source] + 1, last + 1):
            following = -1
            if rank < last:
                following = self.add_rail(net, rank)
                self.connect(upper, following, at, 0.0)
            for _, target, _, _, arrive in ends.get(rank, ()):
                self.connect(upper, target, at, arrive)
            upper, at = following, 0.0

    def add_rail(self, net: int, rank: int) -> int:
        v = len(self.rank)
        self.rank.append(rank)
        self.rows[rank].append(v)
        self.extents.append(RAIL)
        self.up.append([])
        self.down.append([])
        self.real.append(False)
        self.rails[net, rank] = v
        return v

    def connect(self, upper: int, lower: int, leave: float, arrive: float) -> None:
        self.links.append((upper, lower, leave, arrive))
        self.down[upper].append((lower, self.share(lower, arrive)))
        self.up[lower].append((upper, self.share(upper, leave)))

    def share(self, v: int, at: float) -> float:
        if not at:
            return 0.0
        extent = self.extents[v]
        return 0.98 * ((at + extent.left) / (extent.left + extent.right) - 0.5)


class _Strips:
    """Vertices that stand exactly below each other make a strip; strips are spaced."""

    def __init__(self, grid: _Grid, run: Run) -> None:
        self.grid = grid
        self.run = run
        count = len(grid.rank)
        self.place = [0] * count
        for row in grid.rows:
            for i, v in enumerate(row):
                self.place[v] = i
        self.below = [-1] * count
        self.above = [-1] * count
        self.shift = [0.0] * count
        self.align()
        self.first = 0 if run.starts_at_cut else -1
        self.last = len(run.ranks) - 1 if run.ends_at_cut else -1
        alone = self.free_cut() if self.first >= 0 and self.last >= 0 else -1
        self.strip = [-1] * count
        self.offset = [0.0] * count
        self.size = 0
        for row in grid.rows:
            for v in row:
                if self.above[v] < 0 and v != alone:
                    self.thread(v)
        if alone >= 0:
            other = self.first + self.last - alone
            way = self.leaving() - self.arriving()
            self.strip[alone] = self.strip[other]
            self.offset[alone] = self.offset[other] + (way if alone == self.last else -way)

    def align(self) -> None:
        grid = self.grid
        through = self.lengths()
        top, bottom = (
            max(row, key=lambda v: (through[v], -self.place[v]))
            for row in (grid.rows[0], grid.rows[-1])
        )
        self.spine = (top, bottom) if through[top] == through[bottom] else (-1, -1)
        lower = [self.favourite(near, through) for near in grid.down]
        upper = [self.favourite(near, through) for near in grid.up]
        wanted: list[list[tuple[int, int, int, int, float]]] = [[] for _ in grid.rows]
        for index, (u, v, leave, arrive) in enumerate(grid.links):
            if lower[u] == v and upper[v] == u:
                class_ = 2 - grid.real[u] - grid.real[v] if grid.real[u] or grid.real[v] else 1
                wanted[grid.rank[u]].append((class_, index, u, v, leave - arrive))
        for candidates in wanted:
            if len(candidates) > 1:
                candidates.sort()
            taken: list[tuple[int, int]] = []
            for _, _, u, v, shift in candidates:
                pu, pv = self.place[u], self.place[v]
                if self.below[u] >= 0 or self.above[v] >= 0:
                    continue
                if any((pu - a) * (pv - b) <= 0 for a, b in taken):
                    continue
                taken.append((pu, pv))
                self.below[u] = v
                self.above[v] = u
                self.shift[v] = shift

    def lengths(self) -> list[int]:
        """Twice the boxes on the longest way through each vertex, one more from the head on."""
        grid = self.grid
        before = [0] * len(grid.rank)
        after = [0] * len(grid.rank)
        for row in grid.rows:
            for v in row:
                before[v] = max([before[u] for u, _ in grid.up[v]], default=0) + 2 * grid.real[v]
                before[v] += v == self.run.head
        for row in reversed(grid.rows):
            for v in row:
                after[v] = max([after[u] for u, _ in grid.down[v]], default=0) + 2 * grid.real[v]
        return [a + b for a, b in zip(before, after, strict=True)]

    def favourite(self, near: list[tuple[int, float]], through: list[int]) -> int:
        """The neighbour to stand in line with; -1 when it is better to stand between two."""
        candidates = [v for v, _ in near if self.grid.real[v]] or [v for v, _ in near]
        if not candidates:
            return -1
        if len(candidates) == 1:
            return candidates[0]
        longest = max([through[v] for v in candidates])
        on_longest = [v for v in candidates if through[v] == longest]
        if len(on_longest) == 1:
            return on_longest[0]
        if len(candidates) % 2 == 0:
            return candidates[0] if len(candidates) == 2 and candidates[0] == candidates[1] else -1
        candidates.sort(key=self.place.__getitem__)
        return candidates[len(candidates) // 2]

    def free_cut(self) -> int:
        """The bottleneck that leaves its strip for the other's; -1 when they share one.

        Both stand in one line, so that the spine of the drawing goes on straight.
        """
        down = up = 0
        v = self.below[self.first]
        while v >= 0:
            if v == self.last:
                return -1
            down += 1
            v = self.below[v]
        v = self.above[self.last]
        while v >= 0:
            up += 1
            v = self.above[v]
        if down < up:
            v = self.below[self.first]
            self.below[self.first] = -1
            if v >= 0:
                self.above[v] = -1
            return self.first
        v = self.above[self.last]
        self.above[self.last] = -1
        if v >= 0:
            self.below[v] = -1
        return self.last

    def leaving(self) -> float:
        near = [leave for u, _, leave, _ in self.grid.links if u == self.first]
        return near[len(near) // 2] if near else 0.0

    def arriving(self) -> float:
        near = [arrive for _, v, _, arrive in self.grid.links if v == self.last]
        return near[len(near) // 2] if near else 0.0

    def thread(self, top: int) -> None:
        v = top
        at = 0.0
        while v >= 0:
            if v != top:
                at += self.shift[v]
            self.strip[v] = self.size
            self.offset[v] = at
            v = self.below[v]
        self.size += 1

    def positions(self) -> list[float]:
        grid, strip, offset = self.grid, self.strip, self.offset
        apart: list[dict[int, float]] = [{} for _ in range(self.size)]
        for row in grid.rows:
            for u, v in pairwise(row):
                gap = separation(grid.extents[u], grid.extents[v]) + offset[u] - offset[v]
                gap = _half(gap, up=True)
                known = apart[strip[v]].get(strip[u])
                if known is None or gap > known:
                    apart[strip[v]][strip[u]] = gap
        pulls: list[list[tuple[int, float, float]]] = [[] for _ in range(self.size)]
        for u, v, leave, arrive in grid.links:
            a, b = strip[u], strip[v]
            if a != b:
                away = offset[u] + leave - offset[v] - arrive
                weight = 1.0 + grid.real[u] + grid.real[v]
                pulls[b].append((a, away, weight))
                pulls[a].append((b, -away, weight))
        top, bottom = self.spine
        if top >= 0 and strip[top] != strip[bottom]:
            away = offset[top] - offset[bottom]
            pulls[strip[bottom]].append((strip[top], away, 4.0))
            pulls[strip[top]].append((strip[bottom], -away, 4.0))
        anchors = [False] * self.size
        weights = [0.0] * self.size
        for v, s in enumerate(strip):
            weights[s] += 1.0 if grid.real[v] else 0.25
        for cut in (self.first, self.last):
            if cut >= 0:
                anchors[strip[cut]] = True
                weights[strip[cut]] = 1e6
        size = len(grid.rank)
        at = space(self.size, apart, pulls, weights, anchors, rounds=12 if size < 1500 else 4)
        at = [_half(x) for x in at]
        self.straighten(at, apart, pulls, anchors)
        result = [at[strip[v]] + offset[v] for v in range(size)]
        zero = result[max(self.first, 0) if self.first >= 0 else max(self.last, 0)]
        return [x - zero for x in result]

    def cost(self, positions: list[float]) -> float:
        """How far links go across, and how often."""
        total = 0.0
        for u, v, leave, arrive in self.grid.links:
            step = abs(positions[u] + leave - positions[v] - arrive)
            if step:
                total += step + 30.0
        for v in self.run.beside:
            row = self.grid.rows[self.grid.rank[v]]
            total += 60.0 * sum([positions[u] < positions[v] for u in row])
        top, bottom = self.spine
        if top >= 0:
            total += 2 * abs(positions[top] - positions[bottom])
        return total

    def straighten(
        self,
        at: list[float],
        apart: list[dict[int, float]],
        pulls: list[list[tuple[int, float, float]]],
        anchors: list[bool],
    ) -> None:
        """Takes small steps out of links where there is room to."""
        right: list[list[tuple[int, float]]] = [[] for _ in range(self.size)]
        for s, lefts in enumerate(apart):
            for other, gap in lefts.items():
                right[other].append((s, gap))
        for s in range(self.size):
            if anchors[s] or not pulls[s]:
                continue
            steps = [at[other] + away - at[s] for other, away, _ in pulls[s]]
            if any(not step for step in steps):
                continue
            step = min(steps, key=abs)
            if abs(step) > RAIL_GAP:
                continue
            low = max([at[o] + gap for o, gap in apart[s].items()], default=at[s] + step)
            high = min([at[o] - gap for o, gap in right[s]], default=at[s] + step)
            if low <= at[s] + step <= high:
                at[s] += step


def _half(x: float, *, up: bool = False) -> float:
    """``x`` rounded to half pixels."""
    doubled = x * 2 + (0.999999 if up else 0.5)
    return (doubled // 1) / 2
