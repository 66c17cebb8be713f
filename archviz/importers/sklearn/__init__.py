"""scikit-learn's trees and pipelines: pickles, joblib files, skops files and live estimators.

Pickles are read symbolically: no class is looked up and nothing is called, so files of any
version of scikit-learn can be read, also those that today's refuses. Estimators of XGBoost,
LightGBM and CatBoost inside of them are handed to whoever reads their own formats.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.sklearn.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "sklearn",
    "scikit-learn (pickle, joblib, skops)",
    sniff,
    Postponed("archviz.importers.sklearn.read", "read"),
    SUFFIXES,
    weights=Postponed("archviz.importers.sklearn.read", "weights"),
)
