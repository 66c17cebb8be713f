"""One tree, or its upper part, as a graph."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

from archviz.ir.build import GraphBuilder
from archviz.ir.forest.columns import Array, Condition, Forest
from archviz.ir.graph import Attribute, Graph


class Cut(NamedTuple):
    """Which nodes of a tree are shown.

    Attributes:
        shown: Nodes in preorder, those that stand for hidden subtrees included.
        hidden: How many nodes and leaves each of those stands for, by node.
    """

    shown: tuple[int, ...]
    hidden: dict[int, tuple[int, int]]


def cut(
    forest: Forest, tree: int, max_depth: int | None, max_nodes: int | None, root: int = 0
) -> Cut:
    """The part of a tree that the limits leave; nodes are numbered from the tree's own root."""
    rows = forest.rows(tree)
    yes, no = forest.yes[rows].tolist(), forest.no[rows].tolist()
    if not 0 <= root < len(yes):
        raise IndexError(f"node {root} of {len(yes)}")
    is_open = _best_first(forest, tree, yes, no, max_depth, max_nodes, root)
    shown: list[int] = []
    closed: list[int] = []
    stack = [root]
    while stack:
        node = stack.pop()
        shown.append(node)
        if yes[node] < 0:
            continue
        if is_open is None or node in is_open:
            stack += (no[node], yes[node])
        else:
            closed.append(node)
    return Cut(tuple(shown), {node: _size(yes, no, node) for node in closed})


def _best_first(
    forest: Forest,
    tree: int,
    yes: list[int],
    no: list[int],
    max_depth: int | None,
    max_nodes: int | None,
    root: int,
) -> dict[int, None] | None:
    """The splits whose children are shown, None for all of them."""
    if max_depth is None and (max_nodes is None or max_nodes >= len(yes)):
        return None
    worth = split_worth(forest, tree).tolist() if max_nodes is not None else [0.0] * len(yes)
    heap: list[tuple[float, int, int]] = []
    opened: dict[int, None] = {}
    count = 1

    def offer(node: int, depth: int) -> None:
        if yes[node] >= 0 and (max_depth is None or depth < max_depth):
            heappush(heap, (-worth[node], depth, node))

    offer(root, 0)
    while heap and (max_nodes is None or count + 2 <= max_nodes):
        _, depth, node = heappop(heap)
        opened[node] = None
        count += 2
        offer(yes[node], depth + 1)
        offer(no[node], depth + 1)
    return opened


def split_worth(forest: Forest, tree: int) -> Array:
    """How much each split of a tree matters; float64 (nodes,), 0 at leaves.

    The weighted decrease of impurity where the source states impurities, else the gain, else the
    rows or the weight that come here.
    """
    import numpy as np

    rows = forest.rows(tree)
    yes, no = forest.yes[rows], forest.no[rows]
    weight = forest.weight if forest.weight is not None else forest.samples
    is_split = yes >= 0
    if forest.impurity is not None and weight is not None:
        part = weight[rows] * forest.impurity[rows]
        worth = part - part[yes] - part[no]
    elif forest.gain is not None:
        worth = forest.gain[rows]
    elif weight is not None:
        worth = weight[rows]
    else:
        worth = np.zeros(len(yes))
    return np.where(is_split, np.nan_to_num(worth), 0.0)


def _size(yes: list[int], no: list[int], root: int) -> tuple[int, int]:
    nodes = leaves = 0
    stack = [root]
    while stack:
        node = stack.pop()
        nodes += 1
        if yes[node] < 0:
            leaves += 1
        else:
            stack += (no[node], yes[node])
    return nodes, leaves


def view(
    forest: Forest, tree: int, max_depth: int | None, max_nodes: int | None, root: int
) -> Graph:
    """The graph that :meth:`Forest.view` returns."""
    part = cut(forest, tree, max_depth, max_nodes, root)
    start = int(forest.starts[tree])
    builder = GraphBuilder(forest.name)
    value = builder.value(f"t{tree}/n{part.shown[0]}")
    builder.inputs.append(value)
    for node in part.shown:
        name = f"t{tree}/n{node}"
        row = start + node
        branches: tuple[str, ...] = ()
        attributes = facts(forest, row)
        kind = "leaf"
        if node in part.hidden:
            kind = "stub"
            nodes, leaves = part.hidden[node]
            attributes |= {"hidden_nodes": nodes, "hidden_leaves": leaves}
        elif forest.yes[row] >= 0:
            kind = "split"
            children = (int(forest.yes[row]), int(forest.no[row]))
            branches = tuple(builder.value(f"t{tree}/n{child}") for child in children)
        builder.node(kind, (name,), branches, node_id=name, kind=kind, attributes=attributes)
    return builder.build()


def facts(forest: Forest, row: int) -> dict[str, Attribute]:
    """What is known of a node, as attributes of a graph's node."""
    found: dict[str, Attribute] = {}
    if forest.ids is not None:
        found["id"] = int(forest.ids[row])
    condition = Condition(int(forest.condition[row]))
    if condition is not Condition.LEAF:
        feature = int(forest.feature[row])
        if feature >= 0:
            found["feature"] = forest.feature_name(feature)
        found["condition"] = condition.name.lower()
        if condition in (Condition.IN, Condition.NOT_IN):
            listed = forest.categories_of(row)
            found["categories"] = tuple(forest.category_name(feature, item) for item in listed)
        elif condition not in (Condition.TRUE, Condition.MISSING):
            found["threshold"] = float(forest.threshold[row])
        if condition is Condition.OBLIQUE:
            found |= _terms(forest, row, "oblique")
        if forest.missing is not None and forest.missing[row] >= 0:
            found["missing"] = "yes" if forest.missing[row] else "no"
    for name in ("samples", "weight", "impurity", "gain"):
        column = getattr(forest, name)
        if column is not None and column[row] == column[row]:
            found[name] = float(column[row])
    value = forest.value[row].tolist()
    if any(item == item for item in value):
        found["value"] = tuple(value) if len(value) > 1 else value[0]
    if forest.value_kind in ("count", "fraction") and forest.class_names and "value" in found:
        width = forest.width // forest.targets
        best = [
            max(range(width), key=value[at : at + width].__getitem__)
            for at in range(0, forest.width, width)
        ]
        found["class"] = ", ".join(
            known[index] if index < len(known) else str(index)
            for index, known in zip(best, forest.class_names, strict=False)
        )
    if condition is Condition.LEAF and forest.linear_constant is not None:
        found["constant"] = float(forest.linear_constant[row])
        found |= _terms(forest, row, "linear")
    return found


def _terms(forest: Forest, row: int, kind: str) -> dict[str, Attribute]:
    starts = getattr(forest, f"{kind}_starts")
    if starts is None:
        return {}
    part = slice(int(starts[row]), int(starts[row + 1]))
    features = getattr(forest, f"{kind}_features")[part].tolist()
    return {
        "features": tuple(forest.feature_name(item) for item in features),
        "weights": tuple(getattr(forest, f"{kind}_weights")[part].tolist()),
    }
