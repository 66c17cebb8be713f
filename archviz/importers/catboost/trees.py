"""CatBoost's trees as a Forest.

A symmetric tree asks the same question on every level. The first is at the root here; the node at
place p of a level has its children at p and p + 2 ** level of the next, so that the places of the
leaves are CatBoost's own numbers of them.
"""

from __future__ import annotations

from typing import Any

from archviz.errors import ImporterError
from archviz.importers.catboost.stored import Links, Split, Stored
from archviz.ir import Condition, Forest
from archviz.ir.forest.check import sound

MAX_DEPTH = 30
MAX_CELLS = 1 << 22
"""Values of all nodes that need not be justified by those in the file."""

_LOGISTIC = ("Logloss", "CrossEntropy", "MultiClassOneVsAll", "MultiLogloss", "MultiCrossEntropy")
_EXPONENTIAL = ("Poisson", "Tweedie")


def forest_of(stored: Stored) -> tuple[Forest, dict[str, str]]:
    """The model as a Forest, and facts about it.

    Raises:
        ImporterError: It has no trees.
        ValueError: Its parts do not fit one another.
    """
    import numpy as np

    links = stored.links if stored.links is not None else symmetric(stored)
    if len(links.starts) < 2:
        raise ImporterError("the model has no trees", "train it for an iteration or more")
    is_leaf = links.left < 0
    if (links.leaf[is_leaf] < 0).any() or (links.leaf >= len(stored.values)).any():
        raise ValueError("a leaf has no values")
    split = np.where(is_leaf, 0, links.test)
    if max(len(stored.splits), 1) <= split.max(initial=-1) or (split < 0).any():
        raise ValueError("a split is not among the model's")
    table = stored.splits or [Split(0)]  # trees of one leaf have none
    features = np.array([item.feature for item in table])[split]
    borders = np.array([item.border for item in table])[split]
    categories = np.array([item.category for item in table])[split]
    is_categorical = (categories >= 0) & ~is_leaf
    if len(is_leaf) * stored.dimension > max(4 * stored.values.size, MAX_CELLS):
        raise ValueError("its leaves share their values")
    value = np.full((len(is_leaf), stored.dimension), np.nan)
    value[is_leaf] = stored.values[links.leaf[is_leaf]]
    loss = _loss(stored)
    classes: tuple[tuple[str, ...], ...] = ()
    if stored.class_names and max(stored.dimension, 2) == len(stored.class_names):
        classes = (stored.class_names,)
    trees = len(links.starts) - 1
    bias = np.array(stored.bias or [0.0], np.float64)
    if len(bias) not in (1, stored.dimension):
        raise ValueError("it has a bias for other values than its own")
    forest = Forest(
        starts=links.starts,
        yes=links.left,
        no=links.right,
        condition=np.where(
            is_leaf, int(Condition.LEAF), np.where(is_categorical, Condition.NOT_IN, Condition.LE)
        ),
        feature=np.where(is_leaf, -1, features),
        threshold=np.where(is_leaf | is_categorical, 0.0, borders),
        value=value,
        missing=_missing(stored, features, is_leaf),
        weight=_weights(stored, links, is_leaf),
        category_starts=np.concatenate([[0], np.cumsum(is_categorical)])
        if is_categorical.any()
        else None,
        categories=categories[is_categorical] if is_categorical.any() else None,
        tree_weight=None if stored.scale == 1 else np.full(trees, stored.scale),
        tree_round=np.arange(trees),
        base=np.broadcast_to(bias, (stored.dimension,)),
        name="CatBoost",
        link=_link(loss),
        objective=loss,
        compare_dtype="float32",
        targets=1 if classes else stored.dimension,
        feature_names=tuple(stored.names()),
        feature_types=tuple(stored.kinds),
        class_names=classes,
        category_names=stored.categories,
    )
    metadata = {"objective": loss, "version": stored.metadata.get("branch", "")}
    metadata["trees"] = "symmetric" if stored.depths is not None else "any shape"
    return sound(forest), {key: text for key, text in metadata.items() if text}


def _loss(stored: Stored) -> str:
    loss = stored.params.get("loss_function")
    name = loss.get("type") if isinstance(loss, dict) else loss
    return str(name) if name else ""


def _link(loss: str) -> str:
    if loss in _LOGISTIC:
        return "logistic"
    if loss == "MultiClass":
        return "softmax"
    return "exp" if loss in _EXPONENTIAL else "identity"


def symmetric(stored: Stored) -> Links:
    """Symmetric trees node by node.

    Raises:
        ValueError: Their leaves are not two to the power of their depths.
    """
    import numpy as np

    depths = np.asarray(stored.depths, np.int64)
    if (depths < 0).any() or (depths > MAX_DEPTH).any():
        raise ValueError("a tree is too deep")
    leaves = 1 << depths
    if leaves.sum() != len(stored.values) or depths.sum() != len(stored.tests):
        raise ValueError("the values of its leaves do not fit its trees")
    starts = np.concatenate([[0], np.cumsum(2 * leaves - 1)])
    tests_of = np.concatenate([[0], np.cumsum(depths)])
    leaves_of = np.concatenate([[0], np.cumsum(leaves)])
    count = int(starts[-1])
    left, right, test, leaf = (np.full(count, -1, np.int64) for _ in range(4))
    for depth in sorted(set(depths.tolist())):
        trees = np.flatnonzero(depths == depth)
        for level in range(depth):
            place = np.arange(1 << level)
            rows = starts[trees][:, None] + (1 << level) - 1 + place
            left[rows] = (2 << level) - 1 + place
            right[rows] = (2 << level) - 1 + place + (1 << level)
            test[rows] = np.asarray(stored.tests)[tests_of[trees] + level][:, None]
        place = np.arange(1 << depth)
        rows = starts[trees][:, None] + (1 << depth) - 1 + place
        leaf[rows] = leaves_of[trees][:, None] + place
    return Links(starts, left, right, test, leaf)


def _missing(stored: Stored, features: Any, is_leaf: Any) -> Any:
    """Missing values go where the comparison with the border would send them."""
    import numpy as np

    side = np.full(max(len(stored.features), 1), -1)
    for feature, treatment in sorted(stored.missing.items()):
        side[feature] = 0 if treatment == "AsTrue" else 1
    return np.where(is_leaf, -1, side[features])


def _weights(stored: Stored, links: Links, is_leaf: Any) -> Any:
    """Weights of the leaves, and of the splits above them their sums."""
    import numpy as np

    if stored.weights is None:
        return None
    weight = np.zeros(len(is_leaf))
    weight[is_leaf] = stored.weights[links.leaf[is_leaf]]
    offset = np.repeat(links.starts[:-1], np.diff(links.starts))
    splits = np.flatnonzero(~is_leaf)
    parent = np.full(len(is_leaf), -1)
    parent[links.left[splits] + offset[splits]] = splits
    parent[links.right[splits] + offset[splits]] = splits
    # Children come behind their parents in both of CatBoost's formats.
    if (parent >= np.arange(len(parent))).any():
        return None
    from archviz.ir.forest.columns import depths_of

    depth = depths_of(np.where(parent < 0, np.arange(len(parent)), parent))
    for level in range(int(depth.max(initial=0)), 0, -1):
        rows = np.flatnonzero(depth == level)
        np.add.at(weight, parent[rows], weight[rows])
    return weight
