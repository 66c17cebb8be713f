"""A tree of any size as tiles: each node as wide as its rows are many, below its parent."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from archviz.ir import Forest
from archviz.ir.forest.columns import depths_of
from archviz.scene import Group, Mark, Path, Rect, Segment, Text
from archviz.text import CAP_HEIGHT, fit, text_width
from archviz.views.tree import words
from archviz.views.tree.cards import Facts
from archviz.views.tree.fills import UNKNOWN, Fills, node_colors
from archviz.views.tree.legend import SIZE, caption, legend
from archviz.views.tree.part import Limits, Part, check, size_of
from archviz.views.tree.sheet import MARGIN, Sheet

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]

WIDTH = 1240.0
"""Of the root's tile when no width is asked for."""

THINNEST = 0.35
"""Pixels below which a tile and all below it are left out."""

NAMED = 26.0
"""Pixels from which a tile is a mark of its own, with a tooltip and what text fits."""

TALLEST, LOWEST = 20.0, 3.0
HEIGHT = 1000.0
"""Pixels that the rows of a deep tree share."""

DEEPEST = 1000
"""Rows that are drawn."""

TEXT_SIZE = 9.5


class Level(NamedTuple):
    """Tiles of nodes of one depth, from left to right.

    Attributes:
        rows: In the forest's columns.
        x: Left borders in pixels.
        width: In pixels.
    """

    rows: Array
    x: Array
    width: Array


def draw(
    forest: Forest,
    tree: int,
    fills: Fills,
    path: Sequence[int],
    limits: Limits,
    pixels: float | None,
    has_legend: bool,
) -> Sheet:
    """The tree as tiles; where it is shown ``pixels`` wide, text can be read in that width."""
    check(forest, tree, limits)
    width = WIDTH if pixels is None else round(pixels * 1.15 - 2 * MARGIN)
    tiles = levels(
        forest, tree, width, root=limits.root, max_depth=limits.max_depth, least=THINNEST
    )
    found = list(islice(tiles, DEEPEST))
    top_part = _part(forest, tree, found[0].rows)
    head, height = caption(top_part, width, MARGIN, MARGIN)
    if has_legend:
        key, room = legend(fills, width, MARGIN, MARGIN + height)
        head, height = [*head, *key], height + room
    start = int(forest.starts[tree])
    shown, whole = sum(len(level.rows) for level in found), size_of(forest, tree)
    if shown < whole and limits.is_everything:
        deeper = f"below row {DEEPEST:,} or " if len(found) == DEEPEST else ""
        note = f"{shown:,} of {whole:,} nodes; the others are {deeper}thinner than a line"
        text = fit(note, SIZE, width)
        head.append(Text(MARGIN, MARGIN + height + 9, text, "note", SIZE, text_width(text, SIZE)))
        height += 18
    row = min(max(HEIGHT / len(found), LOWEST), TALLEST)
    marks: list[Mark] = list(head)
    merged: dict[str, list[Segment]] = {}
    on_path: list[Mark] = []
    wanted = {start + number for number in path}
    for depth, level in enumerate(found):
        y = MARGIN + height + depth * row
        colors = node_colors(fills, forest.value[level.rows])
        own = _named(forest, tree, fills, level, colors, y, row)
        marks += own
        columns = (level.rows.tolist(), level.x.tolist(), level.width.tolist(), colors)
        for node, x, size, color in zip(*columns, strict=True):
            left = MARGIN + x
            if size < NAMED:
                merged.setdefault(color, []).extend(_tile(left, y, size, row))
            if node in wanted:
                on_path.append(Rect(left, y, max(size, 1.5), row, "path"))
    marks += [Path(tuple(segments), f"tile {color}") for color, segments in merged.items()]
    marks += on_path
    bottom = MARGIN + height + len(found) * row
    return Sheet(width + 2 * MARGIN, round(bottom + MARGIN, 2), tuple(marks))


