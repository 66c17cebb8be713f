"""scikit-learn's tree structures as columns of a Forest.

``sklearn.tree._tree.Tree`` holds two arrays: records of nodes, and values of shape (nodes,
outputs, classes). The histogram-based ensembles have ``TreePredictor`` with records of their own.
Records are read by the names of their fields, which differ between versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archviz.importers.sklearn.parts import Part
from archviz.ir import Condition


def tree_columns(trees: Sequence[Part]) -> dict[str, Any]:
    """The columns of several ``Tree`` objects.

    Raises:
        ValueError: Their arrays are not what they should be.
    """
    import numpy as np

    nodes = [_records(tree, "left_child") for tree in trees]
    values = [np.asarray(tree.get("values")) for tree in trees]
    shapes = {value.shape[1:] for value in values}
    if len(shapes) != 1 or any(
        value.ndim != 3 or len(value) != len(node)
        for value, node in zip(values, nodes, strict=True)
    ):
        raise ValueError("the values of its trees do not fit their nodes")
    (outputs, classes) = shapes.pop()

    def column(name: str) -> Any:
        return np.concatenate([node[name] for node in nodes])

    left = column("left_child").astype(np.int64)
    is_leaf = left < 0
    fields = nodes[0].dtype.names
    missing = None
    if "missing_go_to_left" in fields:
        missing = np.where(is_leaf, -1, column("missing_go_to_left") > 0)
    return {
        "starts": np.concatenate([[0], np.cumsum([len(node) for node in nodes])]),
        "yes": np.where(is_leaf, -1, left),
        "no": np.where(is_leaf, -1, column("right_child")),
        "condition": np.where(is_leaf, int(Condition.LEAF), int(Condition.LE)),
        "feature": np.where(is_leaf, -1, column("feature")),
        "threshold": np.where(is_leaf, 0.0, column("threshold")),
        "value": np.concatenate(values).reshape(-1, outputs * classes),
        "missing": missing,
        "samples": column("n_node_samples"),
        "weight": column("weighted_n_node_samples"),
        "impurity": column("impurity"),
        "targets": int(outputs),
        "compare_dtype": "float32",
    }


def _records(tree: Part, field: str) -> Any:
    import numpy as np

    nodes = np.asarray(tree.get("nodes"))
    if nodes.dtype.names is None or field not in nodes.dtype.names or nodes.ndim != 1:
        raise ValueError("a tree has no records of nodes")
    if not len(nodes):
        raise ValueError("a tree has no nodes; the estimator was not fitted")
    return nodes


def value_kind(columns: dict[str, Any], is_classifier: bool) -> str:
    """Whether a classifier's values are counts, as before 1.3, or fractions of each output."""
    import numpy as np

    if not is_classifier:
        return "mean"
    value = columns["value"]
    sums = value.reshape(len(value), columns["targets"], -1).sum(-1)
    return "fraction" if np.allclose(sums, 1.0, atol=1e-6) else "count"


def histogram_columns(predictors: Sequence[Part]) -> dict[str, Any]:
    """The columns of several ``TreePredictor`` objects.

    Raises:
        ValueError: Their arrays are not what they should be.
    """
    import numpy as np

    nodes = [_records(predictor, "is_leaf") for predictor in predictors]

    def column(name: str) -> Any:
        return np.concatenate([node[name] for node in nodes])

    fields = nodes[0].dtype.names
    is_leaf = column("is_leaf") > 0
    is_categorical = np.zeros(len(is_leaf), bool)
    if "is_categorical" in fields:
        is_categorical = (column("is_categorical") > 0) & ~is_leaf
    starts = np.concatenate([[0], np.cumsum([len(node) for node in nodes])])
    category_starts, categories = _categories(predictors, nodes, is_categorical, starts)
    threshold = column("num_threshold" if "num_threshold" in fields else "threshold")
    condition = np.where(is_categorical, int(Condition.IN), int(Condition.LE))
    return {
        "starts": starts,
        "yes": np.where(is_leaf, -1, column("left").astype(np.int64)),
        "no": np.where(is_leaf, -1, column("right").astype(np.int64)),
        "condition": np.where(is_leaf, int(Condition.LEAF), condition),
        "feature": np.where(is_leaf, -1, column("feature_idx").astype(np.int64)),
        "threshold": np.where(is_leaf | is_categorical, 0.0, threshold),
        "value": column("value"),
        "missing": np.where(is_leaf, -1, column("missing_go_to_left") > 0),
        "samples": column("count"),
        "gain": np.where(is_leaf, np.nan, column("gain")),
        "category_starts": category_starts,
        "categories": categories,
    }


def _categories(
    predictors: Sequence[Part], nodes: list[Any], is_categorical: Any, starts: Any
) -> tuple[Any, Any]:
    """Unpacks the sets of 256 bits that say which categories go to the left."""
    import numpy as np

    if not is_categorical.any():
        return None, None
    counts = np.zeros(len(is_categorical), np.int64)
    lists = []
    for predictor, node, start in zip(predictors, nodes, starts.tolist(), strict=False):
        rows = np.flatnonzero(is_categorical[start : start + len(node)])
        if not len(rows):
            continue
        words = np.ascontiguousarray(predictor.get("raw_left_cat_bitsets"), "<u4")
        at = node["bitset_idx"][rows].astype(np.int64)
        if words.ndim != 2 or (at >= len(words)).any():
            raise ValueError("a split has categories that are not there")
        bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")[at]
        counts[start + rows] = bits.sum(1)
        lists.append(np.nonzero(bits)[1])
    return np.concatenate([[0], np.cumsum(counts)]), np.concatenate(lists)
