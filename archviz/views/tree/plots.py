"""Small charts inside cards: how rows of data lie on both sides of a test, and in a leaf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt

from archviz.analysis.tree_counts import (
    ANSWER_BINS,
    Evidence,
    Range,
    SplitCounts,
    evidence,
    splits_of,
)
from archviz.analysis.tree_rows import Rows
from archviz.ir import Condition, Forest
from archviz.records import record
from archviz.scene import Mark, Path, Rect, Segment, Text
from archviz.text import fit, printable, text_width
from archviz.views.tree.fills import CLASS_COLORS, full
from archviz.views.tree.numbers import number

WIDTH, HEIGHT = 124.0, 46.0
"""Of the chart of a split, without the numbers below it."""

LEAF_WIDTH, LEAF_HEIGHT = 56.0, 26.0
LABELS = 13.0
SIZE = 8.5
TRIANGLE = 4.0
MOST_BARS = 12
"""Categories that have a bar; those beyond share the last."""


@record
class Plot:
    """A chart, drawn from (0, 0).

    Attributes:
        width: In pixels.
        height: In pixels, with the numbers below it.
        marks: Painted in order.
    """

    width: float
    height: float
    marks: tuple[Mark, ...]


class Plots:
    """The data of one tree and the charts of its nodes.

    Args:
        forest: Where the tree is from.
        tree: Its index.
        rows: The data.
        row: The values of the row that is followed, or None.
    """

    def __init__(
        self, forest: Forest, tree: int, rows: Rows, row: Sequence[float] | None = None
    ) -> None:
        self.forest = forest
        self.found: Evidence = evidence(forest, tree, rows)
        self.row = row
        self._splits: dict[int, SplitCounts] = {}

    def prepare(self, nodes: Sequence[int]) -> None:
        """Counts for the charts of these nodes, all at once."""
        self._splits = splits_of(self.forest, self.found, nodes)

    @property
    def said(self) -> str:
        """What captions say of the data."""
        rows = self.found.rows
        named = f" of {fit(rows.name, 10.0, 200.0)}" if rows.name else ""
        span, axis = self.found.answer_range, ""
        if self.found.nodes.answers.shape[1]:
            what = fit(printable(rows.target_name) or "target", 10.0, 120.0)
            axis = f"; {what} upwards, {number(span.low, 3)} to {number(span.high, 3)}"
        return f"{rows.count:,} rows{named}{axis}"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that rows are counted by."""
        return self.found.rows.classes

    def samples(self, node: int) -> int:
        """Rows that come to a node."""
        return int(self.found.nodes.rows[node])

    def counts(self, node: int) -> list[int]:
        """Rows of each class in a node; empty without classes."""
        listed: list[int] = self.found.nodes.by_class[node].tolist()
        return listed

    def shares(self, node: int) -> list[float]:
        """The share of each class in a node; empty without classes or rows."""
        counted = self.counts(node)
        total = sum(counted)
        return [number / total for number in counted] if total else []

    def mean(self, node: int) -> float:
        """The mean of a target that is a number; NaN when there is none."""
        return float(self.found.nodes.mean[node])

    def split(self, node: int, is_on_path: bool) -> Plot | None:
        """The chart of a split; None for a test of several features."""
        counted = self._splits.get(node)
        if counted is None:
            return None
        if counted.yes:
            return self._bars(node, counted)
        return self._histogram(node, counted, is_on_path)

    def leaf(self, node: int, prediction: float) -> Plot | None:
        """How a target that is a number lies in a leaf; None without one."""
        answers = self.found.nodes.answers
        if not answers.shape[1] or not self.samples(node):
            return None
        counted = answers[node].tolist()
        most = max(counted) or 1
        wide = LEAF_WIDTH / ANSWER_BINS
        marks: list[Mark] = []
        for index, rows in enumerate(counted):
            if rows:
                tall = max(rows / most * (LEAF_HEIGHT - 2), 0.8)
                marks.append(_rect(index * wide, LEAF_HEIGHT - tall, wide - 0.5, tall, "bar"))
        marks.append(_line(0.0, LEAF_HEIGHT, LEAF_WIDTH, LEAF_HEIGHT, "rule"))
        if prediction == prediction:
            x = _place(prediction, self.found.answer_range, LEAF_WIDTH)
            marks.append(_triangle(x, LEAF_HEIGHT, "marker"))
        return Plot(LEAF_WIDTH, LEAF_HEIGHT + TRIANGLE + 2, tuple(marks))

    def _histogram(self, node: int, counted: SplitCounts, is_on_path: bool) -> Plot:
        span = counted.range
        at = _place(counted.threshold, span, WIDTH)
        row = int(self.forest.starts[self.found.tree]) + node
        condition = Condition(int(self.forest.condition[row]))
        is_low = condition in (Condition.LE, Condition.LT)
        marks: list[Mark] = [
            _rect(0.0 if is_low else at, 0.0, at if is_low else WIDTH - at, HEIGHT, "band")
        ]
        borders = [_place(edge, span, WIDTH) for edge in counted.edges]
        if self.found.nodes.answers.shape[1]:
            marks += _density(counted, borders)
            marks += self._means(node, at, is_low)
        else:
            marks += _stacked(counted, borders, bool(self.classes))
        marks.append(_line(0.0, HEIGHT, WIDTH, HEIGHT, "rule"))
        marks.append(_line(at, 0.0, at, HEIGHT, "callout"))
        marks.append(_triangle(at, HEIGHT, "marker"))
        marks += _axis(span, counted.threshold, at)
        feature = int(self.forest.feature[row])
        if is_on_path and self.row is not None and self.row[feature] == self.row[feature]:
            x = min(max(_place(self.row[feature], span, WIDTH), TRIANGLE), WIDTH - TRIANGLE)
            marks.append(_rect(x - 0.9, 2.0, 1.8, HEIGHT - 2, "here"))
            marks.append(_triangle(x, 6.6, "here", -1.0))
        return Plot(WIDTH, HEIGHT + LABELS + TRIANGLE, tuple(marks))

    def _means(self, node: int, at: float, is_low: bool) -> Iterator[Mark]:
        """A line at the mean of the target on each side of the threshold."""
        row = int(self.forest.starts[self.found.tree]) + node
        pair = (int(self.forest.yes[row]), int(self.forest.no[row]))
        for child, (left, right) in zip(
            pair if is_low else pair[::-1], ((0.0, at), (at, WIDTH)), strict=True
        ):
            mean = self.mean(child)
            if mean == mean and right - left > 0.5:
                # To the pixel: the mean of a single row would be its answer.
                y = HEIGHT - float(round(_place(mean, self.found.answer_range, HEIGHT)))
                yield _line(left, y, right, y, "mean")

    def _bars(self, node: int, counted: SplitCounts) -> Plot:
        """A bar for each category."""
        shown = min(len(counted.edges), MOST_BARS)
        if not shown:
            return Plot(WIDTH, HEIGHT + LABELS, (_line(0.0, HEIGHT, WIDTH, HEIGHT, "rule"),))
        wide = WIDTH / shown
        table = counted.counts[:, :shown].copy()
        table[:, -1] += counted.counts[:, shown:].sum(1)
        row = int(self.forest.starts[self.found.tree]) + node
        feature = int(self.forest.feature[row])
        marks: list[Mark] = [
            _rect(index * wide, 0.0, wide, HEIGHT, "band")
            for index in range(shown)
            if counted.yes[index]
        ]
        borders = [index * wide for index in range(shown + 1)]
        bars = SplitCounts(
            counted.edges, table, counted.threshold, counted.range, counted.yes, counted.missing
        )
        marks += _stacked(bars, borders, bool(self.classes))
        marks.append(_line(0.0, HEIGHT, WIDTH, HEIGHT, "rule"))
        for index in range(shown):
            name = "others" if index == shown - 1 < len(counted.edges) - 1 else ""
            name = name or self._category(feature, row, int(counted.edges[index]))
            text = fit(printable(name) or "?", SIZE, wide - 1)
            if len(text) > 1 or text == name:
                width = text_width(text, SIZE)
                middle = (index + 0.5) * wide
                marks.append(Text(middle, HEIGHT + 10, text, "note", SIZE, width, "middle"))
        return Plot(WIDTH, HEIGHT + LABELS, tuple(marks))

    def _category(self, feature: int, row: int, category: int) -> str:
        if int(self.forest.condition[row]) == Condition.TRUE:
            return ("false", "true")[category > 0]
        return self.forest.category_name(feature, category)


