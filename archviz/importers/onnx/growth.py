"""What makes the official shape inference run for ever, found without running it.

A chain of 40 nodes that each concatenate a shape with itself holds 2^40 known sizes in the end, a
Gather that indexes a tensor by itself doubles its rank, and Optionals in Optionals take quadratic
time and then overflow the stack. Upper bounds are carried along instead: three numbers a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from archviz.importers.onnx.functions import Functions, call_key
from archviz.reading.names import clean
from archviz.reading.strip import KEEP

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, TypeProto

MAX_BOUND = 1024
"""Dimensions, and known elements, that one value may have."""

MAX_NESTING = 32
"""Levels of sequences and optionals that one value may have."""

MAX_TOTAL = 1 << 21
"""Dimensions and known elements of all values together."""

_WITHOUT_END = "the sizes it would have to carry grow without end"
_SHAPED_BY_DATA = frozenset(
    {"Reshape", "ConstantOfShape", "Expand", "Tile", "Resize", "Upsample", "RandomNormal"}
)
_WRAPPING = frozenset(
    {"Optional", "SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SplitToSequence"}
)
_GRAPH, _GRAPHS = 5, 10
_INT32, _INT64 = 6, 7


class _Bound(NamedTuple):
    """Upper bounds of a value's rank, of its elements that are known, and of its nesting."""

    rank: int
    data: int = 0
    nesting: int = 0


_UNKNOWN = _Bound(8)


def outgrows(model: ModelProto, functions: Functions) -> str:
    """Why inference must not be run on the model, as part of a sentence; "" when it may."""
    return _Growth(functions).graph(model.graph, {})


def is_unsafe(node: NodeProto) -> str:
    """Why inference of this one node may crash, as part of a sentence, or ""."""
    for attribute in node.attribute:
        name, number = attribute.name, attribute.i
        if name == "num_outputs" and number != len(node.output):
            return f"{clean(node.op_type)} claims {number:,} outputs, not {len(node.output)}"
        if name == "batch_dims" and number < 0:
            return f"{clean(node.op_type)} has {number} batch dimensions"
    return ""


class _Growth:
    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._total = 0

    def graph(self, graph: GraphProto, outer: Mapping[str, _Bound]) -> str:
        """Why the graph outgrows, or ""; ``outer`` are bounds of what is around it."""
        bounds = dict(outer)
        for info in graph.input:
            bounds[info.name] = _Bound(_rank(info.type), 0, _nesting(info.type))
        for tensor in graph.initializer:
            bounds[tensor.name] = _of_tensor(tensor)
        return self._nodes(graph.node, bounds)

    def _nodes(self, nodes: Iterable[NodeProto], bounds: dict[str, _Bound]) -> str:
        for node in nodes:
            reason = self._node(node, bounds)
            if reason:
                return reason
        return ""

    def _node(self, node: NodeProto, bounds: dict[str, _Bound]) -> str:
        given = [bounds.get(name, _UNKNOWN) for name in node.input if name]
        reason = is_unsafe(node)
        if reason:
            return reason
        for attribute in node.attribute:
            if attribute.type in (_GRAPH, _GRAPHS):
                for inner in (attribute.g, *attribute.graphs):
                    reason = self.graph(inner, bounds)
                    if reason:
                        return reason
        made: Sequence[_Bound] = ()
        key = call_key(node) if self._functions else None
        if key is not None and key in self._functions:
            function = self._functions[key]
            inside = dict(zip(function.input, given, strict=False))
            reason = self._nodes(function.node, inside)
            if reason:
                return reason
            made = [inside.get(name, _UNKNOWN) for name in function.output]
        bound = _made_by(node, given)
        for index, name in enumerate(node.output):
            one = made[index] if index < len(made) else bound
            self._total += one.rank + one.data
            if max(one.rank, one.data) > MAX_BOUND or one.nesting > MAX_NESTING:
                return _WITHOUT_END
            bounds[name] = one
        return _WITHOUT_END if self._total > MAX_TOTAL else ""


def _made_by(node: NodeProto, given: Sequence[_Bound]) -> _Bound:
    op = clean(node.op_type)
    rank = max((bound.rank for bound in given), default=0)
    data = max((bound.data for bound in given), default=0) if _carries_data(op) else 0
    nesting = max((bound.nesting for bound in given), default=0)
    listed = 0
    for attribute in node.attribute:
        listed = max(listed, len(attribute.ints))
        if attribute.HasField("t"):
            tensor = _of_tensor(attribute.t)
            rank, data = max(rank, tensor.rank), tensor.data
    if op == "Concat":
        data = sum(bound.data for bound in given)
    elif op in ("Gather", "GatherND"):
        rank = sum(bound.rank for bound in given)
        rank -= 1 if op == "Gather" and rank else 0
    elif op == "Shape":
        data = rank
    elif op == "Unsqueeze":
        rank += max([listed, *(bound.data for bound in given[1:])])
    elif op == "Squeeze":
        rank -= min(rank, max([listed, *(bound.data for bound in given[1:])]))
        data = max(data, 1)
    elif op == "Einsum":
        rank = sum(bound.rank for bound in given)
        rank += sum(len(attribute.s) for attribute in node.attribute)
    elif op in _SHAPED_BY_DATA:
        target = max([listed, *(bound.data for bound in given)])
        rank = target if op == "Reshape" and target else max(rank, target)
    elif op in _WRAPPING:
        nesting += 1
    elif op == "Flatten":
        rank = 2
    else:
        rank += 1 if op in ("OneHot", "Loop", "Scan", "ConcatFromSequence") else 0
        nesting += 1 if op in ("Loop", "SequenceMap") and nesting else 0
    return _Bound(rank, data, nesting)


@lru_cache(1024)
def _carries_data(op: str) -> bool:
    """Whether inference follows the elements of small integer tensors through the operator."""
    from onnx import defs

    return bool(defs.has(op) and defs.get_schema(op).has_data_propagation_function)


def _of_tensor(tensor: TensorProto) -> _Bound:
    dims = tensor.dims
    # Inference follows lists of integers only, and only small tensors keep their elements.
    if tensor.data_type not in (_INT32, _INT64):
        return _Bound(len(dims))
    elements = dims[0] if len(dims) == 1 and 0 <= dims[0] <= KEEP else 1 if not dims else 0
    return _Bound(len(dims), elements)


def _rank(proto: TypeProto) -> int:
    return len(proto.tensor_type.shape.dim) if proto.tensor_type.HasField("shape") else 8


def _nesting(proto: TypeProto) -> int:
    level = 0
    while level <= MAX_NESTING:
        if proto.HasField("sequence_type"):
            proto = proto.sequence_type.elem_type
        elif proto.HasField("optional_type"):
            proto = proto.optional_type.elem_type
        else:
            break
        level += 1
    return level
