"""The way of a row through a tree, or to a node of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from archviz.analysis.tree_rows import Rows
from archviz.errors import OptionError
from archviz.ir import Forest
from archviz.ir.forest.routing import visits
from archviz.options import nearest
from archviz.views.tree.part import size_of

_PLACE = re.compile(r"row\s*=\s*(\d+)")
_NODE = re.compile(r"(?:t(?P<tree>\d+)[-/])?n?(?P<node>\d+)")


class Followed(NamedTuple):
    """What is marked in a picture.

    Attributes:
        nodes: Numbers of the nodes on the marked paths, each path from the root down.
        row: Values of the row that is followed, the last of several; None when nodes are named.
        name: What the row is called.
    """

    nodes: tuple[int, ...]
    row: tuple[float, ...] | None
    name: str


def followed(
    forest: Forest, tree: int, highlight: Sequence[str], rows: Rows | None = None
) -> Followed:
    """The marked paths.

    Args:
        forest: Where the tree is from.
        tree: Its index.
        highlight: Nodes ("17", "t0/n17"), or rows as values, as "name=value" with commas, or by
            their place in the data, "row=17".
        rows: The data.

    Raises:
        OptionError: There is no such node, feature or row, or a text cannot be read.
    """
    found: dict[int, None] = {}
    row: tuple[float, ...] | None = None
    name = ""
    for text in highlight:
        node = _NODE.fullmatch(text.strip())
        if node:
            end = int(node["node"])
            if end >= size_of(forest, tree) or int(node["tree"] or tree) != tree:
                raise OptionError(
                    f"--highlight {text!r}: tree {tree} has no such node",
                    f"its nodes are 0 to {size_of(forest, tree) - 1:,}",
                )
            found.update(dict.fromkeys(_ancestry(forest, tree, end)))
            continue
        row, name = row_of(forest, text, rows)
        found.update(dict.fromkeys(way_of(forest, tree, row)))
    return Followed(tuple(found), row, name)


def is_row(text: str) -> bool:
    """Whether a highlight names a row, not a node."""
    return _NODE.fullmatch(text.strip()) is None


def row_of(forest: Forest, text: str, rows: Rows | None) -> tuple[tuple[float, ...], str]:
    """The values of the row that a text names, and what it is called.

    Raises:
        OptionError: There is no such row or feature, or the text cannot be read.
    """
    place = _PLACE.fullmatch(text.strip())
    if not place or "row" in forest.feature_names:
        return tuple(_row(forest, text)), "the row"
    if rows is None:
        raise OptionError(f"--highlight {text!r} is a row of data", "say which data: --data FILE")
    number = int(place[1])
    if number >= rows.count:
        raise OptionError(
            f"--highlight {text!r}: {rows.name or 'the data'} has {rows.count:,} rows",
            f"it takes row=0 to row={rows.count - 1}",
        )
    return tuple(rows.table[number].tolist()), f"row {number:,}"


def way_of(forest: Forest, tree: int, row: Sequence[float]) -> list[int]:
    """Numbers of the nodes that a row comes to, the root first."""
    import numpy as np

    _, nodes = visits(forest, tree, np.array([row]))
    way: list[int] = (nodes - int(forest.starts[tree])).tolist()
    return way


def _ancestry(forest: Forest, tree: int, node: int) -> list[int]:
    rows = forest.rows(tree)
    parent: dict[int, int] = {}
    for column in (forest.yes[rows].tolist(), forest.no[rows].tolist()):
        parent.update((child, index) for index, child in enumerate(column) if child >= 0)
    way = [node]
    while way[-1] in parent:
        way.append(parent[way[-1]])
    return way[::-1]


def _row(forest: Forest, text: str) -> list[float]:
    """The features of the row that a text describes; NaN for what it does not say."""
    parts = [part.strip() for part in text.split(",")]
    row = [float("nan")] * forest.feature_count
    if not any("=" in part for part in parts):
        if len(parts) != len(row):
            raise OptionError(
                f"--highlight {text!r} has {len(parts)} values for {len(row)} features",
                "give all, or some by name: --highlight 'NAME=VALUE, NAME=VALUE'",
            )
        return [_value(forest, index, part, text) for index, part in enumerate(parts)]
    names = {forest.feature_name(index): index for index in reversed(range(len(row)))}
    for part in parts:
        name, equals, value = part.rpartition("=")
        index = names.get(name.strip())
        if not equals or index is None:
            raise OptionError(
                f"--highlight {text!r}: there is no feature {(name or part).strip()!r}",
                nearest(name.strip(), list(names)[:50]),
            )
        row[index] = _value(forest, index, value.strip(), text)
    return row


def _value(forest: Forest, feature: int, text: str, whole: str) -> float:
    names = forest.category_names.get(feature, ())
    if text in names:
        return float(names.index(text))
    try:
        return float(text or "nan")
    except ValueError:
        raise OptionError(
            f"--highlight {whole!r}: {text!r} is no value of {forest.feature_name(feature)!r}",
            f"it takes {', '.join(names[:8])}" if names else "it takes a number",
        ) from None
