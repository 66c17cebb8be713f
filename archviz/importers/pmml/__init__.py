"""PMML: decision trees and ensembles of them, as jpmml, Nyoka, R, KNIME and others write them.

The Predictive Model Markup Language of the Data Mining Group, versions 3 and 4.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.pmml.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "pmml",
    "PMML (trees and their ensembles)",
    sniff,
    Postponed("archviz.importers.pmml.read", "read"),
    SUFFIXES,
)
