"""An interactive page: one file to open, send and keep, which asks no network for anything.

The page holds the model once and the layout of every state of it: which modules are open is the
reader's choice. Its scripts are plain JavaScript without libraries, in ``archviz_templates/html``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from archviz.annotation import Annotation
from archviz.errors import OptionError
from archviz.ir import Graph, Model
from archviz.renderers import Renderer
from archviz.renderers.html.assembly import assemble
from archviz.renderers.html.contents import contents
from archviz.views.node_link import describe

MOST_TREE_NODES = 12_000
"""Splits and leaves on one page: about 3 MB, and ten seconds to write."""


def render(
    model: Model,
    annotate: Callable[[Graph], Annotation] | None = None,
    *,
    theme: str = "auto",
    shapes: Literal["change", "all", "none"] = "change",
    depth: int | Literal["auto", "all"] = "auto",
) -> str:
    """The model as an HTML page.

    Args:
        model: As the passes left it, with no module collapsed.
        annotate: Says what an overlay draws over the graph, and over one of closed modules.
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
    found = contents(model, annotate, shapes=shapes, depth=depth)
    about = " ".join(filter(None, (describe(model), found.summary)))
    return assemble(found.data, about, theme, is_annotated=annotate is not None)


RENDERER = Renderer(
    name="html",
    title="an interactive page in one file: search, open and close modules, trace values",
    consumes="graph",
    render=render,
    suffixes=(".html", ".htm"),
    # The reader closes modules; depth says which are open at first.
    passes=("collapse-scopes:depth=all",),
    is_annotated=True,
)
