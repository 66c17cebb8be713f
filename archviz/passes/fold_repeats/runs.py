"""Runs of equal blocks in a sequence of items: found by signature, proved by wiring."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from typing import TypeAlias

from archviz.ir import Graph, Node
from archviz.ops import category_of, table
from archviz.passes.fold_repeats.growth import LEAST, Sizes, growth_of, steps_between, without_sizes
from archviz.passes.fold_repeats.items import Item, Types
from archviz.records import mutable

LONGEST_PERIOD = 512
"""Items that one block of a run may have."""
CANDIDATES = 4
"""Periods that are tried at each place; blocks rarely repeat an item more often inside."""

_Made: TypeAlias = dict[str, tuple[int, int]]
"""The values that a block makes, by the position of the node and of its output."""


@mutable
class Run:
    """Equal blocks one behind the other.

    Attributes:
        start: Position of the first item.
        period: Items of one block.
        items: The items of all blocks.
        copies: The nodes of each block; those at one position correspond.
        carried: How many values go from one block to the next.
        growth: How much wider each block makes what it takes; 0 for equal blocks.
        leaving: The values of the first block that growing blocks hand on and do not use.
    """

    start: int
    period: int
    items: list[Item]
    copies: list[list[Node]]
    carried: int
    growth: int = 0
    leaving: frozenset[str] = frozenset()

    @property
    def end(self) -> int:
        """Position behind the last item."""
        return self.start + self.period * len(self.copies)

    @property
    def rank(self) -> tuple[int, int, bool, int, int]:
        """Less for a better run: few values from block to block, many items saved, short blocks.

        An activation or a sum closes what stands before it, so a block does not begin with one.
        """
        first = self.copies[0][0]
        is_turned = category_of(first.op) == "act" or first.op in table().merge
        saved = (len(self.copies) - 1) * self.period
        return (self.carried, -saved, is_turned, self.period, self.start)


def users_of(graph: Graph) -> dict[str, list[str]]:
    """Ids of the nodes that consume each value."""
    users: dict[str, list[str]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            if value is not None:
                users.setdefault(value, []).append(node.id)
    return users


def find_runs(items: list[Item], users: dict[str, list[str]], least: int) -> list[Run]:
    """Runs of at least ``least`` copies, none overlapping another, in order.

    Args:
        items: What is directly inside one scope.
        users: Ids of the nodes that consume each value, anywhere in the graph.
        least: How many copies make a run.
    """
    return _found(_Search(items, users, least, [item.signature for item in items]))


def find_growing(
    items: list[Item], users: dict[str, list[str]], least: int, graph: Graph
) -> list[Run]:
    """Likewise runs of blocks that grow by the same step, see :mod:`.growth`."""
    known: dict[Types, tuple[Hashable, Sizes]] = {}
    patterns: list[Hashable] = []
    sizes: list[Sizes] = []
    for item in items:
        structure, types = item.signature
        found = known.get(types)
        if found is None:
            found = known[types] = without_sizes(types)
        patterns.append((structure, found[0]))
        sizes.append(found[1])
    growing = _Growing(sizes, graph)
    return _found(_Search(items, users, max(least, LEAST), patterns, growing))


def _found(search: _Search) -> list[Run]:
    items = search.items
    found: list[Run] = []
    position = 0
    while position < len(items):
        run = search.best_at(position)
        if run is None:
            position += 1
        else:
            found.append(run)
            position = run.end
    return found


@mutable
class _Growing:
    """What is asked of blocks that differ in sizes.

    Attributes:
        sizes: The sizes in each item.
        graph: Where the items are.
    """

    sizes: list[Sizes]
    graph: Graph

    def of(self, start: int, period: int) -> Sizes:
        """The sizes in one block."""
        return tuple([size for sizes in self.sizes[start : start + period] for size in sizes])


class _Search:
    """The search through one sequence; what it has compared and proved it keeps."""

    def __init__(
        self,
        items: list[Item],
        users: dict[str, list[str]],
        least: int,
        signatures: Sequence[Hashable],
        growing: _Growing | None = None,
    ) -> None:
        self.items = items
        self._users = users
        self._least = least
        self._growing = growing
        numbers: dict[object, int] = {}
        self._codes = [numbers.setdefault(signature, len(numbers)) for signature in signatures]
        self._places: dict[int, list[int]] = {}
        for position, code in enumerate(self._codes):
            self._places.setdefault(code, []).append(position)
        self._stretches: dict[int, tuple[int, int]] = {}
        self._runs: dict[tuple[int, int], Run | None] = {}

    def best_at(self, position: int) -> Run | None:
        """The run to fold that starts at ``position`` or, being the same one turned, soon after."""
        best: Run | None = None
        whole: list[int] = []
        for period in self._periods(position):
            if any(period % shorter == 0 for shorter in whole):
                continue  # the same blocks, two or more at a time
            # A run may also begin anywhere in its first block; the true border between blocks is
            # where the fewest values cross.
            for start in range(position, position + period):
                count = self._repeats(start, period)
                if count < self._least:
                    break
                run = self._run(start, period, count)
                if run is None or len(run.copies) < self._least:
                    continue
                if start == position and len(run.copies) == count:
                    whole.append(period)
                if best is None or run.rank < best.rank:
                    best = run
        return best

    def _periods(self, position: int) -> list[int]:
        where = self._places[self._codes[position]]
        behind = bisect_right(where, position)
        periods = [later - position for later in where[behind : behind + CANDIDATES]]
        return [period for period in periods if period <= LONGEST_PERIOD]

    def _repeats(self, start: int, period: int) -> int:
        """How many times the ``period`` codes from ``start`` stand one behind the other."""
        first, end = self._stretches.get(period, (0, -1))
        if not first <= start <= end:
            end, last = start, len(self._codes) - period
            while end < last and self._codes[end] == self._codes[end + period]:
                end += 1
            self._stretches[period] = (start, end)
        return (end - start) // period + 1

    def _run(self, start: int, period: int, count: int) -> Run | None:
        key = (start, period)
        if key not in self._runs:
            self._runs[key] = _proved(start, period, count, self.items, self._users, self._growing)
        return self._runs[key]


def _proved(
    start: int,
    period: int,
    count: int,
    items: list[Item],
    users: dict[str, list[str]],
    growing: _Growing | None,
) -> Run | None:
    """The run as far as the wiring of its copies agrees, and only the last is used behind it."""

    def copy(number: int) -> list[Node]:
        block = items[start + number * period : start + (number + 1) * period]
        return [node for item in block for node in item.nodes]

    copies = [copy(0)]
    first = before = _local(copies[0])
    carried: dict[tuple[int, int], tuple[int, int]] = {}
    sizes = growing.of(start, period) if growing else ()
    steps: Sizes | None = None
    for number in range(1, count):
        following = copy(number)
        here = _local(following)
        if not _is_closed(before, (copies[-1], following), users):
            break
        if not _agrees((following, copies[0]), (here, before, first), carried):
            break
        if growing:
            known, sizes = sizes, growing.of(start + number * period, period)
            here_steps = steps_between(known, sizes)
            if steps not in (None, here_steps):
                break
            steps = here_steps
        copies.append(following)
        before = here
    if len(copies) < 2 or not (
        carried or _are_numbered(items[start : start + len(copies)], period)
    ):
        return None
    run = Run(
        start,
        period,
        items[start : start + len(copies) * period],
        copies,
        len(set(carried.values())),
    )
    if growing:
        run.growth = growth_of(copies, carried, growing.graph)
        if len(copies) < LEAST or not run.growth:
            return None
        handed_on = {copies[0][index].outputs[output] for index, output in carried.values()}
        used = {value for node in copies[0] for value in node.inputs}
        run.leaving = frozenset(value for value in handed_on - used if value is not None)
    return run


def _are_numbered(items: list[Item], period: int) -> bool:
    """Whether they are unwired modules of a list, as in a tree of modules without edges."""
    return period == 1 and all(
        item.path is not None
        and item.path[-1].isdecimal()
        and not any(node.inputs or node.outputs for node in item.nodes)
        for item in items
    )


def _local(copy: list[Node]) -> _Made:
    return {
        value: (index, position)
        for index, node in enumerate(copy)
        for position, value in enumerate(node.outputs)
        if value is not None
    }


def _agrees(
    nodes: tuple[list[Node], list[Node]],
    made: tuple[_Made, _Made, _Made],
    carried: dict[tuple[int, int], tuple[int, int]],
) -> bool:
    """Whether a copy is wired as the first: inside, to the copy before, and to what all share.

    Args:
        nodes: Those of the copy, and those of the first.
        made: What the copy, the one before it and the first produce.
        carried: For each input that comes from the copy before what it takes; completed here.
    """
    here, before, first = made
    for index, (node, model) in enumerate(zip(*nodes, strict=True)):
        for position, (value, wanted) in enumerate(zip(node.inputs, model.inputs, strict=True)):
            if value is None or wanted is None:
                if value is not wanted:
                    return False
            elif value in here or wanted in first:
                if here.get(value) != first.get(wanted):
                    return False
            elif value in before:
                slot = (index, position)
                if carried.setdefault(slot, before[value]) != before[value]:
                    return False
            elif value != wanted or (index, position) in carried:
                return False
    return True


def _is_closed(
    made: _Made, nodes: tuple[list[Node], list[Node]], users: dict[str, list[str]]
) -> bool:
    """Whether what a copy makes is used in itself and the copy behind it alone."""
    allowed = {node.id for copy in nodes for node in copy}
    return all(user in allowed for value in made for user in users.get(value, ()))
