"""Leaves out what the user does not want to see, by name, operator or scope."""

from __future__ import annotations

from fnmatch import fnmatchcase

from archviz.errors import OptionError
from archviz.ir import Graph, Node
from archviz.ir.edit import bypass, sweep
from archviz.passes import Pass


def apply(graph: Graph, *, patterns: tuple[str, ...] = ()) -> Graph:
    """The graph without the nodes that a pattern matches, their neighbours rejoined.

    Args:
        graph: Where to hide.
        patterns: Shell patterns ("*" and "?") on a node's id, its operator or its scope, whose
            parts may be joined by "/" or "."; "type:NAME" looks at operators and classes alone.

    Raises:
        OptionError: A pattern matches nothing.
    """
    used = dict.fromkeys(patterns, False)
    dropped: dict[str, int | None] = {}
    for node in graph.nodes:
        names, types = _names(node, graph)
        for pattern in patterns:
            wanted = pattern.removeprefix("type:")
            candidates = types if wanted != pattern else [*names, *types]
            if any(fnmatchcase(name, wanted) for name in candidates):
                used[pattern] = True
                first = next((i for i, v in enumerate(node.inputs) if v is not None), None)
                dropped[node.id] = first
    for pattern, matched in used.items():
        if not matched:
            raise OptionError(
                f"--hide {pattern!r} matches no node, operator or scope",
                "list them with: archviz summary",
            )
    if dropped and len(dropped) == len(graph.nodes):
        raise OptionError("--hide leaves nothing to draw", "hide less")
    return sweep(bypass(graph, dropped))


def _names(node: Node, graph: Graph) -> tuple[list[str], list[str]]:
    names, types = [node.id, node.name], [node.op]
    for length in range(1, len(node.scope) + 1):
        path = node.scope[:length]
        names += ["/".join(path), ".".join(path)]
        if path in graph.scopes:
            types.append(graph.scopes[path].type)
    return names, types


PASS = Pass("hide", "leaves out nodes that match a pattern", apply)
