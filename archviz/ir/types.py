"""Types of values: what a tensor, or a container of tensors, looks like."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from archviz.records import record

Dim: TypeAlias = int | str | None
"""A known size, a symbol such as "batch", or None when unknown."""

_BITS_IN_NAME = re.compile(r"\d+")
_NAMED_BITS = {"bool": 8, "complex64": 64, "complex128": 128, "string": 0}


@record
class TensorType:
    """An n-dimensional array.

    Attributes:
        dtype: The element type in NumPy's spelling ("float32", "int4", "bool"); "" if unknown.
        shape: One Dim an axis; None when even the rank is unknown.
    """

    dtype: str
    shape: tuple[Dim, ...] | None = None

    @property
    def size(self) -> int | None:
        """Number of elements, or None while any Dim is not a known size."""
        if self.shape is None:
            return None
        sizes = [dim for dim in self.shape if isinstance(dim, int)]
        return math.prod(sizes) if len(sizes) == len(self.shape) else None

    @property
    def nbytes(self) -> int | None:
        """Bytes of the packed elements, or None when the size or the width is unknown."""
        size, bits = self.size, dtype_bits(self.dtype)
        return None if size is None or not bits else (size * bits + 7) // 8


@record
class ContainerType:
    """A value that is not one tensor.

    Attributes:
        kind: "sequence", "optional", "map", "sparse" or, for anything else, "opaque".
        element: The type inside, when known.
        key: The dtype of a map's keys, else "".
    """

    kind: str
    element: TensorType | ContainerType | None = None
    key: str = ""


Type: TypeAlias = TensorType | ContainerType


def dtype_bits(dtype: str) -> int:
    """Bits of one element of ``dtype``; 0 when it has no fixed width."""
    if dtype in _NAMED_BITS:
        return _NAMED_BITS[dtype]
    match = _BITS_IN_NAME.search(dtype)
    return int(match.group()) if match else 0


def is_float(dtype: str) -> bool:
    """Whether elements of ``dtype`` can carry a gradient."""
    return dtype.startswith(("float", "bfloat", "complex"))


def format_shape(shape: tuple[Dim, ...] | None, unknown: str = "?") -> str:
    """``shape`` as text, "1×3×224×224"; a scalar is "scalar", an unknown rank ``unknown``."""
    if shape is None:
        return unknown
    if not shape:
        return "scalar"
    return "×".join(unknown if dim is None else str(dim) for dim in shape)


def format_type(type_: Type | None) -> str:
    """``type_`` as text: shape and dtype, "1×3×224×224 float32"; "" when nothing is known."""
    if type_ is None:
        return ""
    if isinstance(type_, TensorType):
        shape = "" if type_.shape is None else format_shape(type_.shape)
        return f"{shape} {type_.dtype}".strip()
    inner = format_type(type_.element)
    if type_.kind == "map":
        inner = f"{type_.key} → {inner}" if inner else type_.key
    return f"{type_.kind}({inner})"
