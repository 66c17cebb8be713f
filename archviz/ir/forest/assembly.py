"""Putting columns together: nodes that are reached, in the order that a Forest wants."""

from __future__ import annotations

from typing import NamedTuple

from archviz.ir.forest.columns import Array


class Kept(NamedTuple):
    """Nodes that hang below a root.

    Attributes:
        rows: Where each was before; int64 (nodes,).
        starts: Row of each tree's root now, and their number; int64 (trees + 1,).
        yes: Children as a Forest counts them; int32 (nodes,).
        no: The other children; int32 (nodes,).
    """

    rows: Array
    starts: Array
    yes: Array
    no: Array


def keep_reachable(starts: Array, yes: Array, no: Array) -> Kept:
    """What remains of trees when nodes that no root leads to are left out.

    Args:
        starts: Row of each tree's root, and the number of nodes; int64 (trees + 1,).
        yes: Children counted from the root, negative at leaves; int32 (nodes,).
        no: The other children.

    Raises:
        ValueError: A child is no node of its tree, or has two parents.
    """
    import numpy as np

    nodes = int(starts[-1])
    tree = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    size = np.diff(starts)[tree]
    is_reached = np.zeros(nodes, bool)
    front = np.unique(starts[:-1])
    while len(front):
        if is_reached[front].any():
            raise ValueError("a node has two parents")
        is_reached[front] = True
        inner = front[yes[front] >= 0]
        offset = starts[tree[inner]]
        children = []
        for column in (yes, no):
            child = column[inner]
            if (child >= size[inner]).any() or (child < 1).any():
                raise ValueError("a child is no node of its tree")
            children.append(child + offset)
        front = np.concatenate(children)
        if len(np.unique(front)) != len(front):
            raise ValueError("a node has two parents")
    rows = np.flatnonzero(is_reached)
    new_starts = np.concatenate(
        [[0], np.cumsum(np.bincount(tree[rows], minlength=len(starts) - 1))]
    )
    place = np.full(nodes, -1, np.int64)
    place[rows] = np.arange(len(rows)) - new_starts[tree[rows]]
    offset = starts[tree[rows]]

    def renumbered(column: Array) -> Array:
        old = column[rows]
        return np.where(yes[rows] < 0, -1, place[np.where(old < 0, 0, old) + offset])

    return Kept(rows, new_starts, renumbered(yes), renumbered(no))
