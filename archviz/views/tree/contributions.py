"""One row in an ensemble: what each tree adds on the way to the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archviz.ir import Forest
from archviz.ir.forest.routing import leaf_values, leaves_of, linked, raw_predictions
from archviz.scene import Mark, Path, Rect, Text
from archviz.text import fit, printable, text_width
from archviz.views.tree.fills import Fills
from archviz.views.tree.journey import value_text
from archviz.views.tree.numbers import number, signed
from archviz.views.tree.sheet import MARGIN, Sheet

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

MOST = 40
"""Trees that have a bar of their own, those that add most; the others share one."""

SIZE, TITLE = 10.0, 14.0
ROW = 16.0
BAR = 10.0
NAMES = 150.0
NUMBERS = 64.0
WIDEST, NARROWEST = 460.0, 150.0
VALUES = 8
"""Values of the row that the heading lists: of the features that its trees test most."""


def draw(
    forest: Forest, fills: Fills, row: Sequence[float], name: str, pixels: float | None
) -> Sheet:
    """A waterfall from the base to the prediction, a bar a tree in the forest's order."""
    import numpy as np

    data = np.array([row], np.float64)
    leaves = leaves_of(forest, data)[0]
    raw = raw_predictions(forest, data)
    predicted = linked(forest, raw)[0]
    output = int(raw[0].argmax()) if raw.shape[1] > 1 else 0
    amounts = _amounts(forest, data, leaves, output)
    base = 0.0 if forest.base is None else float(forest.base[output])
    adds = forest.aggregation in ("sum", "mean", "vote")
    room = WIDEST
    if pixels is not None:
        room = min(max(pixels * 1.15 - 2 * MARGIN - NAMES - NUMBERS, NARROWEST), WIDEST)
    width = NAMES + room + NUMBERS
    marks, y = _heading(forest, fills, row, name, raw[0], predicted, output, width)
    steps = _steps(forest, amounts, leaves)
    listed = [amount for _, amount in steps]
    ends = np.cumsum([base, *listed]).tolist() if adds else None
    reach = ends if ends is not None else [0.0, *listed]
    low, high = min(reach), max(reach)
    span = (high - low) or 1.0

    def at(value: float) -> float:
        return float(MARGIN + NAMES + (value - low) / span * room)

    top = y
    begin = round(at(base if adds else 0.0), 2)
    if adds:
        label = f"base {number(base, 4)}" if base else "0"
        wide = text_width(label, SIZE)
        left = min(max(begin - wide / 2, MARGIN), MARGIN + width - wide)
        marks.append(Text(left, y + 9, label, "note", SIZE, wide))
        y += 15
        top = y - 2
    for index, (label, amount) in enumerate(steps):
        start = ends[index] if ends is not None else 0.0
        left, right = sorted((at(start), at(start + amount)))
        text = fit(label, SIZE, NAMES - 8)
        wide = text_width(text, SIZE)
        marks.append(Text(MARGIN + NAMES - 8, y + 11, text, "text", SIZE, wide, "end"))
        role = f"tile {'above' if amount >= 0 else 'below'}-24"
        marks.append(Rect(round(left, 2), y + 3, round(max(right - left, 0.8), 2), BAR, role))
        shown = signed(amount, 3)
        wide = text_width(shown, SIZE)
        marks.append(Text(MARGIN + width, y + 11, shown, "note", SIZE, wide, "end"))
        y += ROW
    marks.insert(0, Path((("M", begin, top), ("L", begin, y + 2)), "rule"))
    if ends is not None:
        total = f"sum {number(float(raw[0][output]), 4)}"
        wide = text_width(total, SIZE, bold=True)
        end = round(at(ends[-1]), 2)
        marks.append(Path((("M", end, top), ("L", end, y + 2)), "callout"))
        left = min(max(end - wide / 2, MARGIN), MARGIN + width - wide)
        marks.append(Text(left, y + 14, total, "heading-title", SIZE, wide))
        y += 18
    return Sheet(width + 2 * MARGIN, round(y + MARGIN, 2), tuple(marks))


