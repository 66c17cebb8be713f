"""Recognising PMML."""

from __future__ import annotations

import re

from archviz.importers import Confidence
from archviz.source import Source

SUFFIXES = (".pmml",)
_ROOT = rb"<(?:\w+:)?PMML[\s>]"


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is PMML."""
    if source.is_file and source.head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        return Confidence.CONTENT if re.search(_ROOT, source.head) else Confidence.NONE
    return Confidence.NONE
