"""Inference of single nodes by the official package, where it cannot be had for the whole model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archviz.importers.onnx.functions import MAX_EXPANDED
from archviz.importers.onnx.growth import is_unsafe
from archviz.importers.onnx.operators import Operators, opsets_of, standard
from archviz.importers.onnx.tensors import tensor_type
from archviz.importers.onnx.value_types import INVENTED, TypeReader, is_complete, write_type
from archviz.ir import TensorType, Type
from archviz.reading.names import clean
from archviz.reading.strip import MAX_RANK

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, TypeProto
    from onnx.defs import OpSchema

CONTROL_FLOW = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Operators whose outputs hang on graphs in their attributes."""


class NodeInference:
    """Infers the outputs of single nodes; it cannot run away, for every type is small.

    Args:
        ir_version: That of the model.
    """

    def __init__(self, ir_version: int) -> None:
        self._ir_version = ir_version
        self._left = MAX_EXPANDED
        self._types = TypeReader()
        self._types.invented = INVENTED

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything left of what it may spend."""
        return self._left > 0

    def outputs(
        self,
        schema: OpSchema,
        node: NodeProto,
        arguments: Mapping[int, Type | None],
        tensors: Mapping[int, TensorProto | None],
        opsets: Mapping[str, int],
    ) -> dict[int, Type]:
        """Types by position, as far as the operator gives them away.

        Args:
            schema: The operator.
            node: The node.
            arguments: Type of each input by position, as far as known.
            tensors: Stored tensors among the inputs by position.
            opsets: Version by domain.
        """
        from onnx import NodeProto, TypeProto, shape_inference
        from onnx.helper import make_opsetid

        if self._left <= 0 or len(node.input) > MAX_RANK or node.op_type in CONTROL_FLOW:
            return {}
        if is_unsafe(node):
            return {}
        self._left -= 1
        lean = NodeProto()
        lean.CopyFrom(node)
        types: dict[str, TypeProto] = {}
        data: dict[str, TensorProto] = {}
        for position, name in enumerate(node.input):
            if not name:
                continue
            # Names are ours: they may be bytes, or equal, in the file.
            lean.input[position] = own = f"i{position}"
            proto = TypeProto()
            given = arguments.get(position)
            if given is not None and not write_type(given, proto):
                return {}
            types[own] = proto
            tensor = tensors.get(position)
            if tensor is not None and tensor.data_location != 1:
                data[own] = tensor
        names = {}
        for position, name in enumerate(node.output):
            if name:
                lean.output[position] = f"o{position}"
                names[f"o{position}"] = position
        try:
            found = shape_inference.infer_node_outputs(
                schema,
                lean,
                types,
                data,
                opset_imports=[make_opsetid(domain, version) for domain, version in opsets.items()],
                ir_version=self._ir_version,
            )
        except Exception:  # whatever C++ throws, this node then goes without types
            return {}
        read = {names[name]: self._types.read(proto) for name, proto in found.items()
                if name in names}  # fmt: skip
        return {position: type_ for position, type_ in read.items() if type_ is not None}


def infer_by_node(model: ModelProto) -> ModelProto:
    """A copy of the model with the types that single nodes of the main graph give away."""
    from onnx import TypeProto

    inferred = type(model)()
    inferred.CopyFrom(model)
    graph = inferred.graph
    operators = Operators(opsets_of(model.opset_import))
    reader = TypeReader()
    inference = NodeInference(model.ir_version)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    types: dict[str, Type | None] = {name: tensor_type(tensor) for name, tensor in tensors.items()}
    stated = {info.name: info for info in (*graph.value_info, *graph.output)}
    for info in (*graph.input, *stated.values()):
        types[info.name] = reader.read(info.type)
    for node in graph.node:
        if all(is_complete(types.get(name)) for name in node.output if name):
            continue
        schema = operators.schema(standard(clean(node.domain)), clean(node.op_type))
        if schema is None:
            continue
        found = inference.outputs(
            schema,
            node,
            {index: types.get(name) for index, name in enumerate(node.input)},
            {index: tensors.get(name) for index, name in enumerate(node.input)},
            operators.opsets,
        )
        for index, type_ in found.items():
            name = node.output[index]
            known = types.get(name)
            if known is None or (isinstance(known, TensorType) and known.shape is None):
                proto = TypeProto()
                if write_type(type_, proto):
                    types[name] = type_
                    info = stated[name] if name in stated else graph.value_info.add(name=name)
                    info.type.CopyFrom(proto)
    return inferred
