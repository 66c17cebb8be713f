"""The tree style: decision trees as cards, dots or tiles, and forests at a glance.

Which of them is drawn depends on the size: cards with pies ("fancy"), cards ("plain"), dots with
labels on the largest ("compact"), tiles as wide as their rows are many ("icicle"), and for many
trees an overview. Nodes of a million make no objects; what is drawn does.
"""

from __future__ import annotations

from typing import Literal

from archviz.analysis.tree_rows import rows_for
from archviz.errors import OptionError
from archviz.ir import Forest, Model
from archviz.ir.forest.columns import COLUMNS
from archviz.ir.forest.counts import without_counts
from archviz.length import parse_length
from archviz.records import replace
from archviz.scene import Scene
from archviz.text import printable
from archviz.views import View
from archviz.views.tree import leaves as leaves_chart
from archviz.views.tree.cards import FACTS
from archviz.views.tree.describe import (
    describe_forest,
    describe_row,
    describe_space,
    describe_tree,
)
from archviz.views.tree.diagram import Diagram
from archviz.views.tree.fills import fills_of
from archviz.views.tree.fit import fitted
from archviz.views.tree.highlight import followed, is_row, row_of, way_of
from archviz.views.tree.journey import with_journey
from archviz.views.tree.part import Limits, part_of, size_of
from archviz.views.tree.plots import Plots
from archviz.views.tree.sheet import Sheet

FANCY, PLAIN, COMPACT = 64, 250, 1000
"""Leaves up to which trees are drawn in each form; larger ones are icicles."""

MOST = 25_000
"""Leaves above which no tree is drawn with a card or a dot for each."""

Form = Literal["auto", "fancy", "plain", "compact", "icicle", "overview", "leaves", "space"]


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
    output: int = 0,
    data: object = "",
    y: object = "",
    counts: bool = True,
    features: tuple[str, ...] = (),
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
        output: Which target of several gives colours and answers.
        data: Rows to lead through the tree: a .csv, .tsv, .npy or .parquet file, or a live array
            or frame. How many come where is all that the picture holds of them.
        y: The target: the data's column with the answers, or a file or an array of them.
        counts: Whether the picture says how many rows there are, of the model's or of the data.
        features: The one or two features of the form "space"; none for the two that matter most.
        highlight: A path to mark: the number of a node it leads to ("17"), a row as its values
            ("5.1, 3.5, 1.4, 0.2"), by names ("petal width=2.1") or of the data ("row=17").
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
    if not 0 <= output < forest.targets:
        raise OptionError(
            f"there is no target {output}", f"--output takes 0 to {forest.targets - 1}"
        )
    rows = rows_for(forest, data, y, output) if is_given(data) else None
    if rows is None and is_given(y):
        raise OptionError("--target is a column of data", "say which data: --data FILE")
    if rows is not None and rows.names:
        forest = replace(forest, feature_names=rows.names)
    if not counts:
        forest = without_counts(forest)
    fills = fills_of(forest, output)
    wanted = parse_length(width, "--width") if width else None
    pixels = wanted.pixels if wanted else None
    title = printable(model.source or forest.name or "trees")
    limits = Limits(root, max_depth, max_nodes)
    asks = tree is not None or bool(highlight) or limits != Limits()
    if form == "overview" or (form == "auto" and forest.tree_count > 1 and not asks):
        from archviz.views.tree import overview

        sheet = overview.draw(forest, fills, pixels, legend)
        return sheet.scene(title, describe_forest(forest), wanted)
    if form == "space":
        from archviz.views.tree import space

        shown = forest if tree is None else forest_of_tree(forest, tree)
        lead = Plots(shown, 0, rows) if rows is not None and counts else None
        sheet = space.draw(shown, fills, features, lead, pixels, legend)
        return sheet.scene(title, describe_space(shown), wanted)
    if form == "auto" and tree is None and forest.tree_count > 1 and limits == Limits():
        named = [text for text in highlight if is_row(text)]
        if named:
            row, name = row_of(forest, named[-1], rows)
            from archviz.views.tree import contributions

            sheet = contributions.draw(forest, fills, row, name, pixels)
            return sheet.scene(title, describe_row(forest, name), wanted)
    number = tree or 0
    fills = fills_of(forest, output, number)
    part = None if limits.is_everything else part_of(forest, number, limits)
    path = followed(forest, number, highlight, rows)
    plots = Plots(forest, number, rows, path.row) if rows is not None and counts else None
    leaves_shown = (size_of(forest, number) if part is None else len(part.rows)) // 2 + 1
    chosen = form_of(leaves_shown) if form == "auto" else form
    if chosen in ("fancy", "plain", "compact") and leaves_shown > MOST:
        raise OptionError(
            f"tree {number} would show {leaves_shown:,} leaves, and the form {chosen!r} is for "
            f"{MOST:,} at most",
            "--form icicle shows them all; --max-nodes N or --max-depth N fewer",
        )
    diagram = Diagram(
        forest, number, fills, path.nodes, layout, show, digits, leaves, legend, plots
    )
    if chosen == "leaves":
        sheet = leaves_chart.draw(forest, number, fills, plots, pixels, legend)
        return sheet.scene(title, describe_tree(forest, number, fills, chosen), wanted)

    def completed(sheet: Sheet) -> Sheet:
        if path.row is None:
            return sheet
        way = way_of(forest, number, path.row)
        return with_journey(sheet, forest, number, fills, way, path.row, path.name)

    if chosen == "icicle":
        from archviz.views.tree import icicle

        sheet = completed(icicle.draw(forest, number, fills, path.nodes, limits, pixels, legend))
    elif pixels is None:
        part = part or part_of(forest, number, limits)
        sheet = completed(diagram.draw(part, chosen, direction))
    else:
        is_free = form == "auto"
        sheet = fitted(
            diagram, limits, chosen, direction, pixels, is_free=is_free, completed=completed
        )
    return sheet.scene(title, describe_tree(forest, number, fills, chosen), wanted)


