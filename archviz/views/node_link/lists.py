"""Scopes that are mere lists: their members take turns with what is outside."""

from __future__ import annotations

from archviz.ir import Graph, ScopePath
from archviz.ir.walk import scope_children

LIST_CLASSES = ("", "ModuleList", "ModuleDict")
MOST_TESTED = 200
"""Lists that are looked at; a model with more is drawn with all their frames."""


def scattered_lists(graph: Graph) -> set[ScopePath]:
    """Lists of modules, without operations of their own, that a path leaves and comes back to.

    A frame around one would have to lie before and behind what runs in between.
    """
    direct = {node.scope for node in graph.nodes}
    candidates = [
        path
        for path, children in scope_children(graph).items()
        if path and children and path not in direct and graph.scopes[path].type in LIST_CLASSES
    ][:MOST_TESTED]
    if not candidates:
        return set()
    users: dict[str, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        for value in node.inputs:
            if value is not None:
                users.setdefault(value, []).append(index)
    following = [
        [user for value in node.outputs if value is not None for user in users.get(value, ())]
        for node in graph.nodes
    ]
    return {path for path in candidates if _is_left_and_entered(path, graph, following)}


def _is_left_and_entered(path: ScopePath, graph: Graph, following: list[list[int]]) -> bool:
    inside = [node.scope[: len(path)] == path for node in graph.nodes]
    pending = [
        user
        for index, is_inside in enumerate(inside)
        if is_inside
        for user in following[index]
        if not inside[user]
    ]
    seen = set(pending)
    while pending:
        for user in following[pending.pop()]:
            if inside[user]:
                return True
            if user not in seen:
                seen.add(user)
                pending.append(user)
    return False
