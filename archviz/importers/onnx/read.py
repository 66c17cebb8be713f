"""Reading an ONNX model: from bytes or an object to a Model, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from archviz.errors import ImporterError
from archviz.garbage import collection_paused
from archviz.importers.onnx.functions import Functions
from archviz.importers.onnx.graph import GraphReader
from archviz.importers.onnx.hierarchy import Hierarchy
from archviz.importers.onnx.lean import lean_copy
from archviz.importers.onnx.level import NodeList
from archviz.importers.onnx.metadata import metadata_of, note_versions
from archviz.importers.onnx.node_inference import NodeInference
from archviz.importers.onnx.notes import Notes
from archviz.importers.onnx.operators import Operators, opsets_of
from archviz.importers.onnx.order import note_order
from archviz.importers.onnx.recalls import separate_calls
from archviz.importers.onnx.shapes import bind, infer, needs_inference
from archviz.importers.onnx.sniff import is_model_proto, text_form
from archviz.importers.onnx.strip import strip
from archviz.importers.onnx.text_forms import parse_text
from archviz.importers.onnx.value_types import INVENTED, TypeReader
from archviz.ir import Diagnostic, Model, Severity
from archviz.reading.strip import MAX_NODES, Stripped
from archviz.reading.wire import Window
from archviz.source import Source

if TYPE_CHECKING:
    from onnx import ModelProto


SMALL = 1 << 21
"""Bytes up to which a file goes to the official parser as it is: it has no weights to speak of."""


@collection_paused()
def read(
    source: Source,
    *,
    bindings: Mapping[str, Sequence[int]] | None = None,
    strict: bool = False,
    infer_shapes: bool = True,
) -> Model:
    """The model in ``source``.

    Args:
        source: A file, standard input or a live ModelProto, which stays as it is.
        bindings: Shapes by the name of an input, or single sizes by the name of a dimension.
        strict: Refuse a file that is cut short; otherwise the nodes it has are read.
        infer_shapes: Complete the types that the file states by the official inference.

    Raises:
        ImporterError: It is no ONNX model, or one that nobody could draw.
        OptionError: A binding names nothing, or contradicts the file.
    """
    notes = Notes()
    if is_model_proto(source):
        model: ModelProto = source.object
        if bindings or infer_shapes:
            model = lean_copy(model)
    elif form := text_form(source):
        model = lean_copy(parse_text(source, form))
    else:
        model = _parse(source, strict=strict, notes=notes)
    if len(model.graph.node) > MAX_NODES:
        raise ImporterError(f"{source.name}: it has more than {MAX_NODES:,} nodes")
    if not model.HasField("graph"):
        raise ImporterError(f"{source.name}: the model has no graph", "export it again")
    if bindings:
        bind(model, bindings)
    opsets = opsets_of(model.opset_import)
    types = TypeReader()
    functions = Functions(model.functions)
    inference = None
    nodes = NodeList(model.graph)
    known = types.by_name((*model.graph.value_info, *model.graph.output))
    if infer_shapes and needs_inference(nodes, known):
        inference = NodeInference(model.ir_version)
        if not _uses_symbol(model, INVENTED):
            types.invented = INVENTED
            types.forget()
        inferred = infer(model, functions, notes)
        if inferred is not None:
            model, went_through = inferred
            functions = Functions(model.functions)
            nodes = NodeList(model.graph)
            known = types.by_name((*model.graph.value_info, *model.graph.output))
        if inferred is None or not went_through:
            # What was not gone through apart from this process may still crash it.
            inference = None
    hierarchy = Hierarchy(model.graph)
    reader = GraphReader(
        Operators(opsets or {"": 1}), functions, hierarchy, types, notes, inference
    )
    graph = reader.read(model.graph, nodes, known)
    if hierarchy.style == "metadata":
        graph = separate_calls(graph)
    note_versions(model, opsets, notes)
    note_order(graph, notes)
    return Model(graph, "onnx", source.name, metadata_of(model, opsets), notes.diagnostics())


def _parse(source: Source, *, strict: bool, notes: Notes) -> ModelProto:
    problem = source.recognised_problem()
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    if not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no ONNX model")
    if source.head[4:8] == b"ORTM":
        raise ImporterError(
            f"{source.name}: this is a model in ONNX Runtime's own format (.ort)",
            "give the .onnx file it was made from",
        )
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    model = ModelProto()
    try:
        if source.size <= SMALL:
            with suppress(DecodeError), source.open() as stream:
                model.ParseFromString(Window(stream, source.size).slice(0, source.size))
                return model
        with source.open() as stream:
            stripped = strip(stream, source.size)
        model.Clear()
        model.ParseFromString(stripped.data)
    except ImporterError as error:
        raise ImporterError(
            f"{source.name}: this is no intact ONNX model: {error.message}",
            "download or export it again",
            offset=error.offset,
        ) from None
    except DecodeError as error:
        raise _decode_error(source, str(error)) from None
    except MemoryError:
        raise ImporterError(f"{source.name}: it does not fit into memory") from None
    if stripped.missing:
        _note_cut(source, stripped, model, strict=strict, notes=notes)
    return model


def _decode_error(source: Source, message: str) -> ImporterError:
    """What the official parser refuses, with the place where our own walk finds the fault."""
    try:
        with source.open() as stream:
            strip(stream, source.size, keep=0)
    except ImporterError as error:
        reason, offset = error.message, error.offset
    else:
        deep = "MaxDepth" in message
        reason = "its messages nest too deep" if deep else "the official parser refuses it"
        offset = None
    return ImporterError(
        f"{source.name}: this is no intact ONNX model: {reason}",
        "download or export it again",
        offset=offset,
    )


def _note_cut(
    source: Source, stripped: Stripped, model: ModelProto, *, strict: bool, notes: Notes
) -> None:
    nodes = model.graph.node
    while nodes and not nodes[-1].op_type:
        del nodes[-1]
    if strict or not nodes:
        raise ImporterError(
            f"{source.name}: the file is cut short: {stripped.needs}",
            "download it again",
            offset=source.size,
        )
    count = len(nodes)
    notes.add(
        Diagnostic(
            "truncated-file",
            Severity.ERROR,
            f"the file is cut short: {stripped.missing:,} bytes are missing behind byte "
            f"{source.size:,}; the {count:,} node{'s' if count > 1 else ''} before that are shown",
            hint="download it again",
        )
    )


def _uses_symbol(model: ModelProto, prefix: str) -> bool:
    graph = model.graph
    return any(
        dim.dim_param.startswith(prefix)
        for infos in (graph.input, graph.output, graph.value_info)
        for info in infos
        for dim in info.type.tensor_type.shape.dim
        if dim.dim_param.__class__ is str
    )
