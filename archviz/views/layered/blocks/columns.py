"""Parts in columns: one from input to output, or an encoder's and a decoder's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush

from archviz.errors import OptionError
from archviz.views.layered.blocks.folding import collapsed, fold
from archviz.views.layered.blocks.labels import CATEGORIES, Labels
from archviz.views.layered.blocks.parts import Grouping, Part
from archviz.views.layered.blocks.rows import Box, Column, Row
from archviz.views.layered.look import current

MOST_LANES = 3
"""Ways beside each other that a row may have."""


class Columns:
    """One column, or an encoder's and a decoder's.

    Args:
        grouping: The parts.
        collapses: Whether a residual block without attention is one box.

    Raises:
        OptionError: The parts depend on each other in a circle.
    """

    def __init__(self, grouping: Grouping, *, collapses: bool = False) -> None:
        self.grouping = grouping
        self.collapses = collapses
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
        """Merges a table of relative positions into its attention; shared ones are set aside."""
        kinds = {number: self.grouping.parts[number].kind for number in self.order}
        for number in list(self.order):
            users = self._users(number)
            if self.before[number] or not users or kinds[number] not in ("embedding", "other"):
                continue
            if any(kinds[user] != "attention" for user in users) or self._is_fed(number):
                continue
            if len(users) == 1:
                self._merge(number, users[0])
            else:
                self._set_aside(number)

    def _is_fed(self, number: int) -> bool:
        part = self.grouping.parts[number]
        return any(self.grouping.wiring.given[at] for at in part.nodes)

    def _set_aside(self, number: int) -> None:
        """Leaves a part out of the figure."""
        parts = self.grouping.parts
        for at in parts[number].nodes:
            self.grouping.of[at] = None
        parts[number].nodes = []
        self.order.remove(number)
        self.before.pop(number)
        for target, sources in self.before.items():
            self.before[target] = [source for source in sources if source != number]

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
        column = Column(collapsed(rows, self._describe) if self.collapses else rows)
        self._name_ends(column)
        if current().repeats:
            fold(column, self.grouping.wiring)
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
            own = {at[s] for s in sources if at[s] < len(rows) - 1 or s not in ends}
            lanes = tuple(k for k, end in enumerate(ends) if end in sources)
            rails = tuple(sorted(own | self._skip(number, at)))
            at[number] = len(rows)
            rows.append(Row([[box]], rails, None if len(lanes) == len(ends) else lanes))
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
        within = False
        if part.kind == "attention" and part.keys != part.queries:
            within = min(part.keys, part.queries) >= 0 and part.keys not in apart
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
            memory=None if within else memory,
            queries=part.queries if within else -1,
            keys=part.keys if within else -1,
        )

    def _describe(self, boxes: Sequence[Box]) -> tuple[str, str, str]:
        return self.labels.block([self.grouping.parts[box.part] for box in boxes])

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
