"""Recognising TFLite models."""

from __future__ import annotations

from archviz.importers import Confidence
from archviz.source import Source

IDENTIFIER = b"TFL3"


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a TFLite model."""
    if not source.is_file:
        return Confidence.NONE
    if source.head[4:8] == IDENTIFIER:
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(".tflite", ".lite") else Confidence.NONE
