"""Parts in columns: rows from input to output, what goes around rows, and runs of equal rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from archviz.errors import OptionError
from archviz.ir import Node
from archviz.views.layered.blocks.labels import CATEGORIES, Labels
from archviz.views.layered.blocks.parts import Grouping, Part

_ENDING = ("sum", "add & norm")
MOST_LANES = 3
"""Ways beside each other that a row may have."""


@dataclass(frozen=True, slots=True)
class Box:
    """What is drawn of one part.

    Attributes:
        part: Its number, by which rows refer to each other.
        kind: The part's.
        title: What kind of layer it is.
        detail: Its sizes, or "".
        category: Its fill.
        nodes: What it stands for.
        parameters: Elements of its weights, by name.
        id: Stable across runs.
        sides: What is added here from the side: positions, types of tokens.
        memory: What a cross attention looks at: a part of the other column, or the name of an
            input; None for other boxes.
    """

    part: int
    kind: str
    title: str
    detail: str
    category: str
    nodes: tuple[Node, ...]
    parameters: dict[str, int]
    id: str
    sides: tuple[Box, ...] = ()
    memory: int | str | None = None

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """What it and its sides stand for."""
        return (*(node for side in self.sides for node in side.nodes), *self.nodes)


@dataclass(slots=True)
class Row:
    """Boxes at one height.

    Attributes:
        lanes: Ways beside each other, each a list of boxes from the input's side on.
        rails: Rows whose results go around what is between, -1 for the column's input.
    """

    lanes: list[list[Box]]
    rails: tuple[int, ...] = ()

    @property
    def boxes(self) -> list[Box]:
        """Every box."""
        return [box for lane in self.lanes for box in lane]

    def shape(self, at: int) -> tuple[object, ...]:
        """Equal for rows that look alike."""
        lanes = tuple(
            tuple((box.kind, box.title, box.detail, len(box.sides)) for box in lane)
            for lane in self.lanes
        )
        return (lanes, tuple(at - rail for rail in self.rails))


@dataclass(frozen=True, slots=True)
class Run:
    """Rows that stand for several copies of themselves.

    Attributes:
        start: The first row that is drawn.
        end: Behind the last one.
        times: How many copies they are.
        copies: The boxes of each row, copy by copy.
    """

    start: int
    end: int
    times: int
    copies: tuple[tuple[Box, ...], ...]


@dataclass(slots=True)
class Column:
    """One way from bottom to top.

    Attributes:
        rows: From the input's side on, equal runs once.
        runs: Which of them repeat.
        inputs: Names of the graph inputs at its foot.
        outputs: Names of the graph outputs at its head.
    """

    rows: list[Row]
    runs: list[Run] = field(default_factory=list)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def cuts(self) -> list[int]:
        """Rows above which nothing but one line goes on."""
        return [
            at
            for at in range(1, len(self.rows))
            if not any(run.start < at < run.end for run in self.runs)
            and not any(
                rail < at - 1 and at <= above
                for above, row in enumerate(self.rows)
                for rail in row.rails
            )
            and len(self.rows[at].lanes) == 1 == len(self.rows[at - 1].lanes)
        ]

    def part(self, start: int, end: int) -> Column:
        """The rows from ``start`` on, as a column of their own."""
        rows = [
            Row(row.lanes, tuple(rail - start for rail in row.rails))
            for row in self.rows[start:end]
        ]
        runs = [
            Run(run.start - start, run.end - start, run.times, run.copies)
            for run in self.runs
            if start <= run.start < end
        ]
        inputs = self.inputs if start == 0 else ()
        return Column(rows, runs, inputs, self.outputs if end == len(self.rows) else ())


class Columns:
    """One column, or an encoder's and a decoder's.

    Args:
        grouping: The parts.

    Raises:
        OptionError: The parts depend on each other in a circle.
    """

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.labels = Labels(grouping)
        self.before, self.order = self._quotient()
        self._attach_positions()
        self._merge_norms()
        self.columns = self._divided()

    # The graph of parts

    def _quotient(self) -> tuple[dict[int, list[int]], list[int]]:
        grouping, wiring = self.grouping, self.grouping.wiring
        before: dict[int, dict[int, None]] = {
            number: {} for number, part in enumerate(grouping.parts) if part.nodes
        }
        for index, number in enumerate(grouping.of):
            if number is None:
                continue
            for source in wiring.before[index]:
                other = grouping.of[source]
                if other is not None and other != number and self._matters(other, number):
                    before[number][other] = None
        users: dict[int, list[int]] = {number: [] for number in before}
        missing = {number: len(sources) for number, sources in before.items()}
        for number, sources in before.items():
            for source in sources:
                users[source].append(number)
        ready = [(grouping.parts[n].nodes[-1], n) for n, count in missing.items() if not count]
        heapify(ready)
        order: list[int] = []
        while ready:
            _, number = heappop(ready)
            order.append(number)
            for user in users[number]:
                missing[user] -= 1
                if not missing[user]:
                    heappush(ready, (grouping.parts[user].nodes[-1], user))
        if len(order) < len(before):
            raise OptionError(
                "a figure of blocks needs layers that follow each other, and these are entangled",
                "draw it with --style node-link",
            )
        return {number: list(sources) for number, sources in before.items()}, order

    def _matters(self, source: int, target: int) -> bool:
        """Whether an edge is part of the figure; what attentions share of positions is not."""
        one, other = self.grouping.parts[source], self.grouping.parts[target]
        if one.kind != "attention" or other.kind != "attention":
            return True
        return source in (other.queries, other.keys)

    def _users(self, number: int) -> list[int]:
        return [user for user in self.order if number in self.before[user]]

    def _attach_positions(self) -> None:
        """Merges tables of relative positions into the first attention that takes them."""
        kinds = {number: self.grouping.parts[number].kind for number in self.order}
        for number in list(self.order):
            users = self._users(number)
            if self.before[number] or not users or kinds[number] not in ("embedding", "other"):
                continue
            if all(kinds[user] == "attention" for user in users) and not self._is_fed(number):
                self._merge(number, users[0])

    def _is_fed(self, number: int) -> bool:
        part = self.grouping.parts[number]
        return any(self.grouping.wiring.given[at] for at in part.nodes)

    def _merge(self, number: int, into: int) -> None:
        """Makes one part a part of another."""
        parts = self.grouping.parts
        parts[into].nodes = sorted([*parts[into].nodes, *parts[number].nodes])
        for at in parts[number].nodes:
            self.grouping.of[at] = into
        parts[number].nodes = []
        self.order.remove(number)
        gone = self.before.pop(number)
        for target, sources in self.before.items():
            renamed = dict.fromkeys(into if source == number else source for source in sources)
            if target == into:
                renamed.update(dict.fromkeys(gone))
                renamed.pop(into, None)
            self.before[target] = [
                source for source in renamed if source != into or self._matters(into, target)
            ]
        for part in parts:
            part.queries = into if part.queries == number else part.queries
            part.keys = into if part.keys == number else part.keys

    def _merge_norms(self) -> None:
        """Sums with the norm behind them are one box where most of the model norms so."""
        parts = self.grouping.parts
        sums = [n for n in self.order if parts[n].kind == "sum" and parts[n].is_residual]
        normed = []
        for number in sums:
            users = self._users(number)
            if len(users) == 1 and parts[users[0]].kind == "norm":
                normed.append((number, users[0]))
        if len(normed) * 2 <= len(sums):
            return
        for number, norm in normed:
            parts[norm].kind = "add & norm"
            parts[norm].is_residual = True
            self._merge(number, norm)

    # Columns

    def _divided(self) -> list[Column]:
        parts = self.grouping.parts
        crossing = [
            number
            for number in self.order
            if parts[number].kind == "attention" and parts[number].keys != parts[number].queries
        ]
        memory = {parts[number].keys for number in crossing if parts[number].keys >= 0}
        encoder: set[int] = set()
        waiting = list(memory)
        while waiting:
            number = waiting.pop()
            if number not in encoder:
                encoder.add(number)
                waiting += self.before[number]
        rest = [number for number in self.order if number not in encoder]
        asked = {parts[number].queries for number in crossing}
        if not encoder or asked & encoder or not any(n in encoder for n in self.order):
            return [self._column(self.order, set())]
        first = [number for number in self.order if number in encoder]
        return [self._column(first, set()), self._column(rest, encoder)]

    def _column(self, order: Sequence[int], apart: set[int]) -> Column:
        sides, order = self._sides(order)
        rows = self._rows(order, sides, apart)
        column = Column(rows)
        self._name_ends(column)
        _fold(column)
        return column

    def _sides(self, order: Sequence[int]) -> tuple[dict[int, list[int]], list[int]]:
        """Sources that are only added to what is there, by the sum; and the others."""
        parts = self.grouping.parts
        inside = set(order)
        sources = [n for n in order if not any(other in inside for other in self.before[n])]
        main = next((n for n in sources if self._is_fed(n)), sources[0])
        sides: dict[int, list[int]] = {}
        for number in sources:
            users = self._users(number)
            if number == main or len(users) != 1 or parts[number].kind == "conv":
                continue
            if parts[users[0]].kind in ("sum", "other", "add & norm"):
                sides.setdefault(users[0], []).append(number)
        hidden = {number for found in sides.values() for number in found}
        return sides, [number for number in order if number not in hidden]

    def _rows(
        self, order: Sequence[int], sides: dict[int, list[int]], apart: set[int]
    ) -> list[Row]:
        rows: list[Row] = []
        at: dict[int, int] = {}
        inside = set(order)
        for number in order:
            box = self._box(number, sides.get(number, ()), apart)
            sources = [other for other in self.before[number] if other in inside]
            if not rows:
                at[number] = 0
                rows.append(Row([[box]]))
                continue
            last = rows[-1]
            ends = [lane[-1].part for lane in last.lanes]
            fed = [end for end in ends if end in sources]
            if len(last.lanes) == 1 and not fed:
                start = max((at[source] for source in sources), default=-1) + 1
                if self._beside(rows, start, box, at):
                    continue
            elif len(last.lanes) > 1 and len(fed) == 1 and len(last.lanes[0]) < 4:
                # One way goes on; the others wait for it.
                lane = next(lane for lane in last.lanes if lane[-1].part == fed[0])
                waiting = any(
                    end in self.before[later] for end in ends if end != fed[0] for later in order
                )
                if waiting and len(lane) < 4:
                    lane.append(box)
                    at[number] = len(rows) - 1
                    continue
            elif len(last.lanes) > 1 and not fed and len(last.lanes) < MOST_LANES:
                earlier = max((at[source] for source in sources), default=-1)
                if earlier == len(rows) - 2:
                    last.lanes.append([box])
                    at[number] = len(rows) - 1
                    continue
            rails = tuple(
                sorted({at[s] for s in sources if at[s] < len(rows) - 1} | self._skip(number, at))
            )
            at[number] = len(rows)
            rows.append(Row([[box]], rails if fed else rails[:-1]))
        return rows

    def _skip(self, number: int, at: dict[int, int]) -> set[int]:
        """-1 for a sum that skips what comes before the first row."""
        part = self.grouping.parts[number]
        is_sum = part.kind in ("sum", "add & norm")
        inputs = [v for node in part.nodes for v in self.grouping.wiring.given[node]]
        return {-1} if is_sum and inputs and len(self.before[number]) == 1 else set()

    def _beside(self, rows: list[Row], start: int, box: Box, at: dict[int, int]) -> bool:
        """Puts a box beside the last rows, from ``start`` on, where that is possible."""
        beside = rows[start:]
        if not 0 < len(beside) <= 4 or start == 0:
            return False
        if any(len(row.lanes) > 1 or row.rails for row in beside):
            return False
        if any(row.lanes[0][0].kind == "sum" for row in beside):
            return False
        lane = [row.lanes[0][0] for row in beside]
        rows[start:] = [Row([lane, [box]])]
        for other in (*lane, box):
            at[other.part] = start
        return True

    def _box(self, number: int, sides: Iterable[int], apart: set[int]) -> Box:
        part, wiring = self.grouping.parts[number], self.grouping.wiring
        nodes = tuple(wiring.nodes[at] for at in part.nodes)
        memory: int | str | None = None
        if part.kind == "attention" and part.keys != part.queries:
            memory = part.keys if part.keys in apart else self._memory_name(part)
        return Box(
            part=number,
            kind=part.kind,
            title=self.labels.title(part),
            detail=self.labels.detail(part),
            category=CATEGORIES.get(part.kind, "other"),
            nodes=nodes,
            parameters=wiring.parameters(part.nodes),
            id=nodes[0].id,
            sides=tuple(self._box(side, (), apart) for side in sides),
            memory=memory,
        )

    def _memory_name(self, part: Part) -> str:
        return part.keys_input or "memory"

    def _name_ends(self, column: Column) -> None:
        wiring, graph = self.grouping.wiring, self.grouping.wiring.graph
        first = column.rows[0].boxes
        given = {
            value
            for box in (
                *first,
                *(side for row in column.rows[:4] for b in row.boxes for side in b.sides),
            )
            for at in self.grouping.parts[box.part].nodes
            for value in wiring.given[at]
        }
        column.inputs = tuple(value for value in graph.inputs if value in given)
        made = {
            value
            for row in column.rows
            for box in row.boxes
            for node in box.nodes
            for value in node.outputs
        }
        column.outputs = tuple(value for value in graph.outputs if value in made)


def _fold(column: Column) -> None:
    """Reduces runs of equal rows to their first copy."""
    rows = column.rows
    kept: list[Row] = []
    index: dict[int, int] = {-1: -1}
    shapes = [row.shape(at) for at, row in enumerate(rows)]
    start = 0
    while start < len(rows):
        length, times = _longest_run(shapes, start)
        if times > 1 and rows[start].boxes[0].kind in _ENDING:
            # A block ends with a sum; so it begins behind the next one, if it repeats from there.
            later = next(
                (at for at in range(1, length) if rows[start + at - 1].boxes[0].kind in _ENDING), 0
            )
            if _longest_run(shapes, start + later) >= (length, times - (later > 1)):
                length, times = later, 1
        index.update({start + at: len(kept) + at for at in range(length)})
        if times > 1:
            copies = tuple(
                tuple(
                    box
                    for at in range(start + n, start + length * times, length)
                    for box in rows[at].boxes
                )
                for n in range(length)
            )
            column.runs.append(Run(len(kept), len(kept) + length, times, copies))
            for copy in range(1, times):
                index.update({start + copy * length + at: len(kept) + at for at in range(length)})
        kept += rows[start : start + length]
        start += length * max(times, 1)
    for row in kept:
        row.rails = tuple(index[rail] for rail in row.rails)
    column.rows = kept


def _longest_run(shapes: Sequence[object], start: int) -> tuple[int, int]:
    """Length and number of equal stretches that begin at ``start``; (1, 1) for none."""
    best = (1, 1)
    covered = 2  # two equal boxes need no bracket
    for length in range(1, (len(shapes) - start) // 2 + 1):
        times = 1
        while (
            shapes[start : start + length]
            == shapes[start + times * length : start + (times + 1) * length]
        ):
            times += 1
        if times > 1 and length * times > covered:
            best, covered = (length, times), length * times
    return best
