"""The tree of layers in a live model whose calls cannot be recorded."""

from __future__ import annotations

from typing import Any

from archviz.importers.keras.attributes import attributes_of
from archviz.importers.keras.config import Layer
from archviz.importers.keras.live_parts import Variables, settings_of
from archviz.ir import Diagnostic, Graph, Parameter, ParameterUse, ScopePath, Severity, TensorType
from archviz.ir.build import GraphBuilder
from archviz.reading.names import clean

MAX_DEPTH = 64


def live_containment(live: Any, variables: Variables, why: str) -> tuple[Graph, Diagnostic]:
    """The tree of layers in ``live``, and why there are no edges."""
    builder = GraphBuilder(clean(str(getattr(live, "name", ""))))
    shared: dict[str, str] = {}
    for layer in live._flatten_layers(include_self=False, recursive=False):
        _add(builder, layer, (), variables, shared)
    message = f"{why}; its layers are shown in the order in which they were made, without edges"
    return builder.build(), Diagnostic("no-call-graph", Severity.WARNING, message)


def _add(
    builder: GraphBuilder, layer: Any, path: ScopePath, variables: Variables, shared: dict[str, str]
) -> None:
    name, class_name = clean(str(layer.name)), type(layer).__qualname__
    inner = list(layer._flatten_layers(include_self=False, recursive=False))
    if (
        inner
        and len(path) < MAX_DEPTH
        and not type(layer).__module__.startswith("keras.src.layers")
    ):
        builder.scope((*path, name), class_name)
        for child in inner:
            _add(builder, child, (*path, name), variables, shared)
        return
    uses = []
    for weight in variables.of(layer):
        full = shared.setdefault(weight.key, "/".join((*path, name, weight.role)))
        if full not in builder.parameters:
            kind = "buffer" if weight.is_buffer else "weight"
            type_ = TensorType(weight.dtype, weight.shape)
            builder.parameter(Parameter(full, type_, kind, weight.trainable))
        uses.append(ParameterUse(full, weight.role))
    described = Layer(name, class_name, settings_of(layer))
    attributes = attributes_of(described, {}, 0)
    builder.node(class_name, label=name, parameters=tuple(uses), attributes=attributes, scope=path)
