"""The graph: nodes that consume and produce values, in a tree of scopes.

Edges are not stored. They follow from values, each of which has one producer and any number of
consumers; :mod:`archviz.ir.walk` derives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from archviz.diagnostics import SourceLocation
from archviz.ir.forest.columns import Forest
from archviz.ir.types import TensorType, Type
from archviz.records import field, record

ScopePath: TypeAlias = tuple[str, ...]
"""Where a node lives, ("encoder", "layer", "0"); the parent is ``path[:-1]``."""

Attribute: TypeAlias = bool | int | float | str | TensorType | tuple["Attribute", ...] | None
"""An attribute's value; a tensor is described by its type, never by its contents."""


@record
class Value:
    """What flows along edges: one producer, many consumers.

    Attributes:
        id: Unique in the graph, its subgraphs and the graphs around it.
        type: What is known of it, or None.
        requires_grad: Whether autograd tracks it; None when that was not looked at.
    """

    id: str
    type: Type | None = None
    requires_grad: bool | None = None


@record
class Parameter:
    """A stored tensor: described, never its contents; tied weights share one name.

    Attributes:
        name: Unique in the graph.
        type: Shape and dtype.
        kind: "weight", "buffer" (state that no optimizer updates) or "constant" (part of the
            architecture: a target shape, an axis, a scale).
        trainable: Whether an optimizer would update it; None when the source does not say.
        value: The elements of a small constant in row-major order, or None.
        location: Where the bytes are when outside the source, "weights.bin+4096", else "".
        sizes: Elements in each of the blocks that it stands for, when they grow; its type then has
            "64…224" for a size that goes from 64 to 224.
    """

    name: str
    type: TensorType
    kind: str = "weight"
    trainable: bool | None = None
    value: tuple[bool | int | float | str, ...] | None = None
    location: str = ""
    sizes: tuple[int, ...] = ()


@record
class ParameterUse:
    """A parameter in a node's input.

    Attributes:
        parameter: Name of the Parameter.
        role: What the operator calls this input ("weight", "W", "running_mean").
        index: Position among the node's inputs, which holds None there; -1 when it has none.
        copies: How many equal parameters it stands for, in a collapsed module that is drawn once
            for several or has such blocks inside.
    """

    parameter: str
    role: str
    index: int = -1
    copies: int = 1


@record
class Scope:
    """A module, function or block that encloses nodes.

    Attributes:
        path: Its place; every prefix is a scope as well.
        type: The class ("BertLayer"), or "" when the source only gives a name.
        repeat: How many equal blocks, one behind the other, this one stands for.
        last: Name of the last of them; "" when they have no names of their own.
        shares_weights: Whether they are one module called several times.
        is_parallel: Whether they stand side by side instead.
        growth: How much wider each makes what it takes by joining to it what it makes, when they
            are equal but for that; else 0.
    """

    path: ScopePath
    type: str = ""
    repeat: int = 1
    last: str = ""
    shares_weights: bool = False
    is_parallel: bool = False
    growth: int = 0


@record
class Node:
    """One operation, or what a pass made of several.

    Attributes:
        id: Unique in the graph and everything around and inside it: scope and name, then "#2".
        op: The framework's own name of the operator; the class of a collapsed module.
        inputs: Ids of consumed values by position; None for an absent optional input and where a
            parameter sits.
        outputs: Ids of produced values by position; None for one that is not asked for.
        parameters: Parameters consumed.
        attributes: Settings in the source's order, without those left at their default.
        scope: The scope it lives in.
        subgraphs: Control flow by role ("then_branch", "body").
        location: The user's source line, when known.
        origin: Ids of the imported nodes it stands for; empty means itself.
        kind: "op", "module" (a collapsed scope), "fused" (several operations in one card),
            "stub" (what a selection left out) or "missing" (a value nobody produces); in the
            view of a decision tree "split", "leaf" or "stub".
        domain: The operator set, "" for the framework's own.
        name: The label the source gives it, when it differs from the id's last part.
        parts: What a "fused" node was made of, in the order of execution.
        repeat: How many equal modules a collapsed one stands for.
        forest: The decision trees that it runs.
    """

    id: str
    op: str
    inputs: tuple[str | None, ...] = ()
    outputs: tuple[str | None, ...] = ()
    parameters: tuple[ParameterUse, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    scope: ScopePath = ()
    subgraphs: Mapping[str, Graph] = field(default_factory=dict)
    location: SourceLocation | None = None
    origin: tuple[str, ...] = ()
    kind: str = "op"
    domain: str = ""
    name: str = ""
    parts: tuple[Node, ...] = ()
    repeat: int = 1
    forest: Forest | None = None

    @property
    def origins(self) -> tuple[str, ...]:
        """Ids of the imported nodes this one stands for, itself when nothing was merged."""
        return self.origin or (self.id,)


@record
class Graph:
    """Nodes in source order, the values between them, and the scopes around them.

    Attributes:
        name: What the source calls it, or "".
        nodes: In the source's order, which need not be topological.
        values: By id; a subgraph may also consume values of the graphs around it.
        inputs: Ids of the values the caller gives.
        outputs: Ids of the values the caller gets.
        parameters: By name.
        scopes: By path, parents before children.
    """

    name: str = ""
    nodes: tuple[Node, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    scopes: Mapping[ScopePath, Scope] = field(default_factory=dict)
