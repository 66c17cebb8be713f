"""The Forest: one or many binary decision trees, each fact of a node a column.

The nodes of tree ``t`` are rows ``starts[t]`` to ``starts[t + 1]``, its root first; children are
counted from the root, which is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from archviz.records import field, record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from archviz.ir.graph import Graph

Array: TypeAlias = "npt.NDArray[Any]"


class Condition(IntEnum):
    """What a row must meet to go to a node's ``yes`` child.

    The comparisons are of the row's feature with the node's threshold; IN and NOT_IN ask for its
    category; TRUE for a boolean feature; MISSING whether the feature is missing; OBLIQUE whether
    a weighted sum of features is at least the threshold. A LEAF has none.
    """

    LEAF = 0
    LE = 1
    LT = 2
    GE = 3
    GT = 4
    EQ = 5
    NE = 6
    IN = 7
    NOT_IN = 8
    TRUE = 9
    MISSING = 10
    OBLIQUE = 11

    @property
    def symbol(self) -> str:
        """The comparison as people write it; "" for what has no operator."""
        return ("", "≤", "<", "≥", ">", "=", "≠", "∈", "∉", "", "", "≥")[self]


class Missing(IntEnum):
    """What a split takes for a missing value.

    With NEVER, NaN is read as zero; with ZERO, zero is missing as NaN is.
    """

    NAN = 0
    ZERO = 1
    NEVER = 2


COLUMNS = {
    "starts": ("int64", "tree+1"),
    "yes": ("int32", "node"),
    "no": ("int32", "node"),
    "condition": ("uint8", "node"),
    "feature": ("int32", "node"),
    "threshold": ("float64", "node"),
    "value": ("float64", "row"),
    "ids": ("int32", "node"),
    "missing": ("int8", "node"),
    "missing_kind": ("uint8", "node"),
    "samples": ("float64", "node"),
    "weight": ("float64", "node"),
    "impurity": ("float64", "node"),
    "gain": ("float64", "node"),
    "category_starts": ("int64", "node+1"),
    "categories": ("int32", "category"),
    "oblique_starts": ("int64", "node+1"),
    "oblique_features": ("int32", "oblique"),
    "oblique_weights": ("float64", "oblique"),
    "linear_starts": ("int64", "node+1"),
    "linear_features": ("int32", "linear"),
    "linear_weights": ("float64", "linear"),
    "linear_constant": ("float64", "node"),
    "tree_output": ("int32", "tree"),
    "tree_weight": ("float64", "tree"),
    "tree_round": ("int32", "tree"),
    "base": ("float64", "output"),
}
"""Dtype of every array of a Forest, and what it has an entry for."""


@record
class Forest:
    """Binary decision trees and how their answers become a prediction.

    Arrays are made read-only and take the column's dtype. Optional columns are None when the
    source does not state them; a NaN inside a column is a single fact that it does not state.

    Attributes:
        starts: Row of each tree's root, and the number of nodes at the end; int64 (trees + 1,).
        yes: Child for rows that meet the condition, -1 at a leaf; int32 (nodes,).
        no: The other child; the library's left and right keep their order when ``condition`` is
            chosen so that left is ``yes``.
        condition: A Condition; uint8 (nodes,).
        feature: Index of the tested feature, -1 at leaves and oblique splits; int32 (nodes,).
        threshold: What the feature is compared with; float64 (nodes,).
        value: What the node would answer, all outputs of all classes; float64 (nodes, width).
        ids: The library's own number of the node, when it is not the position; int32 (nodes,).
        missing: Where a missing value goes: 1 to ``yes``, 0 to ``no``, -1 unknown; int8 (nodes,).
        missing_kind: A Missing, when it is not NAN everywhere; uint8 (nodes,).
        samples: Training rows that came here; float64 (nodes,).
        weight: Their weight, or the sum of second derivatives; float64 (nodes,).
        impurity: The library's criterion; float64 (nodes,).
        gain: What the split gained, as the library counts it; float64 (nodes,).
        category_starts: Where each node's categories begin; int64 (nodes + 1,).
        categories: The categories of IN and NOT_IN, node by node; int32.
        oblique_starts: Where each node's oblique terms begin; int64 (nodes + 1,).
        oblique_features: int32.
        oblique_weights: float64.
        linear_starts: Where each leaf's linear terms begin; int64 (nodes + 1,).
        linear_features: int32.
        linear_weights: float64.
        linear_constant: What a linear leaf adds to its terms; float64 (nodes,). ``value`` is its
            answer when one of its features is missing.
        tree_output: The output that a tree of one value adds to, -1 for all; int32 (trees,).
        tree_weight: What a tree's answer is multiplied by; float64 (trees,).
        tree_round: The boosting round that made the tree; int32 (trees,).
        base: What is added to each output before the link; float64 (outputs,).
        name: The estimator's class, or what the format calls it.
        value_kind: "count", "fraction", "mean" or "score".
        aggregation: How trees become one: "sum", "mean" (of fractions, after each tree's values
            are divided by their sum when they are counts), "vote", "weighted-median",
            "min", "max" or "product".
        link: What turns the sum into a prediction: "identity", "logistic", "softmax", "exp",
            "signed-square", "power-of-two" or what the library calls it.
        link_scale: What the sum is multiplied by before the link.
        objective: What was minimised, as the library names it.
        criterion: What ``impurity`` measures: "gini", "entropy", "squared_error", …
        compare_dtype: A row's dtype when it is compared, "float32" or "float64".
        targets: Number of targets, which share the outputs evenly.
        feature_names: By index, or empty.
        feature_types: By index "float", "int", "bool", "category" or "" (unknown), or empty.
        target_names: By target, or empty.
        class_names: For each target its classes in the order of ``value``; empty for regression.
        category_names: Names of a feature's categories by feature.
    """

    starts: Array
    yes: Array
    no: Array
    condition: Array
    feature: Array
    threshold: Array
    value: Array
    ids: Array | None = None
    missing: Array | None = None
    missing_kind: Array | None = None
    samples: Array | None = None
    weight: Array | None = None
    impurity: Array | None = None
    gain: Array | None = None
    category_starts: Array | None = None
    categories: Array | None = None
    oblique_starts: Array | None = None
    oblique_features: Array | None = None
    oblique_weights: Array | None = None
    linear_starts: Array | None = None
    linear_features: Array | None = None
    linear_weights: Array | None = None
    linear_constant: Array | None = None
    tree_output: Array | None = None
    tree_weight: Array | None = None
    tree_round: Array | None = None
    base: Array | None = None
    name: str = ""
    value_kind: str = "score"
    aggregation: str = "sum"
    link: str = "identity"
    link_scale: float = 1.0
    objective: str = ""
    criterion: str = ""
    compare_dtype: str = "float64"
    targets: int = 1
    feature_names: tuple[str, ...] = ()
    feature_types: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    class_names: tuple[tuple[str, ...], ...] = ()
    category_names: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import numpy as np

        for name, (dtype, per) in COLUMNS.items():
            given = getattr(self, name)
            if given is None:
                continue
            array = np.ascontiguousarray(given, dtype).view()
            if per == "row" and array.ndim == 1:
                array = array.reshape(-1, 1)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Forest):
            return NotImplemented
        import numpy as np

        for name in self.__match_args__:
            mine, its = getattr(self, name), getattr(other, name)
            if name not in COLUMNS or mine is None or its is None:
                if mine is not its and (name in COLUMNS or mine != its):
                    return False
            elif not np.array_equal(mine, its, equal_nan=mine.dtype.kind == "f"):
                return False
        return True

    __hash__ = None  # type: ignore[assignment]

    @property
    def tree_count(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1

    @property
    def node_count(self) -> int:
        """Number of nodes in all trees."""
        return int(self.starts[-1])

    @property
    def width(self) -> int:
        """Values of one node."""
        return int(self.value.shape[1])

    @property
    def outputs(self) -> int:
        """Columns of the prediction: the width, or more where trees take turns at the classes."""
        if self.base is not None and len(self.base) > self.width:
            return len(self.base)
        turns = 0 if self.tree_output is None else int(self.tree_output.max(initial=-1)) + 1
        return max(self.width, turns)

    @property
    def is_leaf(self) -> npt.NDArray[np.bool_]:
        """Which nodes are leaves; bool (nodes,)."""
        found: npt.NDArray[np.bool_] = self.condition == int(Condition.LEAF)
        return found

    @property
    def is_classifier(self) -> bool:
        """Whether it answers with classes."""
        return bool(self.class_names)

    @property
    def feature_count(self) -> int:
        """Number of features that are named or tested."""
        used = [self.feature, self.oblique_features, self.linear_features]
        most = max(int(a.max(initial=-1)) for a in used if a is not None) + 1
        return max(len(self.feature_names), most)

    def rows(self, tree: int) -> slice:
        """The rows of the nodes of a tree.

        Raises:
            IndexError: There is no such tree.
        """
        if not 0 <= tree < self.tree_count:
            raise IndexError(f"tree {tree} of {self.tree_count}")
        return slice(int(self.starts[tree]), int(self.starts[tree + 1]))

    def tree_of_rows(self) -> Array:
        """The tree of every node; int64 (nodes,)."""
        import numpy as np

        return np.repeat(np.arange(self.tree_count), np.diff(self.starts))

    def parents(self) -> Array:
        """Row of every node's parent, a root's being its own; int64 (nodes,)."""
        import numpy as np

        found = np.arange(self.node_count)
        inner = np.flatnonzero(self.yes >= 0)
        offset = np.repeat(self.starts[:-1], np.diff(self.starts))[inner]
        found[self.yes[inner] + offset] = inner
        found[self.no[inner] + offset] = inner
        return found

    def depths(self) -> Array:
        """Splits above every node; int64 (nodes,)."""
        return depths_of(self.parents())

    def feature_name(self, index: int) -> str:
        """The name of a feature, "x[3]" for one without."""
        return self.feature_names[index] if index < len(self.feature_names) else f"x[{index}]"

    def categories_of(self, row: int) -> tuple[int, ...]:
        """The categories that the condition of the node in ``row`` lists."""
        if self.category_starts is None or self.categories is None:
            return ()
        start, end = self.category_starts[row], self.category_starts[row + 1]
        return tuple(self.categories[start:end].tolist())

    def category_name(self, feature: int, category: int) -> str:
        """The name of a category, its number when it has none."""
        names = self.category_names.get(feature, ())
        return names[category] if 0 <= category < len(names) else str(category)

    def view(
        self,
        tree: int = 0,
        *,
        max_depth: int | None = None,
        max_nodes: int | None = None,
        root: int = 0,
    ) -> Graph:
        """A tree as a graph of "split", "leaf" and "stub" nodes.

        Node ids are "t3/n17", by position in the tree. A split's first output leads
        to the child of rows that meet its condition. A stub stands for a subtree left out and
        says how large it is.

        Args:
            tree: Index of the tree.
            max_depth: Splits above the deepest nodes shown; None for all.
            max_nodes: How many nodes to show at most; the splits that gain most come first.
            root: The node to start at.

        Raises:
            IndexError: There is no such tree or node.
        """
        from archviz.ir.forest.subtree import view

        return view(self, tree, max_depth, max_nodes, root)


def depths_of(parents: Array) -> Array:
    """Distance of every node from its root, the node that is its own parent; int64 (nodes,).

    Pointers double their reach each round, so that a chain of a million nodes takes twenty. A
    node that hangs on a cycle instead gets the number of nodes, which is further than any.
    """
    import numpy as np

    reach = parents
    is_root = parents == np.arange(len(parents))
    depth = (~is_root).astype(np.int64)
    for _ in range(len(parents).bit_length() + 1):
        further = reach[reach]
        if np.array_equal(further, reach):
            break
        depth = depth + depth[reach]
        reach = further
    return np.where(is_root[reach], depth, len(parents))
