"""An interactive page: one file to open, send and keep, which asks no network for anything.

The page holds the model once and the layout of every state of it: which modules are open is the
reader's choice. Its scripts are plain JavaScript without libraries, in ``archviz_templates/html``.
"""

from __future__ import annotations

from typing import Literal

from archviz.errors import OptionError
from archviz.ir import Model
from archviz.renderers import Renderer
from archviz.renderers.html.assembly import assemble
from archviz.renderers.html.contents import contents
from archviz.views.node_link import describe

MOST_TREE_NODES = 12_000
"""Splits and leaves on one page: about 3 MB, and ten seconds to write."""


def render(
    model: Model,
    *,
    theme: str = "auto",
    shapes: Literal["change", "all", "none"] = "change",
    depth: int | Literal["auto", "all"] = "auto",
) -> str:
    """The model as an HTML page.

    Args:
        model: As the passes left it, with no module collapsed.
        theme: Name of a theme, a TOML file, or "auto" for light and dark.
        shapes: Which edges say the shape of what they carry.
        depth: How many levels of modules are open at first.

    Raises:
        OptionError: The theme does not exist or lacks a role, or there are too many trees.
    """
    nodes = model.graph.nodes
    if len(nodes) > MOST_TREE_NODES and any(node.kind == "split" for node in nodes):
        raise OptionError(
            f"{len(nodes):,} nodes of decision trees are more than a page shows well",
            "say which with --tree N, --max-depth N or --max-nodes N",
        )
    return assemble(contents(model, shapes=shapes, depth=depth).data, describe(model), theme)


RENDERER = Renderer(
    name="html",
    title="an interactive page in one file: search, open and close modules, trace values",
    consumes="graph",
    render=render,
    suffixes=(".html", ".htm"),
    # The reader closes modules; depth says which are open at first.
    passes=("collapse-scopes:depth=all",),
)
