"""Small forests for tests."""

from __future__ import annotations

import numpy as np

from archviz.ir import Condition, Forest

LEAF, LE = int(Condition.LEAF), int(Condition.LE)


def small_forest(**changes: object) -> Forest:
    """Two trees: one of three nodes, one of a single leaf."""
    columns: dict[str, object] = {
        "starts": [0, 3, 4],
        "yes": [1, -1, -1, -1],
        "no": [2, -1, -1, -1],
        "condition": [LE, LEAF, LEAF, LEAF],
        "feature": [0, -1, -1, -1],
        "threshold": [0.5, 0, 0, 0],
        "value": [[0.0], [-1.0], [1.0], [0.25]],
        "name": "small",
    }
    return Forest(**{**columns, **changes})  # type: ignore[arg-type]


def chain(depth: int) -> Forest:
    """A tree whose every split has a leaf and the next split."""
    splits = np.arange(depth)
    is_split = np.r_[np.tile([True, False], depth), True][: 2 * depth + 1]
    is_split[-1] = False
    yes = np.where(is_split, np.arange(2 * depth + 1) + 1, -1)
    no = np.where(is_split, np.arange(2 * depth + 1) + 2, -1)
    threshold = np.zeros(2 * depth + 1)
    threshold[is_split] = splits
    return Forest(
        starts=np.array([0, 2 * depth + 1]),
        yes=yes,
        no=no,
        condition=np.where(is_split, LE, LEAF),
        feature=np.where(is_split, 0, -1),
        threshold=threshold,
        value=np.arange(2 * depth + 1.0),
    )


def random_forest(trees: int, splits: int, seed: int = 0) -> Forest:
    """Trees grown by splitting a random leaf again and again, with weights and gains."""
    rng = np.random.default_rng(seed)
    yes, no = [], []
    for _ in range(trees):
        left, right, leaves = [-1], [-1], [0]
        for _ in range(splits):
            node = leaves.pop(int(rng.integers(len(leaves))))
            left[node], right[node] = len(left), len(left) + 1
            leaves += [len(left), len(left) + 1]
            left += [-1, -1]
            right += [-1, -1]
        yes += left
        no += right
    count = len(yes)
    is_leaf = np.array(yes) < 0
    return Forest(
        starts=np.arange(trees + 1) * (2 * splits + 1),
        yes=np.array(yes),
        no=np.array(no),
        condition=np.where(is_leaf, LEAF, LE),
        feature=np.where(is_leaf, -1, rng.integers(0, 5, count)),
        threshold=rng.normal(size=count),
        value=rng.normal(size=count),
        gain=np.where(is_leaf, np.nan, rng.random(count)),
    )
