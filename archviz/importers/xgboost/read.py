"""Recognising and reading XGBoost models."""

from __future__ import annotations

from typing import Any

from archviz.errors import ImporterError
from archviz.importers.xgboost import documents, ubjson
from archviz.importers.xgboost.learner import forest_of
from archviz.ir import Model
from archviz.reading import naming
from archviz.source import Source


def read(source: Source, *, max_megabytes: int = 4096) -> Model:
    """The model in ``source``.

    Args:
        source: A file, standard input, or a live Booster or estimator, which stays as it is.
        max_megabytes: A larger file is refused.

    Raises:
        ImporterError: It is no XGBoost model, or one without trees.
    """
    problem = source.recognised_problem()
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    data = _bytes_of(source, max_megabytes)
    try:
        with naming(source.name):
            document = ubjson.loads(data) if _is_binary(data) else documents.loads(data)
    except ValueError as error:
        raise ImporterError(
            f"{source.name}: this is no XGBoost model that can be read: {error}",
            "save it again with: Booster.save_model",
        ) from None
    try:
        forest, metadata = forest_of(_learner(document))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise ImporterError(
            f"{source.name}: the XGBoost model in it is broken ({type(error).__name__}: "
            f"{str(error).partition(chr(10))[0][:100]})",
            "save it again with: Booster.save_model",
        ) from None
    version = document.get("version")
    if isinstance(version, list | tuple) or hasattr(version, "tolist"):
        metadata["xgboost"] = ".".join(str(int(part)) for part in version)
    return Model(forest, "xgboost", source.name, metadata)


def _is_binary(data: bytes) -> bool:
    return data[:1] == b"{" and data[1:2] not in (b'"', b" ", b"\n", b"\r", b"\t", b"}")


def _bytes_of(source: Source, max_megabytes: int) -> bytes:
    if source.object is not None:
        live: Any = source.object
        try:
            booster = live.get_booster() if hasattr(live, "get_booster") else live
            return bytes(booster.save_raw("ubj"))
        except Exception as error:
            raise ImporterError(
                f"{source.name}: the estimator has no model ({str(error).partition(chr(10))[0]})",
                "fit it first",
            ) from None
    if not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no XGBoost model")
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


def _learner(document: Any) -> dict[str, Any]:
    """The learner, which a booster's own state has inside its "Model"."""
    model = document.get("Model", document) if isinstance(document, dict) else None
    learner = model.get("learner") if isinstance(model, dict) else None
    if not isinstance(learner, dict):
        raise TypeError("it has no learner")
    return learner
