"""Vertices of a block in columns, with links cut where they pass other ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
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

    @property
    def is_symmetric(self) -> bool:
        """Whether both sides are equal."""
        return self.left == self.right and self.before == self.after


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


class Extents:
    """All extents of a drawing by number, and how far from each other they keep.

    Attributes:
        is_box: Whether each is a box's, and no label's or passing net's.
        rail: The number of a passing net's.
    """

    def __init__(self) -> None:
        self._numbers: dict[Extent, int] = {}
        self._known: list[Extent] = []
        self._apart: dict[tuple[int, int], float] = {}
        self.is_box: list[bool] = []
        self.rail = self.number(RAIL)

    def __getitem__(self, number: int) -> Extent:
        return self._known[number]

    def number(self, extent: Extent) -> int:
        """A number for an extent: equal ones have one."""
        number = self._numbers.get(extent)
        if number is None:
            number = self._numbers[extent] = len(self._known)
            self._known.append(extent)
            self.is_box.append(extent is not RAIL and not extent.is_tag)
        return number

    def apart(self, a: int, b: int) -> float:
        """Least distance of two neighbours in a rank."""
        found = self._apart.get((a, b))
        if found is None:
            found = self._apart[a, b] = separation(self._known[a], self._known[b])
        return found


class Grid:
    """Columns in bands of ranks; a net passes a rank once.

    Ranks that are linked one to one, straight down, make a band: there is nothing to decide
    between them. What is linked there, vertices and passing nets, is a column; mostly both are
    a rank and a vertex.

    Args:
        ranks: Of each vertex.
        extents: Number of each vertex's extent.
        stretches: The links.
        known: The extents.
        is_banded: Whether there may be bands of several ranks.

    Attributes:
        size: How many vertices and passing nets there are.
        is_banded: Whether any band is more than a rank.
        bands: The band of each rank.
        column: Of each vertex.
        rails: The column in which a net passes a rank, by both.
        rows: Columns by band.
        rank: The band of each column.
        tops: Whether a column begins with a box, and no label or passing net.
        bottoms: Whether it ends with one.
        boxes: How many it holds.
        weight: How much it resists being pushed.
        up: Columns linked to it in the band above, and where.
        down: The same in the band below.
        links: Both columns, and how far from their positions the link leaves and arrives.
    """

    def __init__(
        self,
        ranks: Sequence[int],
        extents: Sequence[int],
        stretches: Sequence[Stretch],
        known: Extents,
        *,
        is_banded: bool = True,
    ) -> None:
        self._ranks, self._extents, self._known = ranks, extents, known
        nets: dict[int, list[Stretch]] = {}
        for stretch in stretches:
            nets.setdefault(stretch[2], []).append(stretch)
        follows = _follows(ranks, nets) if is_banded else [False] * (max(ranks) + 1)
        self._follows = follows
        self.bands = [*accumulate([not same for same in follows[1:]], initial=0)]
        self.rows: list[list[int]] = [[] for _ in range(self.bands[-1] + 1)]
        self.is_banded = len(self.rows) < len(follows)
        self.size = len(ranks)
        self.rank: list[int] = []
        self.rails: dict[tuple[int, int], int] = {}
        self.up: Neighbours = []
        self.down: Neighbours = []
        self.links: list[tuple[int, int, float, float]] = []
        self._profiles: list[list[int]] = []
        self._lowest: list[int] = []
        self._apart: dict[tuple[int, int], list[float]] = {}
        self._entering = [0] * len(ranks)
        for _, target, _, _, _ in stretches:
            self._entering[target] += 1
        self.column = [-1 if follows[rank] else self._add_column(rank) for rank in ranks]
        for v, c in enumerate(self.column):
            if c >= 0:
                self._extend(c, v)
        for net, stretches in nets.items():
            self._add_net(net, stretches)
        is_box = known.is_box
        profiles = self._profiles
        self.tops = [is_box[profile[0]] for profile in profiles]
        self.bottoms = [is_box[profile[-1]] for profile in profiles]
        self.boxes = [sum([is_box[number] for number in profile]) for profile in profiles]
        self.weight = [
            boxes + 0.25 * (len(profile) - boxes)
            for boxes, profile in zip(self.boxes, profiles, strict=True)
        ]

    def _add_column(self, rank: int) -> int:
        column = len(self.rank)
        band = self.bands[rank]
        self.rank.append(band)
        self.rows[band].append(column)
        self.up.append([])
        self.down.append([])
        self._profiles.append([])
        self._lowest.append(-1)
        return column

    def _extend(self, column: int, v: int) -> None:
        """Adds a vertex at the lower end of a column."""
        self.column[v] = column
        self._profiles[column].append(self._extents[v])
        self._lowest[column] = v

    def _add_net(self, net: int, stretches: list[Stretch]) -> None:
        ranks, follows, column = self._ranks, self._follows, self.column
        source, target, _, leave, _ = stretches[0]
        first = ranks[source] + 1
        if len(stretches) == 1 and ranks[target] == first and follows[first]:
            self._extend(column[source], target)
            return
        ends: dict[int, list[Stretch]] = {}
        for stretch in stretches:
            ends.setdefault(ranks[stretch[1]], []).append(stretch)
        last = max(ends)
        self.size += last - first
        profiles, lowest, rails, rail = self._profiles, self._lowest, self.rails, self._known.rail
        upper, over, at = column[source], source, leave
        for rank in range(first, last + 1):
            following = upper
            if rank < last:
                if not follows[rank]:
                    following = self._add_column(rank)
                    self._connect(upper, over, following, -1, at, 0.0)
                profiles[following].append(rail)
                lowest[following] = len(ranks) + len(rails)
                rails[net, rank] = following
            for _, target, _, _, arrive in ends.get(rank, ()):
                if follows[rank]:
                    self._extend(upper, target)
                else:
                    self._connect(upper, over, column[target], target, at, arrive)
            if rank == first < last and following != upper and len(stretches) > 2:
                down = self.down[upper]
                down.insert(self._before_rail(stretches, first), down.pop(0))
            upper, over, at = following, -1, 0.0

    def _before_rail(self, stretches: list[Stretch], first: int) -> int:
        """How many links of a net that end in its first rank come before the one that passes it.

        Mostly none do; but a branch that begins late stays where it is among others.
        """
        count = 0
        for _, target, _, _, _ in stretches:
            rank = self._ranks[target]
            if rank > first and self._entering[target] == 1:
                return count
            count += rank == first
        return 0

    def _connect(
        self, upper: int, over: int, lower: int, under: int, leave: float, arrive: float
    ) -> None:
        """Adds a link between columns, from a vertex and to one unless they are -1."""
        self.links.append((upper, lower, leave, arrive))
        self.down[upper].append((lower, self._share(under, arrive)))
        self.up[lower].append((upper, self._share(over, leave)))

    def _share(self, v: int, at: float) -> float:
        if not at:
            return 0.0
        extent = self._known[self._extents[v]]
        return 0.98 * ((at + extent.left) / (extent.left + extent.right) - 0.5)

    def rows_from_below(self) -> list[list[int]]:
        """The rows as the lowest ranks of the bands have them, where links have not been seen."""
        return [sorted(row, key=self._lowest.__getitem__) for row in self.rows]

    def apart(self, a: int, b: int) -> list[float]:
        """Least distances of two neighbouring columns in each rank of their band."""
        found = self._apart.get((a, b))
        if found is None:
            apart = self._known.apart
            pairs = zip(self._profiles[a], self._profiles[b], strict=True)
            found = self._apart[a, b] = [apart(x, y) for x, y in pairs]
        return found

    def width(self, row: list[int]) -> float:
        """From the first to the last column of a row, in the widest rank of the band."""
        if len(row) < 2:
            return 0.0
        return max(map(sum, zip(*[self.apart(a, b) for a, b in pairwise(row)], strict=True)))


def _follows(ranks: Sequence[int], nets: Mapping[int, Sequence[Stretch]]) -> list[bool]:
    """For each rank whether it is in one band with that above."""
    count = max(ranks) + 1
    size = [0] * count
    for rank in ranks:
        size[rank] += 1
    entering = [0] * count  # pieces of links from the rank above
    leads = [False] * len(ranks)
    is_led = [False] * len(ranks)
    is_bent = [False] * count
    for stretches in nets.values():
        source, _, _, leave, _ = stretches[0]
        first = last = ranks[source] + 1
        leads[source] = True
        if leave:
            is_bent[first] = True
        for _, target, _, _, arrive in stretches:
            rank = ranks[target]
            is_led[target] = True
            entering[rank] += 1
            if arrive:
                is_bent[rank] = True
            if rank > last:
                last = rank
        for rank in range(first, last):
            entering[rank] += 1
            size[rank] += 1
    # A link for each above and for each below, where nobody is without one, is one to one.
    follows = [False, *(a == b == c for a, b, c in zip(size, size[1:], entering[1:], strict=False))]
    for v, rank in enumerate(ranks):
        if not is_led[v] or is_bent[rank]:
            follows[rank] = False
        if not leads[v] and rank + 1 < count:
            follows[rank + 1] = False
    return follows
