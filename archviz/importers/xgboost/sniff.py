"""Recognising XGBoost models."""

from __future__ import annotations

import re

from archviz.importers import Confidence
from archviz.source import Source

SUFFIXES = (".ubj",)
_JSON = rb'\s*\{\s*(?:"version"\s*:\s*\[[\d,\s]*\]\s*,\s*)?(?:"learner"|"Config"|"Model")\s*:\s*\{'
_UBJ = rb"(?s)\{(?:L.{8}|l.{4}|I..|[iU].)(?:learner|Config|Model)\{"
_CLASSES = (
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBModel",
)


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is an XGBoost model."""
    if any(name in _CLASSES for name in source.class_names):
        return Confidence.CONTENT
    if not source.is_file:
        return Confidence.NONE
    head = source.head
    if source.begins_with(b"{") and (re.match(_JSON, head) or re.match(_UBJ, head)):
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE
