"""A run of ranks between two bottlenecks: order and position across of all that is in it.

A bottleneck is a vertex that is alone in its rank with nothing passing by. The runs between them
do not see each other, and equal runs (the layers of most networks) are worked out once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from archviz.layouts.sugiyama.grid import Extent, Grid, Stretch
from archviz.layouts.sugiyama.ordering import order_ranks
from archviz.layouts.sugiyama.strips import Favourites, Strips


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
    grid = Grid(run.ranks, extents, run.stretches)
    orders = order_ranks(grid.rows, grid.up, grid.down)
    near = Favourites(grid, run.head)
    first = 0 if run.starts_at_cut else -1
    last = len(run.ranks) - 1 if run.ends_at_cut else -1
    best: list[float] = []
    least = -1.0
    for rows in orders:
        grid.rows = rows
        strips = Strips(grid, near, first=first, last=last)
        found = strips.positions()
        cost = strips.cost(found) + _beside_cost(run, grid, found) if len(orders) > 1 else 0.0
        if least < 0 or cost < least:
            best, least = found, cost
    positions = best
    count = len(run.ranks)
    return Block(
        positions=positions[:count],
        rails={key: positions[v] for key, v in grid.rails.items()},
        rows=[sorted(positions[v] for v in row) for row in grid.rows],
    )


def _beside_cost(run: Run, grid: Grid, positions: list[float]) -> float:
    """What links to lanes on the left would cross."""
    return 60.0 * sum(
        [positions[u] < positions[v] for v in run.beside for u in grid.rows[grid.rank[v]]]
    )
