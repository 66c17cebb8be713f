"""The options of drawings of decision trees."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Form(StrEnum):
    """How the nodes of a tree are drawn."""

    AUTO = "auto"
    FANCY = "fancy"
    PLAIN = "plain"
    COMPACT = "compact"
    ICICLE = "icicle"
    OVERVIEW = "overview"
    LEAVES = "leaves"
    SPACE = "space"


FormOption = Annotated[
    Form,
    typer.Option(
        "--form",
        help="Decision trees: cards with pies, cards, dots, tiles, all trees at a glance, bars of "
        "leaves, or the feature space.",
    ),
]
Tree = Annotated[
    int | None,
    typer.Option("--tree", metavar="N", help="Which tree of a forest.", show_default=False),
]
Root = Annotated[
    int | None,
    typer.Option("--root", metavar="NODE", help="Start at this node.", show_default=False),
]
MaxDepth = Annotated[
    int | None,
    typer.Option(
        "--max-depth", metavar="N", help="Splits above the deepest node.", show_default=False
    ),
]
MaxNodes = Annotated[
    int | None,
    typer.Option(
        "--max-nodes", metavar="N", help="Nodes at most, the best first.", show_default=False
    ),
]
Show = Annotated[
    str,
    typer.Option(
        "--show",
        metavar="FACT,FACT",
        help="What cards tell: samples, impurity, gain, value, class, proportion, weight, "
        "missing, id.",
        show_default=False,
    ),
]
Data = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="FILE",
        help="Lead the rows of a .csv, .npy or .parquet file through a tree; the picture holds "
        "how many come where, and nothing else of them.",
        show_default=False,
    ),
]
Target = Annotated[
    str,
    typer.Option(
        "--target",
        metavar="COLUMN|FILE|INPUT",
        help="The column of --data with the answers, or a file of them; with --overlay what the "
        "loss compares the result with, written as an input.",
        show_default=False,
    ),
]
Features = Annotated[
    str,
    typer.Option(
        "--features",
        metavar="NAME,NAME",
        help="The one or two features of --form space.",
        show_default=False,
    ),
]
Counts = Annotated[
    bool,
    typer.Option("--counts/--no-counts", help="Say how many rows there are, or not."),
]


def given(
    form: Form,
    tree: int | None,
    root: int | None,
    max_depth: int | None,
    max_nodes: int | None,
    show: str,
    data: str,
    target: str,
    features: str,
    counts: bool,
) -> dict[str, object]:
    """The settings that were given, so that other styles need not know them."""
    found: dict[str, object] = {
        "tree": tree,
        "root": root,
        "max_depth": max_depth,
        "max_nodes": max_nodes,
        "show": show or None,
        "data": data or None,
        "y": target or None,
        "features": features or None,
        "counts": None if counts else False,
        "form": None if form is Form.AUTO else form.value,
    }
    return {name: value for name, value in found.items() if value is not None}
