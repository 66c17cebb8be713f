"""Decision trees of any size and kind, grown at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from archviz.ir import Forest, Model
from archviz.ir.forest import Condition

NAMES = ("petal width (cm)", "age", "worst concave points", "R&D <spend>", "日本語", "x")


def grown(
    leaves: int | list[int],
    *,
    seed: int = 0,
    classes: int = 0,
    kind: str = "",
    shape: str = "random",
    **more: Any,
) -> Forest:
    """A forest with so many leaves in each tree.

    Args:
        leaves: Of each tree.
        seed: Of all that is random.
        classes: How many; 0 for regression.
        kind: The kind of value; "" for fractions of classes, or means.
        shape: "random", "chain" (every no child is a leaf) or "complete".
        more: More fields of the Forest.
    """
    source = np.random.default_rng(seed)
    trees = [_tree(source, n, shape) for n in ([leaves] if isinstance(leaves, int) else leaves)]
    kind = kind or ("fraction" if classes else "mean")
    samples = np.concatenate([tree["samples"] for tree in trees])
    count = len(samples)
    feature = np.concatenate([tree["feature"] for tree in trees])
    if classes and kind in ("count", "fraction"):
        value = _shares(source, trees, classes)
        value = value * samples[:, None] if kind == "count" else value
    elif kind == "score":
        value = source.normal(size=(count, max(classes, 1)))
    else:
        value = source.normal(150, 60, size=(count, 1))
    fields: dict[str, Any] = {
        "starts": np.cumsum([0, *(len(tree["yes"]) for tree in trees)]),
        "yes": np.concatenate([tree["yes"] for tree in trees]),
        "no": np.concatenate([tree["no"] for tree in trees]),
        "condition": np.where(feature >= 0, int(Condition.LE), int(Condition.LEAF)),
        "feature": feature,
        "threshold": np.where(feature >= 0, source.normal(3, 2, count), np.nan),
        "value": value,
        "samples": samples,
        "weight": samples,
        "impurity": source.uniform(0, 1, count),
        "criterion": "gini" if classes else "squared_error",
        "name": "DecisionTreeClassifier" if classes else "DecisionTreeRegressor",
        "value_kind": kind,
        "feature_names": NAMES,
        "class_names": (tuple(f"class {k}" for k in range(classes)),) if classes else (),
    }
    return Forest(**(fields | more))


def model(leaves: int | list[int], **options: Any) -> Model:
    """A Model of a grown forest."""
    return Model(grown(leaves, **options), "test", "grown.test")


def _tree(source: np.random.Generator, leaves: int, shape: str) -> dict[str, Any]:
    yes, no, samples = [-1], [-1], [float(leaves * 10)]
    open_ = [0]
    for step in range(leaves - 1):
        at = {"random": int(source.integers(len(open_))), "chain": 0, "complete": 0}[shape]
        node = open_.pop(at)
        yes[node], no[node] = len(yes), len(yes) + 1
        most = samples[node] - 1
        left = float(source.integers(1, most)) if most > 1 and shape != "complete" else most / 2
        samples += [left, samples[node] - left]
        yes += [-1, -1]
        no += [-1, -1]
        open_ = [yes[node]] if shape == "chain" else [*open_, yes[node], no[node]]
        assert step < leaves
    inner = np.array(yes) >= 0
    feature = np.where(inner, source.integers(0, len(NAMES), len(yes)), -1)
    return {"yes": yes, "no": no, "samples": np.array(samples), "feature": feature}


def _shares(source: np.random.Generator, trees: list[dict[str, Any]], classes: int) -> Any:
    """Shares of classes, purer the deeper a node is; some leaves are pure."""
    found = []
    for tree in trees:
        count = len(tree["yes"])
        depth = np.zeros(count)
        for node, (left, right) in enumerate(zip(tree["yes"], tree["no"], strict=True)):
            if left >= 0:
                depth[[left, right]] = depth[node] + 1
        share = source.dirichlet(np.ones(classes), count) ** (1 + depth[:, None])
        share /= share.sum(1, keepdims=True)
        pure = source.uniform(size=count) < 0.2
        share[pure] = np.eye(classes)[share[pure].argmax(1)]
        found.append(share)
    return np.concatenate(found)
