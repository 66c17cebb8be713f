"""Merges scopes into single cards, as deep as asked or as deep as a page holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from archviz.errors import OptionError
from archviz.ir import Graph, Node, Scope, ScopePath
from archviz.ir.build import change_node
from archviz.ir.edit import contract, sweep
from archviz.ir.walk import leaf_count, scope_children
from archviz.passes import Pass
from archviz.records import replace

MOST_BOXES = 60
"""How many boxes the automatic depth aims not to exceed; a page holds about that many."""

_NUMBER = re.compile(r"\d+")


def apply(graph: Graph, *, depth: int | Literal["auto", "all"] = "auto") -> Graph:
    """The graph with scopes merged into nodes of kind "module".

    Args:
        graph: Where to collapse.
        depth: Levels of scopes that stay open: 0 merges every outermost scope, "all" none; "auto"
            opens scopes from the outside in while at most 60 boxes result, equal ones together.

    Raises:
        OptionError: The depth is negative.
    """
    if isinstance(depth, int) and depth < 0:
        raise OptionError(f"--depth is {depth}", "give 0 or more, auto or all")
    if depth == "all" or not graph.scopes:
        return graph
    tree = _Tree(graph)
    closed = tree.closed_at(depth) if isinstance(depth, int) else tree.closed_automatically()
    paths = [path for path in closed if tree.size[path] > 1]
    groups = [
        (_module(graph.scopes[path], path, tree.operations(path)), tree.members(path))
        for path in paths
    ]
    by_id = {node.id: node for node in graph.nodes}
    copies = {
        module.id: _copies(graph, path, [by_id[member] for member in inside])
        for path, (module, inside) in zip(paths, groups, strict=True)
    }
    return sweep(_with_copies(contract(graph, groups), copies))


def _copies(graph: Graph, path: ScopePath, members: Iterable[Node]) -> dict[str, int]:
    """How often each parameter of a module is there, which with its blocks may be drawn once."""
    found: dict[str, int] = {}
    for node in members:
        times = of_growing = node.repeat
        for length in range(len(path), len(node.scope) + 1):
            around = graph.scopes[node.scope[:length]]
            times *= 1 if around.shares_weights else around.repeat
            of_growing *= 1 if around.shares_weights or around.growth else around.repeat
        for use in node.parameters:
            parameter = graph.parameters.get(use.parameter)
            known = times if parameter is None or not parameter.sizes else of_growing
            found[use.parameter] = max(known * use.copies, found.get(use.parameter, 1))
    return found


def _with_copies(graph: Graph, copies: Mapping[str, Mapping[str, int]]) -> Graph:
    if all(times == 1 for inside in copies.values() for times in inside.values()):
        return graph
    nodes = [
        change_node(
            node,
            parameters=tuple(
                replace(use, copies=copies[node.id][use.parameter]) for use in node.parameters
            ),
        )
        if node.id in copies
        else node
        for node in graph.nodes
    ]
    return replace(graph, nodes=tuple(nodes))


def _module(scope: Scope, path: ScopePath, operations: int) -> Node:
    return Node(
        "/".join(path) + "@module",
        scope.type or _name(path),
        scope=path[:-1],
        attributes={"operations": operations, **({"parallel": True} if scope.is_parallel else {})},
        kind="module",
        name=f"{path[-1]} – {scope.last}" if scope.last else path[-1],
        repeat=scope.repeat,
    )


def _name(path: ScopePath) -> str:
    """The last part of a path, behind what it counts when it is a mere number."""
    start = len(path) - 1
    while start > 0 and path[start].isdecimal():
        start -= 1
    return ".".join(path[start:])


class _Tree:
    """The scopes of a graph with what is directly and in all inside each."""

    def __init__(self, graph: Graph) -> None:
        self.children = scope_children(graph)
        self.types = {path: scope.type for path, scope in graph.scopes.items()}
        self.own: dict[ScopePath, list[str]] = {path: [] for path in self.children}
        for node in graph.nodes:
            self.own[node.scope].append(node.id)
        self.operations_in: dict[ScopePath, int] = dict.fromkeys(self.children, 0)
        for node in graph.nodes:
            self.operations_in[node.scope] += leaf_count(node)
        self.repeat = {path: scope.repeat for path, scope in graph.scopes.items()}
        self.size: dict[ScopePath, int] = {}
        for path in sorted(self.children, key=len, reverse=True):
            inside = sum(self.size[child] for child in self.children[path])
            self.size[path] = len(self.own[path]) + inside

    def members(self, path: ScopePath) -> list[str]:
        """Ids of all nodes in the scope, at any depth."""
        found: list[str] = []
        stack = [path]
        while stack:
            here = stack.pop()
            found += self.own[here]
            stack += self.children[here]
        return found

    def operations(self, path: ScopePath) -> int:
        """How many operations one such module runs, folded blocks as often as they repeat."""
        inside = sum(self.operations(child) * self.repeat[child] for child in self.children[path])
        return self.operations_in[path] + inside

    def boxes(self, path: ScopePath) -> int:
        """How many boxes stand where one stood when the scope is opened, its children closed."""
        return len(self.own[path]) + sum(self.size[child] > 0 for child in self.children[path])

    def closed_at(self, depth: int) -> list[ScopePath]:
        return [path for path in self.children if len(path) == depth + 1]

    def closed_automatically(self) -> list[ScopePath]:
        total = self.boxes(())
        closed: list[ScopePath] = []
        level = [child for child in self.children[()] if self.size[child]]
        while level:
            following: list[ScopePath] = []
            for paths in self._alike(level):
                more = sum(self.boxes(path) - 1 for path in paths)
                if total + more <= MOST_BOXES:
                    total += more
                    for path in paths:
                        following += [c for c in self.children[path] if self.size[c]]
                else:
                    closed += paths
            level = following
        return closed

    def _alike(self, level: list[ScopePath]) -> list[list[ScopePath]]:
        """The scopes of one level in sets that open together, the cheapest set first.

        Scopes of one class are alike; without a class, those whose paths differ in a number.
        """
        sets: dict[object, list[ScopePath]] = {}
        for path in level:
            masked = tuple(_NUMBER.sub("#", part) for part in path)
            sets.setdefault(self.types[path] or masked, []).append(path)
        return sorted(sets.values(), key=lambda paths: sum(self.boxes(p) - 1 for p in paths))


PASS = Pass("collapse-scopes", "merges modules into cards, to a depth", apply)
