"""Rows of boxes from input to output, what goes around rows, and runs of equal rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

from archviz.ir import Node
from archviz.records import field, mutable, record
from archviz.views.layered.blocks.wiring import Wiring


@record
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
        queries: The part that an attention asks from, where it looks at another one of its column.
        keys: That other part.
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
    queries: int = -1
    keys: int = -1

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """What it and its sides stand for."""
        return (*(node for side in self.sides for node in side.nodes), *self.nodes)


@mutable
class Row:
    """Boxes at one height.

    Attributes:
        lanes: Ways beside each other, each a list of boxes from the input's side on.
        rails: Rows whose results go around what is between, -1 for the column's input.
        fed: Which lanes of the row below lead here; None for all of them.
    """

    lanes: list[list[Box]]
    rails: tuple[int, ...] = ()
    fed: tuple[int, ...] | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the row below leads here at all."""
        return self.fed != ()

    @property
    def boxes(self) -> list[Box]:
        """Every box."""
        return [box for lane in self.lanes for box in lane]

    def shape(self, at: int, wiring: Wiring) -> Hashable:
        """Equal for rows that look alike and do the same."""
        lanes = tuple(
            tuple(
                (
                    (box.kind, box.title, box.detail, len(box.sides)),
                    tuple(wiring.signature(node) for node in box.all_nodes),
                )
                for box in lane
            )
            for lane in self.lanes
        )
        return (lanes, tuple(at - rail for rail in self.rails), self.fed)


@record
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


@mutable
class Column:
    """One way from bottom to top.

    Attributes:
        rows: From the input's side on, equal runs once.
        runs: Which of them repeat.
        inputs: Names of the graph inputs at its foot.
        outputs: Names of the graph outputs at its head.
        leaving: Letters of results that go on in another piece of the column, by row.
        arriving: Letters of results that come from another piece, by row.
    """

    rows: list[Row]
    runs: list[Run] = field(default_factory=list)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    leaving: dict[int, str] = field(default_factory=dict)
    arriving: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def cuts(self) -> list[int]:
        """Rows above which the column may be cut: outside runs, where one line goes on."""
        return [
            at
            for at in range(1, len(self.rows))
            if not any(run.start < at < run.end for run in self.runs)
            and len(self.rows[at].lanes) == 1 == len(self.rows[at - 1].lanes)
            and self.rows[at].boxes[0].keys < 0
        ]

    def torn(self, at: int) -> int:
        """How many results would go around a cut below row ``at``, the line there apart."""
        return len(self._around(at, range(at, len(self.rows))))

    def _around(self, start: int, rows: Iterable[int]) -> set[int]:
        """What rows of a piece that starts at ``start`` take from before it."""
        own = start - 1 if self.rows[start].goes_on else start
        return {rail for at in rows for rail in self.rows[at].rails if rail < own}

    def parts(self, edges: Sequence[int]) -> list[Column]:
        """The rows between edges as columns of their own; what goes around an edge has a letter."""
        letters: dict[int, str] = {}
        for start, end in pairwise(edges):
            for rail in sorted(self._around(start, range(start, end))):
                letters.setdefault(rail, _letter(len(letters)))
        return [self._part(start, end, letters, edges[-1] == end) for start, end in pairwise(edges)]

    def _part(self, start: int, end: int, letters: dict[int, str], is_last: bool) -> Column:
        around = self._around(start, range(start, end)) if start else set()
        rows = [
            Row(row.lanes, tuple(rail - start for rail in row.rails if rail not in around), row.fed)
            for row in self.rows[start:end]
        ]
        runs = [
            Run(run.start - start, run.end - start, run.times, run.copies)
            for run in self.runs
            if start <= run.start < end
        ]
        first = -1 if start == 0 else start
        return Column(
            rows,
            runs,
            self.inputs if start == 0 else (),
            self.outputs if is_last else (),
            {rail - start: letters[rail] for rail in letters if first <= rail < end},
            {
                at - start: tuple(letters[rail] for rail in row.rails if rail in around)
                for at, row in enumerate(self.rows[start:end], start)
            },
        )


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number - 25)
