"""What each framework's own tables say of one operation in a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from archviz.analysis.gradient.graph import Role
from archviz.ir import Node
from archviz.ops.gradients import gradient_table
from archviz.records import record

_COMPARISONS = frozenset(
    {
        "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Not", "Xor",
        "IsNaN", "IsInf", "GreaterEqual", "LessEqual", "NotEqual", "LogicalAnd", "LogicalOr",
        "LogicalNot", "IsNan", "IsFinite", "eq", "ne", "lt", "gt", "le", "ge", "isnan", "isinf",
        "logical_and", "logical_or", "logical_not", "logical_xor", "bitwise_and", "bitwise_or",
    }
)  # fmt: skip
_CASTS = frozenset(
    {
        "Cast", "CastLike", "QuantizeLinear", "DynamicQuantizeLinear", "_to_copy", "to", "type_as",
        "BitCast", "Bitcast", "Quantize",
    }
)  # fmt: skip
_FLAT = frozenset({"Ceil", "Floor", "Round", "Sign", "Rint"})
"""Operators of ONNX and TensorFlow whose derivative is zero wherever it exists."""
_DETACHES = frozenset({"detach", "detach_", "StopGradient", "PreventGradient"})
_PARTLY = frozenset(
    {
        "view", "sort", "topk", "msort", "max", "min", "mode", "median", "nanmedian", "kthvalue",
        "cummax", "cummin", "unique", "aminmax",
    }
)  # fmt: skip
"""Functions of PyTorch that only some of whose results are positions or counts."""


@record
class Passing:
    """Whether gradient passes one operation.

    Attributes:
        role: What the operation is to the analysis.
        stopped: Positions of inputs that get none.
        stops_all: Whether none does.
        is_flat: Whether the derivative is zero everywhere.
    """

    role: Role = Role.PLAIN
    stopped: frozenset[int] = frozenset()
    stops_all: bool = False
    is_flat: bool = False

    def stops(self, position: int) -> bool:
        """Whether the input at ``position``, -1 for one whose place is not known, gets none."""
        return self.stops_all or position in self.stopped


def _role(op: str, default: Role = Role.PLAIN) -> Role:
    if op in _COMPARISONS:
        return Role.COMPARISON
    if op in _DETACHES:
        return Role.DETACH
    return Role.CAST if op in _CASTS else default


def of_onnx(node: Node) -> Passing:
    """By the differentiation categories of onnx.defs, corrected."""
    if node.domain not in ("", "ai.onnx"):
        return Passing(_role(node.op))
    names = gradient_table("onnx")["stops"].get(node.op)
    if not names:
        return Passing(_role(node.op))
    if node.op in _FLAT:
        return Passing(Role.PLAIN, is_flat=True)
    order = _onnx_inputs(node.op)
    stopped = frozenset(order.index(name) for name in names if name in order)
    is_all = len(stopped) == len(order)
    return Passing(_role(node.op, Role.DISCRETE if is_all else Role.PLAIN), stopped, is_all)


@cache
def _onnx_inputs(op: str) -> list[str]:
    import onnx.defs

    try:
        return [item.name for item in onnx.defs.get_schema(op).inputs]
    except onnx.defs.SchemaError:
        return []


def of_torch(node: Node) -> Passing:
    """By PyTorch's derivative formulas."""
    name = node.op.removesuffix("_")
    if name in _torch_flat():
        return Passing(Role.PLAIN, is_flat=True)
    if node.op in _DETACHES:
        return Passing(Role.DETACH, stops_all=True)
    if name in _COMPARISONS:
        return Passing(Role.COMPARISON, stops_all=True)
    discrete = gradient_table("torch")["discrete"]["functions"]
    if name in discrete and name not in _PARTLY:
        return Passing(Role.DISCRETE, stops_all=True)
    return Passing(_role(node.op))


@cache
def _torch_flat() -> frozenset[str]:
    """Functions all of whose inputs get zero: "round" by the node RoundBackward0."""
    found = set()
    for node, inputs in gradient_table("torch")["zero"].items():
        name = node.partition("Backward")[0]
        if inputs == [0] and name in ("Round", "Floor", "Ceil", "Trunc", "Sign", "Sgn"):
            found.add(name.lower())
    return frozenset(found)


def of_tensorflow(node: Node) -> Passing:
    """By TensorFlow's gradient registry; operations that it does not know are taken to pass."""
    if node.op in _FLAT:
        return Passing(Role.PLAIN, is_flat=True)
    if node.op in _DETACHES:
        return Passing(Role.DETACH, stops_all=True)
    if node.op in gradient_table("tensorflow")["stops"]["operations"]:
        return Passing(_role(node.op, Role.DISCRETE), stops_all=True)
    return Passing(_role(node.op))


RULES: dict[str, Callable[[Node], Passing]] = {
    "onnx": of_onnx,
    "torch-export": of_torch,
    "torchscript": of_torch,
    "tensorflow": of_tensorflow,
}
"""What knows the operators of a format, by the Model's format."""
