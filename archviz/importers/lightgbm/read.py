"""Recognising and reading LightGBM models."""

from __future__ import annotations

from typing import Any

from archviz.errors import ImporterError
from archviz.importers.lightgbm import dump, text
from archviz.importers.lightgbm.trees import forest_of
from archviz.ir import Forest, Model
from archviz.reading import json, naming
from archviz.records import replace
from archviz.source import Source


def read(source: Source, *, max_megabytes: int = 4096) -> Model:
    """The model in ``source``.

    Args:
        source: A file, standard input, or a live Booster or estimator, which stays as it is.
        max_megabytes: A larger file is refused.

    Raises:
        ImporterError: It is no LightGBM model, or one without trees.
    """
    problem = source.recognised_problem()
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    data = _bytes_of(source, max_megabytes)
    try:
        if data.lstrip()[:1] == b"{":
            with naming(source.name):
                header, trees = dump.parse(json.parse(data))
        else:
            header, trees = text.parse(data)
        forest, metadata = forest_of(header, trees)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise ImporterError(
            f"{source.name}: this is no LightGBM model that can be read "
            f"({type(error).__name__}: {str(error).partition(chr(10))[0][:100]})",
            "save it again with: Booster.save_model",
        ) from None
    return Model(_with_classes(forest, source.object), "lightgbm", source.name, metadata)


def _with_classes(forest: Forest, live: Any) -> Forest:
    """The forest with the labels that an estimator knows, in place of numbers."""
    classes = getattr(live, "_classes", None)
    if classes is None or not forest.class_names or len(classes) != len(forest.class_names[0]):
        return forest
    return replace(forest, class_names=(tuple(str(item) for item in classes),))


def _bytes_of(source: Source, max_megabytes: int) -> bytes:
    if source.object is not None:
        live: Any = source.object
        try:
            booster = live if hasattr(live, "model_to_string") else live.booster_
            written: str = booster.model_to_string()
        except Exception as error:
            raise ImporterError(
                f"{source.name}: the estimator has no model ({str(error).partition(chr(10))[0]})",
                "fit it first",
            ) from None
        return written.encode()
    if not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no LightGBM model")
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
