"""Leaves out operations that nothing comes of: what checks a mask, a view that is made and let go.

They account in the ``origin`` of the operation that they look at. Where they look at an input
alone, one stub stands for them. A layer with weights stays, for that is worth knowing.
"""

from __future__ import annotations

from itertools import chain

from archviz.ir import Graph, Node
from archviz.ir.edit import bypass, contract, sweep, used_values
from archviz.ir.walk import producers
from archviz.passes import Pass


def apply(graph: Graph, *, keep: tuple[str, ...] = ()) -> Graph:
    """The graph without operations whose results lead to no result of the graph.

    Args:
        graph: Where to drop; one that has no results stays as it is.
        keep: Ids of operations that stay, as something is to be said of them.
    """
    unused = _unused(graph, frozenset(keep)) if graph.outputs else []
    if not unused:
        return graph
    source = producers(graph)
    inside = {node.id for node in unused}
    groups = []
    heirless: set[str] = set()
    for together in _together(unused, source):
        looked_at = (source.get(value) for node in together for value in used_values(node))
        if all(maker is None or maker.id in inside for maker in looked_at):
            members = [node.id for node in together]
            groups.append((_stub(together), members))
            heirless.update(members)
    dropped: dict[str, int | None] = {id_: None for id_ in inside if id_ not in heirless}
    return sweep(contract(bypass(graph, dropped), groups))


def _stub(nodes: list[Node]) -> Node:
    scope = nodes[0].scope
    while any(node.scope[: len(scope)] != scope for node in nodes):
        scope = scope[:-1]
    steps = " → ".join(node.op for node in nodes[:3]) + (" …" if len(nodes) > 3 else "")
    return Node(f"{nodes[0].id}@unused", steps, scope=scope, kind="stub", name="not used")


def _unused(graph: Graph, keep: frozenset[str]) -> list[Node]:
    """What leads to nothing but others that lead to nothing, in the graph's order."""
    results = set(graph.outputs)
    unused = {*graph.values}
    unused.difference_update(graph.inputs, results)
    unused.difference_update(chain.from_iterable([node.inputs for node in graph.nodes]))
    for node in graph.nodes:
        if node.subgraphs:
            unused.difference_update(used_values(node))
    if not unused:
        return []
    users: dict[str, int] = {}
    for node in graph.nodes:
        for value in dict.fromkeys(used_values(node)):
            users[value] = users.get(value, 0) + 1
    source = producers(graph)
    found: set[str] = set()
    pending = list(graph.nodes)
    while pending:
        node = pending.pop()
        made = [value for value in node.outputs if value is not None]
        is_used = any(users.get(value) or value in results for value in made)
        if node.id in found or not made or is_used or not _may_go(node, graph, keep):
            continue
        found.add(node.id)
        for value in dict.fromkeys(used_values(node)):
            users[value] -= 1
            if not users[value] and value in source:
                pending.append(source[value])
    return [node for node in graph.nodes if node.id in found]


def _may_go(node: Node, graph: Graph, keep: frozenset[str]) -> bool:
    """Whether a reader misses nothing: it has no weights and writes into nothing."""
    used = (graph.parameters.get(use.parameter) for use in node.parameters)
    has_weights = any(parameter is None or parameter.kind != "constant" for parameter in used)
    is_plain = node.kind == "op" and not node.subgraphs and node.forest is None
    return (
        is_plain
        and bool(node.inputs)
        and not has_weights
        and node.id not in keep
        and not node.op.endswith("_")
    )


def _together(nodes: list[Node], source: dict[str, Node]) -> list[list[Node]]:
    """The nodes in sets that values join."""
    home = {node.id: node.id for node in nodes}

    def find(one: str) -> str:
        while home[one] != one:
            home[one] = home[home[one]]
            one = home[one]
        return one

    for node in nodes:
        for value in used_values(node):
            maker = source.get(value)
            if maker is not None and maker.id in home:
                home[find(node.id)] = find(maker.id)
    sets: dict[str, list[Node]] = {}
    for node in nodes:
        sets.setdefault(find(node.id), []).append(node)
    return list(sets.values())


PASS = Pass("drop-unused", "leaves out operations that nothing comes of", apply)
