"""A forest as JSON: its columns as lists of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from archviz.ir.forest.columns import COLUMNS, Array, Forest

Json = dict[str, Any]

_NAMES = {"class_names": 2, "feature_names": 1, "feature_types": 1, "target_names": 1}
_BEYOND = {"inf": float("inf"), "-inf": float("-inf"), None: float("nan")}


def to_json(forest: Forest) -> Json:
    """The forest as a tree of JSON values.

    Rows of ``value`` follow one another in one list. Where JSON has no number stands null for
    NaN, "inf" or "-inf".
    """
    data: Json = {}
    for item in fields(Forest):
        value = getattr(forest, item.name)
        if item.name in COLUMNS:
            if value is not None:
                data[item.name] = _numbers(value)
        elif item.name == "category_names":
            if value:
                data[item.name] = {str(key): list(names) for key, names in value.items()}
        elif item.name in _NAMES:
            if value:
                nested = _NAMES[item.name] == 2
                data[item.name] = [list(part) for part in value] if nested else list(value)
        elif value != item.default:
            data[item.name] = value
    return data


def _numbers(array: Array) -> list[Any]:
    import numpy as np

    flat = array.reshape(-1)
    listed: list[Any] = flat.tolist()
    if flat.dtype.kind == "f":
        for index in np.flatnonzero(~np.isfinite(flat)).tolist():
            number = listed[index]
            listed[index] = None if number != number else "inf" if number > 0 else "-inf"
    return listed


def from_json(data: Json) -> Forest:
    """The forest that ``data`` describes.

    Raises:
        KeyError: A column is missing.
        TypeError: A field is of the wrong kind.
        ValueError: A field is unknown, or a number does not fit its column.
    """
    known = {item.name: item for item in fields(Forest)}
    unknown = next((key for key in data if key not in known), None)
    if unknown is not None:
        raise ValueError(f"a forest has no field {unknown!r:.40}")
    found: Json = {}
    for name, value in data.items():
        if name in COLUMNS:
            found[name] = _array(value, *COLUMNS[name], rows=len(data["yes"]))
        elif name == "category_names":
            found[name] = {int(key): _texts(names) for key, names in value.items()}
        elif name in _NAMES:
            nested = _NAMES[name] == 2
            found[name] = tuple(_texts(part) for part in value) if nested else _texts(value)
        elif type(value) is not type(known[name].default):
            raise TypeError(f"{name!r} should not be {value!r:.40}")
        else:
            found[name] = value
    return Forest(**found)


def _array(value: object, dtype: str, per: str, rows: int) -> Array:
    import numpy as np

    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} should be a list of numbers")
    if dtype.startswith("float"):
        value = [_BEYOND[item] if item is None or item.__class__ is str else item for item in value]
        array = np.array(value, np.float64)
    else:
        array = np.array(value)
        if array.size and array.dtype.kind not in "iu":
            raise TypeError("a column of whole numbers has others")
        bounds = np.iinfo(dtype)
        if array.size and not bounds.min <= array.min() <= array.max() <= bounds.max:
            raise ValueError(f"a number does not fit {dtype}")
        array = array.astype(dtype)
    if array.ndim != 1:
        raise TypeError("a column is a flat list of numbers")
    if per == "row":
        array = array.reshape(rows, -1) if rows else array.reshape(0, 1)
    return array


def _texts(value: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{value!r:.40} should be a list of names")
    return tuple(value)
