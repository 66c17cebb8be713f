"""Recognising models of YDF and TF-DF."""

from __future__ import annotations

from archviz.importers import Confidence
from archviz.source import Source

SPEC = "data_spec.pb"
KINDS = ("random_forest", "gradient_boosted_trees", "isolation_forest")


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is such a model."""
    if any(name.startswith("ydf.model.generic_model.GenericModel") for name in source.class_names):
        return Confidence.CONTENT
    if source.kind == "folder" and prefix_of(source.members) is not None:
        # Of TF-DF's SavedModels, the graph around the trees says little.
        is_saved_model = "saved_model.pb" in source.members
        return Confidence.CONTENT_AND_MORE if is_saved_model else Confidence.CONTENT
    return Confidence.NONE


def prefix_of(members: tuple[str, ...]) -> str | None:
    """What stands before the names of the model's files; a SavedModel has it among its assets."""
    for name in members:
        prefix = name.removesuffix(SPEC)
        if prefix != name and any(f"{prefix}{kind}_header.pb" in members for kind in KINDS):
            return prefix
    return None
