"""CatBoost models: cbm and JSON files, and live models.

The cbm form is a FlatBuffer by CatBoost's own schema ``model.fbs``, the JSON form what
``save_model(format="json")`` writes; nothing of the library is imported.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.catboost.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "catboost", "CatBoost", sniff, Postponed("archviz.importers.catboost.read", "read"), SUFFIXES
)
