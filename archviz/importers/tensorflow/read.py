"""Reading a TensorFlow graph: from a file, a folder or a live function to a Model."""

from __future__ import annotations

from typing import Any

from archviz.errors import ImporterError, OptionError
from archviz.importers.tensorflow.containers import graph_of
from archviz.importers.tensorflow.graph import FAULTS, GraphReader
from archviz.importers.tensorflow.live import graph_of_function
from archviz.importers.tensorflow.sniff import form_of, is_function
from archviz.importers.tensorflow.variables import variables_of
from archviz.ir import Diagnostic, Model, Severity
from archviz.options import nearest
from archviz.reading import naming
from archviz.reading.names import clean
from archviz.reading.notes import Notes
from archviz.source import Source

_USUAL = "serving_default"


def read(source: Source, *, signature: str = "", strict: bool = False) -> Model:
    """The graph in ``source``: operations, with those of one layer in one scope.

    Args:
        source: A SavedModel folder or its saved_model.pb, a GraphDef (.pb, .pbtxt), an event file
            or a folder of these, a tf.function or a concrete function.
        signature: Which signature of a SavedModel; "" takes serving_default, or the only one.
        strict: Refuse a graph that refers to what it does not hold.

    Raises:
        ImporterError: It holds no graph of TensorFlow, or a damaged one.
        OptionError: There is no such signature.
    """
    notes = Notes(FAULTS)
    metadata: dict[str, str] = {}
    with naming(source.name):
        if is_function(source):
            message, inputs, outputs = graph_of_function(source)
            reader = GraphReader(message, {}, notes)
            graph = reader.read(inputs, outputs)
        else:
            form = form_of(source)
            if not form:
                problem = source.recognised_problem()
                if problem:
                    raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
                raise ImporterError(f"{source.name}: this {source.kind} holds no TensorFlow graph")
            message = graph_of(source, form)
            if message.DESCRIPTOR.name == "SavedModel":
                graph = _saved(source, message, signature, notes, metadata)
            else:
                if signature:
                    raise OptionError("a graph of its own has no signatures", "leave it out")
                graph = GraphReader(message, {}, notes).read({}, {})
    found = notes.diagnostics()
    worst = [item for item in found if item.severity is not Severity.INFO]
    if strict and worst:
        raise ImporterError(f"{source.name}: {worst[0].message}", worst[0].hint)
    return Model(graph, "tensorflow", source.name, metadata, found)


def _saved(
    source: Source, message: Any, signature: str, notes: Notes, metadata: dict[str, str]
) -> Any:
    if not message.meta_graphs:
        raise ImporterError(f"{source.name}: the SavedModel holds no graph")
    meta = next(
        (m for m in message.meta_graphs if "serve" in m.meta_info_def.tags), message.meta_graphs[0]
    )
    metadata["tensorflow_version"] = clean(meta.meta_info_def.tensorflow_version)
    metadata["tags"] = ", ".join(clean(tag) for tag in meta.meta_info_def.tags)
    signatures = {
        key: found
        for key, found in sorted(meta.signature_def.items())
        if key != "__saved_model_init_op" or key == signature
    }
    if signature and signature not in signatures:
        raise OptionError(f"there is no signature {signature!r}", nearest(signature, signatures))
    names = list(signatures)
    chosen = signature or (_USUAL if _USUAL in signatures else next(iter(names), ""))
    reader = GraphReader(meta.graph_def, variables_of(meta.object_graph_def), notes)
    if not chosen:
        notes.add(
            Diagnostic(
                "no-signature", Severity.INFO, "no signature was saved; the whole graph is shown"
            )
        )
        return reader.read({}, {})
    metadata["signature"] = clean(chosen)
    if len(names) > 1 and not signature:
        others = ", ".join(clean(name) for name in names if name != chosen)
        notes.add(
            Diagnostic(
                "other-signatures",
                Severity.INFO,
                f"the signature {clean(chosen)} is shown; there are others: {others[:200]}",
                hint="choose with the option signature",
            )
        )
    found = signatures[chosen]
    inputs = {found.inputs[key].name: key for key in sorted(found.inputs)}
    outputs = {key: found.outputs[key].name for key in sorted(found.outputs)}
    return reader.read(inputs, outputs)
