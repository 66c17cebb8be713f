"""Edges and orders, derived from values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from archviz.ir.graph import Graph, Node, ScopePath


class Edge(NamedTuple):
    """A value on its way from its producer to one consumer.

    Attributes:
        source: Id of the producing node; None for a graph input and a value of an outer graph.
        target: Id of the consuming node; None for a graph output.
        value: Id of the value.
        position: Position among the consumer's inputs, or among the graph's outputs.
    """

    source: str | None
    target: str | None
    value: str
    position: int


def producers(graph: Graph) -> dict[str, Node]:
    """The node that produces each value; graph inputs and outer values have none."""
    return {value: node for node in graph.nodes for value in node.outputs if value is not None}


def consumers(graph: Graph) -> dict[str, list[Node]]:
    """The nodes that consume each value, in graph order, a node once for each use."""
    found: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            if value is not None:
                found.setdefault(value, []).append(node)
    return found


def edges(graph: Graph) -> Iterator[Edge]:
    """Every edge of the graph itself, consumers in graph order, then the graph's outputs."""
    source = {value: node.id for node in graph.nodes for value in node.outputs if value is not None}
    for node in graph.nodes:
        for index, value in enumerate(node.inputs):
            if value is not None:
                yield Edge(source.get(value), node.id, value, index)
    for index, value in enumerate(graph.outputs):
        yield Edge(source.get(value), None, value, index)


def all_nodes(graph: Graph) -> Iterator[Node]:
    """Every node of the graph and, behind its owner, of each subgraph."""
    stack: list[Iterator[Node]] = [iter(graph.nodes)]
    while stack:
        for node in stack[-1]:
            yield node
            if node.subgraphs:
                stack.append(
                    iter([inner for part in node.subgraphs.values() for inner in part.nodes])
                )
                break
        else:
            stack.pop()


def all_graphs(graph: Graph) -> Iterator[Graph]:
    """The graph and every subgraph inside it."""
    yield graph
    for node in all_nodes(graph):
        yield from node.subgraphs.values()


def captured(graph: Graph) -> tuple[str, ...]:
    """Ids of values that the graph, or a subgraph inside it, takes from the graphs around it."""
    own = set(graph.values)
    found: dict[str, None] = {}
    for node in graph.nodes:
        used = [value for value in node.inputs if value is not None]
        for part in node.subgraphs.values():
            used.extend(captured(part))
        found.update((value, None) for value in used if value not in own)
    found.update((value, None) for value in graph.outputs if value not in own)
    return tuple(found)


def operations_of(node: Node) -> int:
    """How many operations one node stands for, constants that were folded into it apart."""
    if node.kind == "op":
        return 1
    if node.kind == "module":
        inside = node.attributes.get("operations")
        return inside if isinstance(inside, int) else len(node.origins)
    return leaf_count(node)


def leaf_count(node: Node) -> int:
    """How many operations a fused node was made of; 1 for another."""
    parts = node.parts
    if not parts:
        return 1
    count = len(parts)
    for part in parts:
        if part.parts:
            count += leaf_count(part) - 1
    return count


def leaves(node: Node) -> Iterator[Node]:
    """The operations that a fused node was made of, in the order of execution, or the node."""
    if not node.parts:
        yield node
    for part in node.parts:
        yield from leaves(part)


def head_of(node: Node) -> Node:
    """The part that a chain is named after; a node that is no chain itself."""
    while node.parts and node.parts[0].op == node.op:
        node = node.parts[0]
    return node


def links(parts: Iterable[Node]) -> Iterator[Node]:
    """The parts, chains among them taken apart."""
    for part in parts:
        if head_of(part) is part:
            yield part
        else:
            yield from links(part.parts)


def operation_count(graph: Graph) -> int:
    """How many operations the graph runs, those of folded blocks as often as they repeat."""
    times: dict[ScopePath, int] = {(): 1}
    for path in {node.scope for node in graph.nodes}:
        times[path] = math.prod(
            [graph.scopes[path[:length]].repeat for length in range(1, len(path) + 1)]
        )
    total = 0
    for node in graph.nodes:
        count = 1 if node.kind == "op" else operations_of(node)
        total += count * node.repeat * times[node.scope]
    return total


def scope_children(graph: Graph) -> dict[ScopePath, list[ScopePath]]:
    """The scopes directly inside each scope, () being the graph, in the graph's order."""
    found: dict[ScopePath, list[ScopePath]] = {(): []}
    for path in graph.scopes:
        found.setdefault(path, [])
        found.setdefault(path[:-1], []).append(path)
    return found
