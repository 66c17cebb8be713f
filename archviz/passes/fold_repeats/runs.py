"""Runs of equal blocks in a sequence of items: found by signature, proved by wiring."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from archviz.ir import Graph, Node
from archviz.ops import category_of, table
from archviz.passes.fold_repeats.items import Item

LONGEST_PERIOD = 512
"""Items that one block of a run may have."""
CANDIDATES = 4
"""Periods that are tried at each place; blocks rarely repeat an item more often inside."""


@dataclass(slots=True)
class Run:
    """Equal blocks one behind the other.

    Attributes:
        start: Position of the first item.
        period: Items of one block.
        items: The items of all blocks.
        copies: The nodes of each block; those at one position correspond.
        carried: How many values go from one block to the next.
    """

    start: int
    period: int
    items: list[Item]
    copies: list[list[Node]]
    carried: int

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


def find_runs(graph: Graph, items: list[Item], least: int) -> list[Run]:
    """Runs of at least ``least`` copies, none overlapping another, in order."""
    numbers: dict[object, int] = {}
    codes = [numbers.setdefault(item.signature, len(numbers)) for item in items]
    places: dict[int, list[int]] = {}
    for position, code in enumerate(codes):
        places.setdefault(code, []).append(position)
    users = _users(graph)
    found: list[Run] = []
    position = 0
    while position < len(codes):
        run = _best_at(position, graph, items, codes, places, users, least)
        if run is None:
            position += 1
        else:
            found.append(run)
            position = run.end
    return found


def _users(graph: Graph) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            if value is not None:
                users.setdefault(value, []).append(node.id)
    return users


def _best_at(
    position: int,
    graph: Graph,
    items: list[Item],
    codes: list[int],
    places: dict[int, list[int]],
    users: dict[str, list[str]],
    least: int,
) -> Run | None:
    """The run to fold that starts at ``position`` or, being the same one turned, soon after."""
    best: Run | None = None
    for period in _periods(position, codes, places):
        repeats = _repeats(position, period, codes)
        if repeats < least:
            continue
        # A run may also begin anywhere in its first block; the true border between blocks is
        # where the fewest values cross.
        for start in range(position, position + period):
            count = _repeats(start, period, codes)
            if count < least:
                break
            run = _proved(start, period, count, items, users)
            if run is None or len(run.copies) < least:
                continue
            if best is None or run.rank < best.rank:
                best = run
    return best


def _periods(position: int, codes: list[int], places: dict[int, list[int]]) -> list[int]:
    where = places[codes[position]]
    behind = bisect_right(where, position)
    periods = [later - position for later in where[behind : behind + CANDIDATES]]
    return [period for period in periods if period <= LONGEST_PERIOD]


def _repeats(start: int, period: int, codes: list[int]) -> int:
    """How many times the ``period`` codes from ``start`` stand one behind the other."""
    position, end = start, len(codes) - period
    while position < end and codes[position] == codes[position + period]:
        position += 1
    return (position - start) // period + 1


def _proved(
    start: int, period: int, count: int, items: list[Item], users: dict[str, list[str]]
) -> Run | None:
    """The run as far as the wiring of its copies agrees."""
    copies = []
    for number in range(count):
        block = items[start + number * period : start + (number + 1) * period]
        copies.append([node for item in block for node in item.nodes])
    locals_ = [_local(copy) for copy in copies]
    carried: dict[tuple[int, int], tuple[int, int]] = {}
    agreed = 1
    for number in range(1, count):
        if not _agrees(number, copies, locals_, carried):
            break
        agreed += 1
    agreed = _closed(agreed, copies, locals_, users)
    if agreed < 2 or not carried:
        return None
    return Run(
        start,
        period,
        items[start : start + agreed * period],
        copies[:agreed],
        len(set(carried.values())),
    )


def _local(copy: list[Node]) -> dict[str, tuple[int, int]]:
    return {
        value: (index, position)
        for index, node in enumerate(copy)
        for position, value in enumerate(node.outputs)
        if value is not None
    }


def _agrees(
    number: int,
    copies: list[list[Node]],
    locals_: list[dict[str, tuple[int, int]]],
    carried: dict[tuple[int, int], tuple[int, int]],
) -> bool:
    """Whether a copy is wired as the first: inside, to the copy before, and to what all share."""
    here, before = locals_[number], locals_[number - 1]
    for index, (node, model) in enumerate(zip(copies[number], copies[0], strict=True)):
        for position, (value, wanted) in enumerate(zip(node.inputs, model.inputs, strict=True)):
            if value is None or wanted is None:
                if value is not wanted:
                    return False
            elif value in here or wanted in locals_[0]:
                if here.get(value) != locals_[0].get(wanted):
                    return False
            elif value in before:
                slot = (index, position)
                if carried.setdefault(slot, before[value]) != before[value]:
                    return False
            elif value != wanted or (index, position) in carried:
                return False
    return True


def _closed(
    agreed: int,
    copies: list[list[Node]],
    locals_: list[dict[str, tuple[int, int]]],
    users: dict[str, list[str]],
) -> int:
    """How many copies may be folded so that only the last gives results to later operations."""
    for number in range(agreed - 1):
        allowed = {node.id for copy in copies[number : number + 2] for node in copy}
        for value in locals_[number]:
            if any(user not in allowed for user in users.get(value, ())):
                return number + 1
    return agreed
