"""Recognising Keras: by what a file or folder holds, and by an object's classes."""

from __future__ import annotations

import re

from archviz.errors import ImporterError
from archviz.importers import Confidence
from archviz.source import ZIP_MAGIC, Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"
CONFIG = "config.json"
KERAS_METADATA = "keras_metadata.pb"
SUFFIXES = (".keras", ".h5", ".hdf5")
_LIVE = r"(?:keras|tf_keras|tensorflow\.python\.keras)\..*\b(?:Model|Functional|Sequential|Layer)"
_JSON = rb'\s*"?\{[\s\S]{0,400}?\\?"class_name\\?"\s*:\s*\\?"[\w>]+\\?"'


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a Keras model."""
    if is_live(source):
        return Confidence.CONTENT
    if source.object is not None:
        return Confidence.NONE
    if source.kind == "folder":
        names = source.members
        if CONFIG in names and _weights(names):
            return Confidence.CONTENT
        is_saved = KERAS_METADATA in names and "saved_model.pb" in names
        return Confidence.CONTENT if is_saved and _has_architecture(source) else Confidence.NONE
    head = source.head
    if head.startswith(SIGNATURE):
        return Confidence.CONTENT
    if head.startswith(ZIP_MAGIC):
        if CONFIG in source.members and (_weights(source.members) or source.has_suffix(".keras")):
            return Confidence.CONTENT
    elif source.begins_with(b"{", b'"{') and re.match(_JSON, head):
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE


def _has_architecture(source: Source) -> bool:
    """Whether a SavedModel's metadata tells the calls between layers."""
    from archviz.importers.keras.config import model_config
    from archviz.importers.keras.container import container_of

    try:
        return model_config(container_of(source).config) is not None
    except ImporterError:
        return False


def _weights(names: tuple[str, ...]) -> bool:
    return any(name.startswith("model.weights.") for name in names) or "metadata.json" in names


def is_live(source: Source) -> bool:
    """Whether it is a live model or layer of Keras 2 or 3."""
    return any(re.match(_LIVE, name) for name in source.class_names)


def is_keras(model: object) -> bool:
    """Whether it is a model or layer of Keras 3."""
    return any(
        base.__module__.partition(".")[0] == "keras" and base.__name__ == "Layer"
        for base in type(model).__mro__
    )
