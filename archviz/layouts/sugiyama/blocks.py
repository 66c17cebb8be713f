"""A run of ranks between two bottlenecks: order and position across of all that is in it.

A bottleneck is a vertex that is alone in its rank with nothing passing by. The runs between them
do not see each other, and equal runs (the layers of most networks) are worked out once.
"""

from __future__ import annotations

from typing import NamedTuple

from archviz.layouts.sugiyama.grid import Extent, Grid, Stretch
from archviz.layouts.sugiyama.ordering import order_ranks
from archviz.layouts.sugiyama.routes import Ways
from archviz.layouts.sugiyama.strips import Favourites, Strips, Threads
from archviz.records import record


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


@record
class Block:
    """A run laid out.

    Attributes:
        positions: Of each vertex; the first bottleneck, else the last, is at 0.
        rails: Positions of links that pass a rank, by net and rank.
        rows: Positions of all that is in a rank, sorted, by rank.
        threads: Who stands in line with whom, in every size.
    """

    positions: list[float]
    rails: dict[tuple[int, int], float]
    rows: list[list[float]]
    threads: Threads


class Memo:
    """Blocks laid out before, and the ways of links; one for a whole drawing."""

    def __init__(self) -> None:
        self.ways = Ways()
        self.numbers: dict[Extent, int] = {}
        self.blocks: dict[Run, Block] = {}

    def number(self, extent: Extent) -> int:
        """A number for an extent: equal ones have one."""
        return self.numbers.setdefault(extent, len(self.numbers))

    def block(self, run: Run, threads: Threads | None = None) -> Block:
        """The run laid out, along ``threads`` when there are some."""
        block = self.blocks.get(run) if threads is None else None
        if block is None:
            known = list(self.numbers)
            extents = [known[i] for i in run.extents]
            if threads is not None:
                return _space_run(run, extents, threads)
            block = self.blocks[run] = lay_run(run, extents)
        return block


def _space_run(run: Run, extents: list[Extent], threads: Threads) -> Block:
    """Lays out a run that looks as one laid out before, in other sizes."""
    grid = Grid(run.ranks, extents, run.stretches)
    grid.rows = threads.rows
    first, last = _cuts(run)
    return _block(run, grid, Strips(grid, threads, first=first, last=last).positions(), threads)


def _cuts(run: Run) -> tuple[int, int]:
    """The bottlenecks at its ends; -1 for none."""
    return (0 if run.starts_at_cut else -1, len(run.ranks) - 1 if run.ends_at_cut else -1)


def lay_run(run: Run, extents: list[Extent]) -> Block:
    """Lays a run out."""
    grid = Grid(run.ranks, extents, run.stretches)
    orders = order_ranks(grid.rows, grid.up, grid.down)
    near = Favourites(grid, run.head)
    first, last = _cuts(run)
    best: list[float] = []
    threads: Threads | None = None
    least = -1.0
    for rows in orders:
        grid.rows = rows
        strips = Strips(grid, near, first=first, last=last)
        found = strips.positions()
        cost = strips.cost(found) + _beside_cost(run, grid, found) if len(orders) > 1 else 0.0
        if least < 0 or cost < least:
            best, least, threads = found, cost, strips.threads
    assert threads is not None
    return _block(run, grid, best, threads)


def _block(run: Run, grid: Grid, positions: list[float], threads: Threads) -> Block:
    return Block(
        positions=positions[: len(run.ranks)],
        rails={key: positions[v] for key, v in grid.rails.items()},
        rows=[sorted(positions[v] for v in row) for row in grid.rows],
        threads=threads,
    )


def _beside_cost(run: Run, grid: Grid, positions: list[float]) -> float:
    """What links to lanes on the left would cross."""
    return 60.0 * sum(
        [positions[u] < positions[v] for v in run.beside for u in grid.rows[grid.rank[v]]]
    )
