"""LightGBM models: text and JSON files, and live boosters and estimators.

The text form is what ``Booster.save_model`` writes, the JSON form what ``Booster.dump_model``
returns; nothing of the library is imported.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.lightgbm.sniff import sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "lightgbm", "LightGBM", sniff, Postponed("archviz.importers.lightgbm.read", "read")
)
