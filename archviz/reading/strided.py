"""Arrays as bytes with a size and a step for each dimension, as PyTorch stores tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PLAIN = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8")
"""Types of elements that are read."""


def strided(
    data: bytes, dtype: str, shape: Sequence[int], steps: Sequence[int], offset: int
) -> Any:
    """The array in little-endian bytes; None when they do not hold it.

    Args:
        data: All elements of the storage.
        dtype: Type of one, among :data:`PLAIN`.
        shape: Size of each dimension.
        steps: Elements from one place to the next, for each dimension.
        offset: Elements before the first one.
    """
    import numpy as np

    if dtype not in PLAIN or len(shape) != len(steps):
        return None
    kind = np.dtype(dtype).newbyteorder("<")
    flat = np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], kind)
    last = offset
    for size, step in zip(shape, steps, strict=True):
        if size < 1 or step < 0:
            return None
        last += (size - 1) * step
    if not 0 <= offset <= last < flat.size:
        return None
    places = [step * flat.itemsize for step in steps]
    return np.lib.stride_tricks.as_strided(flat[offset:], tuple(shape), places).copy()
