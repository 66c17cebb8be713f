"""What is directly inside a scope: operations and modules, each with a structural signature."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from archviz.ir import Graph, Node, ScopePath
from archviz.records import field, mutable


@mutable
class Item:
    """An operation or a module.

    Attributes:
        path: The module's scope; None for an operation.
        nodes: Its nodes in graph order.
        signature: Equal for two items exactly when they are built alike.
    """

    path: ScopePath | None
    nodes: list[Node] = field(default_factory=list)
    signature: Hashable = None


def items_at(
    graph: Graph, depth: int, words: Mapping[str, str] | None = None
) -> dict[ScopePath, list[Item]]:
    """The items of every scope ``depth`` levels deep, by first appearance; () is 0 deep."""
    found: dict[ScopePath, list[Item]] = {}
    modules: dict[ScopePath, Item] = {}
    for node in graph.nodes:
        if len(node.scope) < depth:
            continue
        items = found.setdefault(node.scope[:depth], [])
        if len(node.scope) == depth:
            items.append(Item(None, [node]))
            continue
        path = node.scope[: depth + 1]
        if path not in modules:
            modules[path] = Item(path)
            items.append(modules[path])
        modules[path].nodes.append(node)
    for items in found.values():
        for item in items:
            item.signature = _signature(item, graph, depth, words or {})
    return found


def _signature(item: Item, graph: Graph, depth: int, words: Mapping[str, str]) -> Hashable:
    if item.path is None:
        return node_signature(item.nodes[0], graph), said_of(item.nodes[0], words)
    made: dict[str, tuple[int, int]] = {}
    for index, node in enumerate(item.nodes):
        for position, value in enumerate(node.outputs):
            if value is not None:
                made[value] = (index, position)
    outside: dict[str, int] = {}
    top = graph.scopes[item.path]
    parts: list[Hashable] = [(top.type, top.repeat, top.shares_weights)]
    for node in item.nodes:
        wires: list[Hashable] = []
        for value in node.inputs:
            if value is None or value in made:
                wires.append(made.get(value or ""))
            else:
                wires.append(outside.setdefault(value, len(outside)))
        inner = [graph.scopes[node.scope[:n]] for n in range(depth + 2, len(node.scope) + 1)]
        kinds = tuple((scope.path[-1], scope.type, scope.repeat) for scope in inner)
        signature = node_signature(node, graph)
        parts.append((kinds, signature, tuple(wires), said_of(node, words)))
    return tuple(parts)


def said_of(node: Node, words: Mapping[str, str]) -> Hashable:
    """What is said of the node, not how often: the first block also accounts for what led to it."""
    if not words:
        return ()
    return frozenset(word for origin in node.origins for word in words.get(origin, "").split())


def node_signature(node: Node, graph: Graph) -> Hashable:
    """What one operation is, apart from its names and its wiring."""
    stored = []
    for use in node.parameters:
        parameter = graph.parameters.get(use.parameter)
        described = None
        if parameter is not None:
            value = parameter.value if parameter.kind == "constant" else None
            described = (parameter.type, parameter.kind, value)
        stored.append((use.index, described))  # exporters give one input several names
    return (
        node.op,
        node.kind,
        node.domain,
        node.repeat,
        tuple(node.attributes.items()),
        tuple(stored),
        tuple([value is None for value in node.inputs]),
        tuple([None if v is None else graph.values[v].type for v in node.outputs]),
        tuple([_part_signature(part, graph) for part in node.parts]) if node.parts else (),
    )


def _part_signature(part: Node, graph: Graph) -> Hashable:
    types = [graph.parameters.get(use.parameter) for use in part.parameters]
    return (
        part.op,
        tuple(part.attributes.items()),
        tuple([(p.type, p.kind) if p is not None else None for p in types]),
        tuple([_part_signature(inner, graph) for inner in part.parts]) if part.parts else (),
    )
