"""The tensors that a model stores: initializers, and what Constant nodes hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from archviz.importers.onnx.operators import Operators
from archviz.importers.onnx.tensors import (
    ELEMENTWISE,
    MAX_ELEMENTS,
    Elements,
    elements,
    kind_of,
    location,
    shortest,
    sparse_type,
    tensor_type,
)
from archviz.ir import Parameter, TensorType
from archviz.ir.build import unique
from archviz.ir.types import is_float
from archviz.reading.names import clean
from archviz.records import field, mutable

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, SparseTensorProto, TensorProto


MAX_USES = 8
"""Uses of one tensor that are looked at to say what it is."""

_INPUT_KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
_SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"
_TARGET = re.compile(r": ([A-Z_]+) target='([^'\n]+)'")


@mutable
class _Stored:
    type: TensorType
    proto: TensorProto | None = None
    value: Elements | None = None
    location: str = ""
    in_node: bool = False
    is_scalar: bool = False
    signature: str = ""
    uses: list[tuple[str, str]] = field(default_factory=list)


class StoredTensors:
    """Collects stored tensors and their uses, which tell weights from settings.

    Attributes:
        has_constants: Whether a Constant node holds any of them.
    """

    def __init__(self) -> None:
        self._found: dict[str, _Stored] = {}
        self._names: dict[str, int] = {}
        self._by_value: dict[str, str] = {}
        self.has_constants = False
        self._is_signed = False
        self._kinds: dict[tuple[str, str, str], str] = {}
        self._types: dict[tuple[int, ...], tuple[TensorType, bool]] = {}

    def add(self, proto: TensorProto) -> str:
        """Adds an initializer and returns its name, changed when it is taken."""
        name = unique(clean(proto.name) or "parameter", self._names)
        key = (proto.data_type, *proto.dims[:])
        known = self._types.get(key)
        if known is None:
            type_ = tensor_type(proto)
            known = self._types[key] = (type_, type_.size == 1)
        self._found[name] = stored = _Stored(known[0], proto, is_scalar=known[1])
        if proto.data_location:
            stored.location = location(proto)
        return name

    def add_sparse(self, proto: SparseTensorProto) -> str:
        """Adds a sparse initializer, described as the dense tensor it stands for."""
        name = unique(clean(proto.values.name) or "parameter", self._names)
        self._found[name] = _Stored(sparse_type(proto), location=location(proto.values))
        return name

    def add_constant(self, node: NodeProto, outputs: Sequence[str | None]) -> str:
        """Adds what a Constant node holds; "" when the node is at fault and holds nothing."""
        stored: _Stored | None = None
        for attribute in node.attribute:
            kind = attribute.name
            if attribute.ref_attr_name:
                return ""
            if kind == "value":
                stored = _Stored(tensor_type(attribute.t), attribute.t)
                stored.location = location(attribute.t)
            elif kind == "sparse_value":
                stored = _Stored(sparse_type(attribute.sparse_tensor))
            elif kind == "value_int":
                stored = _Stored(TensorType("int64", ()), value=(attribute.i,))
            elif kind == "value_float":
                stored = _Stored(TensorType("float32", ()), value=(shortest(attribute.f),))
            elif kind == "value_string":
                stored = _Stored(TensorType("string", ()), value=(clean(attribute.s),))
            elif kind == "value_ints":
                stored = _listed("int64", list(attribute.ints[:MAX_ELEMENTS]), len(attribute.ints))
            elif kind == "value_floats":
                floats = [shortest(number) for number in attribute.floats[:MAX_ELEMENTS]]
                stored = _listed("float32", floats, len(attribute.floats))
            elif kind == "value_strings":
                texts = [clean(text) for text in attribute.strings[:MAX_ELEMENTS]]
                stored = _listed("string", texts, len(attribute.strings))
        if stored is None:
            return ""
        stored.in_node = True
        output = outputs[0] if outputs else None
        name = unique(output or "constant", self._names)
        self._found[name] = stored
        if output is not None:
            self._by_value[output] = name
            self.has_constants = True
        return name

    def note_signature(self, graph: GraphProto) -> None:
        """Takes over what PyTorch's exporter says of each parameter of the module."""
        for entry in graph.metadata_props:
            if entry.key == _SIGNATURE and isinstance(entry.value, str):
                for match in _TARGET.finditer(entry.value):
                    stored = self._found.get(match[2])
                    if stored is not None:
                        stored.signature = match[1]
                        self._is_signed = True
        for info in graph.value_info:
            stored = self._found.get(info.name)
            if stored is not None:
                for entry in info.metadata_props:
                    if entry.key == _INPUT_KIND:
                        stored.signature = entry.value
                        self._is_signed = True

    def use(self, name: str, op: str, role: str) -> None:
        """Notes that an operator consumes a stored tensor."""
        uses = self._found[name].uses
        if len(uses) < MAX_USES:
            uses.append((op, role))

    def use_values(
        self, inputs: Sequence[str | None], op: str, domain: str, operators: Operators
    ) -> None:
        """Notes the uses of what Constant nodes hold, through the values they produce."""
        for position, value in enumerate(inputs):
            if value in self._by_value:
                role = operators.role(domain, op, position)
                self.use(self._by_value[value], op, role)

    def type(self, name: str) -> TensorType:
        """Shape and dtype of a stored tensor."""
        return self._found[name].type

    def proto(self, name: str) -> TensorProto | None:
        """The tensor as the file has it, without a large payload."""
        return self._found[name].proto

    def parameters(self) -> Iterator[Parameter]:
        """What was collected, in the order of the file."""
        for name, stored in self._found.items():
            kind, trainable = self._kind(name, stored)
            value = stored.value
            if kind == "constant" and value is None and stored.proto is not None:
                value = elements(stored.proto, stored.type)
            if kind != "constant":
                value = None
            yield Parameter(name, stored.type, kind, trainable, value, stored.location)

    def _kind(self, name: str, stored: _Stored) -> tuple[str, bool | None]:
        if stored.signature == "PARAMETER":
            return "weight", True
        if stored.signature == "BUFFER":
            return "buffer", False
        if stored.signature == "CONSTANT_TENSOR":
            return "constant", False
        if self._is_signed and stored.uses and all(op in ELEMENTWISE for op, _ in stored.uses):
            # The exporter names every parameter of the module; it computed this one: a mask.
            return "constant", None
        if stored.in_node and not stored.uses:
            size = stored.type.size
            is_large = size is None or size > MAX_ELEMENTS
            return "weight" if is_large and is_float(stored.type.dtype) else "constant", None
        if len(stored.uses) != 1 or stored.is_scalar:
            return kind_of(stored.type, name, stored.uses), None
        # Most tensors are used once, in few ways.
        key = (stored.type.dtype, *stored.uses[0])
        if key not in self._kinds:
            self._kinds[key] = kind_of(stored.type, "", stored.uses)
        return self._kinds[key], None


def _listed(dtype: str, shown: Sequence[int | float | str], length: int) -> _Stored:
    value = tuple(shown) if length <= MAX_ELEMENTS else None
    return _Stored(TensorType(dtype, (length,)), value=value)
