"""The intermediate representation: frozen values that every importer and stage shares."""

from __future__ import annotations

from archviz.diagnostics import Diagnostic, Severity, SourceLocation
from archviz.ir.forest import Condition, Forest, Missing
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
    "Condition",
    "ContainerType",
    "Diagnostic",
    "Dim",
    "Forest",
    "Graph",
    "Missing",
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
