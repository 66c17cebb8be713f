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
_STALLED = 3
"""Sweeps without success after which a start is given up."""
_PROMISING = 3
"""Starts that are followed to their end."""


def order_ranks(
    rows: list[list[int]],
    below: list[list[int]],
    up: Neighbours,
    down: Neighbours,
    *,
    is_symmetric: bool = False,
) -> list[list[list[int]]]:
    """Orders of the vertices of each rank, all with the same small number of crossings.

    Args:
        rows: Vertices by rank.
        below: The same, as a search from below takes them where no link leads.
        up: Neighbours in the rank above.
        down: Neighbours in the rank below, rails before boxes.
        is_symmetric: Whether an order is as good as its mirror image: one of them will do.
    """
    if all(len(row) < 2 for row in rows):
        return [rows]
    size = len(up)
    rank = [0] * size
    for r, row in enumerate(rows):
        for v in row:
            rank[v] = r
    sweeps = _SWEEPS if size < _MEDIUM else 5
    # The same neighbours by the side and the order in which a search takes them.
    near: dict[tuple[bool, bool], list[list[int]]] = {}
    begun: list[_Sweep] = []
    orders: list[list[list[int]]] = []
    has_roots = {False: _has_roots(rows, up), True: _has_roots(below, down)}
    for start in range(8 if size < _SMALL else 4 if size < _MEDIUM else 1):
        from_below, reverse, turned = bool(start & 1), bool(start & 2), bool(start & 4)
        if turned and not has_roots[from_below]:
            continue
        if (from_below, reverse) not in near:
            step = 1 if reverse else -1
            near[from_below, reverse] = [
                [v for v, _ in found][::step] for found in (up if from_below else down)
            ]
        order = _search(
            below if from_below else rows,
            rank,
            near[from_below, reverse],
            from_below=from_below,
            turned=turned,
        )
        if order in orders or (is_symmetric and _mirrored(order) in orders):
            continue
        orders.append([row[:] for row in order])
        begun.append(_Sweep(order, up, down))
        begun[-1].run(1)
        if not begun[-1].fewest and size >= _SMALL:
            break
    # Only the most promising starts are worth all their sweeps.
    for sweep in sorted(begun, key=lambda sweep: sweep.fewest)[:_PROMISING]:
        sweep.run(sweeps - 1)
    fewest = min([sweep.fewest for sweep in begun])
    found: list[list[list[int]]] = []
    for sweep in begun:
        best = sweep.best
        if sweep.fewest != fewest or best in found:
            continue
        found.append(best)
        if size >= _SMALL:
            break
    if size < _SMALL and not is_symmetric:
        for ordered in found[:4]:
            mirrored = _mirrored(ordered)
            if mirrored not in found and _Sweep(mirrored, up, down).fewest == fewest:
                found.append(mirrored)
    return found


def _mirrored(rows: list[list[int]]) -> list[list[int]]:
    return [row[::-1] for row in rows]


def _has_roots(rows: list[list[int]], neighbours: Neighbours) -> bool:
    """Whether a search along links has to begin at several vertices of one rank."""
    return any(len(row) > 1 and sum([not neighbours[v] for v in row]) > 1 for row in rows)