def _amounts(forest: Forest, data: Array, leaves: Array, output: int) -> Array:
    """What each tree adds to an output; float64 (trees,)."""
    import numpy as np

    value = leaf_values(forest, leaves[None, :], data)[0]
    if forest.aggregation == "vote":
        value = np.eye(forest.width)[value.argmax(-1)]
    single = value[:, 0] if forest.width == 1 else value[:, output]
    weight = np.ones(len(single)) if forest.tree_weight is None else forest.tree_weight
    if forest.aggregation == "weighted-median":
        return np.asarray(single)
    single = single * weight
    mine = np.ones(len(single), bool)
    if forest.tree_output is not None and forest.width == 1 and forest.outputs > 1:
        mine = forest.tree_output == output
    if forest.aggregation in ("mean", "vote"):
        single = single / weight[mine].sum()
    return np.where(mine, single, 0.0)


def _steps(forest: Forest, amounts: Array, leaves: Array) -> list[tuple[str, float]]:
    """Labels and amounts of the bars: trees, and what the others add together."""
    steps: list[tuple[str, float]] = []
    order = sorted(range(len(amounts)), key=lambda t: (-abs(float(amounts[t])), t))
    used = [t for t in order if amounts[t] != 0.0] or order[:1]
    shown = sorted(used[:MOST])
    for tree in shown:
        leaf = int(leaves[tree] - forest.starts[tree])
        steps.append((f"tree {tree:,}, leaf {leaf:,}", float(amounts[tree])))
    others = used[MOST:]
    if others:
        steps.append((f"{len(others):,} other trees", float(amounts[others].sum())))
    return steps


def _heading(
    forest: Forest,
    fills: Fills,
    row: Sequence[float],
    name: str,
    raw: Array,
    predicted: Array,
    output: int,
    width: float,
) -> tuple[list[Mark], float]:
    marks: list[Mark] = []
    y = MARGIN + 12
    title = fit(printable(f"{forest.name or 'Forest'}, {name}"), TITLE, width, bold=True)
    wide = text_width(title, TITLE, bold=True)
    marks.append(Text(MARGIN, y, title, "heading-title", TITLE, wide))
    lines = [_answer(forest, fills, predicted, output), _values(forest, row, width)]
    y += 4
    for line in lines:
        text = fit(printable(line), SIZE, width)
        if text:
            y += 15
            marks.append(Text(MARGIN, y, text, "note", SIZE, text_width(text, SIZE)))
    return marks, y + 12


def _answer(forest: Forest, fills: Fills, predicted: Array, output: int) -> str:
    link = "" if forest.link == "identity" else f" after {forest.link}"
    names = forest.class_names[0] if forest.class_names else ()
    if len(names) == 2 and len(predicted) == 1:
        share = float(predicted[0])
        best = int(share >= 0.5)
        return f"predicts {names[best]}: {names[1]} {number(share, 4)}{link}"
    if len(names) == len(predicted):
        return f"predicts {names[output]}: {number(float(predicted[output]), 4)}{link}"
    return f"predicts {number(float(predicted[output]), 5)}{link}"


def _values(forest: Forest, row: Sequence[float], width: float) -> str:
    """The row's values of the features that are tested most, as many as a line holds."""
    import numpy as np

    tested = np.bincount(forest.feature[forest.feature >= 0], minlength=len(row))
    order = [index for index in (-tested).argsort(kind="stable").tolist() if tested[index]]
    text = ""
    for feature in order[:VALUES]:
        name = fit(printable(forest.feature_name(feature)), SIZE, 120.0)
        piece = f"{name} {value_text(forest, feature, row)}"
        longer = f"{text} · {piece}" if text else piece
        if text and text_width(longer, SIZE) > width:
            break
        text = longer
    return text
