"""Keras models: .keras, HDF5, JSON, SavedModels with Keras's metadata, and live objects.

Files are read without Keras and without their weights: the architecture is in their
configuration, and what its layers give and hold follows from it.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.keras.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "keras",
    "Keras 1 to 3",
    sniff,
    Postponed("archviz.importers.keras.read", "read"),
    SUFFIXES,
    weights=Postponed("archviz.importers.keras.values", "weights"),
)
