"""Rows on their way through a forest, and the predictions at the end of it."""

from __future__ import annotations

import math

from archviz.ir.forest.columns import Array, Condition, Forest, Missing

ZERO = 1.0000000180025095e-35
"""What LightGBM takes for zero, the largest magnitude of those numbers."""


def leaves_of(forest: Forest, data: Array) -> Array:
    """The row of the leaf that each tree leads each row of ``data`` to; int64 (rows, trees).

    Args:
        forest: Any forest.
        data: float (rows, features); NaN is a missing value, a category is its number.
    """
    import numpy as np

    table = np.asarray(data, forest.compare_dtype).astype(np.float64)
    return route(forest, table)[-1]


def route(forest: Forest, table: Array) -> list[Array]:
    """Where rows are after each level; arrays int64 (rows, trees), the roots first."""
    import numpy as np

    keys = _category_keys(forest)
    at = np.tile(forest.starts[:-1], (len(table), 1)).astype(np.int64)
    levels = [at]
    row, tree = np.nonzero(forest.yes[at] >= 0)
    while len(row):
        at = at.copy()
        node = at[row, tree]
        goes = meets(forest, node, row, table, keys)
        child = np.where(goes, forest.yes[node], forest.no[node])
        at[row, tree] = child + forest.starts[tree]
        levels.append(at)
        still = forest.yes[at[row, tree]] >= 0
        row, tree = row[still], tree[still]
    return levels


def visits(forest: Forest, tree: int, table: Array) -> tuple[Array, Array]:
    """Every row at every node that it comes to in one tree, level by level.

    Args:
        forest: Any forest.
        tree: Index of the tree.
        table: float (rows, features).

    Returns:
        The rows, and the nodes as rows of the forest's columns; both int64 (visits,).
    """
    import numpy as np

    table = np.asarray(table, forest.compare_dtype).astype(np.float64)
    keys = _category_keys(forest)
    start = int(forest.starts[tree])
    row = np.arange(len(table))
    node = np.full(len(table), start)
    rows, nodes = [row], [node]
    while True:
        inner = forest.yes[node] >= 0
        row, node = row[inner], node[inner]
        if not len(row):
            return np.concatenate(rows), np.concatenate(nodes)
        goes = meets(forest, node, row, table, keys)
        node = np.where(goes, forest.yes[node], forest.no[node]).astype(np.int64) + start
        rows.append(row)
        nodes.append(node)


def _category_keys(forest: Forest) -> Array | None:
    """Every node's categories as one sorted array of numbers."""
    import numpy as np

    if forest.category_starts is None or forest.categories is None:
        return None
    owner = np.repeat(np.arange(forest.node_count), np.diff(forest.category_starts))
    return np.sort((owner.astype(np.int64) << 32) + forest.categories)


def meets(forest: Forest, node: Array, row: Array, table: Array, keys: Array | None) -> Array:
    """Whether rows of ``table`` meet the conditions of nodes, pair by pair; bool (pairs,)."""
    import numpy as np

    condition = forest.condition[node]
    feature = np.maximum(forest.feature[node], 0)
    inside = feature < table.shape[1]
    x = np.where(inside, table[row, np.where(inside, feature, 0)], np.nan)
    threshold = forest.threshold[node]
    is_missing = np.isnan(x)
    if forest.missing_kind is not None:
        kind = forest.missing_kind[node]
        never = is_missing & (kind == Missing.NEVER) & (condition != Condition.MISSING)
        x = np.where(never | (is_missing & (kind == Missing.ZERO)), 0.0, x)
        is_missing = (is_missing & ~never) | ((kind == Missing.ZERO) & (np.abs(x) <= ZERO))
    goes = np.zeros(len(node), bool)
    with np.errstate(invalid="ignore"):
        for code, test in (
            (Condition.LE, np.less_equal),
            (Condition.LT, np.less),
            (Condition.GE, np.greater_equal),
            (Condition.GT, np.greater),
            (Condition.EQ, np.equal),
            (Condition.NE, np.not_equal),
        ):
            part = condition == code
            if part.any():
                goes[part] = test(x[part], threshold[part])
    part = condition == Condition.TRUE
    goes[part] = x[part] >= 0.5
    part = np.isin(condition, (Condition.IN, Condition.NOT_IN))
    if part.any():
        goes[part] = _listed(node[part], x[part], keys) == (condition[part] == Condition.IN)
    oblique = condition == Condition.OBLIQUE
    if oblique.any():
        total = _sums(forest, node[oblique], row[oblique], table, "oblique")
        is_missing[oblique] = np.isnan(total)
        goes[oblique] = total >= threshold[oblique]
    if forest.missing is not None:
        side = forest.missing[node]
        goes = np.where(is_missing & (side >= 0), side == 1, goes)
    part = condition == Condition.MISSING
    goes[part] = is_missing[part]
    return goes


