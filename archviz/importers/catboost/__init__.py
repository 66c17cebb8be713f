"""CatBoost models: cbm and JSON files, and live models.

The cbm form is a FlatBuffer by CatBoost's own schema ``model.fbs``, the JSON form what
``save_model(format="json")`` writes; nothing of the library is imported.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.catboost.read import SUFFIXES, read, sniff

IMPORTER = Importer("catboost", "CatBoost", sniff, read, SUFFIXES)
