"""Decision trees as a graph of splits and leaves, for formats that other tools lay out."""

from __future__ import annotations

from archviz.errors import OptionError
from archviz.ir import Forest, Graph, Node, Scope, Value
from archviz.ir.forest.counts import without_counts
from archviz.ir.forest.subtree import cut
from archviz.records import replace

LIMITS = ("tree", "root", "max-depth", "max-nodes", "counts")
"""The options of :func:`graph_of_trees`."""

MOST = 50_000
"""Nodes above which no other tool lays a graph out."""


def graph_of_trees(
    forest: Forest,
    *,
    tree: int | None = None,
    root: int = 0,
    max_depth: int | None = None,
    max_nodes: int | None = None,
    counts: bool = True,
) -> Graph:
    """A node for every split and every leaf, each tree of several in a scope of its own.

    Args:
        forest: Any.
        tree: The only tree to show; None for all.
        root: Number of the node of a tree to start at.
        max_depth: Splits above the deepest nodes shown.
        max_nodes: How many nodes of a tree to show at most, those that tell most first.
        counts: Whether nodes say how many rows of the training came to them.

    Raises:
        OptionError: There is no such tree or node, or there are more than can be laid out.
    """
    numbers = chosen_trees(forest, tree, root)
    left = MOST
    for number in numbers:
        left -= _shown(forest, number, max_depth, max_nodes, root)
        if left < 0:
            raise OptionError(
                f"this format would hold more than {MOST:,} nodes",
                "say which with --tree N, --max-depth N or --max-nodes N",
            )
    told = forest if counts else without_counts(forest)
    nodes: list[Node] = []
    values: dict[str, Value] = {}
    scopes: dict[tuple[str, ...], Scope] = {}
    for number in numbers:
        part = told.view(number, max_depth=max_depth, max_nodes=max_nodes, root=root)
        scope = (f"tree {number}",) if len(numbers) > 1 else ()
        if scope:
            scopes[scope] = Scope(scope)
        entries = set(part.inputs)
        nodes += [
            replace(node, scope=scope, inputs=tuple(v for v in node.inputs if v not in entries))
            for node in part.nodes
        ]
        values.update((key, item) for key, item in part.values.items() if key not in entries)
    return Graph(forest.name, tuple(nodes), values, scopes=scopes)


def chosen_trees(forest: Forest, tree: int | None, root: int = 0) -> list[int]:
    """The trees that are asked for, by number.

    Raises:
        OptionError: There is no such tree, or it has no such node.
    """
    if tree is not None and not 0 <= tree < forest.tree_count:
        raise OptionError(
            f"there is no tree {tree}", f"--tree takes 0 to {forest.tree_count - 1:,}"
        )
    numbers = list(range(forest.tree_count)) if tree is None else [tree]
    for number in numbers:
        size = int(forest.starts[number + 1] - forest.starts[number])
        if not 0 <= root < size:
            raise OptionError(
                f"tree {number} has no node {root}", f"--root takes 0 to {size - 1:,}"
            )
    return numbers


def _shown(
    forest: Forest, tree: int, max_depth: int | None, max_nodes: int | None, root: int
) -> int:
    if max_depth is None and max_nodes is None and not root:
        return int(forest.starts[tree + 1] - forest.starts[tree])
    return len(cut(forest, tree, max_depth, max_nodes, root).shown)
