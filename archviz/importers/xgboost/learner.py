"""XGBoost's learner as a Forest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from archviz.errors import ImporterError
from archviz.ir import Condition, Forest
from archviz.ir.forest.check import sound

LOGISTIC = ("binary:logistic", "reg:logistic")
EXPONENTIAL = (
    "count:poisson",
    "reg:gamma",
    "reg:tweedie",
    "survival:cox",
    "survival:aft",
)
_CATEGORICAL = 1
_MAX_CATEGORY = 1 << 24
_KINDS = {
    "i": "bool",
    "int": "int",
    "q": "float",
    "float": "float",
    "c": "category",
}


def forest_of(learner: dict[str, Any]) -> tuple[Forest, dict[str, str]]:
    """The trees of a learner, and what else it says of itself.

    Raises:
        ImporterError: Its booster has no trees.
        ValueError: Columns do not fit one another.
    """
    booster = learner["gradient_booster"]
    name = str(booster.get("name", "gbtree"))
    if name == "gblinear":
        raise ImporterError(
            "the booster is gblinear, a linear model, which has no trees",
            "draw one trained with gbtree or dart",
        )
    weights = None
    if "weight_drop" in booster:
        weights = _array(booster["weight_drop"], "float32")
    model = booster["gbtree"]["model"] if "gbtree" in booster else booster["model"]
    trees = model["trees"]
    if not len(trees):
        raise ImporterError("the model has no trees", "train it for a round or more")
    settings = learner["learner_model_param"]
    objective = str(learner["objective"]["name"])
    columns = _Columns(trees)
    group = _array(model["tree_info"], "int32")
    outputs = max(int(settings.get("num_class", 0)), int(settings.get("num_target", 1)), 1)
    if len(group) != len(trees) or not ((group >= 0) & (group < outputs)).all():
        raise ValueError("the groups of its trees are not those of its outputs")
    if weights is not None and len(weights) != len(trees):
        raise ValueError("the weights of its trees are too few or too many")
    features = int(settings.get("num_feature", 0))
    names = tuple(str(item) for item in learner.get("feature_names", ()))
    if not names and features < 1 << 16:
        names = tuple(f"f{index}" for index in range(features))
    if outputs > max(len(trees), columns.value.shape[1]):
        raise ValueError("it has more outputs than trees")
    logistic = objective in LOGISTIC
    classes: tuple[tuple[str, ...], ...] = ()
    if objective.startswith("multi:"):
        classes = (tuple(str(index) for index in range(outputs)),)
    elif objective.startswith("binary:") and outputs == 1:
        classes = (("0", "1"),)
    is_vector = columns.value.shape[1] > 1
    forest = Forest(
        starts=columns.starts,
        yes=columns.yes,
        no=columns.no,
        condition=columns.condition,
        feature=columns.feature,
        threshold=columns.threshold,
        value=columns.value,
        ids=columns.ids,
        missing=columns.missing,
        weight=columns.weight,
        gain=columns.gain,
        category_starts=columns.category_starts,
        categories=columns.categories,
        tree_output=None if is_vector or outputs == 1 else group,
        tree_weight=weights,
        tree_round=_rounds(model, len(trees), outputs, is_vector),
        base=_margin(settings.get("base_score", "0.5"), objective, outputs),
        name="XGBoost",
        link=_link(objective),
        objective=objective,
        compare_dtype="float32",
        targets=1 if classes and not logistic else outputs,
        feature_names=names,
        feature_types=tuple(_KINDS.get(str(kind), "") for kind in learner.get("feature_types", ())),
        class_names=classes,
        category_names=_category_names(model.get("cats")),
    )
    metadata = {"booster": name, "objective": objective}
    best = learner.get("attributes", {}).get("best_iteration")
    if isinstance(best, str):
        metadata["best_iteration"] = best
    return sound(forest), metadata


def _link(objective: str) -> str:
    if objective in LOGISTIC:
        return "logistic"
    if objective in ("multi:softprob", "multi:softmax"):
        return "softmax"
    return "exp" if objective in EXPONENTIAL else "identity"


def _margin(text: object, objective: str, outputs: int) -> Any:
    """The base score in the space that leaves add up in; float64 (outputs,)."""
    import numpy as np

    listed = text if isinstance(text, str) else str(text)
    scores = [float(part) for part in listed.strip("[] ").split(",") if part.strip()] or [0.5]
    if objective in LOGISTIC:
        scores = [math.log(score / (1 - score)) if 0 < score < 1 else math.nan for score in scores]
    elif objective in EXPONENTIAL:
        scores = [math.log(score) if score > 0 else math.nan for score in scores]
    base = np.asarray(scores, np.float64)
    if len(base) not in (1, outputs):
        raise ValueError(f"it has {len(base)} base scores for {outputs} outputs")
    return np.full(outputs, base[0]) if len(base) == 1 else base


def _rounds(model: dict[str, Any], trees: int, outputs: int, is_vector: bool) -> Any:
    import numpy as np

    starts = model.get("iteration_indptr")
    if starts is not None and len(starts) > 1:
        return np.searchsorted(_array(starts, "int64"), np.arange(trees), side="right") - 1
    parallel = int(model.get("gbtree_model_param", {}).get("num_parallel_tree", 1) or 1)
    return np.arange(trees) // max(parallel * (1 if is_vector else outputs), 1)


def _category_names(cats: object) -> dict[int, tuple[str, ...]]:
    """Names of categories by feature, which XGBoost stores one behind the other since 3.1."""
    import numpy as np

    found: dict[int, tuple[str, ...]] = {}
    encodings = cats.get("enc", ()) if isinstance(cats, dict) else ()
    for feature, encoding in enumerate(encodings):
        values = encoding.get("values")
        offsets = encoding.get("offsets")
        if values is None or not len(values):
            continue
        if offsets is None:
            found[feature] = tuple(f"{value:g}" for value in np.asarray(values).tolist())
        elif len(offsets) > 1:
            raw = _array(values, "int64").astype(np.uint8).tobytes()
            ends = _array(offsets, "int64").tolist()
            found[feature] = tuple(
                raw[start:end].decode("utf-8", "replace") for start, end in pairwise(ends)
            )
    return found


def _array(values: Any, dtype: str) -> Any:
    import numpy as np

    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        if isinstance(values, Sequence) and not len(values):
            return np.zeros(0, dtype)
        raise TypeError("a column of a tree is no list of numbers")
    return array.astype(dtype)


class _Columns:
    """The columns of a forest, put together from XGBoost's trees."""

    def __init__(self, trees: Sequence[dict[str, Any]]) -> None:
        import numpy as np

        sizes = [len(tree["left_children"]) for tree in trees]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._trees = trees
        self.yes = self._joined("left_children", "int32")
        is_leaf = self.yes < 0
        right = self._joined("right_children", "int32")
        # Of a leaf with several values the right child is the number of its values.
        self.no = np.where(is_leaf, -1, right)
        self.feature = np.where(is_leaf, -1, self._joined("split_indices", "int32"))
        conditions = self._joined("split_conditions", "float32")
        kinds = self._joined("split_type", "uint8", default=0)
        is_categorical = (kinds == _CATEGORICAL) & ~is_leaf
        self.condition = np.where(
            is_leaf, int(Condition.LEAF), np.where(is_categorical, Condition.NOT_IN, Condition.LT)
        )
        self.threshold = np.where(is_leaf | is_categorical, 0.0, conditions)
        missing = self._joined("default_left", "int8")
        self.missing = np.where(is_leaf, -1, missing)
        self.weight = self._joined("sum_hessian", "float32")
        self.gain = np.where(is_leaf, np.nan, self._joined("loss_changes", "float32"))
        width = max(int(tree["tree_param"].get("size_leaf_vector", 1) or 1) for tree in trees)
        if width > 1:
            self.value = self._vectors(width, is_leaf, right)
        else:
            values = np.where(is_leaf, conditions, self._joined("base_weights", "float32"))
            self.value = values.astype(np.float64)[:, None]
        self._read_categories(is_categorical)
        self.ids: Any = None
        if any(int(tree["tree_param"].get("num_deleted", 0) or 0) for tree in trees):
            self._drop_deleted()

    def _joined(self, key: str, dtype: str, default: float | None = None) -> Any:
        import numpy as np

        parts = []
        for tree, size in zip(self._trees, np.diff(self.starts).tolist(), strict=True):
            if default is not None and key not in tree:
                parts.append(np.full(size, default, dtype))
                continue
            part = _array(tree[key], dtype)
            if len(part) != size:
                raise ValueError(f"{key} has {len(part)} entries for {size} nodes")
            parts.append(part)
        return np.concatenate(parts)

    def _vectors(self, width: int, is_leaf: Any, right: Any) -> Any:
        """The values of trees whose leaves have one for each output; NaN at splits."""
        import numpy as np

        given = [len(tree.get("leaf_weights", tree["base_weights"])) for tree in self._trees]
        if len(is_leaf) * width > 2 * sum(given) + width:
            raise ValueError("its leaves have too few values")
        found = np.full((len(is_leaf), width), np.nan)
        for tree, start, end in zip(
            self._trees, self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True
        ):
            leaves = start + np.flatnonzero(is_leaf[start:end])
            if "leaf_weights" in tree:
                table = _array(tree["leaf_weights"], "float32").reshape(-1, width)
                at = right[leaves]
            else:
                table = _array(tree["base_weights"], "float32").reshape(-1, width)
                at = leaves - start
            if (at < 0).any() or (at >= len(table)).any():
                raise ValueError("a leaf has no values")
            found[leaves] = table[at]
        return found

    def _read_categories(self, is_categorical: Any) -> None:
        import numpy as np

        self.category_starts: Any = None
        self.categories: Any = None
        if not is_categorical.any():
            return
        counts = np.zeros(len(is_categorical), np.int64)
        lists = []
        for tree, start in zip(self._trees, self.starts[:-1].tolist(), strict=True):
            nodes = _array(tree.get("categories_nodes", ()), "int64")
            sizes = _array(tree.get("categories_sizes", ()), "int64")
            listed = _array(tree.get("categories", ()), "int64")
            rows = start + nodes
            in_order = (np.diff(nodes) > 0).all() and (nodes >= 0).all()
            if (
                len(nodes) != len(sizes)
                or not in_order
                or (sizes < 0).any()
                or sizes.sum() != len(listed)
                or ((listed < 0) | (listed > _MAX_CATEGORY)).any()
                or not is_categorical[rows].all()
            ):
                raise ValueError("the categories of a tree do not fit its nodes")
            counts[rows] = sizes
            lists.append(listed)
        self.category_starts = np.concatenate([[0], np.cumsum(counts)])
        self.categories = np.concatenate(lists)

    def _drop_deleted(self) -> None:
        """Leaves out nodes that pruning cut off, and keeps the numbers of the others."""
        import numpy as np

        from archviz.ir.forest.assembly import keep_reachable

        kept = keep_reachable(self.starts, self.yes, self.no)
        self.ids = kept.rows - np.repeat(self.starts[:-1], np.diff(kept.starts))
        for name in (
            "condition",
            "feature",
            "threshold",
            "missing",
            "weight",
            "gain",
            "value",
        ):
            setattr(self, name, getattr(self, name)[kept.rows])
        if self.category_starts is not None:
            counts = np.diff(self.category_starts)
            is_kept = np.zeros(len(counts), bool)
            is_kept[kept.rows] = True
            self.categories = self.categories[np.repeat(is_kept, counts)]
            self.category_starts = np.concatenate([[0], np.cumsum(counts[kept.rows])])
        self.starts, self.yes, self.no = kept.starts, kept.yes, kept.no