def levels(
    forest: Forest,
    tree: int,
    width: float,
    *,
    root: int = 0,
    max_depth: int | None = None,
    least: float,
) -> Iterator[Level]:
    """The tiles of each depth, without those thinner than ``least`` and what is below them."""
    import numpy as np

    own = forest.rows(tree)
    yes, no = forest.yes[own], forest.no[own]
    size = sizes(forest, tree)
    at, x, w = np.array([root]), np.zeros(1), np.array([float(width)])
    depth = 0
    while len(at):
        yield Level(at + own.start, x, w)
        if max_depth is not None and depth >= max_depth:
            return
        depth += 1
        inner = yes[at] >= 0
        at, x, w = at[inner], x[inner], w[inner]
        pair = np.stack([yes[at], no[at]], 1)
        parts = size[pair]
        total = parts.sum(1, keepdims=True)
        wide = np.where(total > 0, parts / np.where(total > 0, total, 1.0), 0.5) * w[:, None]
        begin = np.stack([x, x + wide[:, 0]], 1)
        kept = wide.reshape(-1) >= least
        at, x, w = pair.reshape(-1)[kept], begin.reshape(-1)[kept], wide.reshape(-1)[kept]


def sizes(forest: Forest, tree: int) -> npt.NDArray[np.float64]:
    """How many rows come to each node of a tree, or their weight, or else its leaves."""
    import numpy as np

    own = forest.rows(tree)
    for column in (forest.samples, forest.weight):
        if column is not None:
            found = column[own]
            if np.isfinite(found).all() and (found >= 0).all():
                return np.asarray(found, np.float64)
    yes, no = forest.yes[own].tolist(), forest.no[own].tolist()
    splits = np.flatnonzero(forest.yes[own] >= 0)
    parents = np.arange(len(yes))
    parents[forest.yes[own][splits]] = parents[forest.no[own][splits]] = splits
    leaves = array("d", [1.0]) * len(yes)
    for node in splits[np.argsort(-depths_of(parents)[splits])].tolist():  # the deepest first
        leaves[node] = leaves[yes[node]] + leaves[no[node]]
    return np.array(leaves)


def _tile(x: float, y: float, width: float, row: float) -> tuple[Segment, ...]:
    right = x + (width - 0.4 if width > 2 else width)
    bottom = y + row - (1.0 if row > 6 else 0.0)
    return (("M", x, y), ("L", right, y), ("L", right, bottom), ("L", x, bottom), ("Z",))


def _named(
    forest: Forest,
    tree: int,
    fills: Fills,
    level: Level,
    colors: Sequence[str],
    y: float,
    row: float,
) -> list[Mark]:
    """The tiles that are wide enough for a text and a tooltip."""
    import numpy as np

    wide = np.flatnonzero(level.width >= NAMED).tolist()
    if not wide:
        return []
    start = int(forest.starts[tree])
    part = _part(forest, tree, level.rows[wide])
    facts = Facts(part, fills, is_fancy=False)
    marks: list[Mark] = []
    for index, tile in enumerate(wide):
        x, width, color = MARGIN + float(level.x[tile]), float(level.width[tile]), colors[tile]
        tall = row - (1.0 if row > 6 else 0.0)
        inside: list[Mark] = [Rect(round(x, 2), y, round(width - 0.4, 2), tall, f"tile {color}")]
        texts = [facts.conditions[index] or words.prediction(fills, facts.values[index])]
        if facts.conditions[index] and forest.feature[level.rows[tile]] >= 0:
            name = forest.feature_name(int(forest.feature[level.rows[tile]]))
            texts.append(words.shown_name(name, TEXT_SIZE))
        fitting = [text for text in texts if text_width(text, TEXT_SIZE) <= width - 6]
        if fitting and row >= 12:
            inside.append(_centred(x + width / 2, y + tall / 2, fitting[0], color))
        number = int(level.rows[tile]) - start
        marks.append(Group(tuple(inside), "node tile", f"t{tree}-n{number}", facts.tooltip(index)))
    return marks


def _centred(x: float, y: float, text: str, color: str) -> Text:
    role = "text" if color == UNKNOWN else f"on {color}"
    base = y + CAP_HEIGHT * TEXT_SIZE / 2
    return Text(x, base, text, role, TEXT_SIZE, text_width(text, TEXT_SIZE), "middle")


def _part(forest: Forest, tree: int, rows: Array) -> Part:
    """Some nodes of a tree, without what joins them."""
    start = int(forest.starts[tree])
    listed = rows.tolist()
    numbers = [row - start for row in listed]
    count = len(listed)
    return Part(forest, tree, numbers, listed, [None] * count, [0] * count, {}, 0, 0)
