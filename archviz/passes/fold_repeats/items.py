"""What is directly inside a scope: operations and modules, each with a structural signature."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeAlias

from archviz.ir import Graph, Node, ScopePath
from archviz.ir.types import Type
from archviz.records import field, mutable

Types: TypeAlias = tuple[Type | None, ...]


@mutable
class Item:
    """An operation or a module.

    Attributes:
        path: The module's scope; None for an operation.
        nodes: Its nodes in graph order.
        signature: Equal for two items exactly when they are built alike: what they are but for
            types, and these in order.
    """

    path: ScopePath | None
    nodes: list[Node] = field(default_factory=list)
    signature: tuple[Hashable, Types] = (None, ())


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


def _signature(
    item: Item, graph: Graph, depth: int, words: Mapping[str, str]
) -> tuple[Hashable, Types]:
    types: list[Type | None] = []
    if item.path is None:
        node = item.nodes[0]
        return (structure_of(node, graph, types), said_of(node, words)), tuple(types)
    made: dict[str, tuple[int, int]] = {}
    for index, node in enumerate(item.nodes):
        for position, value in enumerate(node.outputs):
            if value is not None:
                made[value] = (index, position)
    outside: dict[str, int] = {}
    top = graph.scopes[item.path]
    parts: list[Hashable] = [(top.type, top.repeat, top.shares_weights, top.growth)]
    for node in item.nodes:
        wires: list[Hashable] = []
        for value in node.inputs:
            if value is None or value in made:
                wires.append(made.get(value or ""))
            else:
                wires.append(outside.setdefault(value, len(outside)))
        inner = [graph.scopes[node.scope[:n]] for n in range(depth + 2, len(node.scope) + 1)]
        kinds = tuple((scope.path[-1], scope.type, scope.repeat) for scope in inner)
        structure = structure_of(node, graph, types)
        parts.append((kinds, structure, tuple(wires), said_of(node, words)))
    return tuple(parts), tuple(types)


def said_of(node: Node, words: Mapping[str, str]) -> Hashable:
    """What is said of the node, not how often: the first block also accounts for what led to it."""
    if not words:
        return ()
    return frozenset(word for origin in node.origins for word in words.get(origin, "").split())


def structure_of(node: Node, graph: Graph, types: list[Type | None]) -> Hashable:
    """What one operation is, apart from its names and its wiring; types are added to ``types``."""
    stored = []
    for use in node.parameters:
        parameter = graph.parameters.get(use.parameter)
        described = None
        if parameter is not None:
            value = parameter.value if parameter.kind == "constant" else None
            described = (parameter.kind, value)
            types.append(parameter.type)
        stored.append((use.index, described))  # exporters give one input several names
    types += [None if v is None else graph.values[v].type for v in node.outputs]
    return (
        node.op,
        node.kind,
        node.domain,
        node.repeat,
        tuple(node.attributes.items()),
        tuple(stored),
        tuple([value is None for value in node.inputs]),
        len(node.outputs),
        tuple([_part_structure(part, graph, types) for part in node.parts]) if node.parts else (),
    )


def _part_structure(part: Node, graph: Graph, types: list[Type | None]) -> Hashable:
    stored = [graph.parameters.get(use.parameter) for use in part.parameters]
    types += [parameter.type for parameter in stored if parameter is not None]
    return (
        part.op,
        tuple(part.attributes.items()),
        tuple([p.kind if p is not None else None for p in stored]),
        tuple([_part_structure(inner, graph, types) for inner in part.parts]) if part.parts else (),
    )
