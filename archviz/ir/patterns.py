"""Patterns by which users name parts of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from archviz.errors import closest
from archviz.ir.graph import Graph, Node
from archviz.ir.walk import leaves


def matched_by(graph: Graph, patterns: Sequence[str]) -> dict[str, list[Node]]:
    """The nodes that each pattern matches, in graph order.

    Args:
        graph: Where to look.
        patterns: Shell patterns ("*" and "?") on a node's id, its operator or its scope, whose
            parts may be joined by "/" or "."; "type:NAME" looks at operators and classes alone.
    """
    found: dict[str, list[Node]] = {pattern: [] for pattern in patterns}
    for node in graph.nodes if patterns else ():
        names, types = _known_as(node, graph)
        for pattern, nodes in found.items():
            wanted = pattern.removeprefix("type:")
            candidates = types if wanted != pattern else [*names, *types]
            if wanted and any(fnmatchcase(name, wanted) for name in candidates):
                nodes.append(node)
    return found


def nearest(graph: Graph, pattern: str) -> str:
    """The name most like ``pattern``, whatever its case; "" when none is."""
    wanted = pattern.removeprefix("type:")
    alike: dict[str, str] = {}
    for node in graph.nodes:
        names, types = _known_as(node, graph)
        for name in (*types, *names):
            alike.setdefault(name.lower(), name)
    return alike.get(closest(wanted.lower(), alike, 0.75), "")


def _known_as(node: Node, graph: Graph) -> tuple[list[str], list[str]]:
    """What a node, its parts and the scopes around it are called, and their operators."""
    names, types = [node.id, node.name], [node.op]
    for part in leaves(node):
        names += [part.id, part.name]
        types.append(part.op)
    for length in range(1, len(node.scope) + 1):
        path = node.scope[:length]
        names += ["/".join(path), ".".join(path)]
        if path in graph.scopes:
            types.append(graph.scopes[path].type)
    if node.kind == "module":
        path = (*node.scope, node.name)
        names += ["/".join(path), ".".join(path)]
    return names, types