def _place(value: float, span: Range, length: float) -> float:
    """Where a value is on an axis; those beyond it are at its end."""
    wide = span.high - span.low
    part = (value - span.low) / wide if wide > 0 else 0.5
    return round(min(max(part, 0.0), 1.0) * length, 2)


def _rect(x: float, y: float, width: float, height: float, role: str) -> Rect:
    return Rect(round(x, 2), round(y, 2), round(width, 2), round(height, 2), role)


def _line(x0: float, y0: float, x1: float, y1: float, role: str) -> Path:
    return Path((("M", round(x0, 2), round(y0, 2)), ("L", round(x1, 2), round(y1, 2))), role)


def _triangle(x: float, y: float, role: str, way: float = 1.0) -> Path:
    """A triangle that points up at (x, y), or down to it where ``way`` is -1."""
    tip, base = y + 0.6 * way, y + (TRIANGLE + 2) * way
    points: tuple[Segment, ...] = (
        ("M", x, tip),
        ("L", x - TRIANGLE, base),
        ("L", x + TRIANGLE, base),
        ("Z",),
    )
    return Path(points, role)


def _box(x: float, y: float, width: float, height: float) -> tuple[Segment, ...]:
    x, y, right, low = round(x, 2), round(y, 2), round(x + width, 2), round(y + height, 2)
    return (("M", x, y), ("L", right, y), ("L", right, low), ("L", x, low), ("Z",))