def _listed(node: Array, x: Array, keys: Array | None) -> Array:
    import numpy as np

    if keys is None or not len(keys):
        return np.zeros(len(node), bool)
    usable = np.isfinite(x) & (x > -1) & (x < 2**31)
    wanted = (node << 32) + np.where(usable, x, 0).astype(np.int64)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.asarray(usable & (keys[found] == wanted))


def _sums(forest: Forest, node: Array, row: Array, table: Array, kind: str) -> Array:
    """The weighted sum of features at each node for the row that is there."""
    import numpy as np

    starts = getattr(forest, f"{kind}_starts")
    lengths = starts[node + 1] - starts[node]
    pair = np.repeat(np.arange(len(node)), lengths)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    term = starts[node][pair] + within
    x = table[row[pair], getattr(forest, f"{kind}_features")[term]]
    weights = getattr(forest, f"{kind}_weights")[term]
    return np.bincount(pair, weights * x, minlength=len(node))


def leaf_values(forest: Forest, leaves: Array, data: Array) -> Array:
    """What each tree answers each row; float64 (rows, trees, width).

    Counts become fractions of each target.
    """
    import numpy as np

    value = forest.value[leaves]
    if forest.linear_starts is not None and forest.linear_constant is not None:
        flat = leaves.reshape(-1)
        row = np.repeat(np.arange(len(leaves)), leaves.shape[1])
        table = np.asarray(data, np.float64)
        sums = _sums(forest, flat, row, table, "linear") + forest.linear_constant[flat]
        linear = sums.reshape(leaves.shape)
        value = np.where(np.isnan(linear), value[..., 0], linear)[..., None]
    if forest.value_kind == "count":
        shape = (*value.shape[:2], forest.targets, -1)
        parts = value.reshape(shape)
        total = parts.sum(-1, keepdims=True)
        parts = np.divide(parts, total, out=np.zeros_like(parts), where=total > 0)
        value = parts.reshape(value.shape)
    return value


def raw_predictions(forest: Forest, data: Array) -> Array:
    """The trees' answers put together, before the link; float64 (rows, outputs)."""
    import numpy as np

    leaves = leaves_of(forest, data)
    value = leaf_values(forest, leaves, data)
    if forest.aggregation == "weighted-median":
        return _weighted_median(value[..., 0], forest.tree_weight)
    if forest.aggregation == "vote":
        value = np.eye(forest.width)[value.argmax(-1)]
    if forest.tree_weight is not None:
        value = value * forest.tree_weight[:, None]
    raw = _combined(forest, value)
    return raw if forest.base is None else raw + forest.base


def _combined(forest: Forest, value: Array) -> Array:
    import numpy as np

    if forest.tree_output is not None and forest.width == 1 and forest.outputs > 1:
        raw = np.zeros((len(value), forest.outputs))
        for output in range(forest.outputs):
            raw[:, output] = value[:, forest.tree_output == output, 0].sum(1)
        if forest.aggregation in ("mean", "vote"):
            raw /= np.bincount(forest.tree_output, minlength=forest.outputs)
        return raw
    if forest.aggregation in ("mean", "vote"):
        total = forest.tree_count if forest.tree_weight is None else forest.tree_weight.sum()
        return np.asarray(value.sum(1) / total)
    if forest.aggregation == "product":
        return np.asarray(value.prod(1))
    if forest.aggregation in ("min", "max"):
        return np.asarray(getattr(value, forest.aggregation)(1))
    return np.asarray(value.sum(1))


def _weighted_median(value: Array, weight: Array | None) -> Array:
    """The smallest answer at which half the trees' weight is reached; float64 (rows, 1)."""
    import numpy as np

    weight = np.ones(value.shape[1]) if weight is None else weight
    order = value.argsort(1)
    reached = np.cumsum(weight[order], 1)
    at = (reached >= 0.5 * reached[:, -1:]).argmax(1)
    rows = np.arange(len(value))
    return np.asarray(value[rows, order[rows, at]])[:, None]


def average_path(samples: float) -> float:
    """Mean path of an unsuccessful search among ``samples`` rows, in splits.

    Liu, Ting and Zhou, Isolation Forest, 2008.
    """
    if samples <= 1:
        return 0.0
    if samples <= 2:
        return 1.0
    harmonic = math.log(samples - 1) + 0.5772156649015329
    return 2 * harmonic - 2 * (samples - 1) / samples


def linked(forest: Forest, raw: Array) -> Array:
    """Predictions in the space of the target: probabilities, or means; float64 (rows, outputs).

    A logistic link of one output gives the probability of the second class.
    """
    import numpy as np

    raw = raw * forest.link_scale
    if forest.link == "logistic":
        return 1 / (1 + np.exp(-raw))
    if forest.link == "softmax":
        power = np.exp(raw - raw.max(1, keepdims=True))
        return np.asarray(power / power.sum(1, keepdims=True))
    if forest.link == "exp":
        return np.exp(raw)
    if forest.link == "power-of-two":
        return np.exp2(raw)
    if forest.link == "signed-square":
        return np.sign(raw) * raw * raw
    return raw
