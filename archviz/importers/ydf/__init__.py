"""Models of Yggdrasil (YDF) and TensorFlow Decision Forests: folders and live models.

A folder has ``data_spec.pb`` with the columns, ``header.pb`` with the task, a header of the kind of
model, and shards of nodes; a SavedModel of TF-DF has the same files among its assets. All of them
are read without either library.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.ydf.sniff import sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "ydf",
    "Yggdrasil and TensorFlow Decision Forests",
    sniff,
    Postponed("archviz.importers.ydf.read", "read"),
)
