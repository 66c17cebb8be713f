"""The Model: what every importer returns and every later stage reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from archviz.diagnostics import Diagnostic
from archviz.ir.graph import Graph


@dataclass(frozen=True, slots=True)
class Model:
    """A model's architecture, apart from any framework.

    Attributes:
        body: The graph.
        format: Name of the importer that read it ("onnx").
        source: What the user would call it: a file's name, an object's class.
        metadata: Facts of the source as text: producer, versions, licence.
        diagnostics: What the importer lost or found odd.
    """

    body: Graph
    format: str = ""
    source: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """A notebook's view of the model: its picture and its summary."""
        return display(self) if display else {"text/plain": repr(self)}


display: Callable[[Model], dict[str, str]] | None = None
"""Draws a Model for notebooks; :mod:`archviz.api` sets it, so that values know no renderer."""
