"""Drops operations that give back what they get: Identity, and Dropout in an inference graph."""

from __future__ import annotations

from collections.abc import Mapping

from archviz.ir import Graph, Node
from archviz.ir.edit import bypass, rewire, sweep
from archviz.ir.walk import consumers, producers
from archviz.ops import table
from archviz.passes import Pass
from archviz.records import replace


def apply(graph: Graph, *, keep: tuple[str, ...] = ()) -> Graph:
    """The graph without identities, its results still under their own names.

    One stays where it alone joins an input to an output, or gives a result a second name.

    Args:
        graph: Where to drop.
        keep: Ids of operations that stay, as something is to be said of them.
    """
    kept_anyway = frozenset(keep)
    identities = {name for name, role in table().role.items() if role == "identity"}
    if identities.isdisjoint([node.op for node in graph.nodes]):
        return graph
    alone = {node.id for node in graph.nodes if node.op in identities and _is_unwired(node)}
    if alone:
        kept = tuple(node for node in graph.nodes if node.id not in alone)
        graph = sweep(replace(graph, nodes=kept))
    used = consumers(graph)
    results = set(graph.outputs)

    def passes_through(node: Node) -> bool:
        if node.op not in identities or node.subgraphs or node.id in kept_anyway:
            return False
        if not node.inputs or node.inputs[0] is None:
            return False
        if not node.outputs or node.outputs[0] is None:
            return False
        return not any(
            value is not None and (value in used or value in results) for value in node.outputs[1:]
        )

    found = [node for node in graph.nodes if passes_through(node)]
    dropped = {node.id: 0 for node in found if node.outputs[0] not in results}
    source = producers(graph)
    named: dict[str, str] = {}
    for node in found:
        result = node.outputs[0]
        if result is None or node.id in dropped:
            continue
        given = _first_of_chain(node, dropped, source)
        if given in source and given not in results and given not in named:
            named[given] = result
            dropped[node.id] = 0
    return sweep(_renamed(bypass(graph, dropped), named, graph)) if dropped else graph


def _is_unwired(node: Node) -> bool:
    """Whether it joins nothing to anything, as in a tree of modules without edges."""
    return not (node.inputs or node.outputs or node.parameters or node.subgraphs)


def _first_of_chain(node: Node, dropped: Mapping[str, int], source: Mapping[str, Node]) -> str:
    """The value that reaches ``node`` through nothing but dropped identities."""
    seen: set[str] = set()
    value = node.inputs[0] or ""
    while value in source and source[value].id in dropped and value not in seen:
        seen.add(value)
        value = source[value].inputs[0] or ""
    return value


def _renamed(graph: Graph, named: Mapping[str, str], before: Graph) -> Graph:
    """The graph with values called as the results of the graph that they are."""
    if not named:
        return graph

    def name(value: str | None) -> str | None:
        return named.get(value, value) if value is not None else None

    nodes = []
    for node in graph.nodes:
        outputs = tuple([name(value) for value in node.outputs])
        kept = rewire(node, name)
        nodes.append(kept if outputs == node.outputs else replace(kept, outputs=outputs))
    values = {}
    for key, value in graph.values.items():
        result = before.values[named[key]] if key in named else value
        values[result.id] = result if result.type is not None else replace(value, id=result.id)
    results = tuple(named.get(value, value) for value in graph.outputs)
    return replace(graph, nodes=tuple(nodes), values=values, outputs=results)


PASS = Pass("drop-identity", "leaves out operations that change nothing", apply)
