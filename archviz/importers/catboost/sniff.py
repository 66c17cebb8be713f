"""Recognising CatBoost models."""

from __future__ import annotations

import re

from archviz.importers import Confidence
from archviz.source import Source

SUFFIXES = (".cbm",)
MAGIC = b"CBM1"
_JSON = re.compile(rb'\s*\{\s*"(?:ctr_data|features_info)"\s*:\s*\{')


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a CatBoost model."""
    if any(name == "catboost.core.CatBoost" for name in source.class_names):
        return Confidence.CONTENT
    if not source.is_file:
        return Confidence.NONE
    if source.head.startswith(MAGIC) or _JSON.match(source.head):
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE
