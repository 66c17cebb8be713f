"""Recognising LightGBM models."""

from __future__ import annotations

import re

from archviz.importers import Confidence
from archviz.source import Source

_TEXT = rb"\s*tree\r?\n(?:[a-z_]+(?:=[^\n]*)?\n)*?(?:version|num_class)="
_JSON = rb'\s*\{\s*"name"\s*:\s*"tree"\s*,\s*"version"\s*:'
_CLASSES = ("lightgbm.basic.Booster", "lightgbm.sklearn.LGBMModel")


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a LightGBM model."""
    if any(name in _CLASSES for name in source.class_names):
        return Confidence.CONTENT
    for start, whole in ((b"tree", _TEXT), (b"{", _JSON)):
        if source.begins_with(start) and re.match(whole, source.head):
            return Confidence.CONTENT
    return Confidence.NONE
