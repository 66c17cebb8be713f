"""ONNX models: binary files, the text forms, and ModelProto objects.

The structure is read without the weights: large payloads are skipped, external data files are
never opened. The official package parses what is left.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.onnx.read import read
from archviz.importers.onnx.sniff import SUFFIXES, sniff
from archviz.importers.onnx.values import weights

IMPORTER = Importer("onnx", "ONNX", sniff, read, SUFFIXES, weights=weights)
