"""Positions across in a block: vertices that stand in line, and how lines are spaced."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

from archviz.layouts.sugiyama.grid import Grid
from archviz.layouts.sugiyama.measures import RAIL_GAP
from archviz.layouts.sugiyama.spacing import left_to_right, space
from archviz.records import record

_LENGTHS = (1 << 30, 12, 6, 3)


_Pair: TypeAlias = tuple[int, int, int, int, float]
"""How many are no boxes, the link's index, both vertices, and their shift in one line."""


class Favourites:
    """Whom each vertex would like to stand in line with, as far as any order of the ranks goes.

    Args:
        grid: The vertices.
        head: The vertex where the spine comes in; -1 when any may be it.
    """

    def __init__(self, grid: Grid, head: int) -> None:
        self.through = _lengths(grid, head)
        self.most = max([a + 2 * b for a, b in zip(self.through, grid.tops, strict=True)])
        self._grid = grid
        self._pairs: list[list[_Pair]] = []
        self._open: list[tuple[int, bool, list[int]]] = []
        self._lower = [
            self._choose(grid, v, near, is_lower=True) for v, near in enumerate(grid.down)
        ]
        self._upper = [
            self._choose(grid, v, near, is_lower=False) for v, near in enumerate(grid.up)
        ]

    def _choose(
        self, grid: Grid, vertex: int, near: list[tuple[int, float]], *, is_lower: bool
    ) -> int:
        """The neighbour to stand in line with; -1 when it is better to stand between two."""
        if len(near) < 2:
            return near[0][0] if near else -1
        is_box = grid.tops if is_lower else grid.bottoms
        candidates = [v for v, _ in near if is_box[v]] or [v for v, _ in near]
        if len(candidates) == 1:
            return candidates[0]
        through = self.through
        longest = max([through[v] for v in candidates])
        on_longest = [v for v in candidates if through[v] == longest]
        if len(on_longest) == 1:
            return on_longest[0]
        if len(candidates) % 2 == 0:
            return candidates[0] if len(candidates) == 2 and candidates[0] == candidates[1] else -1
        self._open.append((vertex, is_lower, candidates))
        return -1

    def chosen(self, place: list[int]) -> tuple[list[int], list[int]]:
        """The favourites below and above, for each vertex's place in its rank."""
        if not self._open:
            return self._lower, self._upper
        lower, upper = self._lower[:], self._upper[:]
        for vertex, is_lower, candidates in self._open:
            middle = sorted(candidates, key=place.__getitem__)[len(candidates) // 2]
            (lower if is_lower else upper)[vertex] = middle
        return lower, upper

    def pairs(self, lower: list[int], upper: list[int]) -> list[list[_Pair]]:
        """By rank, the linked vertices that are each other's favourites, best first."""
        if self._pairs and not self._open:
            return self._pairs
        grid = self._grid
        tops, bottoms, rank = grid.tops, grid.bottoms, grid.rank
        found: list[list[_Pair]] = [[] for _ in grid.rows]
        for index, (u, v, leave, arrive) in enumerate(grid.links):
            if lower[u] == v and upper[v] == u:
                class_ = 2 - bottoms[u] - tops[v] if bottoms[u] or tops[v] else 1
                found[rank[u]].append((class_, index, u, v, leave - arrive))
        for candidates in found:
            if len(candidates) > 1:
                candidates.sort()
        self._pairs = found
        return found


def _lengths(grid: Grid, head: int) -> list[int]:
    """Twice the boxes on the longest way through each column, one more from the head on."""
    before = [0] * len(grid.rank)
    after = [0] * len(grid.rank)
    boxes, up, down = grid.boxes, grid.up, grid.down
    for row in grid.rows:
        for v in row:
            longest = max([before[u] for u, _ in up[v]]) if up[v] else 0
            before[v] = longest + 2 * boxes[v] + (v == head)
    for row in reversed(grid.rows):
        for v in row:
            longest = max([after[u] for u, _ in down[v]]) if down[v] else 0
            after[v] = longest + 2 * boxes[v]
            before[v] += longest
    return before


@record
class Threads:
    """What of a block's strips depends on no size, so that others can be spaced alike.

    Attributes:
        rows: Vertices of the grid in order, by rank.
        rails: Where each net passes each rank that it passes.
        strip: The strip of each vertex.
        above: Whom each vertex stands exactly below; -1 where a strip begins.
        alone: The bottleneck that is only as far from the other as their links are; -1 for none.
        spine: The vertices in the first and the last rank that should be in line; -1 for none.
    """

    rows: list[list[int]]
    rails: dict[tuple[int, int], int]
    strip: list[int]
    above: list[int]
    alone: int
    spine: tuple[int, int]


class Strips:
    """Vertices that stand exactly below each other make a strip; strips are spaced.

    Args:
        grid: The vertices in order.
        near: Whom each vertex would like to stand in line with; or strips found before.
        first: The bottleneck above; -1 when there is none.
        last: The bottleneck below.
    """

    def __init__(self, grid: Grid, near: Favourites | Threads, *, first: int, last: int) -> None:
        self.grid = grid
        self.first = first
        self.last = last
        count = len(grid.rank)
        self.offset = [0.0] * count
        self.apart: list[dict[int, float]] = []
        self.order: list[int] = []
        if isinstance(near, Threads):
            self._follow(near)
            return
        self.near = near
        self.through = near.through
        self.most = near.most
        self.rows = grid.rows
        self.place = [0] * count
        for row in grid.rows:
            for i, v in enumerate(row):
                self.place[v] = i
        self.below = [-1] * count
        self.above = [-1] * count
        self.shift = [0.0] * count
        self._align()
        self.alone = alone = self._free_cut() if first >= 0 and last >= 0 else -1
        self.strip = [-1] * count
        self.size = 0
        self.is_cut = False
        # Long strips that fit between each other badly make a drawing wide: then shorter ones.
        widest = 0.0
        for longest in _LENGTHS:
            self._thread_all(alone, longest)
            self._set_distances()
            width = self._least_width()
            if width <= 200:
                break
            widest = widest or max(map(grid.width, grid.rows))
            if width <= 1.5 * widest + 200:
                break
            if grid.is_banded:
                self.is_cut = True
                break

    def over(self, v: int) -> int:
        """Whom a column stands exactly below; -1 where its strip begins."""
        u = self.above[v]
        return u if u >= 0 and self.strip[u] == self.strip[v] and self.alone not in (u, v) else -1

    def _follow(self, threads: Threads) -> None:
        """Takes strips found before over, in today's sizes."""
        self.strip = threads.strip
        self.size = max(threads.strip) + 1
        self.spine = threads.spine
        shift: dict[tuple[int, int], float] = {}
        for u, v, leave, arrive in self.grid.links:
            shift.setdefault((u, v), leave - arrive)
        for row in threads.rows:
            for v in row:
                u = threads.above[v]
                if u >= 0:
                    self.offset[v] = self.offset[u] + shift[u, v]
        if threads.alone >= 0:
            self._set_apart(threads.alone)
        self._set_distances()

    def _set_apart(self, alone: int) -> None:
        """Puts the bottleneck that left its strip into the other's."""
        other = self.first + self.last - alone
        way = self._leaving() - self._arriving()
        self.strip[alone] = self.strip[other]
        self.offset[alone] = self.offset[other] + (way if alone == self.last else -way)

    def _least_width(self) -> float:
        """How wide the strips are at least, one beside the other."""
        left = [0.0] * self.size
        for s in self.order:
            for other, gap in self.apart[s].items():
                least = left[other] + gap
                if least > left[s]:
                    left[s] = least
        return max(left)

    def _thread_all(self, alone: int, longest: int) -> None:
        """Numbers the strips, those off the spine cut every ``longest`` ranks."""
        self.size = 0
        for row in self.grid.rows:
            for v in row:
                if v == alone:
                    continue
                above = self.above[v]
                if above >= 0 and not self._is_cut(v, longest):
                    self.strip[v] = self.strip[above]
                    self.offset[v] = self.offset[above] + self.shift[v]
                else:
                    self.strip[v] = self.size
                    self.offset[v] = 0.0
                    self.size += 1
        if alone >= 0:
            self._set_apart(alone)

    def _is_cut(self, v: int, longest: int) -> bool:
        grid = self.grid
        return grid.rank[v] % longest == 0 and self.through[v] + 2 * grid.tops[v] < self.most

    def _align(self) -> None:
        grid, through = self.grid, self.through
        first = [(through[v] + 2 * grid.tops[v], -i, v) for i, v in enumerate(grid.rows[0])]
        last = [(through[v] + 2 * grid.bottoms[v], -i, v) for i, v in enumerate(grid.rows[-1])]
        longest, _, top = max(first)
        other, _, bottom = max(last)
        self.spine = (top, bottom) if longest == other else (-1, -1)
        lower, upper = self.near.chosen(self.place)
        place, below, above = self.place, self.below, self.above
        for candidates in self.near.pairs(lower, upper):
            taken: list[tuple[int, int]] = []
            for _, _, u, v, shift in candidates:
                if below[u] >= 0 or above[v] >= 0:
                    continue
                pu, pv = place[u], place[v]
                if taken and any((pu - a) * (pv - b) <= 0 for a, b in taken):
                    continue
                taken.append((pu, pv))
                below[u] = v
                above[v] = u
                self.shift[v] = shift

    def _free_cut(self) -> int:
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

    def _leaving(self) -> float:
        near = [leave for u, _, leave, _ in self.grid.links if u == self.first]
        return near[len(near) // 2] if near else 0.0

    def _arriving(self) -> float:
        near = [arrive for _, v, _, arrive in self.grid.links if v == self.last]
        return near[len(near) // 2] if near else 0.0

    def _set_distances(self) -> None:
        """Sets, for each strip, those right next to it on the left and the least distance."""
        grid, strip, offset = self.grid, self.strip, self.offset
        apart: list[dict[int, float]] = [{} for _ in range(self.size)]
        for row in grid.rows:
            for u, v in pairwise(row):
                gap = max(grid.apart(u, v)) + offset[u] - offset[v]
                gap = _half(gap, up=True)
                lefts = apart[strip[v]]
                known = lefts.get(strip[u])
                if known is None or gap > known:
                    lefts[strip[u]] = gap
        self.apart = apart
        self.order = left_to_right(apart)

    def positions(self) -> list[float]:
        """The position of each vertex; the first bottleneck, else the last, is at 0."""
        grid, strip, offset = self.grid, self.strip, self.offset
        pulls: list[list[tuple[int, float, float]]] = [[] for _ in range(self.size)]
        for u, v, leave, arrive in grid.links:
            a, b = strip[u], strip[v]
            if a != b:
                away = offset[u] + leave - offset[v] - arrive
                weight = 1.0 + grid.bottoms[u] + grid.tops[v]
                pulls[b].append((a, away, weight))
                pulls[a].append((b, -away, weight))
        top, bottom = self.spine
        if top >= 0 and strip[top] != strip[bottom]:
            u, v, leave, arrive = self._spine_link()
            away = offset[u] + leave - offset[v] - arrive
            pulls[strip[bottom]].append((strip[top], away, 4.0))
            pulls[strip[top]].append((strip[bottom], -away, 4.0))
        anchors = [False] * self.size
        weights = [0.0] * self.size
        for v, s in enumerate(strip):
            weights[s] += grid.weight[v]
        for cut in (self.first, self.last):
            if cut >= 0:
                anchors[strip[cut]] = True
                weights[strip[cut]] = 1e6
        at = space(
            self.apart, self.order, pulls, weights, anchors, rounds=12 if grid.size < 1500 else 4
        )
        at = [_half(x) for x in at]
        self._straighten(at, self.apart, pulls, anchors)
        result = [at[s] + way for s, way in zip(strip, offset, strict=True)]
        zero = result[max(self.first, 0) if self.first >= 0 else max(self.last, 0)]
        return [x - zero for x in result]

    def _spine_link(self) -> tuple[int, int, float, float]:
        """The link that brings the ends of the spine in line where it is straight.

        That is one between their strips, which need not leave or arrive in the middle; without
        one, the ends themselves are to be in line.
        """
        top, bottom = self.spine
        strip = self.strip
        ends = (strip[top], strip[bottom])
        between = (link for link in self.grid.links if (strip[link[0]], strip[link[1]]) == ends)
        return next(between, (top, bottom, 0.0, 0.0))

    def cost(self, positions: list[float]) -> float:
        """How far links go across, and how often."""
        total = 0.0
        for u, v, leave, arrive in self.grid.links:
            step = abs(positions[u] + leave - positions[v] - arrive)
            if step:
                total += step + 30.0
        if self.spine[0] >= 0:
            u, v, leave, arrive = self._spine_link()
            total += 2 * abs(positions[u] + leave - positions[v] - arrive)
        return total

    def _straighten(
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
