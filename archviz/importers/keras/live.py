"""Live models of Keras 2 and 3: the same description of layers and calls, from objects.

A model that keeps its calls in code is called once, on tensors without values, so that Keras
records what it does; layers of the user's own classes are looked into in the same way.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.keras.config import Call, Layer, ModelConfig, Reference
from archviz.importers.keras.graph import GraphReader
from archviz.importers.keras.live_parts import (
    Variables,
    arguments_of,
    history_of,
    is_model,
    outputs_of,
    settings_of,
    tensors_of,
    type_of,
)
from archviz.importers.keras.live_tree import live_containment
from archviz.importers.keras.symbolic import NoCallError, left_as_it_is, recorded_call
from archviz.ir import Model
from archviz.log import Log
from archviz.reading.names import clean
from archviz.reading.notes import Notes
from archviz.source import Source

MAX_LOOKED_INTO = 16
"""Levels of the user's own layers in layers that are looked into."""

logger = Log(__name__)


def read_object(source: Source, bindings: Mapping[str, Sequence[int]], notes: Notes) -> Model:
    """The live model in ``source``.

    Args:
        source: A model or layer of Keras.
        bindings: Shapes by the name of an input, for a model that was never called.
        notes: Collects faults.

    Raises:
        ImporterError: The model was never called, and no shapes are given.
    """
    live: Any = source.object
    framework = framework_of(live)
    keras = importlib.import_module(framework)
    metadata = {"keras_version": str(getattr(keras, "__version__", ""))}
    if framework == "keras":
        metadata["backend"] = str(keras.backend.backend())
    with left_as_it_is(live):
        return _read(source, keras, bindings, notes, metadata)


def _read(
    source: Source,
    keras: Any,
    bindings: Mapping[str, Sequence[int]],
    notes: Notes,
    metadata: Mapping[str, str],
) -> Model:
    live: Any = source.object
    reader = _LiveReader(keras)
    config = reader.model(live, 0)
    if config is None:
        try:
            recorded = recorded_call(keras, live, bindings)
        except NoCallError as error:
            logger.info("%s: %s", source.name, error)
            if error.needs_shapes:
                raise ImporterError(
                    f"{source.name}: {error}",
                    "call it once before, or say what it gets: --shape x=1,28,28",
                ) from None
            graph, why = live_containment(live, reader.variables, str(error))
            return Model(graph, "keras", source.name, metadata, (why, *notes.diagnostics()))
        bindings = {}
        config = reader.graph(recorded, _name(live), type(live).__qualname__, 1)
    graphs = GraphReader(None, notes, bindings)
    graph = graphs.read(config)
    graphs.bindings.check()
    return Model(graph, "keras", source.name, metadata, notes.diagnostics())


def framework_of(live: object) -> str:
    """The package whose object it is: "keras", "tf_keras" or TensorFlow's own Keras 2."""
    for base in type(live).__mro__:
        root = base.__module__.partition(".")[0]
        if root in ("keras", "tf_keras"):
            return root
    return "tf_keras"


def _name(live: Any) -> str:
    return clean(str(getattr(live, "name", "") or type(live).__name__))


class _LiveReader:
    """Describes live models.

    Args:
        keras: The package they come from.
    """

    def __init__(self, keras: Any) -> None:
        self._keras = keras
        self.variables = Variables()

    def model(self, live: Any, depth: int) -> ModelConfig | None:
        """The call graph of a functional or sequential model; None for any other object."""
        graph = live
        if not hasattr(live, "_nodes_by_depth"):
            graph = getattr(live, "_functional", None)
        if graph is None and type(live).__name__ == "Sequential":
            return self._unbuilt(live, depth)
        if graph is None or not is_model(live) or not getattr(graph, "_nodes_by_depth", None):
            return None
        return self.graph(graph, _name(live), type(live).__qualname__, depth)

    def graph(self, graph: Any, name: str, class_name: str, depth: int) -> ModelConfig:
        """The call graph that Keras recorded in a functional model."""
        kept = {id(node) for nodes in graph._nodes_by_depth.values() for node in nodes}
        operations = list(getattr(graph, "operations", None) or graph._self_tracked_trackables)
        number: dict[tuple[int, int], int] = {}
        nodes: dict[int, list[Any]] = {}
        for operation in operations:
            own: list[Any] = []
            for index, node in enumerate(operation._inbound_nodes):
                if id(node) in kept:
                    number[id(operation), index] = len(own)
                    own.append(node)
            nodes[id(operation)] = own

        def reference(tensor: Any, keyword: str = "") -> Reference:
            operation, node, position = history_of(tensor)
            call = number.get((id(operation), node), 0)
            return Reference(_name(operation), call, position, type_of(tensor), keyword)

        layers = [
            self._layer(operation, nodes[id(operation)], reference, depth)
            for operation in operations
        ]
        ends = [
            tuple(reference(tensor) for tensor in _flat(tensors))
            for tensors in (graph.inputs, graph.outputs)
        ]
        return ModelConfig(name, class_name, tuple(layers), ends[0], ends[1])

    def _layer(
        self, operation: Any, nodes: list[Any], reference: Callable[..., Reference], depth: int
    ) -> Layer:
        name, class_name = _name(operation), type(operation).__qualname__
        root = type(operation).__module__.partition(".")[0]
        is_custom = root not in ("keras", "tf_keras")
        is_input = type(operation).__name__ == "InputLayer"
        calls = []
        for node in nodes:
            references = tuple(reference(tensor, keyword) for tensor, keyword in tensors_of(node))
            calls.append(Call(() if is_input else references, arguments_of(node)))
        inner = self.model(operation, depth + 1) if depth < MAX_LOOKED_INTO else None
        if (
            inner is None
            and nodes
            and (is_custom or is_model(operation))
            and depth < MAX_LOOKED_INTO
        ):
            inner = self._looked_into(operation, nodes[0], depth)
        return Layer(
            name,
            class_name,
            settings_of(operation),
            tuple(calls),
            {},
            inner,
            tuple(outputs_of(node) for node in nodes),
            None if inner is not None else self.variables.of(operation, nodes),
            is_custom,
        )

    def _looked_into(self, layer: Any, node: Any, depth: int) -> ModelConfig | None:
        """What a layer of the user's own class does with its inputs; None if it hides that."""
        try:
            recorded = recorded_call(self._keras, layer, {}, node)
        except NoCallError as error:
            logger.info("%s: %s", _name(layer), error)
            return None
        return self.graph(recorded, _name(layer), type(layer).__qualname__, depth + 1)

    def _unbuilt(self, live: Any, depth: int) -> ModelConfig:
        """A sequential model that has not seen a shape."""
        layers = [Layer("input", "InputLayer", {"dtype": ""})]
        for layer in live.layers:
            calls = (Call((Reference(layers[-1].name, 0, 0),)),)
            inner = self.model(layer, depth + 1) if depth < MAX_LOOKED_INTO else None
            layers.append(
                Layer(_name(layer), type(layer).__qualname__, settings_of(layer), calls, {}, inner)
            )
        ends = (Reference(layers[0].name, 0, 0),)
        last = (Reference(layers[-1].name, 0, 0),)
        return ModelConfig(_name(live), "Sequential", tuple(layers), ends, last)


def _flat(tensors: Any) -> list[Any]:
    if isinstance(tensors, dict):
        return [item for value in tensors.values() for item in _flat(value)]
    if isinstance(tensors, list | tuple):
        return [item for value in tensors for item in _flat(value)]
    return [tensors]
