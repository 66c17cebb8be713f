"""Recognising CatBoost models."""

from __future__ import annotations

import re

from archviz.importers import Confidence
from archviz.source import Source

SUFFIXES = (".cbm",)
MAGIC = b"CBM1"
_JSON = rb'\s*\{\s*"(?:ctr_data|features_info)"\s*:\s*\{'


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a CatBoost model."""
    if any(name == "catboost.core.CatBoost" for name in source.class_names):
        return Confidence.CONTENT
    if not source.is_file:
        return Confidence.NONE
    is_json = source.begins_with(b"{") and re.match(_JSON, source.head)
    if source.head.startswith(MAGIC) or is_json:
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE
