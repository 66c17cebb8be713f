"""What is shown of one tree: some of its nodes, with what is known of each."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.errors import OptionError
from archviz.ir.forest import Forest
from archviz.ir.forest.subtree import cut
from archviz.records import field, record


@record
class Part:
    """A tree or its upper part; nodes are positions in preorder, 0 the top one.

    Attributes:
        forest: Where it is from.
        tree: Index of the tree.
        numbers: The library's number of each node.
        rows: Row of each node in the forest's columns.
        children: For each node the positions of its yes and its no child; None for a leaf.
        depths: Splits between the top node and each.
        hidden: How many nodes and leaves a node stands for, where its subtree is not shown.
        path: Positions of highlighted nodes in order.
        nodes: Nodes of the whole tree.
        leaves: Leaves of the whole tree.
    """

    forest: Forest
    tree: int
    numbers: Sequence[int]
    rows: Sequence[int]
    children: Sequence[tuple[int, int] | None]
    depths: Sequence[int]
    hidden: dict[int, tuple[int, int]]
    nodes: int
    leaves: int
    path: dict[int, None] = field(default_factory=dict)

    def column(self, name: str) -> list[float] | None:
        """An optional column of the forest for the nodes shown; None when it is not stated."""
        column = getattr(self.forest, name)
        return None if column is None else column[list(self.rows)].tolist()


@record
class Limits:
    """What is asked to be shown of a tree.

    Attributes:
        root: Number of the node to start at.
        max_depth: Splits above the deepest nodes shown.
        max_nodes: How many nodes to show at most.
    """

    root: int = 0
    max_depth: int | None = None
    max_nodes: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether the whole tree is shown."""
        return self == Limits()


def size_of(forest: Forest, tree: int) -> int:
    """How many nodes a tree has.

    Raises:
        OptionError: There is no such tree.
    """
    if not 0 <= tree < forest.tree_count:
        raise OptionError(
            f"there is no tree {tree}", f"--tree takes 0 to {forest.tree_count - 1:,}"
        )
    return int(forest.starts[tree + 1] - forest.starts[tree])


def check(forest: Forest, tree: int, limits: Limits) -> None:
    """Checks that there is such a part.

    Raises:
        OptionError: There is no such tree or node, or nothing would be left.
    """
    size = size_of(forest, tree)
    if not 0 <= limits.root < size:
        raise OptionError(
            f"tree {tree} has no node {limits.root}", f"--root takes 0 to {size - 1:,}"
        )
    if limits.max_depth is not None and limits.max_depth < 0:
        raise OptionError(f"--max-depth is {limits.max_depth}", "it takes 0 or more")
    if limits.max_nodes is not None and limits.max_nodes < 1:
        raise OptionError(f"--max-nodes is {limits.max_nodes}", "it takes 1 or more")


def part_of(forest: Forest, tree: int, limits: Limits) -> Part:
    """The part of a tree that the limits leave.

    Raises:
        OptionError: There is no such tree or node.
    """
    check(forest, tree, limits)
    own = forest.rows(tree)
    size = own.stop - own.start
    shown, hidden = cut(forest, tree, limits.max_depth, limits.max_nodes, limits.root)
    position = {node: index for index, node in enumerate(shown)}
    yes, no = forest.yes[own].tolist(), forest.no[own].tolist()
    children: list[tuple[int, int] | None] = []
    depths = [0] * len(shown)
    for index, node in enumerate(shown):
        if yes[node] < 0 or node in hidden:
            children.append(None)
            continue
        pair = (position[yes[node]], position[no[node]])
        children.append(pair)
        depths[pair[0]] = depths[pair[1]] = depths[index] + 1
    return Part(
        forest,
        tree,
        shown,
        [own.start + node for node in shown],
        children,
        depths,
        {position[node]: sizes for node, sizes in hidden.items()},
        size,
        (size + 1) // 2,
    )
