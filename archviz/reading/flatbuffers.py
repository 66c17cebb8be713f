"""FlatBuffers, read in place: nothing is believed before it is within the buffer.

FlatBuffers internals: a table starts with the signed offset back to its vtable, which gives the
place of each field, by number, relative to the table; 0 stands for a field at its default.
Offsets to strings, vectors and other tables are relative to where they stand.
"""

from __future__ import annotations

import struct
from typing import Any

from archviz.reading import MalformedError

MAX_ITEMS = 1 << 24
"""Tables or strings in one vector."""

_I32, _U32, _U16 = struct.Struct("<i"), struct.Struct("<I"), struct.Struct("<H")
_SCALARS = {
    "bool": struct.Struct("<?"), "int8": struct.Struct("<b"), "int32": struct.Struct("<i"),
    "float32": struct.Struct("<f"), "float64": struct.Struct("<d"), "uint8": struct.Struct("<B"),
    "uint32": struct.Struct("<I"), "uint64": struct.Struct("<Q"),
}  # fmt: skip


class Table:
    """A table of a buffer.

    Args:
        data: The whole buffer.
        start: Where the table is.

    Raises:
        MalformedError: It is not within the buffer; so do the methods.
    """

    __slots__ = ("_size", "_vtable", "data", "start")

    def __init__(self, data: bytes, start: int) -> None:
        self.data = data
        self.start = start
        self._vtable = start - self._at(_I32, start)
        self._size = self._at(_U16, self._vtable)

    @classmethod
    def root(cls, data: bytes) -> Table:
        """The table that the buffer is of.

        Raises:
            MalformedError: There is none.
        """
        if len(data) < 8:
            raise _outside(0)
        return cls(data, _U32.unpack_from(data, 0)[0])

    def _at(self, form: struct.Struct, position: int) -> Any:
        if not 0 <= position <= len(self.data) - form.size:
            raise _outside(position)
        return form.unpack_from(self.data, position)[0]

    def _field(self, number: int) -> int:
        """Where the field's value is; 0 when it is at its default."""
        place = 4 + 2 * number
        if place + 2 > self._size:
            return 0
        offset = self._at(_U16, self._vtable + place)
        return self.start + offset if offset else 0

    def scalar(self, number: int, dtype: str, default: float = 0) -> Any:
        """A number; ``dtype`` is NumPy's name of its type."""
        place = self._field(number)
        return self._at(_SCALARS[dtype], place) if place else default

    def _target(self, number: int) -> int:
        place = self._field(number)
        return place + self._at(_U32, place) if place else 0

    def table(self, number: int) -> Table | None:
        """A table inside this one."""
        place = self._target(number)
        return Table(self.data, place) if place else None

    def text(self, number: int) -> str:
        """A string, "" when there is none."""
        place = self._target(number)
        return self._text(place) if place else ""

    def _text(self, place: int) -> str:
        length = self._at(_U32, place)
        start = place + 4
        if length > len(self.data) - start:
            raise _outside(start)
        return self.data[start : start + length].decode("utf-8", "replace")

    def array(self, number: int, dtype: str) -> Any:
        """A vector of numbers in NumPy's ``dtype``; shape (length,), empty when there is none."""
        import numpy as np

        place = self._target(number)
        if not place:
            return np.zeros(0, dtype)
        length = self._at(_U32, place)
        if length * np.dtype(dtype).itemsize > len(self.data) - place - 4:
            raise _outside(place)
        return np.frombuffer(self.data, dtype, length, place + 4)

    def length(self, number: int) -> int:
        """How many items a vector claims to have, 0 when there is none."""
        place = self._target(number)
        return int(self._at(_U32, place)) if place else 0

    def _items(self, number: int) -> list[int]:
        place = self._target(number)
        if not place:
            return []
        length = self._at(_U32, place)
        if length > MAX_ITEMS or length * 4 > len(self.data) - place - 4:
            raise _outside(place)
        places = range(place + 4, place + 4 + 4 * length, 4)
        return [item + self._at(_U32, item) for item in places]

    def tables(self, number: int) -> list[Table]:
        """A vector of tables."""
        return [Table(self.data, place) for place in self._items(number)]

    def texts(self, number: int) -> list[str]:
        """A vector of strings."""
        return [self._text(place) for place in self._items(number)]


def _outside(position: int) -> MalformedError:
    return MalformedError(
        f"it refers to byte {position:,}, which is outside of it",
        "download or save it again",
        offset=max(position, 0),
    )
