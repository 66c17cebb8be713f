"""Recognising exported programs of PyTorch."""

from __future__ import annotations

import re

from archviz.importers import Confidence
from archviz.source import Source

SUFFIXES = (".pt2",)
GRAPH = r"(?:^|/)models/([^/]+)\.json$"
_OLD_GRAPH = "serialized_exported_program.json"


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is an exported program."""
    if not source.is_file:
        return Confidence.NONE
    names = [name for name in source.members if name.endswith(".json")]
    if any(re.search(GRAPH, name) or is_old(name) for name in names):
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE


def is_old(name: str) -> bool:
    """Whether a member is the program as older versions of PyTorch named it."""
    return name == _OLD_GRAPH or name.endswith(f"/{_OLD_GRAPH}")
