"""XGBoost models: JSON and UBJSON files, and live boosters and estimators.

The schema is that of XGBoost's "Introduction to Model IO"; nothing of the library is imported.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.xgboost.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "xgboost", "XGBoost", sniff, Postponed("archviz.importers.xgboost.read", "read"), SUFFIXES
)