def _search(
    rows: list[list[int]],
    rank: list[int],
    neighbours: list[list[int]],
    *,
    from_below: bool,
    turned: bool,
) -> list[list[int]]:
    """An order in which a depth-first search meets the vertices, the last neighbour first."""
    seen = [False] * len(neighbours)
    met: list[list[int]] = [[] for _ in rows]
    for row in reversed(rows) if from_below else rows:
        for root in reversed(row) if turned else row:
            stack = [root]
            while stack:
                v = stack.pop()
                if not seen[v]:
                    seen[v] = True
                    met[rank[v]].append(v)
                    stack += neighbours[v]
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
        self.fewest = self.crossings()
        self.best = [row[:] for row in rows]
        self.swept = self.stalled = 0

    def run(self, sweeps: int) -> None:
        """Improves the order, and keeps the best."""
        for _ in range(sweeps):
            if not self.fewest or self.stalled >= _STALLED:
                break
            mean = self.swept % 3 == 2
            self.settle(self.wide, self.up, mean=mean)
            self.settle(reversed(self.wide), self.down, mean=mean)
            self.exchange()
            self.swept += 1
            crossings = self.crossings()
            if crossings < self.fewest:
                self.fewest, self.stalled = crossings, 0
                self.best = [row[:] for row in self.rows]
            else:
                self.stalled += 1

    def settle(self, ranks: Iterable[int], neighbours: Neighbours, *, mean: bool) -> None:
        place = self.place
        for r in ranks:
            row = self.rows[r]
            keys: list[tuple[float, int]] = []
            for i, v in enumerate(row):
                near = neighbours[v]
                if not near:
                    keys.append((i, i))
                elif len(near) == 1:
                    u, at = near[0]
                    keys.append((place[u] + at, i))
                else:
                    places = [place[u] + at for u, at in near]
                    if mean:
                        keys.append((sum(places) / len(places), i))
                    else:
                        places.sort()
                        middle = len(places) // 2
                        keys.append(((places[middle] + places[-middle - 1]) / 2, i))
            keys.sort()
            row[:] = [row[i] for _, i in keys]
            for i, v in enumerate(row):
                place[v] = i

    def exchange(self) -> None:
        """Exchanges neighbours in a rank as long as that takes crossings away."""
        waiting = [True] * (len(self.rows) + 1)
        for _ in range(3):
            improved = False
            for r in self.wide:
                if not waiting[r]:
                    continue
                waiting[r] = False
                row = self.rows[r]
                changed = False
                above = [self.ends(self.up[v]) for v in row]
                below = [self.ends(self.down[v]) for v in row]
                for i in range(len(row) - 1):
                    up, other_up = above[i], above[i + 1]
                    down, other_down = below[i], below[i + 1]
                    is_clear = not (up and other_up and up[-1] > other_up[0])
                    if is_clear and not (down and other_down and down[-1] > other_down[0]):
                        continue
                    if _gain(up, other_up) + _gain(down, other_down) > 0:
                        row[i], row[i + 1] = row[i + 1], row[i]
                        above[i], above[i + 1] = other_up, up
                        below[i], below[i + 1] = other_down, down
                        changed = True
                if changed:
                    for i, v in enumerate(row):
                        self.place[v] = i
                    waiting[r - 1] = waiting[r] = waiting[r + 1] = improved = True
            if not improved:
                break

    def ends(self, near: list[tuple[int, float]]) -> list[float]:
        """Where links end in the rank beside, from left to right."""
        place = self.place
        if len(near) == 1:
            u, at = near[0]
            return [place[u] + at]
        return sorted([place[u] + at for u, at in near])

    def crossings(self) -> int:
        place, down = self.place, self.down
        total = 0
        for r in range(len(self.rows) - 1):
            if len(self.rows[r]) < 2 or len(self.rows[r + 1]) < 2:
                continue
            passed: list[float] = []
            for u in self.rows[r]:
                near = down[u]
                if len(near) == 1:
                    v, at = near[0]
                    p = place[v] + at
                    if not passed or p >= passed[-1]:
                        passed.append(p)
                    else:
                        found = bisect_right(passed, p)
                        total += len(passed) - found
                        passed.insert(found, p)
                else:
                    places = [place[v] + at for v, at in near]
                    if passed:
                        total += sum([len(passed) - bisect_right(passed, p) for p in places])
                    for p in places:
                        insort(passed, p)
        return total


def _gain(a: list[float], b: list[float]) -> int:
    """How many crossings fewer two neighbours' links have when exchanged; their ends are sorted."""
    gain = 0
    for left in a:
        for right in b:
            gain += (left > right) - (left < right)
    return gain
