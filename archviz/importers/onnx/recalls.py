"""Modules that run several times: each call becomes a scope of its own.

PyTorch's exporter gives the operations of every call the same scope. A call is a connected part of
the scope; parts are calls of one module when they hold the same operations, and when data leaves
one and comes back into another. The later calls are named "pool@2", "pool@3", in graph order.
"""

from __future__ import annotations

from collections.abc import Hashable

from archviz.ir import Graph, ScopePath
from archviz.records import replace

MOST_TESTED = 500
"""Scopes that are looked at closely; the work for each is at most that of walking the graph."""


def separate_calls(graph: Graph) -> Graph:
    """The graph with a scope for each call of a module that is called again."""
    source = {
        value: index
        for index, node in enumerate(graph.nodes)
        for value in node.outputs
        if value is not None
    }
    before = [[source[v] for v in node.inputs if v in source] for node in graph.nodes]
    following: list[list[int]] = [[] for _ in graph.nodes]
    for index, sources in enumerate(before):
        for origin in sources:
            following[origin].append(index)

    scopes = [node.scope for node in graph.nodes]
    tested = 0
    # Outer modules first, so that the modules inside each call are told apart by it.
    for length in range(1, max(map(len, scopes), default=0) + 1):
        members: dict[ScopePath, list[int]] = {}
        for index, scope in enumerate(scopes):
            if len(scope) >= length:
                members.setdefault(scope[:length], []).append(index)
        for path, inside in members.items():
            parts = _parts(inside, before)
            if len(parts) < 2 or tested >= MOST_TESTED:
                continue
            if len({_content(part, length, graph) for part in parts}) > 1:
                continue
            tested += 1
            if not _is_entered_again(parts, following):
                continue
            for number, part in enumerate(parts[1:], 2):
                for index in part:
                    scopes[index] = (
                        *path[:-1],
                        f"{path[-1]}@{number}",
                        *scopes[index][length:],
                    )
    return _with_scopes(graph, scopes)


def _parts(members: list[int], before: list[list[int]]) -> list[list[int]]:
    """The connected parts of a scope, in graph order."""
    leader = {index: index for index in members}

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for index in members:
        for origin in before[index]:
            if origin in leader:
                one, other = find(index), find(origin)
                leader[max(one, other)] = min(one, other)
    parts: dict[int, list[int]] = {}
    for index in members:
        parts.setdefault(find(index), []).append(index)
    return list(parts.values())


def _content(part: list[int], length: int, graph: Graph) -> Hashable:
    nodes = (graph.nodes[index] for index in part)
    return tuple(sorted((node.scope[length:], node.op) for node in nodes))


def _is_entered_again(parts: list[list[int]], following: list[list[int]]) -> bool:
    """Whether a way leads out of one part and into another."""
    part_of = {index: number for number, part in enumerate(parts) for index in part}
    first = set(parts[0])
    pending = [user for index in parts[0] for user in following[index] if user not in first]
    seen = set(pending)
    while pending:
        index = pending.pop()
        if part_of.get(index, 0) > 0:
            return True
        for user in following[index]:
            if user not in seen and user not in first:
                seen.add(user)
                pending.append(user)
    return False


def _with_scopes(graph: Graph, paths: list[ScopePath]) -> Graph:
    if all(node.scope == path for node, path in zip(graph.nodes, paths, strict=True)):
        return graph
    scopes = dict(graph.scopes)
    nodes = []
    for node, path in zip(graph.nodes, paths, strict=True):
        for length in range(1, len(path) + 1):
            if path[:length] not in scopes:
                scopes[path[:length]] = replace(scopes[node.scope[:length]], path=path[:length])
        nodes.append(node if path == node.scope else replace(node, scope=path))
    used = {path[:length] for path in paths for length in range(1, len(path) + 1)}
    kept = {path: scope for path, scope in scopes.items() if path in used}
    return replace(graph, nodes=tuple(nodes), scopes=kept)
