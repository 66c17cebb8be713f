"""The small charts of an overview, each drawn from (0, 0)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archviz.records import record
from archviz.scene import Mark, Path, Rect, Text
from archviz.text import fit, text_width
from archviz.theme import STEPS
from archviz.views.tree.numbers import count, percent
from archviz.views.tree.shift import moved

if TYPE_CHECKING:
    import numpy.typing as npt

PANEL = 360.0
GAP = 30.0
SIZE = 10.0
TITLE = 11.5
HEAD = 22.0
ROW = 17.0
NAMES = 128.0
"""Room for the names of features."""


@record
class Panel:
    """A chart with its title."""

    title: str
    width: float
    height: float
    marks: tuple[Mark, ...]

    def at(self, x: float, y: float) -> list[Mark]:
        """Its marks with the top left corner at (x, y)."""
        head: list[Mark] = []
        if self.title:
            width = text_width(self.title, TITLE, bold=True)
            head.append(Text(0, 11, self.title, "heading-title", TITLE, width))
        return [moved(mark, x, y) for mark in (*head, *self.marks)]


def text(
    x: float, y: float, content: str, role: str = "note", anchor: str = "start", size: float = SIZE
) -> Text:
    """A line of a chart."""
    width = text_width(content, size, bold=role.endswith("title"))
    return Text(x, y, content, role, size, width, anchor)


def importances(names: Sequence[str], shares: Sequence[float], kind: str, hidden: int) -> Panel:
    """A bar for each of the features that matter most."""
    marks: list[Mark] = []
    room = PANEL - NAMES - 52
    y = HEAD
    most = max(shares, default=0.0) or 1.0
    for name, share in zip(names, shares, strict=True):
        marks.append(text(NAMES - 6, y + 12, fit(name, SIZE, NAMES - 8), "text", "end"))
        length = max(round(share / most * room, 2), 0.8)
        marks.append(Rect(NAMES, y + 3, length, ROW - 6, "bar"))
        shown = percent(share) if share < 0.1 else f"{share * 100:.1f}%"
        if 0.0095 <= share < 0.1:
            shown = f"{share * 100:.1f}%"
        marks.append(text(NAMES + length + 5, y + 12, shown, "note"))
        y += ROW
    if not names:
        marks.append(text(0, y + 12, "No tree splits."))
        y += ROW
    if hidden > 0:
        marks.append(text(NAMES, y + 12, f"+{hidden:,} features"))
        y += ROW
    what = {
        "impurity": "Importances (decrease of impurity)",
        "gain": "Importances (gain)",
        "splits": "Importances (number of splits)",
    }
    return Panel(what[kind], PANEL, y, tuple(marks))


def heat_map(names: Sequence[str], table: Sequence[Sequence[int]], is_cut: bool) -> Panel:
    """How often each feature is split on at each depth."""
    marks: list[Mark] = []
    columns = len(table[0]) if table else 0
    cell = min(26.0, (PANEL - NAMES) / max(columns, 1))
    most = max((max(row) for row in table), default=0) or 1
    y = HEAD
    for name, row in zip(names, table, strict=True):
        marks.append(text(NAMES - 6, y + 12, fit(name, SIZE, NAMES - 8), "text", "end"))
        for column, number in enumerate(row):
            if number:
                # The root splits once where the leaves' parents split often, so roots are taken.
                step = round((number / most) ** 0.5 * (STEPS - 1))
                x = NAMES + column * cell
                marks.append(
                    Rect(round(x, 2), y + 1, round(cell - 1, 2), ROW - 2, f"tile value-{step}")
                )
        y += ROW
    for column in range(columns):
        label = f"{column}+" if is_cut and column == columns - 1 else str(column)
        marks.append(text(NAMES + (column + 0.5) * cell, y + 11, label, "note", "middle"))
    marks.append(text(NAMES - 6, y + 11, "depth", "note", "end"))
    key = f"most: {most:,} splits"
    marks.append(text(PANEL, 11, key, "note", "end"))
    return Panel("Splits by depth", PANEL, y + ROW, tuple(marks))


def histograms(charts: Sequence[tuple[str, npt.NDArray[Any]]]) -> Panel:
    """Histograms below one another."""
    marks: list[Mark] = []
    y = 0.0
    for name, values in charts:
        panel = _histogram(name[:1].upper() + name[1:], values)
        marks += panel.at(0.0, y)
        y += panel.height + 14
    return Panel("", PANEL, y - 14, tuple(marks))


def _histogram(title: str, values: npt.NDArray[Any]) -> Panel:
    import numpy as np

    low, high = int(values.min()), int(values.max())
    span = high - low + 1
    step = max(1, -(-span // 24))
    bins = -(-span // step)
    counts = np.bincount((values - low) // step, minlength=bins).tolist()
    tall, most = 70.0, max(counts)
    wide = min((PANEL - 20) / bins, 40.0)
    marks: list[Mark] = [text(PANEL, 11, f"tallest: {most:,} trees", "note", "end")]
    base = HEAD + tall
    for index, number in enumerate(counts):
        if number:
            height = max(round(number / most * tall, 2), 0.8)
            marks.append(
                Rect(round(index * wide, 2), base - height, round(wide - 1, 2), height, "bar")
            )
    marks.append(Path((("M", 0.0, base), ("L", round(bins * wide, 2), base)), "rule"))
    labelled: list[tuple[float, float]] = []
    for index in sorted(range(bins), key=lambda i: (i not in (0, bins - 1), i)):
        start, end = low + index * step, min(low + (index + 1) * step - 1, high)
        label = count(start) if start == end else f"{count(start)}–{count(end)}"
        half = text_width(label, SIZE) / 2 + 3
        middle = min(max((index + 0.5) * wide, half - 3), PANEL - half)
        if all(middle + half <= left or right <= middle - half for left, right in labelled):
            labelled.append((middle - half, middle + half))
            marks.append(text(middle, base + 13, label, "note", "middle"))
    mean = float(values.mean())
    marks.append(text(PANEL, base + 13, f"mean {mean:,.1f}", "note", "end"))
    clear = PANEL - text_width(f"mean {mean:,.1f}", SIZE) - 4
    marks = [
        mark
        for mark in marks
        if not (
            isinstance(mark, Text) and mark.anchor == "middle" and mark.left + mark.width > clear
        )
    ]
    return Panel(title, PANEL, base + 18, tuple(marks))
