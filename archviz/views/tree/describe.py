"""What a picture of trees shows, for those who cannot see it."""

from __future__ import annotations

from archviz.ir import Forest
from archviz.text import printable
from archviz.views.tree.fills import Fills
from archviz.views.tree.part import size_of

FORMS = {
    "fancy": "cards with pies",
    "plain": "cards",
    "compact": "dots",
    "leaves": "bars of its leaves",
    "icicle": "tiles as wide as their rows are many",
}


def describe_tree(forest: Forest, tree: int, fills: Fills, form: str) -> str:
    """A tree in a sentence or two."""
    size = size_of(forest, tree)
    leaves = size // 2 + 1
    name = printable(forest.name or "decision tree")
    where = f"Tree {tree} of {forest.tree_count:,} of a {name}" if forest.tree_count > 1 else name
    text = f"{where}: {_counted(size, 'node')}, {_counted(leaves, 'leaf', 'leaves')}"
    text += f", drawn as {FORMS[form]}. "
    rows = forest.rows(tree)
    root = int(forest.feature[rows.start])
    if root >= 0:
        text += f"The first split is on {printable(forest.feature_name(root))}. "
    if fills.classes:
        names = ", ".join(printable(item, 40) for item in fills.classes[:8])
        more = f" and {len(fills.classes) - 8} more" if len(fills.classes) > 8 else ""
        text += f"Classes: {names}{more}."
    return text.strip()


def describe_forest(forest: Forest) -> str:
    """A forest in a sentence."""
    name = printable(forest.name or "forest")
    return (
        f"Overview of a {name}: {_counted(forest.tree_count, 'tree')}, "
        f"{_counted(forest.node_count, 'node')}, {_counted(forest.feature_count, 'feature')}."
    )


def describe_row(forest: Forest, name: str) -> str:
    """A row's contributions in a sentence."""
    kind = printable(forest.name or "forest")
    return f"What each of {_counted(forest.tree_count, 'tree')} of a {kind} adds for {name}."


def describe_space(forest: Forest) -> str:
    """A feature space in a sentence."""
    kind = printable(forest.name or "forest")
    return f"Which answer a {kind} gives at each place of its feature space."


def _counted(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
