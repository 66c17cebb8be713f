"""The Model: what every importer returns and every later stage reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

from archviz.diagnostics import Diagnostic
from archviz.ir.build import GraphBuilder
from archviz.ir.forest.columns import Forest
from archviz.ir.graph import Graph
from archviz.records import field, record

WeightReader: TypeAlias = Callable[[Sequence[str]], Mapping[str, Any]]
"""Gives NumPy arrays by the names of parameters, for those whose values can be had."""


@record
class Model:
    """A model's architecture, apart from any framework.

    Attributes:
        body: The graph, or the decision trees.
        format: Name of the importer that read it ("onnx").
        source: What the user would call it: a file's name, an object's class.
        metadata: Facts of the source as text: producer, versions, licence.
        diagnostics: What the importer lost or found odd.
        weights: Reads the values of named parameters on demand; None when nobody can. It is no
            part of the model's file.
    """

    body: Graph | Forest
    format: str = ""
    source: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    weights: WeightReader | None = field(default=None, compare=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # A reader of weights holds open files and live objects, and stays where they are.
        return Model, (self.body, self.format, self.source, self.metadata, self.diagnostics)

    @property
    def graph(self) -> Graph:
        """The body as a graph; decision trees are one node, which holds them."""
        return self.body if isinstance(self.body, Graph) else graph_of(self.body)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        """A notebook's view of the model: its picture and its summary."""
        # By name, since a value knows no renderer; and always, since it may come from a pickle
        # in a program that has used nothing else of archviz.
        shown = import_module("archviz.notebook").Picture(self)
        return shown._repr_mimebundle_(include, exclude)


def graph_of(forest: Forest) -> Graph:
    """A graph of one node that holds ``forest``."""
    builder = GraphBuilder(forest.name)
    data, prediction = builder.value("data"), builder.value("prediction")
    builder.inputs.append(data)
    builder.outputs.append(prediction)
    builder.node(forest.name or "Forest", (data,), (prediction,), forest=forest)
    return builder.build()
