"""XGBoost models: JSON and UBJSON files, and live boosters and estimators.

The schema is that of XGBoost's "Introduction to Model IO"; nothing of the library is imported.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.xgboost.read import SUFFIXES, read, sniff

IMPORTER = Importer("xgboost", "XGBoost", sniff, read, SUFFIXES)
