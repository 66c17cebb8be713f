"""TFLite models (.tflite): operators, subgraphs and quantization, without the weights' values."""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.tflite.sniff import sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "tflite",
    "TFLite",
    sniff,
    Postponed("archviz.importers.tflite.read", "read"),
    (".tflite", ".lite"),
)
