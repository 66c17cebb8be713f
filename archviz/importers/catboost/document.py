"""CatBoost's JSON form."""

from __future__ import annotations

import json
from typing import Any

from archviz.importers.catboost.binary import class_names, version_of
from archviz.importers.catboost.stored import Links, Split, Stored, ctr_detail


def parse(data: Any) -> Stored:
    """The model that ``data``, the parsed JSON, describes.

    Raises:
        KeyError: A field is missing.
        ValueError: Parts do not fit one another.
    """
    stored = Stored()
    _read_features(stored, data["features_info"])
    scale, bias = data.get("scale_and_bias", [1.0, [0.0]])
    stored.scale = float(scale)
    stored.bias = [float(item) for item in (bias if isinstance(bias, list) else [bias])]
    info = data.get("model_info", {})
    stored.params = _dictionary(info.get("params"))
    stored.class_names = class_names(_dictionary(info.get("class_params")))
    stored.metadata["branch"] = version_of(str(info.get("catboost_version_info", "")))
    if "oblivious_trees" in data:
        _read_symmetric(stored, data["oblivious_trees"])
    else:
        _read_others(stored, data["trees"])
    return stored


def _dictionary(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _read_features(stored: Stored, info: dict[str, Any]) -> None:
    floats = info.get("float_features") or []
    categorical = info.get("categorical_features") or []
    for item in floats:
        flat = int(item["flat_feature_index"])
        stored.feature(flat, str(item.get("feature_id", "")), "float")
        if item.get("has_nans"):
            stored.missing[flat] = str(item.get("nan_value_treatment", "AsIs"))
    flat_of: dict[int, int] = {}
    for item in categorical:
        flat = int(item["flat_feature_index"])
        stored.feature(flat, str(item.get("feature_id", "")), "category")
        flat_of[int(item["feature_index"])] = flat
    for item in floats:
        flat = int(item["flat_feature_index"])
        stored.splits += [Split(flat, float(border)) for border in item.get("borders") or ()]
    for number, item in enumerate(info.get("estimated_features") or []):
        borders = item.get("borders") or ()
        place = stored.computed(f"estimated {number}")
        stored.splits += [Split(place, float(border)) for border in borders]
    for item in categorical:
        hashes = item.get("values") or []
        if hashes:
            flat = int(item["flat_feature_index"])
            stored.categories[flat] = tuple(f"#{int(value) & 0xFFFFFFFF}" for value in hashes)
            stored.splits += [Split(flat, category=place) for place in range(len(hashes))]
    for item in info.get("ctrs") or []:
        used = [part.get("cat_feature_index", -1) for part in item.get("elements", ())]
        names = [stored.features[flat_of[index]] for index in used if index in flat_of]
        scale = float(item.get("prior_denomerator") or 1)
        detail = ctr_detail(
            float(item.get("prior_numerator") or 0) / scale, int(item.get("target_border_idx") or 0)
        )
        place = stored.computed(f"{item.get('ctr_type', 'ctr')}({', '.join(names)})", detail)
        stored.splits += [Split(place, float(border)) for border in item.get("borders") or ()]


def _read_symmetric(stored: Stored, trees: list[dict[str, Any]]) -> None:
    import numpy as np

    tests = [[int(split["split_index"]) for split in tree["splits"] or ()] for tree in trees]
    stored.depths = np.array([len(tree) for tree in tests], np.int64)
    stored.tests = np.array([test for tree in tests for test in tree], np.int64)
    values = np.array([value for tree in trees for value in tree["leaf_values"]], np.float64)
    leaves = sum(1 << min(len(tree), 40) for tree in tests)
    if not leaves or len(values) % leaves:
        raise ValueError("the values of its leaves do not fit its trees")
    stored.dimension = max(len(values) // leaves, 1)
    stored.values = values.reshape(-1, stored.dimension)
    weights = [weight for tree in trees for weight in tree.get("leaf_weights") or ()]
    stored.weights = np.array(weights, np.float64) if len(weights) == leaves else None


def _read_others(stored: Stored, trees: list[dict[str, Any]]) -> None:
    import numpy as np

    starts = [0]
    left: list[int] = []
    right: list[int] = []
    test: list[int] = []
    leaf: list[int] = []
    values: list[list[float]] = []
    weights: list[float] = []
    for tree in trees:
        base = len(left)
        stack: list[tuple[dict[str, Any], Any]] = [(tree, None)]
        while stack:
            node, link = stack.pop()
            number = len(left) - base
            if link is not None:
                column, place = link
                column[place] = number
            place = len(left)
            left.append(-1)
            right.append(-1)
            if "split" in node:
                test.append(int(node["split"]["split_index"]))
                leaf.append(-1)
                stack += ((node["right"], (right, place)), (node["left"], (left, place)))
            else:
                value = node["value"]
                test.append(-1)
                leaf.append(len(values))
                values.append(value if isinstance(value, list) else [value])
                weights.append(float(node.get("weight", "nan")))
        starts.append(len(left))
    stored.values = np.array(values, np.float64)
    stored.dimension = stored.values.shape[1]
    stored.weights = np.array(weights)
    stored.links = Links(*(np.array(item) for item in (starts, left, right, test, leaf)))
