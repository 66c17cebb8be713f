"""Decision trees in scopes: every few levels down, what is below a split can be opened."""

from __future__ import annotations

from archviz.analysis.tree_words import tree_lines
from archviz.ir import Graph, Node, Scope, ScopePath
from archviz.records import replace
from archviz.text import printable

LEVELS = 3
"""Levels of splits that are drawn together."""

LEAST = 4
"""Nodes below which a part of a tree is no module of its own."""


def in_parts(graph: Graph) -> Graph:
    """The graph with the lower parts of its trees in scopes; one without trees as it is."""
    if not any(node.kind == "split" for node in graph.nodes):
        return graph
    producer = {value: node for node in graph.nodes for value in node.outputs if value}
    above = {node.id: producer.get(node.inputs[0] or "") for node in graph.nodes if node.inputs}
    size = dict.fromkeys((node.id for node in graph.nodes), 1)
    # Splits stand before what is below them.
    depth: dict[str, int] = {}
    for node in graph.nodes:
        parent = above.get(node.id)
        depth[node.id] = 0 if parent is None else depth[parent.id] + 1
    for node in reversed(graph.nodes):
        parent = above.get(node.id)
        if parent is not None:
            size[parent.id] += size[node.id]
    scopes = dict(graph.scopes)
    home: dict[str, ScopePath] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        parent = above.get(node.id)
        path = node.scope if parent is None else home[parent.id]
        level = depth[node.id]
        if node.kind == "split" and level and level % LEVELS == 0 and size[node.id] >= LEAST:
            path = (*path, node.id.rpartition("/")[2])
            scopes[path] = Scope(path, printable(tree_lines(node.attributes)[0], 60))
        home[node.id] = path
        nodes.append(replace(node, scope=path))
    return replace(graph, nodes=tuple(nodes), scopes=scopes)
