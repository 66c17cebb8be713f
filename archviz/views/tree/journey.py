"""The way of one row through a tree, as a table of its tests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from archviz.ir import Forest
from archviz.scene import Mark, Path, Text
from archviz.text import fit, printable, text_width
from archviz.views.tree import words
from archviz.views.tree.fills import Fills
from archviz.views.tree.numbers import number
from archviz.views.tree.part import Limits, part_of
from archviz.views.tree.sheet import MARGIN, Sheet

SIZE = 10.0
TITLE = 11.5
LINE = 16.0
GAP = 18.0
MOST = 40
"""Tests that are listed; of a longer way the first."""

NAME = 170.0


def with_journey(
    sheet: Sheet,
    forest: Forest,
    tree: int,
    fills: Fills,
    way: Sequence[int],
    row: Sequence[float],
    name: str,
) -> Sheet:
    """The sheet with the table below its drawing, each test with the row's value and outcome."""
    marks: list[Mark] = [*sheet.marks]
    y = sheet.height + 4
    start = int(forest.starts[tree])
    part = part_of(forest, tree, Limits())
    position = {node: index for index, node in enumerate(part.numbers)}
    conditions = words.conditions(part, SIZE)
    lines = []
    for step, (node, after) in enumerate(pairwise(way), 1):
        at = start + node
        feature = int(forest.feature[at])
        met = int(forest.yes[at]) == after
        lines.append(
            (
                str(step),
                fit(_feature(forest, feature), SIZE, NAME),
                value_text(forest, feature, row),
                conditions[position[node]],
                "yes" if met else "no",
            )
        )
    values = forest.value[start + way[-1]].tolist()
    answer = words.prediction(fills, values)
    more = len(lines) - MOST
    lines = lines[:MOST]
    heads = ("", "feature", "value", "test", "")
    widths = [
        max((text_width(line[k], SIZE, bold=False) for line in [heads, *lines]), default=0.0)
        for k in range(5)
    ]
    x = MARGIN
    left = []
    for wide in widths:
        left.append(x)
        x += wide + GAP
    right = max(x - GAP, MARGIN + 260.0)
    title = fit(printable(f"The way of {name}: {answer}"), TITLE, right - MARGIN, bold=True)
    wide = text_width(title, TITLE, bold=True)
    marks.append(Text(MARGIN, y + 10, title, "heading-title", TITLE, wide))
    y += 12
    for index, line in enumerate([heads, *lines]):
        y += LINE
        for place, text in zip(left, line, strict=True):
            if text:
                role = "note" if index == 0 or place == left[0] else "text"
                marks.append(Text(place, y, text, role, SIZE, text_width(text, SIZE)))
        if index == 0:
            marks.append(Path((("M", MARGIN, y + 4), ("L", right, y + 4)), "rule"))
            y += 3
    if more > 0:
        y += LINE
        text = f"… {more:,} more tests"
        marks.append(Text(left[1], y, text, "note", SIZE, text_width(text, SIZE)))
    return Sheet(max(sheet.width, right + MARGIN), round(y + MARGIN, 2), tuple(marks))


def _feature(forest: Forest, feature: int) -> str:
    return printable(forest.feature_name(feature)) or "?" if feature >= 0 else "several"


def value_text(forest: Forest, feature: int, row: Sequence[float]) -> str:
    """A row's value of a feature: a number, the name of a category, "missing"."""
    if feature < 0 or feature >= len(row):
        return ""
    value = row[feature]
    if value != value:
        return "missing"
    if feature in forest.category_names and value >= 0:
        return fit(printable(forest.category_name(feature, int(value))), SIZE, 110.0)
    return number(value, 6)
