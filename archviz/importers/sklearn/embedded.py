"""Estimators of other libraries, handed to whoever reads their own format."""

from __future__ import annotations

from typing import Any

from archviz.errors import ImporterError
from archviz.importers import choose
from archviz.importers.sklearn.parts import Part, names_of
from archviz.ir import Forest, Model
from archviz.reading.pickles import Blob, Instance
from archviz.source import Source

_LIBRARIES = ("xgboost", "lightgbm", "catboost")


def model_of(part: Part, data: Any) -> Model | None:
    """The model of an XGBoost, LightGBM or CatBoost estimator; None for any other.

    Args:
        part: The estimator.
        data: The buffer that a pickle's large pieces of bytes lie in.

    Raises:
        ImporterError: The model in it cannot be read.
    """
    if part.library not in _LIBRARIES:
        return None
    if part.origin is not None and not isinstance(part.origin, Instance):
        source = Source.of(part.origin)
    else:
        content = _stored(part, data)
        if content is None:
            raise ImporterError(f"the {part.name} in it is not fitted", "fit it first")
        source = Source.of_bytes(part.name, content)
    return choose(source).read(source)


def _stored(part: Part, data: Any) -> bytes | None:
    """The bytes of the model in its own format."""
    booster = part if part.name in ("Booster", "_InnerPredictor") else part.part("_Booster")
    if booster is None:
        keys = ["_CatBoostBase__model", "__model", "_model"]
    else:
        keys = ["handle", "_handle", "model_str", "_model_str"]
    attributes = (booster or part).attributes
    for key in keys:
        content = _bytes(attributes.get(key), data)
        if content:
            return content
    return None


def _bytes(value: Any, data: Any) -> bytes | None:
    if isinstance(value, Blob):
        return bytes(data[value.start : value.start + value.length])
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return bytes(value) if isinstance(value, bytes | bytearray) else None


def with_classes(forest: Forest, part: Part) -> Forest:
    """The forest with the labels that the estimator around it knows."""
    from archviz.records import replace

    known = part.get("classes_", part.get("_classes"))
    names = names_of(known)
    if not forest.class_names or len(names) != len(forest.class_names[0]):
        return forest
    return replace(forest, class_names=(names,))
