"""Many trees side by side, each as a small icicle."""

from __future__ import annotations

from archviz.ir import Forest
from archviz.scene import Mark, Path, Rect, Segment, Text
from archviz.text import text_width
from archviz.views.tree.fills import Fills, node_colors
from archviz.views.tree.icicle import levels
from archviz.views.tree.overview.panels import HEAD, SIZE, Panel
from archviz.views.tree.part import size_of

CELL = 116.0
GAP = 12.0
ROWS = 12
"""Levels of a tree at most."""

HEIGHT = 60.0
THICKEST = 12.0
LINES = 3
"""Lines of trees at most."""

THINNEST = 0.6


def multiples(forest: Forest, fills: Fills, width: float, deepest: int) -> Panel:
    """The first trees, their upper levels as tiles; ``deepest`` is the depth of the deepest."""
    rows = min(ROWS, deepest + 1)
    row = min(HEIGHT / rows, THICKEST)
    columns = max(1, int((width + GAP) / (CELL + GAP)))
    shown = min(forest.tree_count, columns * LINES)
    marks: list[Mark] = []
    tall = rows * row + 30
    merged: dict[str, list[Segment]] = {}
    for tree in range(shown):
        x = tree % columns * (CELL + GAP)
        y = HEAD + tree // columns * tall
        label = f"{tree:,}"
        marks.append(Text(x, y + 8, label, "note", SIZE, text_width(label, SIZE)))
        size = f"{size_of(forest, tree):,} nodes"
        marks.append(Text(x + CELL, y + 8, size, "note", SIZE, text_width(size, SIZE), "end"))
        for depth, level in enumerate(
            levels(forest, tree, CELL, max_depth=rows - 1, least=THINNEST)
        ):
            top = y + 13 + depth * row
            colors = node_colors(fills, forest.value[level.rows])
            for left, wide, color in zip(
                level.x.tolist(), level.width.tolist(), colors, strict=True
            ):
                merged.setdefault(color, []).extend(_tile(x + left, top, wide, row))
        marks.append(Rect(x, y + 13, CELL, rows * row, "frame"))
    marks += [Path(tuple(segments), f"tile {color}") for color, segments in merged.items()]
    more = "" if shown == forest.tree_count else f"first {shown:,} of {forest.tree_count:,} "
    title = f"{more}trees, root on top, tiles as wide as their rows are many"
    height = HEAD + -(-shown // columns) * tall - 14
    return Panel(title[:1].upper() + title[1:], width, height, tuple(marks))


def _tile(x: float, y: float, width: float, row: float) -> tuple[Segment, ...]:
    right, bottom = x + width, y + row
    return (("M", x, y), ("L", right, y), ("L", right, bottom), ("L", x, bottom), ("Z",))
