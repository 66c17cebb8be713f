"""The tree style: decision trees as cards, dots or tiles, and forests at a glance.

Which of them is drawn depends on the size: cards with pies ("fancy"), cards ("plain"), dots with
labels on the largest ("compact"), tiles as wide as their rows are many ("icicle"), and for many
trees an overview. Nodes of a million make no objects; what is drawn does.
"""

from __future__ import annotations

from typing import Literal

from archviz.errors import OptionError
from archviz.ir import Forest, Model
from archviz.length import parse_length
from archviz.scene import Scene
from archviz.text import printable
from archviz.views import View
from archviz.views.tree import icicle, overview
from archviz.views.tree.cards import FACTS
from archviz.views.tree.describe import describe_forest, describe_tree
from archviz.views.tree.diagram import Diagram
from archviz.views.tree.fills import fills_of
from archviz.views.tree.fit import fitted
from archviz.views.tree.highlight import path_to
from archviz.views.tree.part import Limits, part_of, size_of

FANCY, PLAIN, COMPACT = 64, 250, 1000
"""Leaves up to which trees are drawn in each form; larger ones are icicles."""

Form = Literal["auto", "fancy", "plain", "compact", "icicle", "overview"]


def draw(
    model: Model,
    *,
    form: Form = "auto",
    tree: int | None = None,
    root: int = 0,
    max_depth: int | None = None,
    max_nodes: int | None = None,
    direction: Literal["auto", "TB", "LR"] = "auto",
    layout: str = "tree",
    show: tuple[str, ...] = (),
    digits: int = 0,
    leaves: Literal["pie", "bar"] = "pie",
    target: int = 0,
    highlight: tuple[str, ...] = (),
    width: str = "",
    legend: bool = True,
) -> Scene:
    """A decision tree, or a forest.

    Args:
        model: Whose body is a Forest.
        form: How nodes are drawn; "auto" goes by their number.
        tree: Which tree of a forest; None draws all as an overview, or the only one.
        root: Number of the node to start at.
        max_depth: Splits above the deepest nodes shown.
        max_nodes: How many nodes to show at most, those that tell most first.
        direction: Where trees grow: down, or to the right; "auto" takes what is less wide.
        layout: The engine that places cards.
        show: Facts that cards tell: samples, impurity, gain, value, class, proportion, weight,
            missing, id; none for those that suit the form.
        digits: Significant digits of numbers; 0 for as few as tell them apart.
        leaves: Classes in leaves as slices of a pie or as a bar.
        target: Which target of several gives colours and answers.
        highlight: A path to mark: the number of a node it leads to ("17"), a row as its values
            ("5.1, 3.5, 1.4, 0.2") or by names ("petal width=2.1").
        width: How wide the picture is to be shown, "84mm"; it is drawn so that its text is of six
            points at least, with fewer nodes where it must. "" for its own size.
        legend: Whether the picture says what its colours mean.

    Raises:
        OptionError: The model has no trees, or not those asked for.
    """
    forest = model.body
    if not isinstance(forest, Forest):
        raise OptionError(
            "the style 'tree' draws decision trees, and this model is a graph",
            "leave --style out, or draw the trees that a node holds: --focus NODE",
        )
    unknown = [fact for fact in show if fact not in FACTS]
    if unknown:
        raise OptionError(
            f"there is no fact {unknown[0]!r} to show", f"there are: {', '.join(FACTS)}"
        )
    if not 0 <= target < forest.targets:
        raise OptionError(
            f"there is no target {target}", f"--target takes 0 to {forest.targets - 1}"
        )
    fills = fills_of(forest, target)
    wanted = parse_length(width, "--width") if width else None
    pixels = wanted.pixels if wanted else None
    title = printable(model.source or forest.name or "trees")
    limits = Limits(root, max_depth, max_nodes)
    asks = tree is not None or bool(highlight) or limits != Limits()
    if form == "overview" or (form == "auto" and forest.tree_count > 1 and not asks):
        sheet = overview.draw(forest, fills, pixels, legend)
        return sheet.scene(title, describe_forest(forest), wanted)
    number = tree or 0
    part = None if limits.is_everything else part_of(forest, number, limits)
    path = path_to(forest, number, highlight)
    leaves_shown = (size_of(forest, number) if part is None else len(part.rows)) // 2 + 1
    chosen = form_of(leaves_shown) if form == "auto" else form
    diagram = Diagram(forest, number, fills, path, layout, show, digits, leaves, legend)
    if chosen == "icicle":
        sheet = icicle.draw(forest, number, fills, path, limits, pixels, legend)
    elif pixels is None:
        part = part or part_of(forest, number, limits)
        sheet = diagram.draw(part, chosen, direction)
    else:
        sheet = fitted(diagram, limits, chosen, direction, pixels, is_free=form == "auto")
    return sheet.scene(title, describe_tree(forest, number, fills, chosen), wanted)


def form_of(leaves: int) -> Literal["fancy", "plain", "compact", "icicle"]:
    """The form that suits a tree of so many leaves."""
    if leaves <= FANCY:
        return "fancy"
    if leaves <= PLAIN:
        return "plain"
    return "compact" if leaves <= COMPACT else "icicle"


VIEW = View("tree", "decision trees as cards or tiles, forests at a glance", draw, "forest")
