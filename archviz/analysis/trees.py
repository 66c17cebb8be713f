"""Facts of decision trees: how large each is, which features it splits on, what those matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archviz.ir import Forest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]


class TreeSizes(NamedTuple):
    """Of each tree; int64 (trees,).

    Attributes:
        nodes: Splits and leaves.
        leaves: Leaves.
        depth: Splits above the deepest leaf.
    """

    nodes: Array
    leaves: Array
    depth: Array


def tree_sizes(forest: Forest, depths: Array | None = None) -> TreeSizes:
    """How large each tree is; ``depths`` are the nodes', when they are known already."""
    import numpy as np

    nodes = np.diff(forest.starts)
    found = forest.depths() if depths is None else depths
    deepest = np.maximum.reduceat(found, forest.starts[:-1])
    return TreeSizes(nodes, nodes // 2 + 1, deepest)


def split_worths(forest: Forest) -> tuple[npt.NDArray[np.float64], str]:
    """How much each node's split matters, 0 at leaves; float64 (nodes,), and what that is.

    "impurity" is the decrease of the impurity times the rows' weight (L. Breiman and others,
    Classification and Regression Trees, 1984); "gain" what the library states; "splits" 1 each.
    """
    import numpy as np

    offset = np.repeat(forest.starts[:-1], np.diff(forest.starts))
    inner = forest.yes >= 0
    weight = forest.weight if forest.weight is not None else forest.samples
    if forest.impurity is not None and weight is not None:
        part = weight * forest.impurity
        worth = part.copy()
        at = offset[inner]
        worth[inner] -= part[forest.yes[inner] + at] + part[forest.no[inner] + at]
        kind = "impurity"
    elif forest.gain is not None:
        worth, kind = forest.gain, "gain"
    else:
        worth, kind = np.ones(forest.node_count), "splits"
    return np.where(inner, np.nan_to_num(worth), 0.0), kind


def importances(forest: Forest) -> tuple[npt.NDArray[np.float64], str]:
    """Each feature's share of what all splits gained, and what was summed up.

    Decreases of impurity are shared out within a tree first and averaged over trees, as
    scikit-learn does; gains and splits are summed over all trees. float64 (features,).
    """
    import numpy as np

    worth, kind = split_worths(forest)
    if kind == "impurity" and forest.tree_count > 1:
        table = _by_tree(forest, worth)
        total = table.sum(1, keepdims=True)
        share = table / np.where(total > 0, total, 1.0)
        found = share.mean(0)
    else:
        single = forest.feature >= 0
        found = np.bincount(forest.feature[single], worth[single], minlength=forest.feature_count)
    total = found.sum()
    return (found / total if total > 0 else found), kind


def _by_tree(forest: Forest, worth: Array) -> Array:
    """What each feature gained in each tree; float64 (trees, features)."""
    import numpy as np

    features = forest.feature_count
    single = forest.feature >= 0
    key = forest.tree_of_rows()[single] * features + forest.feature[single]
    size = forest.tree_count * features
    return np.bincount(key, worth[single], minlength=size).reshape(forest.tree_count, features)


def splits_by_depth(forest: Forest, depths: Array, most: int) -> npt.NDArray[np.int64]:
    """Splits on each feature at each depth, those from ``most`` on together.

    Returns:
        int64 (features, depths).
    """
    import numpy as np

    single = forest.feature >= 0
    level = np.minimum(depths[single], most)
    key = forest.feature[single].astype(np.int64) * (most + 1) + level
    size = forest.feature_count * (most + 1)
    return np.bincount(key, minlength=size).reshape(-1, most + 1)


def typical_tree(forest: Forest) -> int:
    """The tree that splits most like the forest: its features' shares are nearest to the mean.

    The distance is the sum of absolute differences; the first of equals is taken.
    """
    import numpy as np

    worth, _ = split_worths(forest)
    table = _by_tree(forest, worth)
    total = table.sum(1, keepdims=True)
    share = table / np.where(total > 0, total, 1.0)
    away = np.abs(share - share.mean(0)).sum(1)
    away = np.where(total[:, 0] > 0, away, np.inf)
    return int(np.argmin(away))
