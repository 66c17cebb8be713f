"""The order of vertices within their ranks, with few crossings.

Medians and barycentres with adjacent exchange, from several starts (Gansner, Koutsofios, North
and Vo, "A technique for drawing directed graphs", 1993). The work is bounded by counts.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable

Neighbours = list[list[tuple[int, float]]]
"""For each vertex its neighbours, with where on them the link ends, from -0.5 to 0.5."""

_SMALL = 150
_MEDIUM = 1500
_SWEEPS = 10


def order_ranks(rows: list[list[int]], up: Neighbours, down: Neighbours) -> list[list[list[int]]]:
    """Orders of the vertices of each rank, all with the same small number of crossings.

    Args:
        rows: Vertices by rank.
        up: Neighbours in the rank above.
        down: Neighbours in the rank below, rails before boxes.
    """
    if all(len(row) < 2 for row in rows):
        return [rows]
    size = sum(map(len, rows))
    found: list[list[list[int]]] = []
    fewest = -1
    for start in range(8 if size < _SMALL else 4 if size < _MEDIUM else 1):
        ordered, crossings = _Sweep(
            _search(
                rows,
                up if start & 1 else down,
                from_below=bool(start & 1),
                mirrored=bool(start & 2),
                turned=bool(start & 4),
            ),
            up,
            down,
        ).run(_SWEEPS if size < _MEDIUM else 5)
        if fewest < 0 or crossings < fewest:
            found, fewest = [ordered], crossings
        elif crossings == fewest and size < _SMALL and ordered not in found:
            found.append(ordered)
        elif not fewest and size >= _SMALL:
            break
    if size < _SMALL:
        for ordered in found[:4]:
            mirrored = [row[::-1] for row in ordered]
            if mirrored not in found and _Sweep(mirrored, up, down).crossings() == fewest:
                found.append(mirrored)
    return found


def _search(
    rows: list[list[int]],
    neighbours: Neighbours,
    *,
    from_below: bool,
    mirrored: bool,
    turned: bool,
) -> list[list[int]]:
    """An order in which a depth-first search meets the vertices."""
    count = len(neighbours)
    rank = [0] * count
    for r, row in enumerate(rows):
        for v in row:
            rank[v] = r
    seen = [False] * count
    met: list[list[int]] = [[] for _ in rows]
    for row in reversed(rows) if from_below else rows:
        for root in reversed(row) if turned else row:
            stack = [root]
            while stack:
                v = stack.pop()
                if seen[v]:
                    continue
                seen[v] = True
                met[rank[v]].append(v)
                near = neighbours[v]
                for other, _ in near if mirrored else reversed(near):
                    if not seen[other]:
                        stack.append(other)
    return met


class _Sweep:
    def __init__(self, rows: list[list[int]], up: Neighbours, down: Neighbours) -> None:
        self.rows = rows
        self.up = up
        self.down = down
        self.place = [0] * len(up)
        for row in rows:
            for i, v in enumerate(row):
                self.place[v] = i
        self.wide = [r for r, row in enumerate(rows) if len(row) > 1]

    def run(self, sweeps: int) -> tuple[list[list[int]], int]:
        fewest = self.crossings()
        best = [row[:] for row in self.rows]
        stalled = 0
        for sweep in range(sweeps):
            if not fewest or stalled >= 3:
                break
            mean = sweep % 3 == 2
            self.settle(self.wide, self.up, mean=mean)
            self.settle(reversed(self.wide), self.down, mean=mean)
            self.exchange()
            crossings = self.crossings()
            if crossings < fewest:
                fewest, stalled = crossings, 0
                best = [row[:] for row in self.rows]
            else:
                stalled += 1
        return best, fewest

    def settle(self, ranks: Iterable[int], neighbours: Neighbours, *, mean: bool) -> None:
        place = self.place
        for r in ranks:
            row = self.rows[r]
            keys: dict[int, float] = {}
            for i, v in enumerate(row):
                near = neighbours[v]
                if not near:
                    keys[v] = i
                    continue
                places = [place[u] + at for u, at in near]
                if mean:
                    keys[v] = sum(places) / len(places)
                else:
                    places.sort()
                    middle = len(places) // 2
                    keys[v] = (places[middle] + places[-middle - 1]) / 2
            row.sort(key=keys.__getitem__)
            for i, v in enumerate(row):
                place[v] = i

    def exchange(self) -> None:
        for _ in range(3):
            improved = False
            for r in self.wide:
                row = self.rows[r]
                for i in range(len(row) - 1):
                    a, b = row[i], row[i + 1]
                    kept, swapped = self.pair(self.up[a], self.up[b])
                    kept_below, swapped_below = self.pair(self.down[a], self.down[b])
                    if kept + kept_below > swapped + swapped_below:
                        row[i], row[i + 1] = b, a
                        self.place[a], self.place[b] = i + 1, i
                        improved = True
            if not improved:
                break

    def pair(self, a: list[tuple[int, float]], b: list[tuple[int, float]]) -> tuple[int, int]:
        """Crossings of two neighbours' links as they are and exchanged."""
        kept = swapped = 0
        place = self.place
        for u, at in a:
            left = place[u] + at
            for v, other in b:
                right = place[v] + other
                if left > right:
                    kept += 1
                elif left < right:
                    swapped += 1
        return kept, swapped

    def crossings(self) -> int:
        place = self.place
        total = 0
        for r in range(len(self.rows) - 1):
            if len(self.rows[r]) < 2 or len(self.rows[r + 1]) < 2:
                continue
            passed: list[float] = []
            for u in self.rows[r]:
                places = [place[v] + at for v, at in self.down[u]]
                if passed:
                    total += sum(len(passed) - bisect_right(passed, p) for p in places)
                for p in places:
                    insort(passed, p)
        return total
