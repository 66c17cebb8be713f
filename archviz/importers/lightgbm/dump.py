"""LightGBM's JSON form: a dictionary for each node."""

from __future__ import annotations

from typing import Any

from archviz.importers.lightgbm.trees import Trees

_SPLITS = ("split_feature", "split_gain", "internal_value", "internal_weight", "internal_count")
_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_MISSING = {"None": 0, "Zero": 1, "NaN": 2}


def parse(document: Any) -> tuple[dict[str, Any], Trees]:
    """The header and the trees of a dump.

    Raises:
        KeyError: A field is missing.
        ValueError: A number is out of range.
    """
    import numpy as np

    names = [str(name) for name in document["feature_names"]]
    header = {key: value for key, value in document.items() if key != "tree_info"}
    header["feature_names"] = names
    header["num_class"] = int(document.get("num_class", 1))
    header["num_tree_per_iteration"] = int(document.get("num_tree_per_iteration", 1))
    infos = document.get("feature_infos") or {}
    header["is_categorical"] = [bool(infos.get(name, {}).get("values")) for name in names]
    parts = [_Tree(item["tree_structure"]) for item in document["tree_info"]]
    trees = Trees(np.array([len(part.leaves) for part in parts], np.int64))
    for name in (*_SPLITS, "threshold", "decision_type", "left_child", "right_child"):
        column = [split[name] for part in parts for split in part.splits]
        trees.splits[name] = np.array(column, np.float64)
    for name in _LEAVES:
        trees.ends[name] = np.array(
            [leaf.get(name, np.nan) for part in parts for leaf in part.leaves], np.float64
        )
    start = 0
    for part in parts:
        for index, listed in part.categories.items():
            trees.categories[start + index] = np.array(listed, np.int64)
        start += len(part.splits)
    leaves = [leaf for part in parts for leaf in part.leaves]
    if any("leaf_const" in leaf for leaf in leaves):
        _read_linear(trees, leaves)
    return header, trees


class _Tree:
    """One tree, its splits and its leaves in the order of their own numbers."""

    def __init__(self, root: dict[str, Any]) -> None:
        splits: dict[int, dict[str, Any]] = {}
        leaves: dict[int, dict[str, Any]] = {}
        self.categories: dict[int, list[int]] = {}
        stack = [root]
        while stack:
            node = stack.pop()
            if "split_index" in node:
                splits[node["split_index"]] = self._split(node)
                stack += (node["right_child"], node["left_child"])
            else:
                leaves[node.get("leaf_index", 0)] = node
        if sorted(splits) != list(range(len(splits))) or sorted(leaves) != list(range(len(leaves))):
            raise ValueError("the numbers of its nodes do not follow one another")
        if len(leaves) != len(splits) + 1:
            raise ValueError("a number stands for two nodes")
        self.splits = [splits[index] for index in range(len(splits))]
        self.leaves = [leaves[index] for index in range(len(leaves))]

    def _split(self, node: dict[str, Any]) -> dict[str, Any]:
        is_categorical = node["decision_type"] == "=="
        kind = _MISSING[node.get("missing_type", "None")] << 2
        kind |= (1 if is_categorical else 0) | (2 if node.get("default_left") else 0)
        threshold = node["threshold"]
        if is_categorical:
            listed = [int(item) for item in str(threshold).split("||") if item]
            if any(not 0 <= item < 1 << 31 for item in listed):
                raise ValueError("a category is out of range")
            self.categories[node["split_index"]] = listed
            threshold = 0.0
        return {
            **{name: node.get(name, float("nan")) for name in _SPLITS},
            "threshold": float(threshold),
            "decision_type": kind,
            "left_child": _number(node["left_child"]),
            "right_child": _number(node["right_child"]),
        }


def _number(child: dict[str, Any]) -> int:
    index = child.get("split_index")
    return int(index) if index is not None else ~int(child.get("leaf_index", 0))


def _read_linear(trees: Trees, leaves: list[dict[str, Any]]) -> None:
    import numpy as np

    listed = [leaf.get("leaf_features", []) for leaf in leaves]
    weights = [leaf.get("leaf_coeff", []) for leaf in leaves]
    if [len(item) for item in listed] != [len(item) for item in weights]:
        raise ValueError("the terms of a linear leaf do not fit one another")
    trees.ends["leaf_const"] = np.array(
        [leaf.get("leaf_const", leaf["leaf_value"]) for leaf in leaves], np.float64
    )
    trees.linear = (
        np.array([item for part in listed for item in part], np.int64),
        np.array([item for part in weights for item in part], np.float64),
        np.array([len(item) for item in listed], np.int64),
    )
