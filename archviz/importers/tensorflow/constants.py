"""Constants: their types, and the elements of small ones."""

from __future__ import annotations

import struct
from typing import Any

from archviz.importers.tensorflow.messages import dtype_name
from archviz.importers.tensorflow.variables import shape_of
from archviz.ir import Parameter, TensorType
from archviz.ir.types import is_float
from archviz.reading.names import clean

MAX_ELEMENTS = 16
_FORMATS = {
    "float32": "f", "float64": "d", "int32": "i", "int64": "q", "bool": "?", "int8": "b",
    "uint8": "B", "int16": "h", "uint16": "H", "float16": "e",
}  # fmt: skip
_LISTS = {
    "float32": "float_val", "float64": "double_val", "int32": "int_val", "int64": "int64_val",
    "bool": "bool_val", "int8": "int_val", "uint8": "int_val", "int16": "int_val",
}  # fmt: skip


def constant_of(name: str, tensor: Any) -> Parameter:
    """The parameter that a TensorProto is: a weight when it has many numbers."""
    type_ = TensorType(dtype_name(tensor.dtype), shape_of(tensor.tensor_shape))
    size = type_.size
    is_weight = is_float(type_.dtype) and (size is None or size > MAX_ELEMENTS)
    return Parameter(
        name, type_, "weight" if is_weight else "constant", None, _elements(tensor, type_)
    )


def _elements(tensor: Any, type_: TensorType) -> tuple[bool | int | float | str, ...] | None:
    size = type_.size
    if size is None or size > MAX_ELEMENTS:
        return None
    if type_.dtype == "string":
        return tuple(clean(text)[:80] for text in tensor.string_val)
    code = _FORMATS.get(type_.dtype)
    if code is None:
        return None
    content = tensor.tensor_content
    if content:
        if len(content) != size * struct.calcsize("<" + code):
            return None
        return _short(struct.unpack(f"<{size}{code}", content), type_.dtype)
    listed = _LISTS.get(type_.dtype)
    found = tuple(getattr(tensor, listed)) if listed else ()
    if len(found) == 1:
        found *= size  # one element stands for all
    return _short(found, type_.dtype) if len(found) == size else None


def _short(numbers: tuple[Any, ...], dtype: str) -> tuple[bool | int | float | str, ...]:
    return tuple(float(f"{n:.7g}") for n in numbers) if dtype == "float32" else numbers