def is_given(value: object) -> bool:
    """Whether an option that takes a file or an array was given."""
    return not (value is None or (isinstance(value, str) and not value))


def forest_of_tree(forest: Forest, tree: int) -> Forest:
    """One tree of a forest as a forest of its own.

    Raises:
        OptionError: There is no such tree.
    """
    import numpy as np

    size_of(forest, tree)
    rows = forest.rows(tree)
    nodes = forest.node_count
    found: dict[str, object] = {"starts": np.array([0, rows.stop - rows.start])}
    for name, (_, per) in COLUMNS.items():
        column = getattr(forest, name)
        if column is None or name == "starts":
            continue
        if per in ("node", "row"):
            found[name] = column[rows]
        elif per == "node+1":
            assert len(column) == nodes + 1
            found[name] = column[rows.start : rows.stop + 1] - column[rows.start]
        elif per == "tree":
            found[name] = column[tree : tree + 1]
    for starts, *lists in (
        ("category_starts", "categories"),
        ("oblique_starts", "oblique_features", "oblique_weights"),
        ("linear_starts", "linear_features", "linear_weights"),
    ):
        column = getattr(forest, starts)
        if column is not None:
            part = slice(int(column[rows.start]), int(column[rows.stop]))
            found |= {name: getattr(forest, name)[part] for name in lists}
    return replace(forest, **found)  # type: ignore[arg-type]


def form_of(leaves: int) -> Literal["fancy", "plain", "compact", "icicle"]:
    """The form that suits a tree of so many leaves."""
    if leaves <= FANCY:
        return "fancy"
    if leaves <= PLAIN:
        return "plain"
    return "compact" if leaves <= COMPACT else "icicle"


VIEW = View("tree", "decision trees as cards or tiles, forests at a glance", draw, "forest")
