"""Vertices of a block in ranks, with links cut at each rank they pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archviz.layouts.sugiyama.measures import BOX_GAP, LABEL_GAP, PITCH, RAIL_GAP
from archviz.layouts.sugiyama.ordering import Neighbours


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
ALONE = Extent(0.0, 0.0, 0.0, 0.0)
"""Of a box with nothing beside it."""

Stretch = tuple[int, int, int, float, float]
"""Source, target, net, and how far from the vertices' positions the link leaves and arrives."""


def separation(a: Extent, b: Extent) -> float:
    """Least distance of two neighbours in a rank."""
    if a.is_thin and b.is_thin:
        gap = PITCH
    elif a.is_thin or b.is_thin or a.is_tag or b.is_tag:
        gap = RAIL_GAP
    else:
        gap = BOX_GAP
    return max(a.right + gap + b.left, a.after + LABEL_GAP + b.before)


class Grid:
    """Vertices in ranks, with links cut at each rank; a net passes a rank once."""

    def __init__(
        self, ranks: Sequence[int], extents: list[Extent], stretches: Sequence[Stretch]
    ) -> None:
        count = len(ranks)
        self.extents = extents
        self.rank = list(ranks)
        self.rows: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
        for v in range(count):
            self.rows[ranks[v]].append(v)
        self.up: Neighbours = [[] for _ in range(count)]
        self.down: Neighbours = [[] for _ in range(count)]
        self.real = [not extent.is_tag for extent in extents]
        self.rails: dict[tuple[int, int], int] = {}
        self.links: list[tuple[int, int, float, float]] = []
        nets: dict[int, list[Stretch]] = {}
        for stretch in stretches:
            nets.setdefault(stretch[2], []).append(stretch)
        for net, stretches in nets.items():
            self._add_net(net, stretches, ranks)

    def _add_net(self, net: int, stretches: list[Stretch], ranks: Sequence[int]) -> None:
        source, _, _, leave, _ = stretches[0]
        ends: dict[int, list[Stretch]] = {}
        for stretch in stretches:
            ends.setdefault(ranks[stretch[1]], []).append(stretch)
        last = max(ends)
        upper, at = source, leave
        for rank in range(ranks[source] + 1, last + 1):
            following = -1
            if rank < last:
                following = self._add_rail(net, rank)
                self._connect(upper, following, at, 0.0)
            for _, target, _, _, arrive in ends.get(rank, ()):
                self._connect(upper, target, at, arrive)
            upper, at = following, 0.0

    def _add_rail(self, net: int, rank: int) -> int:
        v = len(self.rank)
        self.rank.append(rank)
        self.rows[rank].append(v)
        self.extents.append(RAIL)
        self.up.append([])
        self.down.append([])
        self.real.append(False)
        self.rails[net, rank] = v
        return v

    def _connect(self, upper: int, lower: int, leave: float, arrive: float) -> None:
        self.links.append((upper, lower, leave, arrive))
        self.down[upper].append((lower, self._share(lower, arrive)))
        self.up[lower].append((upper, self._share(upper, leave)))

    def _share(self, v: int, at: float) -> float:
        if not at:
            return 0.0
        extent = self.extents[v]
        return 0.98 * ((at + extent.left) / (extent.left + extent.right) - 0.5)
