"""One column of a block figure as marks: boxes, rails, brackets. The middle is x = 0, y is down."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.records import field, mutable
from archviz.scene import Mark, Rect
from archviz.text import fit, text_width
from archviz.views.layered.blocks.rows import Box, Column, Run
from archviz.views.layered.blocks.shapes import Point, arrow, circle, levels, line, plus, wave
from archviz.views.layered.page import copies_of, count, plate, text

TITLE, DETAIL, TIMES, END = 7.0, 6.1, 11.0, 7.2
TALL, LOW, RADIUS = 20.0, 12.0, 4.2
WIDEST, NARROWEST = 100.0, 54.0
GAP, FORK, FAN, EDGE, LANE = 8.0, 6.0, 9.0, 8.0, 8.0
PADDING = 9.0
RAIL = 5.0
TAG = 4.6
"""Radius of the letter of what goes on in another piece of a column."""
SIDE = 24.0

_SHORT = (
    ("Prepend class", "Class"),
    ("Convolutional", "Conv"),
    ("Multi-head attention", "Multi-head attn"),
    ("attention", "attn"),
    ("embedding", "embed"),
    ("Convolution", "Conv"),
    ("Gated feed", "Gated feed"),
)

Points = list[Point]


@mutable
class Drawn:
    """A column, drawn.

    Attributes:
        marks: Around x = 0, the foot at y = 0.
        left: How far it reaches to the left.
        right: How far it reaches to the right.
        top: Where it ends, below 0.
        head: Where the line above its last row may leave.
        goes_on: Whether what is below its first row leads there.
        crossings: For each cross attention the height and the place where keys enter.
    """

    marks: list[Mark] = field(default_factory=list)
    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    head: float = 0.0
    goes_on: bool = True
    crossings: list[tuple[Box, float, float]] = field(default_factory=list)


def box_width(columns: Sequence[Column]) -> float:
    """The width that every label has room in, within limits."""
    needed = [NARROWEST]
    for column in columns:
        for row in column.rows:
            for box in row.boxes:
                needed.append(text_width(box.title, TITLE) + 6)
                needed.append(text_width(box.detail, DETAIL) + 6)
    return min(max(needed), WIDEST)


class ColumnDrawing:
    """Draws one column.

    Args:
        column: What to draw.
        wide: Width of boxes.
        side: On which side what goes around rows is drawn, -1 or 1.
        ends: Whether the line from its head goes on to the model's outputs.
        begins: Whether the line to its foot comes from the model's inputs.
        gap: Points between two rows.
    """

    def __init__(
        self,
        column: Column,
        wide: float,
        side: int,
        *,
        ends: bool,
        begins: bool = True,
        gap: float = GAP,
    ) -> None:
        self.gap = gap
        self.column = column
        self.wide = wide
        self.side = side
        self.ends = ends
        self.begins = begins
        self.out = Drawn()
        self.bottoms: list[float] = []
        self.tops: list[float] = []
        lanes = max(len(row.lanes) for row in column.rows)
        self.half = (lanes * wide + (lanes - 1) * LANE) / 2
        for run in column.runs:
            for box in (box for row in column.rows[run.start : run.end] for box in row.boxes):
                words = _side_words(self._sides(box)) if self._sides(box) else ()
                wide_words = max((text_width(word, DETAIL) for word in words), default=-SIDE)
                self.half = max(self.half, SIDE + 8.5 + wide_words - PADDING / 2)
        spans = [(rail, at) for at, row in enumerate(column.rows) for rail in row.rails]
        self.rails = dict(zip(spans, levels(spans), strict=True))
        deepest = max(self.rails.values(), default=-1) + 1
        self.pad = PADDING + max(0.0, RAIL * (deepest - 1))
        self.forks = {rail for rail, _ in spans} | set(column.leaving)
        self.starts = {run.start for run in column.runs}
        self.stops = {run.end for run in column.runs}

    def draw(self) -> Drawn:
        """The column."""
        rows = self.column.rows
        self._reach(-self.half, self.half)
        self.out.goes_on = rows[0].goes_on
        y = self._foot()
        bottoms, tops = self.bottoms, self.tops
        for at in range(len(rows)):
            y -= self._gap(at)
            bottoms.append(y)
            y -= self._height(at)
            tops.append(y)
        for run in self.column.runs:
            self._frame(run)
        for at in range(len(rows)):
            self._lines(at)
        for at in range(len(rows)):
            self._row(at)
        self._head()
        return self.out

    # Heights

    def _height(self, at: int) -> float:
        return max(
            sum(_height(box) for box in lane) + self.gap * (len(lane) - 1)
            for lane in self.column.rows[at].lanes
        )

    def _gap(self, at: int) -> float:
        row = self.column.rows[at]
        gap = self.gap
        if self._fans(at):
            gap = FAN + 3
        if at - 1 in self.forks:
            gap += FORK
        if len(row.lanes) > 1 or (at and len(self.column.rows[at - 1].lanes) > 1):
            gap += 6
        if at in self.starts:
            gap += EDGE
        if at in self.stops:
            gap += EDGE
        return gap

    def _fans(self, at: int) -> bool:
        boxes = self.column.rows[at].boxes
        return len(boxes) == 1 and boxes[0].kind == "attention"

    def _fan(self, at: int) -> float:
        return self.bottoms[at] + FAN

    def _fork(self, at: int) -> float:
        """The height at which ways part below a row."""
        base = self._fan(at) if self._fans(at) else self.bottoms[at] + self.gap - 1
        if len(self.column.rows[at].lanes) > 1:
            base += 6
        return base + (FORK - 1 if self._fans(at) else 0.5)

    # Marks

    def _foot(self) -> float:
        if not self.begins:
            return -2.0 - END
        names = ", ".join(self.column.inputs) or "input"
        shown = fit(names, END, 2 * self.half + 2 * self.pad)
        self.out.marks.append(text(0.0, -2.0, shown, "text", END))
        self._reach(-text_width(shown, END) / 2, text_width(shown, END) / 2)
        return -2.0 - END

    def _head(self) -> None:
        top = self.tops[-1] - (EDGE if len(self.column.rows) in self.stops else 0.0)
        self.out.head = self.tops[-1]
        last = len(self.column.rows) - 1
        if last in self.column.leaving:
            top -= 2 * TAG + 2
            self._leave(self.column.leaving[last], [(0.0, self.tops[-1]), (0.0, top + TAG)])
        self.out.top = top
        if self.ends:
            self.out.marks += arrow([(0.0, self.tops[-1]), (0.0, top - 9.0)])
            names = ", ".join(self.column.outputs) or "output"
            shown = fit(names, END, 2 * self.half + 2 * self.pad)
            self.out.marks.append(text(0.0, top - 12.5, shown, "text", END))
            self._reach(-text_width(shown, END) / 2, text_width(shown, END) / 2)
            self.out.top = top - 12.5 - END

    def _reach(self, left: float, right: float) -> None:
        self.out.left = min(self.out.left, left)
        self.out.right = max(self.out.right, right)

    def _frame(self, run: Run) -> None:
        bottom = self.bottoms[run.start] + self._gap(run.start) - self.gap + 2.5
        if run.start in self.stops:
            bottom -= EDGE
        if run.start - 1 in self.forks or self._fans(run.start):
            bottom = max(bottom - EDGE, self._lowest(run.start) + 4.5)
        else:
            bottom = self.bottoms[run.start] + EDGE - 1
        top = self.tops[run.end - 1] - EDGE + 1
        half = self.half + self.pad
        self.out.marks.append(Rect(-half, top, 2 * half, bottom - top, "block", 6.0))
        x = self.side * (half + 2)
        arm = self.side * 2.5
        bracket = [(x, top + 2), (x + arm, top + 2), (x + arm, bottom - 2), (x, bottom - 2)]
        self.out.marks.append(line(bracket, "bracket", 0.0))
        anchor = "start" if self.side > 0 else "end"
        at, middle = x + arm + self.side * 3, (top + bottom) / 2
        times = f"×{run.times}"
        weights: dict[str, int] = {}
        for row in self.column.rows[run.start : run.end]:
            for box in row.boxes:
                weights.update(box.parameters)
        each = count(sum(weights.values())) if weights else ""
        self.out.marks.append(text(at, middle + 2, times, "heading-title", TIMES, anchor=anchor))
        if each:
            self.out.marks.append(text(at, middle + 10, each, "note", DETAIL, anchor=anchor))
        far = at + self.side * max(text_width(times, TIMES, bold=True), text_width(each, DETAIL))
        self._reach(min(-half, far), max(half, far))

    def _lowest(self, at: int) -> float:
        """The lowest line that belongs to a row and what goes around it."""
        return self._fork(at) if at - 1 in self.forks else self._fan(at)

    def _lines(self, at: int) -> None:
        below = self.tops[at - 1] if at else -2.0 - END
        row = self.column.rows[at]
        before = self.column.rows[at - 1] if at else None
        if not row.goes_on:
            pass
        elif before is not None and len(before.lanes) > 1:
            self._joined(at)
        elif len(row.lanes) > 1:
            self._parted(at, below)
        elif self._fans(at):
            self._fanned(at, below)
        else:
            self.out.marks += arrow([(0.0, below), (0.0, self.bottoms[at])])
        for rail in row.rails:
            self._rail(rail, at)
        for number, letter in enumerate(self.column.arriving.get(at, ())):
            self._arrive(letter, number, at)
        if at - 1 in self.column.leaving:
            self._leave(self.column.leaving[at - 1], self._ending(at - 1))

    def _arrive(self, letter: str, number: int, at: int) -> None:
        """What comes from another piece of the column enters a box from the side."""
        box = self.column.rows[at].boxes[0]
        is_alone = len(self.column.rows[at].lanes) == 1
        edge = RADIUS if box.kind == "sum" else self.wide / 2 if is_alone else self.half
        x = self.half + 2.4 * TAG * (number + 1)
        y = (self.tops[at] + self.bottoms[at]) / 2
        self.out.marks += arrow([(self.side * (TAG - x), y), (-self.side * edge, y)])
        self._tag(letter, -self.side * x, y)

    def _leave(self, letter: str, start: Points) -> None:
        """What goes on in another piece of the column leaves to the side."""
        x = -self.side * (self.half + 2.4 * TAG)
        y = start[-1][1]
        self.out.marks.append(line([*start, (x + self.side * TAG, y)]))
        self._tag(letter, x, y)

    def _tag(self, letter: str, x: float, y: float) -> None:
        self.out.marks.append(circle(x, y, TAG, "joint"))
        self.out.marks.append(text(x, y + 2.2, letter, "on-box", DETAIL))
        self._reach(min(0.0, x - TAG), max(0.0, x + TAG))

    def _rail(self, rail: int, at: int) -> None:
        start = self._fork(rail + 1)
        x = self.side * (self.half + RAIL * (1 + self.rails[rail, at]))
        box = self.column.rows[at].boxes[0]
        begin = [*self._ending(rail), (x, start)]
        if box.keys >= 0 and self._fans(at):
            fan = self._fan(at)
            self.out.marks += arrow([*begin, (x, fan), *self._heads(at)[1]])
            self._reach(min(0.0, x), max(0.0, x))
            return
        edge = self.side * (RADIUS if box.kind == "sum" else self.wide / 2)
        y = (self.tops[at] + self.bottoms[at]) / 2
        self.out.marks += arrow([*begin, (x, y), (edge, y)])
        self._reach(min(0.0, x), max(0.0, x))

    def _ending(self, rail: int) -> Points:
        """The line from a row, or the one of its lanes that does not lead on, up to its fork."""
        start = self._fork(rail + 1)
        fed = self.column.rows[rail + 1].fed
        if rail < 0 or fed is None:
            return [(0.0, start)]
        lanes = self._lanes(rail)
        ended = [lane for number, lane in enumerate(lanes) if number not in fed]
        x, boxes = ended[0] if len(lanes) > 1 and ended else (0.0, self.column.rows[rail].boxes)
        top = self.bottoms[rail] - sum(map(_height, boxes)) - self.gap * (len(boxes) - 1)
        return [(x, top), (x, start)]

    def _fanned(self, at: int, below: float) -> None:
        box = self.column.rows[at].boxes[0]
        fan, bottom, reach = self._fan(at), self.bottoms[at], self.wide * 0.286
        if box.keys >= 0:
            chain, around = self._heads(at)
            self.out.marks += arrow([(0.0, below), (0.0, fan), *chain])
            asked = at > 0 and any(b.part == box.queries for b in self.column.rows[at - 1].boxes)
            letters = ("Q", "K, V") if asked else ("K, V", "Q")
            for letter, (x, _) in zip(letters, (chain[0], around[0]), strict=True):
                self._letter(letter, x, bottom)
            return
        if box.memory is None:
            self.out.marks += arrow([(0.0, below), (0.0, bottom)])
            for x in (-reach, reach):
                self.out.marks += arrow([(0.0, fan), (x, fan), (x, bottom)])
            return
        self.out.marks += arrow([(0.0, below), (0.0, fan), (reach, fan), (reach, bottom)])
        inner = -self.wide * 0.07
        for letter, x in (("K", -reach), ("V", inner), ("Q", reach)):
            self._letter(letter, x, bottom)
        start = -reach - 8
        if isinstance(box.memory, str):
            start = -self.half - self.pad - 4
            name = text(start - 2, fan + 2.2, box.memory, "text", 6.5, anchor="end")
            self.out.marks += [*arrow([(start, fan), (-reach, fan), (-reach, fan - 9.0)]), name]
            self._reach(start - 4 - name.width, 0.0)
        else:
            self.out.crossings.append((box, fan, -reach))
        self.out.marks += arrow([(start, fan), (inner, fan), (inner, bottom)])

    def _letter(self, letter: str, x: float, bottom: float) -> None:
        self.out.marks.append(text(x - 1.6, bottom + 5.6, letter, "text", 6.0, anchor="end"))

    def _heads(self, at: int) -> tuple[Points, Points]:
        """Where the line from below enters an attention, and where what goes around does."""
        fan, bottom, reach = self._fan(at), self.bottoms[at], self.side * self.wide * 0.286
        return [(-reach, fan), (-reach, bottom)], [(reach, fan), (reach, bottom)]

    def _parted(self, at: int, below: float) -> None:
        fork = self._fork(at) - FORK
        for x, _ in self._lanes(at):
            self.out.marks += arrow([(0.0, below), (0.0, fork), (x, fork), (x, self.bottoms[at])])

    def _joined(self, at: int) -> None:
        """Lines from lanes into the row above them."""
        box = self.column.rows[at].boxes[0]
        y = (self.tops[at] + self.bottoms[at]) / 2
        fed = self.column.rows[at].fed
        for number, (x, lane) in enumerate(self._lanes(at - 1)):
            if fed is not None and number not in fed:
                continue
            top = self.bottoms[at - 1] - sum(map(_height, lane)) - self.gap * (len(lane) - 1)
            if box.kind == "sum":
                edge = RADIUS if x > 0 else -RADIUS if x < 0 else 0.0
                end = (edge, y) if edge else (0.0, self.bottoms[at])
                points = [(x, top), (x, y), end] if edge else [(x, top), end]
            else:
                middle = self.bottoms[at] + 6
                target = max(-self.wide / 3, min(self.wide / 3, x / 2))
                points = [(x, top), (x, middle), (target, middle), (target, self.bottoms[at])]
            self.out.marks += arrow(points)

    def _lanes(self, at: int) -> list[tuple[float, list[Box]]]:
        lanes = self.column.rows[at].lanes
        step = self.wide + LANE
        return [((k - (len(lanes) - 1) / 2) * step, lane) for k, lane in enumerate(lanes)]

    def _row(self, at: int) -> None:
        run = next((run for run in self.column.runs if run.start <= at < run.end), None)
        copies = run.copies[at - run.start] if run is not None else ()
        boxes = self.column.rows[at].boxes
        number = 0
        for x, lane in self._lanes(at):
            y = self.bottoms[at]
            for index, box in enumerate(lane):
                y -= _height(box)
                if index:
                    self.out.marks += arrow(
                        [(x, y + _height(box) + self.gap), (x, y + _height(box))]
                    )
                same = copies[number :: len(boxes)] or (box,)
                self.out.marks += copies_of(
                    self._box(box, x, y, at),
                    [node for one in same for node in one.all_nodes],
                    run.times if run is not None else 1,
                    id=box.id,
                    title=f"{box.title} {box.detail}".strip(),
                )
                if box.kind == "recurrent" and len(boxes) == 1:
                    self._loop(y, y + _height(box))
                number += 1
                y -= self.gap

    def _loop(self, top: float, bottom: float) -> None:
        """A way from the end of a cell back to its start: it is run once a step."""
        edge, high = self.side * self.wide / 2, bottom - top
        far = edge + self.side * 9
        upper, lower = top + 0.28 * high, bottom - 0.28 * high
        self.out.marks += arrow([(edge, upper), (far, upper), (far, lower), (edge, lower)])
        at, anchor = far + self.side * 3, "start" if self.side > 0 else "end"
        middle = (top + bottom) / 2
        self.out.marks.append(text(at, middle + 3, "×T", "heading-title", 9.0, anchor=anchor))
        reach = at + self.side * text_width("×T", 9.0, bold=True)
        self._reach(min(0.0, reach), max(0.0, reach))

    def _box(self, box: Box, x: float, y: float, at: int) -> list[Mark]:
        if box.kind == "sum":
            middle = y + RADIUS
            sides = self._sides(box)
            marks: list[Mark] = [circle(x, middle, RADIUS, "joint"), plus(x, middle, RADIUS)]
            return [*marks, *(self._beside(sides, middle, at) if sides else ())]
        left, high = x - self.wide / 2, _height(box)
        marks = [Rect(left, y, self.wide, high, f"front {box.category}", 2.5)]
        title = _shortened(box.title, self.wide - 4)
        labels = [text(x, y + (9.2 if box.detail else 8.5), title, "on-box", TITLE)]
        if box.detail:
            shown = box.detail
            if text_width(shown, DETAIL) > self.wide - 4:
                shown = fit(shown.replace(" → ", "→"), DETAIL, self.wide - 4)
            labels.append(text(x, y + 17.0, shown, f"on-detail {box.category}", DETAIL))
        return [*marks, plate(labels, box.category), *labels]

    def _sides(self, box: Box) -> Sequence[Box]:
        """What a sum is given from the side."""
        return box.sides or ((box,) if box.kind == "sum" and self._is_table(box) else ())

    def _is_table(self, box: Box) -> bool:
        """Whether it adds a stored table instead of what was computed."""
        return (
            bool(box.nodes)
            and not any((box in row.boxes and row.rails) for row in self.column.rows)
            and all(len([v for v in node.inputs if v is not None]) < 2 for node in box.nodes[:1])
        )

    def _is_passed(self, at: int) -> bool:
        """Whether something goes around a row, or a bracket stands beside it."""
        return any(rail < at <= end for rail, end in self.rails) or any(
            run.start <= at < run.end for run in self.column.runs
        )

    def _beside(self, sides: Sequence[Box], y: float, row: int) -> list[Mark]:
        """What is added from the side: a wave for positions, a swatch for other tables."""
        side = -self.side if self._is_passed(row) else self.side
        x = side * SIDE
        words = _side_words(sides)
        marks: list[Mark] = [*arrow([(x, y), (side * RADIUS, y)])]
        if "position" in words[0]:
            marks += [circle(x, y, 5.6, "joint"), wave(x, y)]
        else:
            marks.append(Rect(x - 5, y - 4, 10, 8, "front embedding", 1.5))
        at, anchor = x + side * 8.5, "start" if side > 0 else "end"
        for word, dy in zip(words, (-1.2, 5.6), strict=True):
            marks.append(text(at, y + dy, word, "text", DETAIL, anchor=anchor))
        far = at + side * max(text_width(word, DETAIL) for word in words)
        self._reach(min(0.0, far), max(0.0, far))
        return marks


def _side_words(sides: Sequence[Box]) -> tuple[str, str]:
    names = " ".join(side.id for side in sides).lower()
    if any(side.kind == "sum" for side in sides):
        return "positional", "embedding" if any(side.parameters for side in sides) else "encoding"
    if "pos" in names or "wpe" in names:
        return "positional", "embedding"
    if "type" in names or "segment" in names:
        return "token type", "embedding"
    return "other", "embedding"


def _height(box: Box) -> float:
    if box.kind == "sum":
        return 2 * RADIUS
    return TALL if box.detail else LOW


def _shortened(title: str, room: float) -> str:
    for long, short in _SHORT:
        if text_width(title, TITLE) <= room:
            return title
        title = title.replace(long, short)
    return fit(title, TITLE, room)
