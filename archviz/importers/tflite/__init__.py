"""TFLite models (.tflite): operators, subgraphs and quantization, without the weights' values."""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.tflite.read import read, sniff

IMPORTER = Importer("tflite", "TFLite", sniff, read, (".tflite", ".lite"))
