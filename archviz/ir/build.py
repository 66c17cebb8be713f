"""Building a graph piece by piece, with ids that are stable and unique."""

from __future__ import annotations

from collections.abc import Mapping

from archviz.diagnostics import SourceLocation
from archviz.ir.forest.columns import Forest
from archviz.ir.graph import (
    Attribute,
    Graph,
    Node,
    Parameter,
    ParameterUse,
    Scope,
    ScopePath,
    Value,
)
from archviz.ir.types import Type
from archviz.records import changing

change_node = changing(Node)


class GraphBuilder:
    """Collects the parts of one graph; importers hand it names, it hands out ids.

    Ids are unique across the graph and its subgraphs, which are built with ``parent``.

    Args:
        name: What the source calls the graph.
        parent: The builder of the graph around this one.
    """

    def __init__(self, name: str = "", parent: GraphBuilder | None = None) -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.values: dict[str, Value] = {}
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self.parameters: dict[str, Parameter] = parent.parameters if parent else {}
        self.scopes: dict[ScopePath, Scope] = parent.scopes if parent else {}
        self._is_root = parent is None
        self._node_ids: dict[str, int] = parent._node_ids if parent else {}
        self._value_ids: dict[str, int] = parent._value_ids if parent else {}

    def value(self, name: str, type_: Type | None = None) -> str:
        """Adds a value and returns its id, ``name`` or, when that is taken, "name#2"."""
        value_id = name
        if name and name not in self._value_ids:  # most are new, and there may be a million
            self._value_ids[name] = 1
        else:
            value_id = unique(name or "value", self._value_ids)
        self.values[value_id] = Value(value_id, type_)
        return value_id

    def parameter(self, parameter: Parameter) -> None:
        """Adds a parameter; subgraphs share the outermost graph's parameters."""
        self.parameters[parameter.name] = parameter

    def scope(self, path: ScopePath, type_: str = "") -> None:
        """Adds a scope and those around it; a type given later completes a bare one."""
        if path[:-1] not in self.scopes:
            for length in range(1, len(path)):
                if path[:length] not in self.scopes:
                    self.scopes[path[:length]] = Scope(path[:length])
        known = self.scopes.get(path)
        if path and (known is None or (type_ and not known.type)):
            self.scopes[path] = Scope(path, type_)

    def node(
        self,
        op: str,
        inputs: tuple[str | None, ...] = (),
        outputs: tuple[str | None, ...] = (),
        *,
        label: str = "",
        parameters: tuple[ParameterUse, ...] = (),
        attributes: Mapping[str, Attribute] | None = None,
        scope: ScopePath = (),
        subgraphs: Mapping[str, Graph] | None = None,
        location: SourceLocation | None = None,
        kind: str = "op",
        domain: str = "",
        node_id: str = "",
        forest: Forest | None = None,
    ) -> Node:
        """Adds a node whose id is ``node_id`` or else its scope and its label or operator."""
        name = label or op
        if not node_id:
            node_id = unique("/".join((*scope, name)) if scope else name, self._node_ids)
        made = Node(
            node_id,
            op,
            inputs,
            outputs,
            parameters,
            attributes or {},
            scope,
            subgraphs or {},
            location,
            (),
            kind,
            domain,
            label,
            forest=forest,
        )
        self.nodes.append(made)
        return made

    def reserve(self, name: str, scope: ScopePath = ()) -> str:
        """An id for a node that is added later, so that what is inside it can refer to it."""
        return unique("/".join((*scope, name)), self._node_ids)

    def build(self) -> Graph:
        """The finished graph; parameters and scopes stay with the outermost one."""
        return Graph(
            self.name,
            tuple(self.nodes),
            self.values,
            tuple(self.inputs),
            tuple(self.outputs),
            self.parameters if self._is_root else {},
            self.scopes if self._is_root else {},
        )


def unique(name: str, taken: dict[str, int]) -> str:
    """``name``, or ``name#2`` and so on when it is taken; notes the answer in ``taken``."""
    if name not in taken:
        taken[name] = 1
        return name
    number = taken[name] + 1
    while f"{name}#{number}" in taken:
        number += 1
    taken[name] = number
    taken[f"{name}#{number}"] = 1
    return f"{name}#{number}"
