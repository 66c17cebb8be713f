"""Leaves out what the user does not want to see, by name, operator or scope."""

from __future__ import annotations

from archviz.errors import OptionError
from archviz.ir import Graph
from archviz.ir.edit import bypass, sweep
from archviz.ir.patterns import matched_by, nearest
from archviz.passes import Pass


def apply(graph: Graph, *, patterns: tuple[str, ...] = ()) -> Graph:
    """The graph without the nodes that a pattern matches, their neighbours rejoined.

    Args:
        graph: Where to hide.
        patterns: As :func:`archviz.ir.patterns.matched_by` reads them.

    Raises:
        OptionError: A pattern matches nothing.
    """
    dropped: dict[str, int | None] = {}
    for pattern, nodes in matched_by(graph, patterns).items():
        if not nodes:
            near = nearest(graph, pattern)
            raise OptionError(
                f"--hide {pattern!r} matches no node, operator or scope",
                f"did you mean {near!r}?" if near else "list them with: archviz summary",
            )
        for node in nodes:
            first = next((i for i, v in enumerate(node.inputs) if v is not None), None)
            dropped[node.id] = first
    if dropped and len(dropped) == len(graph.nodes):
        raise OptionError("--hide leaves nothing to draw", "hide less")
    return sweep(bypass(graph, dropped))


PASS = Pass("hide", "leaves out nodes that match a pattern", apply)
