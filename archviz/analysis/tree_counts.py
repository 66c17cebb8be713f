"""How many rows of data come to each node of a tree, and how they lie on both sides of its test.

Every level of a tree is one pass over the rows, whatever the number of its nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any, NamedTuple

from archviz.analysis.tree_rows import Rows
from archviz.ir import Condition, Forest
from archviz.ir.forest.routing import visits
from archviz.records import record

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

BINS = 20
"""Bins that share the range of a feature."""

ANSWER_BINS = 10
"""Bins that share the range of a target that is a number."""

MOST_CLASSES = 20
"""Classes that bars are stacked by; those beyond share one."""

TRIM = 0.005
"""The share of rows at either end of a feature that does not stretch its axis."""


class Range(NamedTuple):
    """What an axis spans, its ends round; ``is_cut`` says whether rows lie below and above it."""

    low: float
    high: float
    is_cut: tuple[bool, bool]


@record
class NodeCounts:
    """Rows at every node of a tree.

    Attributes:
        rows: How many; int64 (nodes,).
        by_class: Of each class; int64 (nodes, classes), no columns without classes.
        mean: Of a target that is a number, NaN where there are no rows; float64 (nodes,).
        answers: How the target of a regression lies; int64 (nodes, ANSWER_BINS), else no columns.
    """

    rows: Array
    by_class: Array
    mean: Array
    answers: Array


@record
class SplitCounts:
    """How rows lie along the feature that a node tests.

    Attributes:
        edges: Borders of the bins; one of them is the threshold. For categories their numbers.
        counts: int64 (groups, bins): a group a class, or a bin of the target, or one for all.
        threshold: Where the axis is divided; NaN for a test of categories.
        range: What the axis spans.
        yes: For categories, whether each goes to the yes child.
        missing: Rows without a value.
    """

    edges: tuple[float, ...]
    counts: Array
    threshold: float
    range: Range
    yes: tuple[bool, ...]
    missing: int


@record
class Evidence:
    """Data on its way through one tree.

    Attributes:
        rows: The data.
        tree: Index of the tree.
        who: A row of the data for every time that one comes to a node; int64 (visits,).
        at: The nodes that they come to, numbered in the tree; int64 (visits,).
        nodes: What comes to every node of the tree.
        answer_range: What the axis of a target that is a number spans.
    """

    rows: Rows
    tree: int
    who: Array
    at: Array
    nodes: NodeCounts
    answer_range: Range


def evidence(forest: Forest, tree: int, rows: Rows) -> Evidence:
    """What comes to each node of a tree."""
    import numpy as np

    who, where = visits(forest, tree, rows.table)
    start = int(forest.starts[tree])
    count = int(forest.starts[tree + 1]) - start
    at = where - start
    found = np.bincount(at, minlength=count)
    by_class = np.zeros((count, 0), np.int64)
    mean = np.full(count, np.nan)
    answers = np.zeros((count, 0), np.int64)
    answer_range = Range(0.0, 0.0, (False, False))
    if rows.target is not None and rows.classes:
        classes = len(rows.classes)
        known = rows.target[who] >= 0
        key = at[known] * classes + rows.target[who][known]
        by_class = np.bincount(key, minlength=count * classes).reshape(count, classes)
    elif rows.target is not None:
        y = rows.target[who]
        known = np.isfinite(y)
        total = np.bincount(at[known], y[known], minlength=count)
        number = np.bincount(at[known], minlength=count)
        mean = np.divide(total, number, out=np.full(count, np.nan), where=number > 0)
        answer_range = _range(rows.target)
        key = at[known] * ANSWER_BINS + _answer_bins(y[known], answer_range)
        answers = np.bincount(key, minlength=count * ANSWER_BINS).reshape(count, ANSWER_BINS)
    return Evidence(rows, tree, who, at, NodeCounts(found, by_class, mean, answers), answer_range)


def _answer_bins(y: Array, span: Range) -> Array:
    import numpy as np

    wide = (span.high - span.low) or 1.0
    return np.clip(((y - span.low) / wide * ANSWER_BINS).astype(np.int64), 0, ANSWER_BINS - 1)


def _range(values: Array) -> Range:
    """What an axis of these values spans: round ends, freaks at either of them left out."""
    import numpy as np

    values = values[np.isfinite(values)]
    if not len(values):
        return Range(0.0, 1.0, (False, False))
    least, most = float(values.min()), float(values.max())
    low, high = (float(v) for v in np.quantile(values, (TRIM, 1 - TRIM)))
    # A tail is cut where it would squeeze all others, and nowhere else.
    is_low = low - least > (high - low) * 0.5
    is_high = most - high > (high - low) * 0.5
    low, high = outwards(low if is_low else least, high if is_high else most)
    return Range(low, high, (is_low, is_high))


def outwards(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis moved outwards to round numbers, so that they are no row's values."""
    step = step_of(low, high)
    return floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step


