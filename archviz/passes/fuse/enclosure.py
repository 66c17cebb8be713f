"""Which scope a card that merges several operations belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from archviz.ir import Graph, Node, ScopePath


class Enclosure:
    """The scopes of a graph, with what is inside each."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @cached_property
    def _inside(self) -> dict[ScopePath, int]:
        """How many operations are in each scope."""
        found: dict[ScopePath, int] = {}
        for scope, count in Counter([node.scope for node in self._graph.nodes]).items():
            for length in range(len(scope), 0, -1):
                path = scope[:length]
                found[path] = found.get(path, 0) + count
        return found

    @cached_property
    def _kinds(self) -> dict[ScopePath, int]:
        """How many operators and scopes there are directly in each scope."""
        kinds: dict[ScopePath, set[object]] = {}
        for scope, op in {(node.scope, node.op) for node in self._graph.nodes}:
            kinds.setdefault(scope, set()).add(op)
        for path in self._graph.scopes:
            kinds.setdefault(path[:-1], set()).add(path)
        return {path: len(inside) for path, inside in kinds.items()}

    def scope_around(self, parts: Sequence[Node]) -> ScopePath | None:
        """The scope that holds all parts; None when a part would leave a module that holds more.

        A part leaves its module when the module goes into the card as a whole, or is one operation,
        which a module that is called several times lends to a card at each call.
        """
        common = parts[0].scope
        for part in parts:
            if part.scope != common:
                break
        else:
            return common
        for part in parts[1:]:
            while part.scope[: len(common)] != common:
                common = common[:-1]
        taken: dict[ScopePath, int] = {}
        for part in parts:
            if part.scope != common:
                child = part.scope[: len(common) + 1]
                taken[child] = taken.get(child, 0) + 1
        for child, count in taken.items():
            is_leaf = self._kinds.get(child, 0) == 1 and all(
                part.scope == child or part.scope[: len(child)] != child for part in parts
            )
            if count < self._inside[child] and not is_leaf:
                return None
        return common
