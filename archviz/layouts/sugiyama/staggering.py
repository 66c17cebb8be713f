"""A branch that begins a rank later, where its wide boxes then stand beside narrow ones.

Beside each other, branches of like layers (convolution, normalization, activation) have their wide
boxes in the same ranks. Where one begins a rank later, it fits between the others: the drawing is
narrower and its links are shorter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, zip_longest
from operator import itemgetter

from archviz.layouts.sugiyama.grid import RAIL, separation
from archviz.layouts.sugiyama.measures import LANE_SPAN
from archviz.layouts.sugiyama.parts import Vertex

LEAST_GAIN = 30.0
"""How much narrower it must become for a branch not to begin in line with the others."""

_RAIL = -1
"""The kind of a link that passes a rank."""


def stagger(
    ranks: list[int],
    down: Sequence[Sequence[int]],
    entering: Sequence[int],
    vertices: Sequence[Vertex],
    kinds: Sequence[int],
) -> None:
    """Moves branches between one vertex and another, that have room to, a rank down.

    One branch of a vertex is moved at most: its link passes the rank above, and one for two
    branches would cross what is between them.

    Args:
        ranks: Of each vertex; changed.
        down: Targets of links by their source.
        entering: How many links end at each vertex.
        vertices: What each looks like.
        kinds: A number for that, equal for those that look the same.
    """
    looks = dict(zip(kinds, vertices, strict=True))
    if len({vertex.width for vertex in looks.values() if vertex.is_box}) < 2:
        return
    branching = _Branching(looks)
    known: dict[tuple[int, tuple[tuple[int, ...], ...]], int] = {}
    for fork, firsts in enumerate(down):
        if len(firsts) < 2 or sum([entering[v] == len(down[v]) == 1 for v in firsts]) < 2:
            continue
        branches = [_branch(v, down, entering) for v in firsts]
        above = ranks[fork]
        for end, group in groupby(branches, key=itemgetter(-1)):
            room = ranks[end] - above - 1
            if not 2 <= room <= LANE_SPAN:
                continue
            chains = [branch[:-1] for branch in group if len(branch) > 1]
            if len(chains) < 2 or {ranks[chain[-1]] - len(chain) for chain in chains} != {above}:
                continue
            key = (room, tuple([tuple([kinds[v] for v in chain]) for chain in chains]))
            late = known.get(key)
            if late is None:
                late = known[key] = branching.late(*key)
            if late >= 0:
                for v in chains[late]:
                    ranks[v] += 1
                break


def _branch(v: int, down: Sequence[Sequence[int]], entering: Sequence[int]) -> list[int]:
    """A vertex and those below it, down to the first that has others to or from it."""
    found = [v]
    while entering[v] == len(down[v]) == 1:
        v = down[v][0]
        found.append(v)
    return found


class _Branching(dict[tuple[int, int], float]):
    """How far two kinds of vertices are apart in a rank; a link that passes it is one, too."""

    def __init__(self, looks: Mapping[int, Vertex]) -> None:
        self._looks = looks
        self._rooms = {_RAIL: 0, **{kind: vertex.room for kind, vertex in looks.items()}}

    def __missing__(self, pair: tuple[int, int]) -> float:
        left, right = [RAIL if kind < 0 else self._looks[kind].extent for kind in pair]
        found = self[pair] = separation(left, right)
        return found

    def late(self, room: int, branches: Sequence[Sequence[int]]) -> int:
        """The branch that had better begin in the second rank; -1 for none.

        Args:
            room: How many ranks there are for them.
            branches: The kinds in each, from left to right.
        """
        chosen, most = -1, LEAST_GAIN
        for number, branch in enumerate(branches):
            if len(branch) == room or not self._is_movable(branch):
                continue
            left, right = branches[:number], branches[number + 1 :]
            beside = [*left[-1:], *right[:1]]
            moved = [_RAIL, *branch]
            gain = self._apart(branch, beside) - self._apart(moved, beside)
            if gain > most and self._height([moved, *left, *right]) <= self._height(branches):
                chosen, most = number, gain
        return chosen

    def _is_movable(self, branch: Sequence[int]) -> bool:
        vertices = [self._looks[kind] for kind in branch]
        widths = {vertex.width for vertex in vertices}
        return len(widths) > 1 and all(vertex.is_plain for vertex in vertices)

    def _apart(self, branch: Sequence[int], beside: Sequence[Sequence[int]]) -> float:
        """How far a branch is from those beside it, each straight down."""
        far = [[self[pair] for pair in zip_longest(branch, b, fillvalue=_RAIL)] for b in beside]
        return sum(map(max, far))

    def _height(self, branches: Sequence[Sequence[int]]) -> int:
        """What all ranks take along, but for what is between them."""
        rooms = self._rooms
        ranks = zip_longest(*branches, fillvalue=_RAIL)
        return sum([max([rooms[kind] for kind in rank]) for rank in ranks])
