"""The value graph: operations, the values they made, and two kinds of edges between values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from types import CodeType
from typing import TypeAlias

from archviz.analysis.gradient.words import Kind
from archviz.diagnostics import SourceLocation
from archviz.records import field, record

Frame: TypeAlias = tuple[CodeType, int] | SourceLocation
"""A place in code, or a location already read.

A place is a code object and the offset of an instruction, -1 for the definition itself.
"""


class Role(Enum):
    """What an operation is to the analysis."""

    PLAIN = "plain"
    LEAF = "leaf"
    """A parameter, a buffer, an input or a constant."""
    DISCRETE = "discrete"
    """An operation known to be piecewise constant or without order, such as argmax."""
    COMPARISON = "comparison"
    CAST = "cast"
    DETACH = "detach"
    DATA = "data"
    REWRAP = "rewrap"
    NEW_LEAF = "new leaf"
    """A new parameter over the memory of a computed value."""
    DATA_WRITE = "data write"
    LEAVE = "leave"
    """The contents become Python numbers or an array."""
    BRANCH = "branch"
    """The contents only steer Python."""
    FUNCTION = "function"
    """A custom autograd Function."""
    GRADIENT = "gradient"
    """Gradients taken inside the forward call."""
    UNSEEN = "unseen"
    """Something outside the recorded API made the value."""


@record
class Region:
    """Where gradient was switched off.

    Attributes:
        kind: "no_grad", "inference_mode" or "checkpoint".
        frame: The line of the with statement, or of the decorated function.
    """

    kind: str
    frame: Frame | None = None


@record
class Operation:
    """One operation of the recorded call.

    Attributes:
        name: As the framework calls it, "torch.Tensor.argmax".
        role: What it is to the analysis.
        inputs: Values whose contents it read.
        outputs: Values it made.
        module: Dotted path of the module around it; "" for the outermost.
        frames: Calling places, innermost first, the framework's own left out.
        is_tracked: Whether autograd was on.
        region: Where it was switched off, when it was.
        node: The node's id in the model's graph; "" when it has none.
    """

    name: str
    role: Role = Role.PLAIN
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    module: str = ""
    frames: tuple[Frame, ...] = ()
    is_tracked: bool = True
    region: Region | None = None
    node: str = ""


@record
class GradientValue:
    """One value of the recorded call.

    Attributes:
        operation: Position of the operation that made it.
        gradient: Values its backward pass hands gradient to.
        zero: Values it reaches only through operations whose gradient is zero, or that have none.
        lacks_formula: Whether ``zero`` is for want of a formula.
        requires_grad: Whether autograd tracks it.
        is_float: Whether its type can carry gradient.
    """

    operation: int
    gradient: frozenset[int] = frozenset()
    zero: frozenset[int] = frozenset()
    lacks_formula: bool = False
    requires_grad: bool = False
    is_float: bool = True


@record
class ModuleFacts:
    """A module of the model, called or not.

    Attributes:
        path: Dotted path; "" for the model.
        type: Name of its class.
        calls: How often it was called.
        is_choice: Whether it holds alternatives (a list or dictionary of modules).
        home: The installed package its class comes from, "" for the user's own code.
        parameters: Shapes of all parameters in it, by their name relative to it.
    """

    path: str
    type: str = ""
    calls: int = 0
    is_choice: bool = False
    home: str = ""
    parameters: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@record
class Target:
    """A parameter or input that may want gradient.

    Attributes:
        value: Its value in the graph; -1 when nothing read it.
        shape: Its sizes.
        wants_gradient: Whether it is not frozen.
        is_reached: Whether gradient from the loss arrives, through formulas that are not zero.
        is_attached: Whether the loss's graph leads to it at all.
        is_side: Whether a tensor kept on a module, outside the loss, leads to it.
        aliases: Its other names.
    """

    value: int
    shape: tuple[int, ...] = ()
    wants_gradient: bool = True
    is_reached: bool = False
    is_attached: bool = False
    is_side: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def elements(self) -> int:
        """Number of elements."""
        product = 1
        for size in self.shape:
            product *= size
        return product


@record
class ValueGraph:
    """A recorded call as the analysis sees it; positions refer into the two sequences.

    Attributes:
        operations: In the order of execution.
        values: In the order they were made.
        roots: The values of the loss.
        targets: What may want gradient, by name.
        modules: The model's modules by path, parents before children.
    """

    operations: Sequence[Operation]
    values: Sequence[GradientValue]
    roots: tuple[int, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)
    modules: Mapping[str, ModuleFacts] = field(default_factory=dict)

    def producer(self, value: int) -> Operation:
        """The operation that made a value."""
        return self.operations[self.values[value].operation]

    def is_cut(self, source: int, target: int) -> bool:
        """Whether no gradient flows back from ``target`` to ``source``, which it depends on."""
        return source not in self.values[target].gradient


_BY_ROLE = {
    Role.DATA_WRITE: Kind.DATA_WRITE,
    Role.LEAVE: Kind.LEAVE,
    Role.BRANCH: Kind.BRANCH,
}
_BY_LATER_ROLE = {
    Role.NEW_LEAF: Kind.NEW_PARAMETER,
    Role.GRADIENT: Kind.CREATE_GRAPH,
}
_WHILE_TRACKED = {Role.DATA: Kind.DATA, Role.DETACH: Kind.DETACH, Role.REWRAP: Kind.REWRAP}


def kind_of_cut(graph: ValueGraph, source: int, target: int) -> Kind:
    """How the operation that made ``target`` keeps gradient from ``source``."""
    value = graph.values[target]
    operation = graph.operations[value.operation]
    role = operation.role
    if role in _BY_ROLE:
        return _BY_ROLE[role]
    if source in value.zero:
        return Kind.NO_FORMULA if value.lacks_formula else Kind.ZERO
    if role in _BY_LATER_ROLE:
        return _BY_LATER_ROLE[role]
    if role is Role.FUNCTION and operation.is_tracked:
        return Kind.CUSTOM
    if not operation.is_tracked:
        region = operation.region
        is_inference = region is not None and region.kind == "inference_mode"
        return Kind.INFERENCE_MODE if is_inference else Kind.NO_GRAD
    if role in _WHILE_TRACKED:
        return _WHILE_TRACKED[role]
    if not value.is_float:
        if role is Role.COMPARISON:
            return Kind.COMPARISON
        return Kind.CAST if role is Role.CAST else Kind.NONDIFFERENTIABLE
    if role is Role.DISCRETE:
        return Kind.NONDIFFERENTIABLE
    if role is Role.UNSEEN:
        return Kind.NO_FORMULA
    if graph.values[source].requires_grad and not value.requires_grad:
        return Kind.NO_FORMULA
    return Kind.NONDIFFERENTIABLE
