"""Facts of forests against sums made by hand, tree by tree."""

from __future__ import annotations

import numpy as np
import pytest

from archviz.analysis.trees import importances, splits_by_depth, tree_sizes, typical_tree
from archviz.ir import Condition, Forest

LE, LEAF = int(Condition.LE), int(Condition.LEAF)


def two_trees(**changes: object) -> Forest:
    """The first splits on 0 and below on 1, the second on 1 alone."""
    fields: dict[str, object] = {
        "starts": [0, 5, 8],
        "yes": [1, 3, -1, -1, -1, 1, -1, -1],
        "no": [2, 4, -1, -1, -1, 2, -1, -1],
        "condition": [LE, LE, LEAF, LEAF, LEAF, LE, LEAF, LEAF],
        "feature": [0, 1, -1, -1, -1, 1, -1, -1],
        "threshold": [0.0] * 8,
        "value": [0.0] * 8,
        "samples": [10, 6, 4, 3, 3, 10, 5, 5],
        "impurity": [0.5, 0.4, 0.1, 0.2, 0.0, 0.6, 0.2, 0.0],
        "feature_names": ("a", "b", "c"),
    }
    return Forest(**(fields | changes))  # type: ignore[arg-type]


def test_decreases_of_impurity_are_shared_out_in_each_tree_and_averaged() -> None:
    shares, kind = importances(two_trees())
    first = np.array([10 * 0.5 - 6 * 0.4 - 4 * 0.1, 6 * 0.4 - 3 * 0.2, 0])
    second = np.array([0, 1.0, 0])
    assert kind == "impurity"
    assert shares == pytest.approx((first / first.sum() + second) / 2)


def test_gains_and_splits_are_summed_over_all_trees() -> None:
    gain = [3.0, 1.0, np.nan, np.nan, np.nan, 4.0, np.nan, np.nan]
    shares, kind = importances(two_trees(impurity=None, gain=gain))
    assert (kind, shares.tolist()) == ("gain", [3 / 8, 5 / 8, 0])
    shares, kind = importances(two_trees(impurity=None))
    assert (kind, shares.tolist()) == ("splits", [1 / 3, 2 / 3, 0])


def test_sizes_and_splits_are_counted_by_depth() -> None:
    forest = two_trees()
    sizes = tree_sizes(forest)
    assert [part.tolist() for part in sizes] == [[5, 3], [3, 2], [2, 1]]
    assert splits_by_depth(forest, forest.depths(), 2).tolist() == [[1, 0, 0], [1, 1, 0], [0] * 3]
    assert splits_by_depth(forest, forest.depths(), 0).tolist() == [[1], [2], [0]]


def test_the_typical_tree_is_nearest_to_the_mean() -> None:
    parts = {
        "starts": [0, 3, 6, 9],
        "yes": [1, -1, -1] * 3,
        "no": [2, -1, -1] * 3,
        "condition": [LE, LEAF, LEAF] * 3,
        "feature": [0, -1, -1, 1, -1, -1, 1, -1, -1],
        "threshold": [0.0] * 9,
        "value": [0.0] * 9,
    }
    assert typical_tree(Forest(**parts)) == 1


def test_a_forest_of_leaves_matters_nothing() -> None:
    leaf = Forest(
        starts=[0, 1, 2], yes=[-1, -1], no=[-1, -1], condition=[0, 0], feature=[-1, -1],
        threshold=[0, 0], value=[1.0, 2.0], feature_names=("a",),
    )  # fmt: skip
    assert importances(leaf)[0].tolist() == [0.0]
    assert typical_tree(leaf) == 0
