"""LightGBM's trees as a Forest, whichever of its files they come from.

A tree numbers its splits and its leaves apart; here the leaves follow the splits. Among children
a number below zero is a leaf's, -1 the first.
"""

from __future__ import annotations

from typing import Any

from archviz.ir import Condition, Forest, Missing
from archviz.ir.forest.check import sound
from archviz.records import field, mutable

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_EXPONENTIAL = ("poisson", "gamma", "tweedie")
# By LightGBM's numbers: none, zero, NaN.
_MISSING = (Missing.NEVER, Missing.ZERO, Missing.NAN)


@mutable
class Trees:
    """The columns of all trees one behind the other, those of splits and those of leaves apart.

    Attributes:
        leaves: Leaves of each tree; int64 (trees,).
        splits: By LightGBM's name of the column; float64 (splits,).
        ends: What is known of leaves, by LightGBM's name; float64 (leaves,).
        categories: For each split its categories, when it has some.
        linear: Features of each linear leaf, their coefficients, and how many each leaf has.
    """

    leaves: Any
    splits: dict[str, Any] = field(default_factory=dict)
    ends: dict[str, Any] = field(default_factory=dict)
    categories: dict[int, Any] = field(default_factory=dict)
    linear: tuple[Any, Any, Any] | None = None


def forest_of(header: dict[str, Any], trees: Trees) -> tuple[Forest, dict[str, str]]:
    """The trees as a Forest, and what else the file says.

    Raises:
        ValueError: Columns do not fit one another.
    """
    import numpy as np

    if not len(trees.leaves):
        raise ValueError("it has no trees")
    if (trees.leaves < 1).any():
        raise ValueError("a tree has no leaves")
    inner = trees.leaves - 1
    starts = np.concatenate([[0], np.cumsum(2 * trees.leaves - 1)])
    is_split = _alternating(inner, trees.leaves)
    count = int(starts[-1])

    def split(name: str) -> Any:
        return trees.splits[name]

    def merged(of_splits: Any, of_leaves: Any, dtype: str = "float64") -> Any:
        found = np.empty(count, dtype)
        found[is_split] = of_splits
        found[~is_split] = of_leaves
        return found

    def optional(at_splits: str, at_leaves: str) -> Any:
        mine, its = trees.splits.get(at_splits), trees.ends.get(at_leaves)
        if mine is None and its is None:
            return None
        return merged(np.nan if mine is None else mine, np.nan if its is None else its)

    kinds = split("decision_type").astype(np.int64)
    is_categorical = (kinds & _CATEGORICAL) > 0
    kind = np.asarray(_MISSING, np.uint8)[np.minimum(kinds >> 2 & 3, 2)]
    kind[is_categorical] = Missing.NAN
    default = ((kinds & _DEFAULT_LEFT) > 0).astype(np.int8)
    default[is_categorical] = 0
    default[kind == Missing.NEVER] = -1
    shift = np.repeat(inner, inner)
    category_starts, categories = _categories(trees, is_split, is_categorical)
    linear = _linear(trees, is_split)
    objective, _, details = str(header.get("objective", "")).partition(" ")
    per_round = max(int(header["num_tree_per_iteration"]), 1)
    tree_count = len(trees.leaves)
    classes = int(header["num_class"])
    if max(per_round, classes) > max(tree_count, 1):
        raise ValueError("it has more classes than trees")
    forest = Forest(
        starts=starts,
        yes=merged(_children(split("left_child"), shift), -1, "int32"),
        no=merged(_children(split("right_child"), shift), -1, "int32"),
        condition=merged(
            np.where(is_categorical, int(Condition.IN), int(Condition.LE)),
            int(Condition.LEAF),
            "uint8",
        ),
        feature=merged(split("split_feature"), -1, "int32"),
        threshold=merged(np.where(is_categorical, 0.0, split("threshold")), 0.0),
        value=merged(trees.splits.get("internal_value", np.nan), trees.ends["leaf_value"])[:, None],
        missing=merged(default, -1, "int8"),
        missing_kind=merged(kind, int(Missing.NAN), "uint8"),
        samples=optional("internal_count", "leaf_count"),
        weight=optional("internal_weight", "leaf_weight"),
        gain=optional("split_gain", ""),
        category_starts=category_starts,
        categories=categories,
        **linear,
        tree_output=np.arange(tree_count) % per_round if per_round > 1 else None,
        tree_round=np.arange(tree_count) // per_round,
        base=np.zeros(per_round),
        name="LightGBM",
        aggregation="mean" if header.get("average_output") else "sum",
        link=_link(objective, details),
        link_scale=_detail(details, "sigmoid", 1.0),
        objective=" ".join(filter(None, (objective, details))),
        targets=1,
        feature_names=tuple(header["feature_names"]),
        feature_types=_feature_types(header, is_categorical, split("split_feature")),
        class_names=_classes(objective, classes),
        category_names=_category_names(header),
    )
    metadata = {"objective": forest.objective, "version": str(header.get("version", ""))}
    return sound(forest), {key: text for key, text in metadata.items() if text}


