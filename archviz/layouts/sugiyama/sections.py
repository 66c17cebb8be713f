"""A part cut into sections, which are drawn each by itself, and equal ones once.

A section goes from one bottleneck to another that no short lane passes: a block of a network. Its
first vertex is the last one of the section before, which draws it. Between two ranks is a channel,
which has the number of the rank below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import sub
from typing import TYPE_CHECKING

from archviz.layouts.sugiyama.measures import LABEL_GAP, LANE_SPAN, PITCH, RAIL_GAP
from archviz.layouts.sugiyama.parts import Part, Vertex
from archviz.records import field, mutable

if TYPE_CHECKING:
    from archviz.layouts.sugiyama.blocks import Block

_STEPS = 12
"""So many bottlenecks in line make a section of their own."""

_WITHIN, _BESIDE, _AWAY, _BACK = range(4)
"""Links in the ranks of a section, in a lane of its own, in one that leaves it down, or up."""


@mutable
class Shape:
    """What is known of a section before there are lanes; equal ones share it.

    Attributes:
        number: Its own.
        vertices: What is in it, by place.
        ranks: Of each vertex, from the first rank.
        positions: Of each vertex, from the first bottleneck.
        spots: Positions of all that is in a rank, sorted, by rank.
        rails: For each net that passes a rank: its first link in the section, the rank, where.
        runs: Where runs begin and end, and how each was laid out.
    """

    number: int = -1
    vertices: Sequence[Vertex] = ()
    ranks: Sequence[int] = ()
    positions: list[float] = field(default_factory=list)
    spots: list[list[float]] = field(default_factory=list)
    rails: list[tuple[int, int, float]] = field(default_factory=list)
    runs: list[tuple[int, int, Block]] = field(default_factory=list)
    _free: tuple[list[float], list[float]] | None = None

    @property
    def free(self) -> tuple[list[float], list[float]]:
        """Where a lane may lie left and right of each rank."""
        if self._free is None:
            left = [spots[0] - PITCH for spots in self.spots]
            right = [spots[-1] + PITCH for spots in self.spots]
            for vertex, x, rank in zip(self.vertices, self.positions, self.ranks, strict=True):
                extent = vertex.extent
                low = x - max(extent.left + RAIL_GAP, extent.before + LABEL_GAP)
                high = x + max(extent.right + RAIL_GAP, extent.after + LABEL_GAP)
                if low < left[rank]:
                    left[rank] = low
                if high > right[rank]:
                    right[rank] = high
            self._free = left, right
        return self._free


_UNKNOWN = Shape()


@mutable
class Section:
    """Some ranks of a part.

    Attributes:
        start: The rank of the bottleneck above; -1 for the first section.
        stop: The rank of the last bottleneck; one more than the last rank for the last section.
        top: The first rank in it.
        places: Where its vertices begin and end, with both bottlenecks.
        links: Where in the part's ``outgoing`` those begin and end that leave its vertices.
        arriving: Links that come in a lane from other sections.
        numbers: Its links in order, where some arrive or leave it in lanes.
        shape: What it has in common with equal ones.
        x: Position of the bottleneck above.
    """

    start: int
    stop: int
    top: int
    places: tuple[int, int]
    links: tuple[int, int]
    shape: Shape = _UNKNOWN
    arriving: list[int] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    x: float = 0.0

    @property
    def left(self) -> float:
        """Where its picture has x = 0: in whole pixels, as half ones are rounded to even."""
        return self.x // 1


def cut_part(part: Part) -> tuple[list[Section], list[int]]:
    """Sections from top to bottom, and for each channel the section that has it."""
    last = len(part.first) - 1
    sections: list[Section] = []
    owner: list[int] = []
    for start, stop in pairwise(_bounds(part)):
        top = max(start, 0)
        begin = part.first[top]
        end = part.first[min(stop + 1, last)]
        leaving = end - 1 if stop < last else end
        links = (part.leads[begin], part.leads[leaving])
        owner += [len(sections)] * (stop - start)
        sections.append(Section(start, stop, top, (begin, end), links))
    return sections, owner


def _bounds(part: Part) -> list[int]:
    """Where sections begin and end: above and below what is no plain line of boxes."""
    rank = part.rank
    last = len(part.first) - 1
    covered = [0] * (last + 2)
    for link, is_back in part.beside.items():
        start, end = rank[part.sources[link]], rank[part.targets[link]]
        if abs(end - start) <= LANE_SPAN:
            covered[end if is_back else start + 1] += 1
            covered[start + 1 if is_back else end] -= 1
    through = list(accumulate(covered))
    bounds = [-1]
    steps = 0
    for above, below in pairwise([-1, *[r for r in part.cuts if not through[r]], last]):
        if above > bounds[-1] and (below - above > 1 or steps == _STEPS):
            bounds.append(above)
            steps = 0
        steps += below - above == 1
    return [*bounds, last]


def likenesses(part: Part, sections: list[Section], owner: list[int]) -> list[tuple[object, ...]]:
    """For each section what is known of it before it is laid out; equal ones look equal.

    Links that leave a section in a lane, or arrive in one, are given to it.
    """
    place, rank = part.place, part.rank
    is_open: dict[int, bool] = {}
    sources, targets, outgoing = part.sources, part.targets, part.outgoing
    ahead = [4 * (place[targets[link]] - place[sources[link]]) for link in outgoing]
    order, leads, beside = part.order, part.leads, part.beside
    for u in dict.fromkeys([sources[link] for link in beside]):
        own = owner[rank[u] + 1]
        for at in range(leads[place[u]], leads[place[u] + 1]):
            link = outgoing[at]
            is_back = beside.get(link)
            if is_back is None:
                continue
            to = owner[rank[targets[link]]]
            if own == to:
                ahead[at] += _BESIDE
            else:
                ahead[at] = _BACK if is_back else _AWAY
                sections[to].arriving.append(link)
                is_open[own] = is_open[to] = True
    after = list(map(sub, outgoing[1:], outgoing))
    leaving = list(map(sub, leads[1:], leads))
    looks = [2 * part.kinds[v] for v in order]
    for start in part.first[:-1]:
        looks[start] += 1
    is_plain = not (part.leave or part.labels or part.inlets or part.outlets)
    if is_plain:
        is_plain = len(set(part.nets)) == len(leaving) - leaving.count(0)
    last = len(part.first) - 1
    found: list[tuple[object, ...]] = []
    for number, section in enumerate(sections):
        (begin, end), (first, stop) = section.places, section.links
        is_last = section.stop == last
        if number in is_open:
            section.arriving.sort()
            links = sorted((*outgoing[first:stop], *section.arriving))
            section.numbers = {link: i for i, link in enumerate(links)}
        look = looks[begin]
        # Of a leaf that is alone in its rank and has one net, only the middle of its border counts.
        if (
            section.start >= 0
            and part.vertices[order[begin]].is_plain
            and (
                is_plain
                or len({part.nets[link] for link in outgoing[first : leads[begin + 1]]}) < 2
            )
        ):
            look = -1
        found.append(
            (
                section.start < 0,
                is_last,
                look,
                tuple(looks[begin + 1 : end]),
                tuple(leaving[begin : end - (not is_last)]),
                tuple(ahead[first:stop]),
                () if number in is_open else tuple(after[first : stop - 1]),
                _peculiar(part, section, is_plain=is_plain)
                if number in is_open or not is_plain
                else None,
            )
        )
    return found


def _peculiar(part: Part, section: Section, *, is_plain: bool) -> tuple[object, ...]:
    """What most sections of most drawings have nothing of."""
    first, stop = section.links
    begin = section.places[0]
    place, nets = part.place, part.nets
    own, arriving = part.outgoing[first:stop], section.arriving
    links = own + arriving
    common = (
        _ranked([nets[link] for link in arriving]),
        tuple(map(section.numbers.get, links)),
        tuple([place[part.targets[link]] - begin for link in arriving]),
        tuple([part.beside[link] for link in arriving]),
    )
    if is_plain:  # each source has one net
        return common
    return (
        *common,
        _ranked([nets[link] for link in own]),
        tuple([part.leave[link] for link in own]) if part.leave else None,
        tuple([part.arrive[link] for link in links]) if part.leave else None,
        tuple([part.labels.get(link) for link in links]) if part.labels else None,
        place[part.spine] if part.spine >= 0 and section.start < 1 else None,
        (section.start, part.header) if part.inlets and section.start < 1 else None,
        bool(part.outlets) and section.stop >= len(part.first) - 2,
    )


def _ranked(numbers: list[int]) -> tuple[int, ...]:
    """Which of ``numbers`` are equal, and in which order others are."""
    if len(numbers) < 2:
        return (0,) * len(numbers)
    known = {number: i for i, number in enumerate(sorted(set(numbers)))}
    return tuple([known[number] for number in numbers])
