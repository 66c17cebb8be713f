"""Reducers for NumPy's arrays, and for those that joblib writes between instructions.

NumPy's pickles call ``_reconstruct`` and give the shape, the dtype and the bytes as a state, or
call ``_frombuffer``. joblib's ``NumpyArrayWrapper`` has the bytes behind it in the stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from archviz.reading.pickles.values import Blob, Global

if TYPE_CHECKING:
    from archviz.reading.pickles.reader import PickleReader

MAX_AXES = 32
_MAX_FIELDS = 256
_CODES = frozenset("biufc?")
_NAMES = {
    "bool": "b1", "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8", "uint8": "u1",
    "uint16": "u2", "uint32": "u4", "uint64": "u8", "float16": "f2", "float32": "f4",
    "float64": "f8",
}  # fmt: skip


class Dtype:
    """A dtype that a pickle describes.

    Attributes:
        code: Its kind and size, "f8" or "V64".
        state: What the pickle restores it from, or None.
    """

    __slots__ = ("code", "state")

    def __init__(self, code: str) -> None:
        self.code = _NAMES.get(code, code)
        self.state: tuple[Any, ...] | None = None

    def build(self, state: Any, reader: PickleReader) -> object:
        """Takes the byte order and the fields; called by the reader."""
        self.state = state if isinstance(state, tuple) else None
        return self

    @property
    def is_object(self) -> bool:
        """Whether elements are Python's objects."""
        return self.code[:1] == "O"

    def numpy(self, depth: int = 0) -> Any:
        """The dtype itself.

        Raises:
            ValueError: It is not one of numbers, text or records of these.
        """
        import numpy as np

        kind, size = self.code[:1], self.code[1:]
        order = "<"
        if self.state and len(self.state) > 1 and self.state[1] in (">", "<"):
            order = self.state[1]
        if (kind in _CODES and size in ("1", "2", "4", "8", "16")) or self.code == "?":
            return np.dtype(order + self.code)
        if kind in "SU" and size.isdigit() and len(size) < 8:
            return np.dtype(order + self.code)
        if kind == "V" and self.state and len(self.state) > 5 and depth < 4:
            names, fields, size_of = self.state[3], self.state[4], self.state[5]
            if isinstance(names, tuple) and isinstance(fields, dict) and len(names) < _MAX_FIELDS:
                formats = [fields[name][0].numpy(depth + 1) for name in names]
                offsets = [int(fields[name][1]) for name in names]
                size_of = int(size_of) if isinstance(size_of, int) and size_of > 0 else int(size)
                return np.dtype(
                    {"names": names, "formats": formats, "offsets": offsets, "itemsize": size_of}
                )
        raise ValueError(f"arrays of {self.code!r:.20} hold no numbers")


def _dtype(args: tuple[Any, ...], reader: object) -> object:
    given = args[0]
    code = given.name if isinstance(given, Global) else given
    return Dtype(code) if isinstance(code, str) else NotImplemented


def _array(raw: Any, dtype: Dtype, shape: Any, order: str, reader: PickleReader) -> Any:
    """The array over bytes, or over a Blob of the buffer; a list for an array of objects."""
    import numpy as np

    sizes = _sizes(shape)
    if dtype.is_object:
        return list(raw) if isinstance(raw, list) else NotImplemented
    form = dtype.numpy()
    count = math.prod(sizes)
    reader.charge(4 * count * form.itemsize)  # several arrays may share their bytes
    if isinstance(raw, Blob):
        if raw.length != count * form.itemsize:
            raise ValueError("an array has too many or too few bytes")
        flat = np.frombuffer(reader.data, form, count, raw.start)
    else:
        data = raw.encode("latin-1") if isinstance(raw, str) else bytes(raw)
        if len(data) != count * form.itemsize:
            raise ValueError("an array has too many or too few bytes")
        flat = np.frombuffer(data, form, count)
    return flat.reshape(sizes, order="F" if order == "F" else "C")


def _sizes(shape: Any) -> tuple[int, ...]:
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if len(sizes) > MAX_AXES or any(not isinstance(s, int) or not 0 <= s < 1 << 48 for s in sizes):
        raise ValueError("an array has no shape")
    return sizes


class _Draft:
    """An array whose state is still to come."""

    __slots__ = ()

    def build(self, state: Any, reader: PickleReader) -> object:
        _, shape, dtype, is_fortran, raw = state
        if not isinstance(dtype, Dtype):
            raise TypeError("an array has no dtype")
        return _array(raw, dtype, shape, "F" if is_fortran else "C", reader)


class _Inline:
    """joblib's wrapper of an array whose bytes follow its state."""

    __slots__ = ()

    def build(self, state: Any, reader: PickleReader) -> object:
        dtype, shape = state["dtype"], state["shape"]
        if not isinstance(dtype, Dtype):
            raise TypeError("an array has no dtype")
        if dtype.is_object:
            return reader.load()
        if state.get("numpy_array_alignment_bytes"):
            reader.skip(reader.take(1)[0])
        length = math.prod(_sizes(shape)) * dtype.numpy().itemsize
        blob = Blob(reader.skip(length), length)
        return _array(blob, dtype, shape, str(state.get("order", "C")), reader)


def _draft(args: tuple[Any, ...], reader: object) -> object:
    return _Draft()


def _inline(args: tuple[Any, ...], reader: object) -> object:
    return _Inline()


def _from_buffer(args: tuple[Any, ...], reader: Any) -> object:
    raw, dtype, shape, order = args
    if not isinstance(dtype, Dtype):
        return NotImplemented
    return _array(raw, dtype, shape, order, reader)


def _scalar(args: tuple[Any, ...], reader: Any) -> object:
    dtype, raw = args
    if not isinstance(dtype, Dtype) or dtype.is_object:
        return NotImplemented
    return _array(raw, dtype, (), "C", reader)[()].item()


ARRAYS: Mapping[str, Callable[[tuple[Any, ...], Any], object]] = {
    "numpy.dtype": _dtype,
    "joblib.numpy_pickle.NumpyArrayWrapper": _inline,
    **{
        f"numpy.{core}.{name}": reducer
        for core in ("core", "_core")
        for name, reducer in (
            ("multiarray._reconstruct", _draft),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _from_buffer),
        )
    },
}
"""Reducers by the dotted name of the function or class; hand them to a PickleReader."""
