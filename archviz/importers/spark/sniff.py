"""Recognising Spark ML's folders."""

from __future__ import annotations

from archviz.importers import Confidence
from archviz.source import Source


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is such a folder."""
    if source.kind != "folder" or source.path is None:
        return Confidence.NONE
    members = source.members
    if not any(name.startswith("metadata/part-") for name in members):
        return Confidence.NONE
    from archviz.importers.spark.folders import metadata
    from archviz.reading import MalformedError

    try:
        about = metadata(source.path)
    except (OSError, ValueError, MalformedError):
        return Confidence.NONE
    name = str(about.get("class", ""))
    is_own = name.startswith("org.apache.spark.ml.") and "sparkVersion" in about
    return Confidence.CONTENT if is_own else Confidence.NONE