def step_of(low: float, high: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that a bin between the ends is wide."""
    wide = high / BINS - low / BINS or max(abs(low), 1.0) / BINS
    power = 10.0 ** max(floor(log10(wide)), -300)
    return power * max(factor for factor in (1, 2, 5) if factor * power <= wide or factor == 1)


def splits_of(forest: Forest, found: Evidence, nodes: Sequence[int]) -> dict[int, SplitCounts]:
    """How rows lie along the tested feature, for each of the nodes that tests a single one."""
    import numpy as np

    rows, start = found.rows, int(forest.starts[found.tree])
    groups, group = _groups(found)
    ranges: dict[int, Range] = {}
    order = np.argsort(found.at, kind="stable")
    sorted_at = found.at[order]
    made: dict[int, SplitCounts] = {}
    for node in nodes:
        row = start + node
        feature = int(forest.feature[row])
        condition = Condition(int(forest.condition[row]))
        if feature < 0 or condition in (Condition.LEAF, Condition.OBLIQUE, Condition.MISSING):
            continue
        first, last = np.searchsorted(sorted_at, (node, node + 1))
        own = found.who[order[first:last]]
        x = rows.table[own, feature].astype(forest.compare_dtype).astype(np.float64)
        known = np.isfinite(x)
        inside, x = group[own][known], x[known]
        lost = int((~known).sum())
        if condition in (
            Condition.IN,
            Condition.NOT_IN,
            Condition.TRUE,
            Condition.EQ,
            Condition.NE,
        ):
            made[node] = _categories(forest, row, feature, condition, x, inside, groups, lost)
            continue
        if feature not in ranges:
            ranges[feature] = _range(rows.table[:, feature])
        threshold = float(forest.threshold[row])
        made[node] = _along(threshold, condition, ranges[feature], x, inside, groups, lost)
    return made


def _groups(found: Evidence) -> tuple[int, Array]:
    """How many groups bars are divided in, and the group of every row."""
    import numpy as np

    rows = found.rows
    if rows.target is None:
        return 1, np.zeros(rows.count, np.int64)
    if rows.classes:
        groups = min(len(rows.classes), MOST_CLASSES)
        return groups, np.clip(rows.target, 0, groups - 1)
    y = np.where(np.isfinite(rows.target), rows.target, found.answer_range.low)
    return ANSWER_BINS, _answer_bins(y, found.answer_range)


def _along(
    threshold: float,
    condition: Condition,
    span: Range,
    x: Array,
    group: Array,
    groups: int,
    missing: int,
) -> SplitCounts:
    import numpy as np

    low, high = min(span.low, threshold), max(span.high, threshold)
    step = (high - low) / BINS or 1.0
    below = min(max(int(np.ceil((threshold - low) / step - 1e-9)), 0), BINS)
    above = min(max(int(np.ceil((high - threshold) / step - 1e-9)), 0), BINS)
    place = np.floor((x - threshold) / step).astype(np.int64)
    # Rows at a border are where the test leads them, whatever rounding says.
    is_left = x <= threshold if condition in (Condition.LE, Condition.GT) else x < threshold
    place = np.where(is_left, np.minimum(place, -1), np.maximum(place, 0))
    place = np.clip(place, -max(below, 1), max(above, 1) - 1)
    below, above = max(below, 1), max(above, 1)
    key = group * (below + above) + place + below
    counts = np.bincount(key, minlength=groups * (below + above)).reshape(groups, -1)
    edges = [threshold + step * k for k in range(-below, above + 1)]
    return SplitCounts(tuple(edges), counts, threshold, Range(low, high, span.is_cut), (), missing)


def _categories(
    forest: Forest,
    row: int,
    feature: int,
    condition: Condition,
    x: Array,
    group: Array,
    groups: int,
    missing: int,
) -> SplitCounts:
    """A bar for each category, those with the most rows first."""
    import numpy as np

    listed = set(forest.categories_of(row))
    if condition is Condition.TRUE:
        x, listed = (x >= 0.5).astype(np.float64), {1}
    elif condition in (Condition.EQ, Condition.NE):
        listed = {int(forest.threshold[row])}
    values, place = np.unique(x.astype(np.int64), return_inverse=True)
    counts = np.zeros((groups, len(values)), np.int64)
    np.add.at(counts, (group, place), 1)
    order = np.argsort(-counts.sum(0), kind="stable")
    goes_in = condition in (Condition.IN, Condition.TRUE, Condition.EQ)
    numbers = values[order].tolist()
    yes = tuple((number in listed) == goes_in for number in numbers)
    span = Range(0.0, float(len(numbers)), (False, False))
    edges = tuple(float(number) for number in numbers)
    return SplitCounts(edges, counts[:, order], float("nan"), span, yes, missing)
