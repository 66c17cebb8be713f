"""Checkpoints: state dictionaries and pickled modules of PyTorch, safetensors, and their shards.

Structure alone is read: names, shapes and classes. Pickles are read symbolically, so nothing in
them runs, and the elements of tensors stay where they are.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.checkpoint.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "checkpoint",
    "PyTorch checkpoint, safetensors",
    sniff,
    Postponed("archviz.importers.checkpoint.read", "read"),
    SUFFIXES,
    weights=Postponed("archviz.importers.checkpoint.values", "weights"),
)
