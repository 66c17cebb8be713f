"""Reading a Keras model: from a file, a folder or an object to a Model, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archviz.errors import ImporterError
from archviz.importers.keras.config import class_of, model_config
from archviz.importers.keras.container import Container, container_of
from archviz.importers.keras.graph import FAULTS, GraphReader
from archviz.importers.keras.sniff import is_live
from archviz.importers.keras.tree import containment
from archviz.ir import Model, Severity
from archviz.reading import naming
from archviz.reading.notes import Notes
from archviz.source import Source


def read(
    source: Source,
    *,
    bindings: Mapping[str, Sequence[int]] | None = None,
    strict: bool = False,
) -> Model:
    """The model in ``source``: its layers and what flows between them.

    Nothing of Keras is imported and nothing in the file is run, whatever it asks for. Shapes and
    weights follow from the configuration; stored weights are looked at, never read, where a
    layer's class is not one of Keras's own.

    Args:
        source: A .keras file or folder, an HDF5 file of a model or of weights, a model's JSON, a
            SavedModel folder with keras_metadata.pb, or a live model.
        bindings: Shapes by the name of an input.
        strict: Refuse what is damaged or incomplete.

    Raises:
        ImporterError: It is no Keras model, or one that nobody could draw.
        OptionError: A binding names no input, or contradicts the model.
    """
    notes = Notes(FAULTS)
    with naming(source.name):
        if is_live(source):
            from archviz.importers.keras.live import read_object

            made = read_object(source, bindings or {}, notes)
        else:
            made = _read_file(source, container_of(source), bindings or {}, notes)
    worst = [item for item in made.diagnostics if item.severity is not Severity.INFO]
    if strict and worst:
        raise ImporterError(f"{source.name}: {worst[0].message}", worst[0].hint)
    return made


def _read_file(
    source: Source, container: Container, bindings: Mapping[str, Sequence[int]], notes: Notes
) -> Model:
    config = model_config(container.config) if container.config is not None else None
    if config is None:
        if bindings:
            raise ImporterError(
                f"{source.name}: a model without a call graph has no inputs to bind"
            )
        class_name = class_of(container.config) if container.config is not None else ""
        graph, why = containment(container, class_name)
        return Model(graph, "keras", source.name, container.metadata, (why, *notes.diagnostics()))
    reader = GraphReader(container.stored, notes, bindings)
    if container.reads_weights:
        reader.compare_weights(config)
    graph = reader.read(config)
    reader.bindings.check()
    return Model(graph, "keras", source.name, container.metadata, notes.diagnostics())
