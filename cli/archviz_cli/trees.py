"""The options of drawings of decision trees."""

from __future__ import annotations

from argparse import Namespace

from archviz_cli.arguments import Group, choice, either, text
from archviz_cli.parsing import whole_number

FORMS = ("auto", "fancy", "plain", "compact", "icicle", "overview", "leaves", "space")
"""How the nodes of a tree are drawn."""


def limits(group: Group) -> None:
    """Declares which nodes are drawn."""
    for name, metavar, help in (
        ("--tree", "N", "which tree of a forest"),
        ("--max-depth", "N", "splits above the deepest node"),
        ("--max-nodes", "N", "nodes at most, the best first"),
    ):
        group.add_argument(name, metavar=metavar, help=help, type=whole_number)


def declare(group: Group) -> None:
    """Declares how trees are drawn."""
    choice(
        group,
        "--form",
        names=FORMS,
        help="cards with pies, cards, dots, tiles, all trees at a glance, bars of leaves, or the "
        "feature space",
    )
    limits(group)
    group.add_argument("--root", metavar="NODE", help="start at this node", type=whole_number)
    text(
        group,
        "--show",
        metavar="FACT,FACT",
        help="what cards tell: samples, impurity, gain, value, class, proportion, weight, "
        "missing, id",
    )
    text(
        group,
        "--data",
        metavar="FILE",
        help="lead the rows of a .csv, .npy or .parquet file through a tree; the picture holds "
        "how many come where, and nothing else of them",
    )
    text(
        group,
        "--target",
        metavar="COLUMN|FILE|INPUT",
        help="the column of --data with the answers, or a file of them; with --overlay what the "
        "loss compares the result with, written as an input",
    )
    text(
        group,
        "--features",
        metavar="NAME,NAME",
        help="the one or two features of --form space",
    )
    either(group, "--counts", help="say how many rows there are, or not", default=True)


def given_limits(given: Namespace) -> dict[str, object]:
    """Which nodes are drawn, as far as that was given."""
    found = {"tree": given.tree, "max_depth": given.max_depth, "max_nodes": given.max_nodes}
    return {name: value for name, value in found.items() if value is not None}


def settings(given: Namespace) -> dict[str, object]:
    """The settings that were given, so that other styles need not know them."""
    found: dict[str, object] = {
        **given_limits(given),
        "root": given.root,
        "show": given.show or None,
        "data": given.data or None,
        "y": (given.target or None) if not given.overlay else None,
        "features": given.features or None,
        "counts": None if given.counts else False,
        "form": None if given.form == "auto" else given.form,
    }
    return {name: value for name, value in found.items() if value is not None}
