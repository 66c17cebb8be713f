"""ONNX models: binary files, the text forms, and ModelProto objects.

The structure is read without the weights: large payloads are skipped, external data files are
never opened. The official package parses what is left.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.onnx.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "onnx",
    "ONNX",
    sniff,
    Postponed("archviz.importers.onnx.read", "read"),
    SUFFIXES,
    weights=Postponed("archviz.importers.onnx.values", "weights"),
)
