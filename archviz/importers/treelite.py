"""Treelite models as JSON, what ``Model.dump_as_json`` writes (Treelite 4)."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from archviz.errors import ImporterError
from archviz.importers import Confidence, Importer
from archviz.ir import Condition, Forest, Model
from archviz.ir.forest.check import sound
from archviz.reading import json, naming
from archviz.source import Source

_HEAD = rb'\s*\{\s*"threshold_type"\s*:\s*"float(?:32|64)"\s*,\s*"leaf_output_type"'
_CONDITIONS = {
    "<": Condition.LT,
    "<=": Condition.LE,
    ">": Condition.GT,
    ">=": Condition.GE,
    "==": Condition.EQ,
}
_LINKS = {
    "sigmoid": "logistic",
    "multiclass_ova": "logistic",
    "softmax": "softmax",
    "exponential": "exp",
    "signed_square": "signed-square",
}
_MAX_CELLS = 1 << 22
_NAN = float("nan")


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a Treelite model as JSON."""
    is_own = source.begins_with(b"{") and re.match(_HEAD, source.head)
    return Confidence.CONTENT if is_own else Confidence.NONE


def read(source: Source) -> Model:
    """The model in ``source``.

    Raises:
        ImporterError: It is no Treelite model, or too large for JSON to be read.
    """
    problem = source.recognised_problem()
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    if not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no file of Treelite")
    with source.open() as stream:
        data = stream.read(json.MEMORY)
    try:
        with naming(source.name):
            document = json.parse(data)
        forest = sound(_forest(document))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise ImporterError(
            f"{source.name}: this is no Treelite model that can be read "
            f"({type(error).__name__}: {str(error).partition(chr(10))[0][:100]})",
            "write it again with: Model.dump_as_json",
        ) from None
    metadata = {"task": str(document.get("task_type", "")), "objective": forest.objective}
    return Model(forest, "treelite", source.name, {k: v for k, v in metadata.items() if v})


def _forest(document: dict[str, Any]) -> Forest:
    import numpy as np

    trees = document["trees"]
    rows = _Rows()
    for tree in trees:
        rows.add(tree["nodes"])
    count = len(rows.feature)
    width = max((len(value) for value in rows.values), default=1)
    if width * count > max(_MAX_CELLS, 4 * sum(map(len, rows.values))):
        raise ValueError("its leaves have values of many lengths")
    value = np.full((count, width), np.nan)
    for row, listed in zip(rows.leaves, rows.values, strict=True):
        value[row, : len(listed)] = listed
    classes = [int(item) for item in document["num_class"]]
    targets = int(document["num_target"])
    per_target = max(classes, default=1)
    base = np.array(document["base_scores"], np.float64)
    if len(base) != targets * per_target or len(classes) != targets:
        raise ValueError("its base scores do not fit its targets")
    class_id, target_id = (np.array(document[key]) for key in ("class_id", "target_id"))
    if len(class_id) != len(trees) or len(target_id) != len(trees):
        raise ValueError("the outputs of its trees are not known")
    output = target_id * per_target + class_id
    is_single = width == 1 and len(base) > 1
    transform = str(document["postprocessor"])
    scale = float(document.get("sigmoid_alpha", 1.0)) if transform == "sigmoid" else 1.0
    if not isfinite(scale):
        raise ValueError("sigmoid_alpha is no number")
    is_classifier = "Clf" in str(document["task_type"])
    names = () if not is_classifier else tuple(_classes(number) for number in classes)
    is_mean = document["average_tree_output"] is True
    counts = np.array([len(item) for item in rows.categories], np.int64)
    categories = np.array([c for item in rows.categories for c in item], np.int64)
    return Forest(
        starts=np.array(rows.starts),
        yes=np.array(rows.yes),
        no=np.array(rows.no),
        condition=np.array(rows.condition),
        feature=np.array(rows.feature),
        threshold=np.array(rows.threshold, np.float64),
        value=value,
        ids=None,
        missing=np.array(rows.missing),
        samples=_optional(rows.samples),
        weight=_optional(rows.weight),
        gain=_optional(rows.gain),
        category_starts=np.concatenate([[0], np.cumsum(counts)]) if len(categories) else None,
        categories=categories if len(categories) else None,
        tree_output=output if is_single else None,
        base=base,
        name="Treelite",
        aggregation="mean" if is_mean else "sum",
        link=_LINKS.get(transform, "identity" if transform.startswith("identity") else transform),
        link_scale=scale,
        objective=transform,
        compare_dtype=str(document["threshold_type"]),
        targets=targets,
        class_names=names,
    )


def _classes(number: int) -> tuple[str, ...]:
    if number > 1 << 20:
        raise ValueError("it has too many classes")
    return tuple(str(index) for index in range(max(number, 2)))


def _optional(column: list[float]) -> Any:
    import numpy as np

    values = np.array(column, np.float64)
    return None if np.isnan(values).all() else values


class _Rows:
    """The nodes of all trees, put into columns one by one."""

    def __init__(self) -> None:
        self.starts = [0]
        self.yes: list[int] = []
        self.no: list[int] = []
        self.condition: list[int] = []
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.missing: list[int] = []
        self.samples: list[float] = []
        self.weight: list[float] = []
        self.gain: list[float] = []
        self.categories: list[list[int]] = []
        self.leaves: list[int] = []
        self.values: list[list[float]] = []

    def add(self, nodes: list[dict[str, Any]]) -> None:
        """Adds a tree, whose nodes are numbered in order."""
        place = {node["node_id"]: index for index, node in enumerate(nodes)}
        if len(place) != len(nodes) or not nodes or nodes[0]["node_id"] != 0:
            raise ValueError("the numbers of its nodes do not follow one another")
        for node in nodes:
            self.samples.append(float(node.get("data_count", _NAN)))
            self.weight.append(float(node.get("sum_hess", _NAN)))
            self.gain.append(float(node.get("gain", _NAN)))
            if "leaf_value" in node:
                self._leaf(node["leaf_value"])
            else:
                self._split(node, place)
        self.starts.append(len(self.feature))

    def _leaf(self, value: Any) -> None:
        self.leaves.append(len(self.feature))
        self.values.append(value if isinstance(value, list) else [value])
        self._row(-1, -1, Condition.LEAF, -1, 0.0, -1, [])

    def _split(self, node: dict[str, Any], place: dict[int, int]) -> None:
        left, right = place[node["left_child"]], place[node["right_child"]]
        condition, listed, threshold = Condition.IN, [], 0.0
        if node["node_type"] == "categorical_test_node":
            listed = [int(item) for item in node["category_list"]]
            if node["category_list_right_child"]:
                condition = Condition.NOT_IN
        else:
            condition = _CONDITIONS[node["comparison_op"]]
            threshold = float(node["threshold"])
        feature = int(node["split_feature_id"])
        default = int(node["default_left"] is True)
        self._row(left, right, condition, feature, threshold, default, listed)

    def _row(
        self, yes: int, no: int, condition: int, feature: int, threshold: float, missing: int,
        listed: list[int],
    ) -> None:  # fmt: skip
        self.yes.append(yes)
        self.no.append(no)
        self.condition.append(int(condition))
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.missing.append(missing)
        self.categories.append(listed)


IMPORTER = Importer("treelite", "Treelite (JSON)", sniff, read)
