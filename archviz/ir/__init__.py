"""The intermediate representation: frozen values that every importer and stage shares."""

from __future__ import annotations

from archviz.diagnostics import Diagnostic, Severity, SourceLocation
from archviz.ir.graph import (
    Attribute,
    Graph,
    Node,
    Parameter,
    ParameterUse,
    Scope,
    ScopePath,
    Value,
)
from archviz.ir.model import Model
from archviz.ir.types import ContainerType, Dim, TensorType, Type

__all__ = [
    "Attribute",
    "ContainerType",
    "Diagnostic",
    "Dim",
    "Graph",
    "Model",
    "Node",
    "Parameter",
    "ParameterUse",
    "Scope",
    "ScopePath",
    "Severity",
    "SourceLocation",
    "TensorType",
    "Type",
    "Value",
]
