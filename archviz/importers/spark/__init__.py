"""Spark ML: folders of decision trees, forests, boosted trees, and of pipelines with one.

A folder has ``metadata`` with a line of JSON, and ``data`` with a row a node in Parquet, which
pyarrow reads; neither Spark nor Java is needed.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.spark.sniff import sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "spark",
    "Spark ML (trees, forests, pipelines)",
    sniff,
    Postponed("archviz.importers.spark.read", "read"),
)
