"""The way of a row through a tree, or to a node of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archviz.errors import OptionError
from archviz.ir import Forest
from archviz.options import nearest
from archviz.views.tree.part import size_of

_NODE = re.compile(r"(?:t(?P<tree>\d+)[-/])?n?(?P<node>\d+)")


def path_to(forest: Forest, tree: int, highlight: Sequence[str]) -> tuple[int, ...]:
    """Numbers of the nodes on the marked paths, each path from the root down.

    Args:
        forest: Where the tree is from.
        tree: Its index.
        highlight: Nodes ("17", "t0/n17"), or rows as values or "name=value" with commas.

    Raises:
        OptionError: There is no such node or feature, or a text cannot be read.
    """
    found: dict[int, None] = {}
    for text in highlight:
        node = _NODE.fullmatch(text.strip())
        if node:
            end = int(node["node"])
            if end >= size_of(forest, tree) or int(node["tree"] or tree) != tree:
                raise OptionError(
                    f"--highlight {text!r}: tree {tree} has no such node",
                    f"its nodes are 0 to {size_of(forest, tree) - 1:,}",
                )
        else:
            end = _leaf_of(forest, tree, _row(forest, text))
        found.update(dict.fromkeys(_ancestry(forest, tree, end)))
    return tuple(found)


def _ancestry(forest: Forest, tree: int, node: int) -> list[int]:
    rows = forest.rows(tree)
    parent: dict[int, int] = {}
    for column in (forest.yes[rows].tolist(), forest.no[rows].tolist()):
        parent.update((child, index) for index, child in enumerate(column) if child >= 0)
    way = [node]
    while way[-1] in parent:
        way.append(parent[way[-1]])
    return way[::-1]


def _leaf_of(forest: Forest, tree: int, row: list[float]) -> int:
    import numpy as np

    from archviz.ir.forest.routing import leaves_of

    leaf = leaves_of(forest, np.array([row]))[0, tree]
    return int(leaf - forest.starts[tree])


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
