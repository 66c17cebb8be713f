"""A run of ranks between two bottlenecks: order and position across of all that is in it.

A bottleneck is a vertex that is alone in its rank with nothing passing by. The runs between them
do not see each other, and equal runs (the layers of most networks) are worked out once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from archviz.layouts.sugiyama.grid import Extents, Grid, Stretch
from archviz.layouts.sugiyama.ordering import order_ranks
from archviz.layouts.sugiyama.routes import Ways
from archviz.layouts.sugiyama.strips import Favourites, Strips, Threads

if TYPE_CHECKING:
    from archviz.layouts.sugiyama.drawing import Stamp
    from archviz.layouts.sugiyama.parts import Vertex
    from archviz.layouts.sugiyama.sections import Shape


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


class Block:
    """A run laid out.

    Attributes:
        positions: Of each vertex; the first bottleneck, else the last, is at 0.
        rails: Positions of links that pass a rank, by net and rank.
        rows: Positions of all that is in a rank, sorted, by rank.
    """

    def __init__(self, grid: Grid, positions: list[float], threads: Callable[[], Threads]) -> None:
        self.positions = [positions[c] for c in grid.column]
        self.rails = {key: positions[c] for key, c in grid.rails.items()}
        rows = [sorted([positions[c] for c in row]) for row in grid.rows]
        self.rows = [rows[band] for band in grid.bands]
        self._find_threads = threads

    @cached_property
    def threads(self) -> Threads:
        """Who stands in line with whom, in every size."""
        return self._find_threads()


class Memo:
    """What was laid out before, and the ways of links; one for a whole drawing.

    Attributes:
        keeps_plans: Whether layouts in other sizes will follow.
        ways: Those of links.
        kinds: What vertices look like.
        extent_of: The number of the extent of each of these.
        shapes: Of sections, by what is known of them before they are laid out.
        stamps: Pictures of sections, by their shape and the lanes that end in them.
        tied: Sections whose picture depends on the lanes that pass, too.
    """

    def __init__(self, *, keeps_plans: bool = False) -> None:
        self.keeps_plans = keeps_plans
        self.ways = Ways()
        self.extents = Extents()
        self.kinds: list[Vertex] = []
        self.extent_of: list[int] = []
        self.looks: dict[Vertex, int] = {}
        self.blocks: dict[Run, Block] = {}
        self.shapes: dict[tuple[object, ...], Shape] = {}
        self.stamps: dict[tuple[object, ...], Stamp] = {}
        self.tied: dict[tuple[object, ...], bool] = {}

    def kind(self, vertex: Vertex) -> int:
        """A number for what a vertex looks like: equal ones have one."""
        kind = self.looks.get(vertex)
        if kind is None:
            kind = self.looks[vertex] = len(self.kinds)
            self.kinds.append(vertex)
            self.extent_of.append(self.extents.number(vertex.extent))
        return kind

    def block(self, run: Run, threads: Threads | None = None) -> Block:
        """The run laid out, along ``threads`` when there are some."""
        if threads is not None:
            return _space_run(run, self.extents, threads)
        block = self.blocks.get(run)
        if block is None:
            block = self.blocks[run] = lay_run(run, self.extents)
        return block


def _space_run(run: Run, extents: Extents, threads: Threads) -> Block:
    """Lays out a run that looks as one laid out before, in other sizes."""
    grid = Grid(run.ranks, run.extents, run.stretches, extents, is_banded=False)
    grid.rows = threads.rows
    first, last = _cuts(run, grid)
    strips = Strips(grid, threads, first=first, last=last)
    return Block(grid, strips.positions(), lambda: threads)


def _cuts(run: Run, grid: Grid) -> tuple[int, int]:
    """The bottlenecks at its ends; -1 for none."""
    column = grid.column
    return (column[0] if run.starts_at_cut else -1, column[-1] if run.ends_at_cut else -1)


def lay_run(run: Run, extents: Extents) -> Block:
    """Lays a run out."""
    block = _lay(run, extents, is_banded=True) or _lay(run, extents, is_banded=False)
    assert block is not None
    return block


def _lay(run: Run, extents: Extents, *, is_banded: bool) -> Block | None:
    """A run laid out; None when bands of ranks have to be taken apart."""
    grid = Grid(run.ranks, run.extents, run.stretches, extents, is_banded=is_banded)
    orders = order_ranks(
        grid.rows,
        grid.rows_from_below(),
        grid.up,
        grid.down,
        is_symmetric=_is_symmetric_fork(run, grid, extents),
    )
    near = Favourites(grid, grid.column[run.head] if run.head >= 0 else -1)
    first, last = _cuts(run, grid)
    beside = [grid.column[v] for v in run.beside]
    best: list[float] = []
    chosen: Strips | None = None
    least = 0.0
    for rows in orders:
        grid.rows = rows
        strips = Strips(grid, near, first=first, last=last)
        if strips.is_cut:
            return None
        found = strips.positions()
        cost = 0.0
        if len(orders) > 1:
            # What links to lanes on the left would cross.
            crossed = [found[u] < found[c] for c in beside for u in rows[grid.rank[c]]]
            cost = strips.cost(found) + 60.0 * sum(crossed)
        if chosen is None or cost < least:
            best, least, chosen = found, cost, strips
    assert chosen is not None
    return Block(grid, best, partial(_threads, run, extents, chosen))


def _is_symmetric_fork(run: Run, grid: Grid, extents: Extents) -> bool:
    """Whether all are branches from one bottleneck to the next, which look the same mirrored."""
    return (
        run.starts_at_cut
        and run.ends_at_cut
        and len(grid.rows) == 3
        and not run.beside
        and all(extents[number].is_symmetric for number in dict.fromkeys(run.extents))
        and not any(leave or arrive for _, _, _, leave, arrive in run.stretches)
    )


def _threads(run: Run, extents: Extents, strips: Strips) -> Threads:
    """What of strips depends on no size, by vertices and ranks."""
    grid = strips.grid
    whole = Grid(run.ranks, run.extents, run.stretches, extents, is_banded=False)
    column = [*grid.column, *[grid.rails[key] for key in whole.rails]]
    rows: list[list[int]] = []
    above = [-1] * len(column)
    lowest: dict[int, int] = {}
    for band, row in zip(grid.bands, whole.rows, strict=True):
        at = {column[v]: v for v in row}
        rows.append([at[c] for c in strips.rows[band]])
        for c, v in at.items():
            over = c if c in lowest else strips.over(c)
            above[v] = lowest[over] if over >= 0 else -1
        lowest.update(at)
    top, bottom = strips.spine
    return Threads(
        rows,
        whole.rails,
        [strips.strip[c] for c in column],
        above,
        lowest[strips.alone] if strips.alone >= 0 else -1,
        (rows[0][strips.rows[0].index(top)], lowest[bottom]) if top >= 0 else (-1, -1),
    )
