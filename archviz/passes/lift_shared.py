"""Takes what a module computes for all modules of its kind out of the first of them.

An exporter that finds the same computation in every layer (a mask made ready, a rotary table)
writes it once, where it met it first. Filed there it would set that layer apart from its equals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from archviz.ir import Graph, Node, ScopePath
from archviz.ir.edit import sweep, used_values
from archviz.ir.walk import producers
from archviz.passes import Pass
from archviz.records import replace

MOST_LIFTED = 32
"""Operations that one shared value may be made of inside its module."""

_NUMBER = re.compile(r"\d+")


def apply(graph: Graph) -> Graph:
    """The graph with such operations in the scope around the modules that share them.

    They hold no weights, take nothing from their module, and give their result to the module
    itself and to others of its class, or with a name that differs in a number.
    """
    if not graph.scopes:
        return graph
    users: dict[str, list[Node]] = {}
    for node in graph.nodes:
        for value in used_values(node):
            users.setdefault(value, []).append(node)
    source = producers(graph)
    weights = {name for name, item in graph.parameters.items() if item.kind != "constant"}
    moved: dict[str, ScopePath] = {}
    for node in graph.nodes:
        for value in (value for value in node.outputs if value is not None):
            used = users.get(value, [])
            if len(used) < 2 or not node.scope or node.id in moved:
                continue
            home = _home(node, used, graph)
            if home is None:
                continue
            child = node.scope[: len(home) + 1]
            made_of = _made_of(node, child, source, moved)
            if not any(use.parameter in weights for part in made_of for use in part.parameters):
                moved.update((part.id, home) for part in made_of)
    if not moved:
        return graph
    return sweep(replace(graph, nodes=_reordered(graph, moved)))


def _reordered(graph: Graph, moved: Mapping[str, ScopePath]) -> tuple[Node, ...]:
    """The nodes, those that are moved right before the module that they leave."""
    first: dict[ScopePath, int] = {}
    places: list[tuple[int, int, Node]] = []
    for index, node in enumerate(graph.nodes):
        for length in range(1, len(node.scope) + 1):
            first.setdefault(node.scope[:length], index)
        home = moved.get(node.id)
        if home is None:
            places.append((index, 1, node))
        else:
            place = first[node.scope[: len(home) + 1]]
            places.append((place, 0, replace(node, scope=home)))
    return tuple(node for _, _, node in sorted(places, key=lambda entry: entry[:2]))


def _home(node: Node, used: list[Node], graph: Graph) -> ScopePath | None:
    """The scope around the modules that share a result of ``node``, its own among them."""
    common = node.scope
    for user in used:
        while user.scope[: len(common)] != common:
            common = common[:-1]
    if common == node.scope:
        return None
    depth = len(common) + 1
    own = node.scope[:depth]
    modules = {user.scope[:depth] for user in used if len(user.scope) >= depth}
    is_among_equals = all(
        len(user.scope) >= depth and _kind(user.scope[:depth], graph) == _kind(own, graph)
        for user in used
    )
    return common if is_among_equals and own in modules and len(modules) > 1 else None


def _kind(path: ScopePath, graph: Graph) -> str:
    return graph.scopes[path].type or _NUMBER.sub("#", path[-1])


def _made_of(
    node: Node, child: ScopePath, source: Mapping[str, Node], moved: Mapping[str, ScopePath]
) -> list[Node]:
    """The operations inside ``child`` that ``node`` comes from; nothing when they are too many."""
    found = {node.id: node}
    behind = [node]
    while behind:
        for value in used_values(behind.pop()):
            maker = source.get(value)
            if maker is None or maker.id in found or maker.id in moved:
                continue
            if maker.scope[: len(child)] == child:
                found[maker.id] = maker
                behind.append(maker)
        if len(found) > MOST_LIFTED:
            return []
    return list(found.values())


PASS = Pass("lift-shared", "takes what equal modules share out of the first of them", apply)
