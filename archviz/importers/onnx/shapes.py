"""Shapes: what the user binds, and what the official inference completes.

The official inference runs in this process, on the stripped model. What is known to make it run
for ever or take all memory is looked for first (:mod:`archviz.importers.onnx.growth`); whatever
it cannot do on the whole model is then tried node by node.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from archviz.errors import OptionError
from archviz.importers.onnx.functions import Functions, all_nodes
from archviz.importers.onnx.growth import outgrows
from archviz.importers.onnx.level import NodeList
from archviz.importers.onnx.node_inference import CONTROL_FLOW, infer_by_node
from archviz.importers.onnx.notes import Notes
from archviz.importers.onnx.operators import standard
from archviz.importers.onnx.value_types import TypeReader, is_complete
from archviz.ir import Diagnostic, Severity, TensorType, Type
from archviz.ir.types import format_shape
from archviz.reading.isolation import IsolationError, run_apart
from archviz.reading.names import clean
from archviz.reading.strip import MAX_RANK

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TypeProto, ValueInfoProto

MAX_INFERRED = 50_000
"""Nodes, calls expanded, that the official inference is given."""


def bind(model: ModelProto, bindings: Mapping[str, Sequence[int]]) -> None:
    """Sets sizes of the inputs, or of symbolic dimensions, in place.

    Args:
        model: The model, which is changed.
        bindings: A shape by the name of an input, or one size by the name of a dimension.

    Raises:
        OptionError: A name is unknown, or a size contradicts the file.
    """
    stored = {tensor.name for tensor in model.graph.initializer}
    inputs = {clean(info.name): info for info in model.graph.input if info.name not in stored}
    symbols = _symbols(model.graph)
    sizes: dict[str, int] = {}
    for name, shape in bindings.items():
        if any(size < 0 for size in shape):
            raise OptionError(f"the shape of {name!r} has a size below zero")
        if name in inputs:
            _bind_input(name, inputs[name], shape, sizes, inputs)
        elif name in symbols and len(shape) == 1:
            _bind_symbol(name, shape[0], sizes)
        elif name in symbols:
            raise OptionError(
                f"{name!r} is a dimension and takes one size, not {len(shape)}",
                f"write {name}=1",
            )
        else:
            raise OptionError(
                f"the model has no input and no dimension called {name!r}", _listing(inputs)
            )
    if sizes:
        _substitute(model.graph, sizes, 0)


def _bind_input(
    name: str,
    info: ValueInfoProto,
    shape: Sequence[int],
    sizes: dict[str, int],
    inputs: Mapping[str, ValueInfoProto],
) -> None:
    if info.type.WhichOneof("value") not in ("tensor_type", None):
        raise OptionError(f"the input {name!r} is no tensor and has no shape", _listing(inputs))
    tensor = info.type.tensor_type
    if not tensor.HasField("shape"):
        for size in shape:
            tensor.shape.dim.add().dim_value = size
        tensor.shape.SetInParent()
        return
    dims = tensor.shape.dim
    if len(dims) != len(shape):
        raise OptionError(
            f"the input {name!r} has {len(dims)} dimensions, not {len(shape)}", _listing(inputs)
        )
    for dim, size in zip(dims, shape, strict=True):
        which = dim.WhichOneof("value")
        if which == "dim_value" and dim.dim_value >= 0 and dim.dim_value != size:
            raise OptionError(
                f"the input {name!r} cannot be {format_shape(tuple(shape))}: "
                f"the file fixes a size of {dim.dim_value} where {size} is asked for",
                _listing(inputs),
            )
        if which == "dim_param" and dim.dim_param:
            _bind_symbol(clean(dim.dim_param), size, sizes)
        dim.dim_value = size


def _bind_symbol(name: str, size: int, sizes: dict[str, int]) -> None:
    if sizes.setdefault(name, size) != size:
        raise OptionError(
            f"the dimension {name!r} is given as {sizes[name]} and as {size}", "give it one size"
        )


def _listing(inputs: Mapping[str, ValueInfoProto]) -> str:
    reader = TypeReader()
    parts = []
    for name, info in list(inputs.items())[:20]:
        type_ = reader.read(info.type)
        shape = type_.shape if isinstance(type_, TensorType) else None
        parts.append(f"{name[:60]} ({format_shape(shape)})")
    return f"its inputs are: {', '.join(parts)}" if parts else "it has no inputs"


def _shapes(infos: Sequence[ValueInfoProto]) -> list[TypeProto.Tensor]:
    return [info.type.tensor_type for info in infos if info.type.HasField("tensor_type")]


def _symbols(graph: GraphProto) -> set[str]:
    tensors = _shapes([*graph.input, *graph.output, *graph.value_info])
    return {clean(dim.dim_param) for tensor in tensors for dim in tensor.shape.dim if dim.dim_param}


def _substitute(graph: GraphProto, sizes: Mapping[str, int], depth: int) -> None:
    for tensor in _shapes([*graph.input, *graph.output, *graph.value_info]):
        for dim in tensor.shape.dim:
            if dim.dim_param and clean(dim.dim_param) in sizes:
                dim.dim_value = sizes[clean(dim.dim_param)]
    if depth < MAX_RANK:
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    _substitute(attribute.g, sizes, depth + 1)


def needs_inference(nodes: NodeList, types: Mapping[str, Type | None]) -> bool:
    """Whether a value lacks part of its type; a look that is far cheaper than inference.

    Args:
        nodes: Those of the main graph.
        types: What the file says of its values, by name.
    """
    if len(types) < len(nodes.protos):
        return True
    # Equal types are one object here, so that each is looked at once.
    distinct = {id(type_): type_ for type_ in types.values()}
    complete = {key for key, type_ in distinct.items() if is_complete(type_)}
    return any(
        name and id(types.get(name)) not in complete
        for outputs in nodes.outputs
        for name in outputs
    ) or any(node.op_type in CONTROL_FLOW for node in nodes.protos)


def infer(model: ModelProto, functions: Functions, notes: Notes) -> tuple[ModelProto, bool] | None:
    """The model with the types that the official inference adds; None when it cannot be used.

    Args:
        model: A stripped model; operator sets that it forgot to import are added.
        functions: Its functions.
        notes: Takes the reason when not everything is inferred.

    Returns:
        The model, and whether inference went through it as a whole, functions included.
    """
    expanded = functions.total(model.graph.node) if functions else len(model.graph.node)
    if expanded is None or expanded > MAX_INFERRED:
        expanded = len(model.graph.node)
        if expanded > MAX_INFERRED:
            _failed(notes, f"more than {MAX_INFERRED:,} nodes")
            return None
        model = _without_functions(model)
        functions = Functions(())
    _import_used_domains(model)
    reason = outgrows(model, functions)
    if reason:
        _failed(notes, reason)
        return None
    seconds = 5 + expanded / 1000
    try:
        try:
            answer = run_apart(lambda: _answer(model, follow_data=True), seconds)
        except IsolationError:
            # Following the elements of integer tensors is where most accidents happen.
            answer = run_apart(lambda: _answer(model, follow_data=False), seconds)
    except IsolationError as error:
        _failed(notes, str(error))
        return None
    length = int.from_bytes(answer[:4], "little")
    if length:
        _failed(notes, answer[4 : 4 + length].decode())
    inferred = type(model)()
    inferred.ParseFromString(answer[4 + length :])
    return inferred, not length


def _answer(model: ModelProto, *, follow_data: bool) -> bytes:
    """The inferred model, behind the reason why it is not all that it could be."""
    from onnx import shape_inference

    try:
        inferred: ModelProto = shape_inference.infer_shapes(model, data_prop=follow_data)
        reason = b""
    except Exception as error:  # the official package raises whatever its C++ throws
        inferred = infer_by_node(model)
        reason = _one_line(str(error)).encode()
    data: bytes = inferred.SerializeToString()
    return len(reason).to_bytes(4, "little") + reason + data


def _import_used_domains(model: ModelProto) -> None:
    """Imports what the nodes use: inference gives up on a model that forgot to."""
    imported = {standard(clean(entry.domain)) for entry in model.opset_import}
    for raw in dict.fromkeys(node.domain for node in all_nodes(model.graph.node)):
        domain = standard(clean(raw))
        if domain not in imported:
            imported.add(domain)
            entry = model.opset_import.add()
            entry.domain, entry.version = domain, 1


def _without_functions(model: ModelProto) -> ModelProto:
    from onnx import ModelProto

    lean = ModelProto()
    lean.CopyFrom(model)
    del lean.functions[:]
    return lean


def _failed(notes: Notes, reason: str) -> None:
    notes.add(
        Diagnostic(
            "shape-inference-failed",
            Severity.WARNING,
            f"shapes of the whole model could not be inferred ({reason})",
            hint="shapes that the file states, or that single nodes give away, are shown",
        )
    )


def _one_line(message: str) -> str:
    message = re.sub(r"\s+", " ", clean(message.replace("\n", " "))).strip(" .")
    message = re.sub(r"\[\w+Error\] ?", "", message)
    return message[:200] + "…" if len(message) > 200 else message