def _stacked(counted: SplitCounts, borders: Sequence[float], has_classes: bool) -> list[Mark]:
    """Bars, one colour a class upon the other, one path a class."""
    most = float(counted.counts.sum(0).max(initial=0)) or 1.0
    low = [0.0] * (len(borders) - 1)
    marks: list[Mark] = []
    for group, bars in enumerate(counted.counts.tolist()):
        segments: list[Segment] = []
        for index, rows in enumerate(bars):
            if not rows:
                continue
            tall = rows / most * (HEIGHT - 3)
            # A row alone is still seen.
            drawn = max(tall, 0.8) if not low[index] else tall
            left, right = borders[index], borders[index + 1]
            if right > left:
                gap = 0.6 if right - left > 3 else 0.0
                segments += _box(left, HEIGHT - low[index] - drawn, right - left - gap, drawn)
            low[index] += tall
        if segments:
            role = f"tile {full(group % CLASS_COLORS)}" if has_classes else "bar"
            marks.append(Path(tuple(segments), role))
    return marks


def _density(counted: SplitCounts, borders: Sequence[float]) -> list[Mark]:
    """How many rows there are at each feature and answer, darker for more; one path a shade."""
    most = sqrt(float(counted.counts.max(initial=0)) or 1.0)
    tall = HEIGHT / len(counted.counts)
    shades: dict[int, list[Segment]] = {}
    for level, bars in enumerate(counted.counts.tolist()):
        top = HEIGHT - (level + 1) * tall
        for index, rows in enumerate(bars):
            left, right = borders[index], borders[index + 1]
            if rows and right > left:
                shade = 2 + round(5 * sqrt(rows) / most)
                shades.setdefault(shade, []).extend(_box(left, top, right - left, tall))
    return [
        Path(tuple(segments), f"tile class-4-{shade}") for shade, segments in sorted(shades.items())
    ]


def _axis(span: Range, threshold: float, at: float) -> list[Mark]:
    """The threshold below its mark, and the ends of the axis where they do not touch it."""
    base = HEIGHT + TRIANGLE + LABELS - 3
    text = number(threshold)
    half = text_width(text, SIZE) / 2
    middle = min(max(at, half), WIDTH - half)
    marks: list[Mark] = [Text(middle, base, text, "text", SIZE, 2 * half, "middle")]
    for value, anchor, is_cut in (
        (span.low, "start", span.is_cut[0]),
        (span.high, "end", span.is_cut[1]),
    ):
        sign = ("<" if anchor == "start" else ">") if is_cut else ""
        label = sign + number(value, 3)
        wide = text_width(label, SIZE)
        free = middle - half if anchor == "start" else WIDTH - middle - half
        if value != threshold and wide + 4 <= free:
            marks.append(
                Text(0.0 if anchor == "start" else WIDTH, base, label, "note", SIZE, wide, anchor)
            )
    return marks
