"""What makes the official shape inference run for ever, found without running it.

A chain of 40 nodes that each concatenate a value with itself holds 2^40 dimensions in the end, and
a Gather that indexes a tensor by itself doubles its rank; nested Optionals take quadratic time and
then overflow the stack. A bound on each value's rank, known elements and nesting is carried along
instead, which takes a number a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from archviz.importers.onnx.functions import Functions, call_key
from archviz.importers.onnx.strip import KEEP

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

LIMIT = 1 << 14
"""Dimensions, known elements or levels of nesting that one value may have."""

TOTAL = 1 << 24
"""The same, of all values together."""

_ADDING = frozenset({"Concat", "Gather", "GatherND", "Einsum", "ConcatFromSequence"})
_DEEPENING = frozenset(
    {
        "Optional", "SequenceConstruct", "SequenceEmpty", "SequenceInsert", "SplitToSequence",
        "Unsqueeze", "OneHot", "Loop", "Scan", "SequenceMap",
    }
)  # fmt: skip


def outgrows(model: ModelProto, functions: Functions) -> str:
    """Why inference must not be run on the model, as part of a sentence; "" when it may."""
    return _Bounds(functions).graph(model.graph, {})


class _Bounds:
    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._total = 0

    def graph(self, graph: GraphProto, outer: dict[str, int]) -> str:
        bounds = dict(outer)
        for tensor in graph.initializer:
            # Only small tensors keep elements for inference to see.
            size = max((len(tensor.dims), *(dim for dim in tensor.dims if 0 <= dim <= KEEP)))
            bounds[tensor.name] = size
        for info in graph.input:
            bounds[info.name] = max(8, len(info.type.tensor_type.shape.dim))
        for info in (*graph.value_info, *graph.output):
            bounds.setdefault(info.name, len(info.type.tensor_type.shape.dim))
        return self._nodes(graph.node, bounds)

    def _nodes(self, nodes: Iterable[NodeProto], bounds: dict[str, int]) -> str:
        for node in nodes:
            sizes = [bounds.get(name, 8) for name in node.input]
            reason = self._node(node, sizes, bounds)
            if reason:
                return reason
        return ""

    def _node(self, node: NodeProto, sizes: Sequence[int], bounds: dict[str, int]) -> str:
        op = node.op_type
        bound = max(sizes, default=8)
        if op in _ADDING:
            bound = sum(sizes) + 8
        elif op in _DEEPENING:
            bound += max(sizes[1:], default=1) if op == "Unsqueeze" else 1
        listed = 0
        for attribute in node.attribute:
            listed = max(listed, len(attribute.ints), len(attribute.t.dims))
            listed += min(KEEP, max(attribute.t.dims, default=0)) if attribute.t.dims else 0
            if attribute.name == "num_outputs" and attribute.i > max(len(node.output), 1):
                return f"{op} is to have {attribute.i} outputs and names {len(node.output)}"
            for inner in (attribute.g, *attribute.graphs) if attribute.type in (5, 10) else ():
                reason = self.graph(inner, bounds)
                if reason:
                    return reason
        bound = max(bound, listed if op != "Unsqueeze" else bound + listed)
        key = call_key(node) if self._functions else None
        if key is not None and key in self._functions:
            function = self._functions[key]
            inner_bounds = dict(zip(function.input, sizes, strict=False))
            reason = self._nodes(function.node, inner_bounds)
            if reason:
                return reason
            bound = max((inner_bounds.get(name, bound) for name in function.output), default=bound)
        self._total += bound
        if bound > LIMIT or self._total > TOTAL:
            return "the sizes it would have to carry grow without end"
        for name in node.output:
            bounds[name] = max(bound, bounds.get(name, 0))
        return ""
