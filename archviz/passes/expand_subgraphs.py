"""Draws control flow in place: subgraphs become scopes around the node that runs them.

The branches of an If and the bodies of Loop and Scan join the graph around them. What they take
from it are plain edges; a body's formal inputs become the values that the node starts them with;
their results flow into the node, which stands behind them like a merge. ``origin`` stays, since no
node is merged.
"""

from __future__ import annotations

from itertools import zip_longest

from archviz.ir import Graph, Node, Scope, ScopePath, Value
from archviz.ir.edit import rewire
from archviz.passes import Pass
from archviz.records import replace

MAX_DEPTH = 64


def apply(graph: Graph) -> Graph:
    """The graph without subgraphs, all their nodes in scopes of its own."""
    if not any(node.subgraphs for node in graph.nodes):
        return graph
    nodes: list[Node] = []
    values = dict(graph.values)
    scopes = dict(graph.scopes)
    for node in graph.nodes:
        _expand(node, node.scope, nodes, values, scopes, 0)
    ordered = dict(sorted(scopes.items(), key=lambda item: len(item[0])))
    return replace(graph, nodes=tuple(nodes), values=values, scopes=ordered)


def _expand(
    node: Node,
    around: ScopePath,
    nodes: list[Node],
    values: dict[str, Value],
    scopes: dict[ScopePath, Scope],
    depth: int,
) -> None:
    if not node.subgraphs or depth > MAX_DEPTH:
        nodes.append(replace(node, scope=around) if node.scope != around else node)
        return
    home = _free_path((*around, node.id.rpartition("/")[2]), scopes)
    scopes[home] = Scope(home, node.op)
    results: list[str | None] = []
    for role, part in node.subgraphs.items():
        inside = (*home, role) if len(node.subgraphs) > 1 else home
        scopes.setdefault(inside, Scope(inside))
        # An If gives its branches nothing.
        takes = node.inputs if node.op != "If" else ()
        # Scan had a first input of its own, the sequence lengths, before opset 9.
        given = takes[1 if node.op == "Scan" and len(takes) > len(part.inputs) else 0 :]
        started = dict(zip_longest(part.inputs, given[: len(part.inputs)]))
        values.update((key, value) for key, value in part.values.items() if key not in started)

        def start(value: str | None, started: dict[str, str | None] = started) -> str | None:
            return started.get(value, value) if value is not None else None

        for inner in part.nodes:
            deeper = inner.scope[len(node.scope) :]
            nested = inner.scope[: len(node.scope)] == node.scope and deeper
            path = (*inside, *deeper) if nested else inside
            for length in range(len(inside) + 1, len(path) + 1):
                known = _scope_type(scopes, node.scope + path[len(inside) : length])
                scopes.setdefault(path[:length], Scope(path[:length], known))
            _expand(rewire(inner, start), path, nodes, values, scopes, depth + 1)
        results.extend(start(value) for value in part.outputs)
    nodes.append(replace(node, subgraphs={}, scope=home, inputs=(*node.inputs, *results)))


def _scope_type(scopes: dict[ScopePath, Scope], path: ScopePath) -> str:
    """The type of the scope at ``path``, "" when there is none."""
    return scopes[path].type if path in scopes else ""


def _free_path(path: ScopePath, taken: dict[ScopePath, Scope]) -> ScopePath:
    number, free = 1, path
    while free in taken:
        number += 1
        free = (*path[:-1], f"{path[-1]}#{number}")
    return free


PASS = Pass("expand-subgraphs", "control flow drawn in place, as scopes", apply)
