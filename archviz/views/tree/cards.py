"""Cards of splits, leaves and stubs: what they say, how large they are, how they are painted."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from archviz.records import record
from archviz.text import printable, text_width
from archviz.views.tree import words
from archviz.views.tree.fills import UNKNOWN, Fills
from archviz.views.tree.numbers import DIGITS, count, number, percent
from archviz.views.tree.part import Part
from archviz.views.tree.plots import Plot, Plots

TITLE_SIZE = 11.5
TEXT_SIZE = 10.0
PAD = 8.0
LINE = 14.0
BAR = 8.0
SMALLEST_PIE, LARGEST_PIE = 7.0, 24.0
NARROW = 60.0
"""Width above which lines of narrow cards are broken."""

MOST_VALUES = 4
"""Values that a card lists; the shares in its bar and its tooltip tell more."""


class Line(NamedTuple):
    """A line of a card."""

    text: str
    is_title: bool

    @property
    def width(self) -> float:
        """Its advance width in pixels."""
        size = TITLE_SIZE if self.is_title else TEXT_SIZE
        return text_width(self.text, size, bold=self.is_title)

    def broken(self) -> list[Line]:
        """The line in two where it is long and has a place for that."""
        marks = (" ≤ ", " < ", " ≥ ", " > ", " = ", " ≠ ", " in {", " not in {", " is ", " · ")
        for mark in (" more nodes, ",) if self.text.startswith("… ") else marks:
            head, found, tail = self.text.partition(mark)
            if found and mark.endswith(", "):
                return [Line(f"{head} more nodes,", self.is_title), Line(tail, self.is_title)]
            if found and self.width > NARROW:
                bound = "" if mark == " · " else mark.lstrip()
                rest = Line(bound + tail, self.is_title)
                return [Line(head, self.is_title), *(rest.broken() if mark == " · " else [rest])]
        return [self]


@record
class Card:
    """A node as it is drawn.

    Attributes:
        kind: "split", "leaf" or "stub".
        width: In pixels.
        height: In pixels.
        lines: From top to bottom.
        fill: The colour's name.
        shares: Of each class; empty when there are none or they are not drawn.
        radius: Of the pie, 0 when shares are drawn as a bar.
        is_sideways: Whether the lines stand to the right of the pie instead of below.
        number: The library's number of the node.
        id: Unique in the picture.
        tooltip: All that is known of the node.
        plot: The chart of its data, or None.
    """

    kind: str
    width: float
    height: float
    lines: tuple[Line, ...]
    fill: str
    shares: tuple[float, ...]
    radius: float
    is_sideways: bool
    number: int
    id: str
    tooltip: str
    plot: Plot | None = None


FACTS = ("samples", "impurity", "gain", "value", "class", "proportion", "weight", "missing", "id")
"""What cards can tell beside their test."""

FANCY = ("samples", "impurity", "gain", "value", "class")
PLAIN = ("samples", "impurity", "class")


def cards_of(facts: Facts) -> list[Card]:
    """The card of each node shown."""
    return [facts.card(index) for index in range(len(facts.part.rows))]


class Facts:
    """What is known of the nodes shown, column by column, and how cards tell it.

    Args:
        part: What is shown.
        fills: What colours mean.
        is_fancy: Whether leaves are pies and splits have bars and values.
        show: Facts that cards tell; empty for those that suit.
        digits: Significant digits; 0 for as many as needed.
        leaves: "pie" or "bar", of classes in leaves.
        is_narrow: Whether tests break into two lines.
        is_sideways: Whether the lines of leaves stand to the right of their pies.
        plots: The data that comes to the nodes, which their rows are counted in; None without.
    """

    def __init__(
        self,
        part: Part,
        fills: Fills,
        is_fancy: bool,
        show: Sequence[str] = (),
        digits: int = 0,
        leaves: str = "pie",
        is_narrow: bool = False,
        is_sideways: bool = False,
        plots: Plots | None = None,
    ) -> None:
        self.is_sideways = is_sideways
        self.part, self.fills, self.is_fancy = part, fills, is_fancy
        self.show = show or (FANCY if is_fancy else PLAIN)
        self.digits, self.leaves, self.is_narrow = digits, leaves, is_narrow
        self.conditions = words.conditions(part, TITLE_SIZE, digits)
        self.values: list[list[float]] = part.forest.value[list(part.rows)].tolist()
        self.samples, self.weight = part.column("samples"), part.column("weight")
        self.plots = plots
        if plots is not None:
            self.samples, self.weight = [float(plots.samples(n)) for n in part.numbers], None
            if is_fancy:
                plots.prepare(
                    [n for n, pair in zip(part.numbers, part.children, strict=True) if pair]
                )
        self.impurity, self.gain = part.column("impurity"), part.column("gain")
        self.criterion = words.criterion(part.forest)
        self.size = self.samples or self.weight
        self.whole = self.size[0] if self.size and self.size[0] > 0 else 0.0

    def card(self, index: int) -> Card:
        """The card of a node."""
        part = self.part
        kind = "split" if part.children[index] else "leaf"
        if index in part.hidden:
            kind = "stub"
        values = self.values[index]
        shares = self.shares(index)
        plot = self._plot(index, kind, values)
        lines = self._lines(index, kind, values)
        if self.is_narrow:
            lines = [piece for line in lines for piece in line.broken()]
        radius = 0.0
        if plot is not None:
            shares = []
        elif self.is_fancy and kind == "leaf" and shares and self.leaves == "pie":
            radius = self._radius(index)
        elif not self.is_fancy and kind != "stub":
            shares = []
        width = max(line.width for line in lines) + 2 * PAD
        height = LINE * len(lines) + PAD
        if plot is not None:
            width = max(width, plot.width + 2 * PAD)
            height += plot.height + 4
        elif radius and self.is_sideways:
            width += 2 * radius - PAD
            height = max(height - PAD, 2 * radius)
        elif radius:
            width = max(width - 2 * PAD + 4, 2 * radius)
            height += 2 * radius - PAD + 4
        elif shares:
            width = max(width, 72.0)
            height += BAR + 8
        return Card(
            kind,
            round(width, 1),
            round(height, 1),
            tuple(lines),
            self.fill(kind, values),
            tuple(shares),
            round(radius, 1),
            self.is_sideways,
            part.numbers[index],
            f"t{part.tree}-n{part.numbers[index]}",
            self.tooltip(index),
            plot,
        )

    def shares(self, index: int) -> list[float]:
        """The share of each class: of the rows of data, or as the model states them."""
        if self.plots is not None and self.plots.classes:
            return self.plots.shares(self.part.numbers[index])
        return self.fills.fractions(self.values[index]) if self.fills.kind == "class" else []

    def _plot(self, index: int, kind: str, values: list[float]) -> Plot | None:
        if self.plots is None or not self.is_fancy or kind == "stub":
            return None
        node = self.part.numbers[index]
        if kind == "split":
            return self.plots.split(node, index in self.part.path)
        own = self.fills.own(values)
        return self.plots.leaf(node, own[0] if self.fills.kind == "value" else float("nan"))

    def fill(self, kind: str, values: list[float]) -> str:
        """A split's score is no leaf's, which libraries shrink as they learn."""
        if kind != "leaf" and self.fills.kind == "score":
            return UNKNOWN
        return self.fills.fill(values)

    def part_of_rows(self, index: int) -> float:
        """The share of the rows shown that come to a node; NaN when that is not known."""
        if not self.size or not self.whole:
            return float("nan")
        return min(max(self.size[index] / self.whole, 0.0), 1.0)

    def _radius(self, index: int) -> float:
        """Of a pie whose area goes with its rows, up to half of them."""
        part = self.part_of_rows(index)
        if part != part:
            return (SMALLEST_PIE + LARGEST_PIE) / 2
        return max(SMALLEST_PIE, LARGEST_PIE * sqrt(min(2 * part, 1.0)))

    def _lines(self, index: int, kind: str, values: list[float]) -> list[Line]:
        fills = self.fills
        if kind == "leaf":
            answer = words.prediction(fills, values, self.digits or DIGITS)
            lines = [Line(answer, True)] if "class" in self.show else []
        else:
            lines = [Line(self.conditions[index], True)]
        facts = self._facts(index, kind)
        if kind == "leaf" and fills.kind == "class":
            facts += [text for text in (self._certainty(index, values),) if text]
        if facts:
            lines.append(Line(" · ".join(facts), False))
        if kind == "stub":
            lines.append(Line(words.hidden_text(*self.part.hidden[index]), False))
        elif "value" in self.show and kind == "split" and self.fill(kind, values) != UNKNOWN:
            if fills.kind == "value" and len(fills.own(values)) == 1:
                answer = words.prediction(fills, values, self.digits or DIGITS)
                what = "score" if self.part.forest.value_kind == "score" else "mean"
                lines.append(Line(f"{what} {answer}", False))
            elif len(fills.own(values)) <= MOST_VALUES:
                lines.append(Line(self._value_list(index, values), False))
        elif kind == "split" and "class" in self.show and fills.kind == "class":
            answer = words.prediction(fills, values)
            lines.append(Line(f"{answer} {self._certainty(index, values)}", False))
        return lines or [Line("leaf", False)]

    def _certainty(self, index: int, values: list[float]) -> str:
        """The share of the class that a node answers with, among the rows that it is known of."""
        if self.plots is None or not self.plots.classes:
            return words.certainty(self.fills, values)
        own = self.fills.fractions(values)
        shares = self.shares(index)
        best = own.index(max(own)) if own else 0
        return percent(shares[best]) if best < len(shares) else ""

    def _value_list(self, index: int, values: list[float]) -> str:
        if self.plots is not None and self.plots.classes:
            counted = self.plots.counts(self.part.numbers[index])
            return f"[{', '.join(count(rows) for rows in counted)}]"
        rows = self.weight or self.samples
        weight = rows[index] if rows else None
        return words.value_list(self.fills, values, weight, self.part.forest.value_kind)

    def _facts(self, index: int, kind: str) -> list[str]:
        found = []
        if "id" in self.show:
            found.append(f"#{self.part.numbers[index]}")
        if "samples" in self.show:
            samples = self.samples[index] if self.samples else None
            weight = self.weight[index] if self.weight else None
            found.append(words.rows_text(self.part, samples, weight))
        if "proportion" in self.show and self.size and self.whole:
            found.append(percent(self.size[index] / self.whole))
        if "weight" in self.show and self.weight and self.samples:
            found.append(f"weight {number(self.weight[index], self.digits or DIGITS)}")
        # The impurity of a leaf is one more number than fits under a pie.
        if "impurity" in self.show and self.impurity and not (kind == "leaf" and self.is_fancy):
            found.append(f"{self.criterion} {number(self.impurity[index], self.digits or 3)}")
        if "gain" in self.show and self.gain and kind != "leaf":
            found.append(f"gain {number(self.gain[index], self.digits or 3)}")
        return [text for text in found if text and "?" not in text]

    def tooltip(self, index: int) -> str:
        """Every fact of a node."""
        forest, fills, values = self.part.forest, self.fills, self.values[index]
        condition = self.conditions[index]
        texts = [f"node {self.part.numbers[index]}" + (f": {condition}" if condition else "")]
        if index in self.part.hidden:
            texts.append(words.hidden_text(*self.part.hidden[index]))
        if self.samples:
            texts.append(f"n {count(self.samples[index])}")
        if self.weight and (not self.samples or self.weight[index] != self.samples[index]):
            texts.append(f"weight {number(self.weight[index])}")
        if self.impurity:
            texts.append(f"{self.criterion} {number(self.impurity[index])}")
        if self.gain and condition:
            texts.append(f"gain {number(self.gain[index])}")
        if fills.kind == "class":
            parts = self.shares(index) or fills.fractions(values)
            order = sorted(range(len(parts)), key=lambda k: (-parts[k], k))[:12]
            texts += [f"{fills.class_name(k)} {percent(parts[k])}" for k in order if parts[k] > 0]
        elif fills.fill(values) != UNKNOWN:
            texts.append(words.value_list(fills, values, None, ""))
        if forest.targets > 1:
            texts.append("all targets: " + ", ".join(number(v, 3) for v in values[:24]))
        return printable("; ".join(texts), 600)
