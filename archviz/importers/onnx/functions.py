"""Model-local functions: which exist, and how large a call becomes when it is expanded.

A file of 4 KB can call functions that call each other 2^40 times; sizes are therefore summed over
definitions, never by expanding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from archviz.importers.onnx.operators import standard
from archviz.reading.names import clean

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

MAX_EXPANDED = 200_000
"""Nodes that all calls together may expand to."""

MAX_LEVELS = 64
"""Functions, or graphs, that may nest in each other."""

Key = tuple[str, str, str]


class Functions:
    """The functions of a model by domain, name and overload.

    Args:
        protos: Their definitions; the first of several with one key counts.
    """

    def __init__(self, protos: Iterable[FunctionProto]) -> None:
        self._protos: dict[Key, FunctionProto] = {}
        for proto in protos:
            key = (standard(clean(proto.domain)), clean(proto.name), clean(proto.overload))
            self._protos.setdefault(key, proto)
        self.recursive: set[Key] = set()
        self._sizes: dict[Key, int] = {}
        self._levels: dict[Key, int] = {}
        self.left = MAX_EXPANDED

    def __len__(self) -> int:
        return len(self._protos)

    def __contains__(self, key: Key) -> bool:
        return key in self._protos

    def __getitem__(self, key: Key) -> FunctionProto:
        return self._protos[key]

    def size(self, key: Key) -> int:
        """Nodes that one call expands to; only meaningful when it is not recursive."""
        self._measure(key)
        return self._sizes[key]

    def levels(self, key: Key) -> int:
        """Calls that nest inside one call, itself included."""
        self._measure(key)
        return self._levels[key]

    def total(self, nodes: Iterable[NodeProto]) -> int | None:
        """Nodes that ``nodes`` expand to with all their calls; None when a call never ends."""
        size = 0
        for node in all_nodes(nodes):
            key = call_key(node)
            if key in self._protos:
                size += self.size(key)
                if self.is_endless(key) or self.levels(key) > MAX_LEVELS:
                    return None
            size += _weight(node)
        return size

    def is_endless(self, key: Key) -> bool:
        """Whether the function calls itself, or one that does."""
        self._measure(key)
        return key in self.recursive

    def take(self, key: Key) -> bool:
        """Whether a call may be expanded; takes it off the budget if so."""
        if self.is_endless(key) or self.levels(key) > MAX_LEVELS or self.size(key) > self.left:
            return False
        self.left -= _body_weight(self._protos[key])
        return True

    def _measure(self, key: Key) -> None:
        """Depth first over definitions, with a stack of our own: chains may be long."""
        if key in self._sizes:
            return
        stack = [(key, self._calls(key))]
        open_keys = {key: None}
        sums = {key: [_body_weight(self._protos[key]), 0]}
        while stack:
            current, calls = stack[-1]
            for called in calls:
                if called in open_keys:
                    self.recursive.add(current)
                    continue
                if called not in self._sizes:
                    stack.append((called, self._calls(called)))
                    open_keys[called] = None
                    sums[called] = [_body_weight(self._protos[called]), 0]
                    break
                self._add(current, called, sums)
            else:
                stack.pop()
                del open_keys[current]
                self._sizes[current], inner = sums.pop(current)
                self._levels[current] = inner + 1
                if stack:
                    self._add(stack[-1][0], current, sums)

    def _add(self, caller: Key, called: Key, sums: dict[Key, list[int]]) -> None:
        total = sums[caller]
        total[0] += self._sizes[called]
        total[1] = max(total[1], self._levels[called])
        if called in self.recursive:
            self.recursive.add(caller)

    def _calls(self, key: Key) -> Iterator[Key]:
        for node in all_nodes(self._protos[key].node):
            called = call_key(node)
            if called in self._protos:
                yield called


def call_key(node: NodeProto) -> Key:
    """What function the node would call if there is one."""
    return standard(clean(node.domain)), clean(node.op_type), clean(node.overload)


def all_nodes(nodes: Iterable[NodeProto]) -> Iterator[NodeProto]:
    """The nodes, and those of the graphs in their attributes."""
    stack = [iter(nodes)]
    while stack:
        for node in stack[-1]:
            yield node
            graphs = [attribute.g.node for attribute in node.attribute if attribute.HasField("g")]
            graphs.extend(graph.node for attribute in node.attribute for graph in attribute.graphs)
            if graphs:
                stack.append(inner for part in graphs for inner in part)
                break
        else:
            stack.pop()


def _weight(node: NodeProto) -> int:
    """One, and more for a node with so many parts that copying it is dear."""
    return 1 + (len(node.input) + len(node.output) + len(node.attribute)) // 32


def _body_weight(proto: FunctionProto) -> int:
    return sum(_weight(node) for node in all_nodes(proto.node))
