"""A forest on one page: what it is, which features matter and where, its trees, a typical one."""

from __future__ import annotations

from archviz.analysis.trees import (
    TreeSizes,
    importances,
    splits_by_depth,
    tree_sizes,
    typical_tree,
)
from archviz.ir import Forest
from archviz.scene import Mark, Text
from archviz.text import fit, printable, text_width
from archviz.views.tree.diagram import Diagram
from archviz.views.tree.fills import Fills, fills_of
from archviz.views.tree.legend import legend
from archviz.views.tree.overview import panels
from archviz.views.tree.overview.multiples import multiples
from archviz.views.tree.overview.panels import GAP, PANEL, SIZE, TITLE, Panel
from archviz.views.tree.part import Limits, part_of
from archviz.views.tree.sheet import MARGIN, Sheet

WIDTH = 3 * PANEL + 2 * GAP
FEATURES = 15
"""Features that are listed, those that matter most."""

DEPTHS = 12
"""Columns of the heat map; deeper splits share the last."""


def draw(forest: Forest, fills: Fills, pixels: float | None, has_legend: bool) -> Sheet:
    """The overview; where it is shown ``pixels`` wide, in as many columns as can be read."""
    width = WIDTH
    if pixels is not None:
        columns = max(1, min(3, int((pixels * 1.2 - 2 * MARGIN + GAP) / (PANEL + GAP))))
        width = columns * PANEL + (columns - 1) * GAP
    depths = forest.depths()
    sizes = tree_sizes(forest, depths)
    shares, kind = importances(forest)
    top = [i for i in (-shares).argsort(kind="stable")[:FEATURES].tolist() if shares[i] > 0]
    names = [printable(forest.feature_name(index), 80) for index in top]
    hidden = int((shares > 0).sum()) - len(top)
    most = min(int(sizes.depth.max()), DEPTHS)
    table = splits_by_depth(forest, depths, most)[top]
    found = [
        panels.importances(names, shares[top].tolist(), kind, hidden),
        panels.heat_map(names, table.tolist(), int(sizes.depth.max()) > most),
        panels.histograms([("depth of a tree", sizes.depth), ("leaves of a tree", sizes.leaves)]),
    ]
    marks, y = _heading(forest, sizes, width)
    x = MARGIN
    low = y
    for panel in found:
        if x + panel.width > MARGIN + width + 0.5:
            x, y = MARGIN, low
        marks += panel.at(x, y)
        low = max(low, y + panel.height + GAP)
        x += panel.width + GAP
    y = low
    if has_legend:
        key, room = legend(fills, width, MARGIN, y)
        marks += key
        y += room
    panel = multiples(forest, fills, width, int(sizes.depth.max()))
    marks += panel.at(MARGIN, y)
    y += panel.height + GAP
    typical, y, right = _typical(forest, fills, width, y)
    marks += typical
    return Sheet(max(width + 2 * MARGIN, right + MARGIN), round(y + MARGIN, 2), tuple(marks))


def _heading(forest: Forest, sizes: TreeSizes, width: float) -> tuple[list[Mark], float]:
    nodes, leaves, depth = sizes
    title = fit(printable(forest.name or "Forest", 80), 14, width, bold=True)
    deep = f"{depth.min()}" if depth.min() == depth.max() else f"{depth.min()} to {depth.max()}"
    facts = [
        f"{forest.tree_count:,} trees",
        f"{nodes.sum():,} nodes",
        f"{leaves.sum():,} leaves",
        f"depth {deep}",
        f"{forest.feature_count:,} features",
        *([printable(forest.objective, 40)] if forest.objective else []),
        *([f"{len(forest.class_names[0]):,} classes"] if forest.class_names else []),
        *([f"{forest.targets:,} targets"] if forest.targets > 1 else []),
    ]
    marks: list[Mark] = [
        Text(MARGIN, MARGIN + 12, title, "heading-title", 14, text_width(title, 14, bold=True))
    ]
    y = MARGIN + 30
    line = ""
    for fact in facts:
        longer = f"{line} · {fact}" if line else fact
        if text_width(longer, SIZE) > width:
            marks.append(Text(MARGIN, y, line, "note", SIZE, text_width(line, SIZE)))
            y += 15
            longer = fact
        line = longer
    marks.append(Text(MARGIN, y, line, "note", SIZE, text_width(line, SIZE)))
    return marks, y + GAP - 4


def _typical(
    forest: Forest, fills: Fills, width: float, y: float
) -> tuple[list[Mark], float, float]:
    """The top of the tree that splits most like the forest, as cards."""
    tree = typical_tree(forest)
    fills = fills_of(forest, fills.first // fills.width, tree)
    diagram = Diagram(forest, tree, fills, (), "tree", (), 0, "pie", has_legend=False)
    for most in (15, 11, 7, 3):
        part = part_of(forest, tree, Limits(max_nodes=most))
        sheet = diagram.draw(part, "plain", "TB", is_narrow=width < WIDTH)
        if sheet.width <= width + 2 * MARGIN:
            break
    text = fit("The tree whose importances are nearest to the forest's", TITLE, width, bold=True)
    marks: list[Mark] = [
        Text(MARGIN, y + 11, text, "heading-title", TITLE, text_width(text, TITLE, bold=True))
    ]
    moved = Panel("", sheet.width, sheet.height, sheet.marks).at(0.0, y + 8)
    return [*marks, *moved], y + 8 + sheet.height - MARGIN, sheet.width - MARGIN
