"""Recognising and reading CatBoost models."""

from __future__ import annotations

from typing import Any

from archviz.errors import ImporterError
from archviz.importers.catboost import binary, document
from archviz.importers.catboost.sniff import MAGIC
from archviz.importers.catboost.trees import forest_of
from archviz.ir import Model
from archviz.reading import json, naming
from archviz.source import Source


def read(source: Source, *, max_megabytes: int = 4096) -> Model:
    """The model in ``source``.

    Args:
        source: A file, standard input or a live model, which stays as it is.
        max_megabytes: A larger file is refused.

    Raises:
        ImporterError: It is no CatBoost model, or one without trees.
    """
    problem = source.recognised_problem()
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    data = _bytes_of(source, max_megabytes)
    try:
        with naming(source.name):
            if data.startswith(MAGIC):
                stored = binary.parse(data)
            else:
                stored = document.parse(json.parse(data))
        forest, metadata = forest_of(stored)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise ImporterError(
            f"{source.name}: this is no CatBoost model that can be read "
            f"({type(error).__name__}: {str(error).partition(chr(10))[0][:100]})",
            "save it again with: save_model",
        ) from None
    return Model(forest, "catboost", source.name, metadata)


def _bytes_of(source: Source, max_megabytes: int) -> bytes:
    if source.object is not None:
        live: Any = source.object
        try:
            return bytes(live._serialize_model())
        except Exception as error:
            raise ImporterError(
                f"{source.name}: the estimator has no model ({str(error).partition(chr(10))[0]})",
                "fit it first",
            ) from None
    if not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no CatBoost model")
    if source.size > max_megabytes << 20:
        raise ImporterError(
            f"{source.name}: it is larger than {max_megabytes} MB",
            "allow more with the option max-megabytes",
        )
    with source.open() as stream:
        parts = []
        while part := stream.read(1 << 30):
            parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