def _alternating(inner: Any, leaves: Any) -> Any:
    """Which nodes are splits, when each tree has its splits and then its leaves."""
    import numpy as np

    lengths = np.stack([inner, leaves], 1).reshape(-1)
    return np.repeat(np.tile([True, False], len(inner)), lengths)


def _children(children: Any, shift: Any) -> Any:
    import numpy as np

    whole = children.astype(np.int64)
    return np.where(whole < 0, shift + ~whole, whole)


def _categories(trees: Trees, is_split: Any, is_categorical: Any) -> tuple[Any, Any]:
    import numpy as np

    if not is_categorical.any():
        return None, None
    counts = np.zeros(len(is_split), np.int64)
    rows = np.flatnonzero(is_split)
    listed = sorted(trees.categories)
    if any(not is_categorical[index] for index in listed):
        raise ValueError("a split of numbers has categories")
    counts[rows[listed]] = [len(trees.categories[index]) for index in listed]
    parts = [trees.categories[index] for index in listed]
    starts = np.concatenate([[0], np.cumsum(counts)])
    return starts, np.concatenate(parts) if parts else np.zeros(0, np.int32)


def _linear(trees: Trees, is_split: Any) -> dict[str, Any]:
    import numpy as np

    if trees.linear is None:
        return {}
    features, weights, lengths = trees.linear
    counts = np.zeros(len(is_split), np.int64)
    counts[~is_split] = lengths
    constant = np.full(len(is_split), np.nan)
    constant[~is_split] = trees.ends["leaf_const"]
    return {
        "linear_starts": np.concatenate([[0], np.cumsum(counts)]),
        "linear_features": features,
        "linear_weights": weights,
        "linear_constant": constant,
    }


def _link(objective: str, details: str) -> str:
    if objective in ("binary", "multiclassova", "cross_entropy", "xentropy"):
        return "logistic"
    if objective == "multiclass":
        return "softmax"
    if objective in _EXPONENTIAL:
        return "exp"
    return "signed-square" if "sqrt" in details.split() else "identity"


def _detail(details: str, name: str, default: float) -> float:
    for word in details.split():
        key, _, value = word.partition(":")
        if key == name:
            return float(value)
    return default


def _classes(objective: str, classes: int) -> tuple[tuple[str, ...], ...]:
    if objective == "binary":
        return (("0", "1"),)
    if objective.startswith("multiclass") and 1 < classes < 1 << 20:
        return (tuple(str(index) for index in range(classes)),)
    return ()


def _feature_types(header: dict[str, Any], is_categorical: Any, features: Any) -> tuple[str, ...]:
    """Which features are stated to be categories, or split as such."""
    found = ["category" if kind else "" for kind in header.get("is_categorical", ())]
    names = len(header["feature_names"])
    found += [""] * (names - len(found))
    for feature in sorted(set(features[is_categorical].astype(int).tolist())):
        if 0 <= feature < names:
            found[feature] = "category"
    return tuple(found[:names]) if any(found) else ()


def _category_names(header: dict[str, Any]) -> dict[int, tuple[str, ...]]:
    """Names that pandas has for categories, by feature; they are stored without saying of which."""
    listed = header.get("pandas_categorical") or ()
    where = [index for index, kind in enumerate(header.get("is_categorical", ())) if kind]
    if len(where) != len(listed):
        return {}
    return {
        feature: tuple(str(name) for name in names)
        for feature, names in zip(where, listed, strict=True)
    }
