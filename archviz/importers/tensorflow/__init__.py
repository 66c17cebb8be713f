"""TensorFlow graphs: SavedModels, frozen GraphDefs, TensorBoard's event files, live functions.

What a signature's outputs need is taken, calls of functions are inlined, and variables become the
parameters of what reads them.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.tensorflow.sniff import sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "tensorflow",
    "TensorFlow graphs",
    sniff,
    Postponed("archviz.importers.tensorflow.read", "read"),
    (".pb", ".pbtxt"),
)
