"""Universal Binary JSON, draft 12, as XGBoost writes it: lengths and numbers are big-endian."""

from __future__ import annotations

import struct
from typing import Any

MAX_DEPTH = 64
MAX_CONTAINERS = 2_000_000
"""Objects and lists of one document, each of which costs memory whatever it holds."""

_NUMBERS = {
    ord("i"): ">i1", ord("U"): ">u1", ord("I"): ">i2", ord("u"): ">u2", ord("l"): ">i4",
    ord("m"): ">u4", ord("L"): ">i8", ord("M"): ">u8", ord("d"): ">f4", ord("D"): ">f8",
}  # fmt: skip
_FORMS = {
    ord("i"): struct.Struct(">b"), ord("U"): struct.Struct(">B"), ord("I"): struct.Struct(">h"),
    ord("u"): struct.Struct(">H"), ord("l"): struct.Struct(">i"), ord("m"): struct.Struct(">I"),
    ord("L"): struct.Struct(">q"), ord("M"): struct.Struct(">Q"), ord("d"): struct.Struct(">f"),
    ord("D"): struct.Struct(">d"),
}  # fmt: skip
_CONSTANTS = {ord("Z"): None, ord("T"): True, ord("F"): False}


def loads(data: bytes) -> Any:
    """The value that ``data`` begins with; typed lists of numbers are NumPy arrays.

    Raises:
        ValueError: It is no UBJSON, is cut short or nests too deep.
    """
    reader = _Reader(data)
    try:
        return reader.value(reader.byte(), 0)
    except (IndexError, struct.error):
        raise ValueError(f"it is cut short near byte {reader.position:,}") from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.containers = 0

    def byte(self) -> int:
        found = self.data[self.position]
        self.position += 1
        return found

    def number(self, tag: int) -> Any:
        form = _FORMS[tag]
        (found,) = form.unpack_from(self.data, self.position)
        self.position += form.size
        return found

    def length(self) -> int:
        tag = self.byte()
        found = self.number(tag) if tag in _FORMS and chr(tag) not in "dD" else -1
        if not 0 <= found <= len(self.data) - self.position:
            raise ValueError(f"a length at byte {self.position:,} goes beyond the end")
        return int(found)

    def text(self) -> str:
        length = self.length()
        start = self.position
        self.position = start + length
        return self.data[start : self.position].decode("utf-8", "replace")

    def value(self, tag: int, depth: int) -> Any:
        if tag in _FORMS:
            return self.number(tag)
        if tag == ord("S") or tag == ord("H"):
            return self.text()
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag == ord("C"):
            return chr(self.byte())
        if tag not in (ord("{"), ord("[")):
            raise ValueError(f"there is no type {chr(tag)!r} at byte {self.position - 1:,}")
        self.containers += 1
        if depth > MAX_DEPTH or self.containers > MAX_CONTAINERS:
            raise ValueError("its values nest too deep or are too many")
        return self.object(depth) if tag == ord("{") else self.list(depth)

    def object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.data[self.position] == ord("#"):
            self.position += 1
            for _ in range(self.length()):
                key = self.text()
                found[key] = self.value(self.byte(), depth + 1)
            return found
        while self.data[self.position] != ord("}"):
            key = self.text()
            found[key] = self.value(self.byte(), depth + 1)
        self.position += 1
        return found

    def list(self, depth: int) -> Any:
        first = self.data[self.position]
        if first == ord("$"):
            return self.array()
        if first == ord("#"):
            self.position += 1
            return [self.value(self.byte(), depth + 1) for _ in range(self.length())]
        found = []
        while self.data[self.position] != ord("]"):
            found.append(self.value(self.byte(), depth + 1))
        self.position += 1
        return found

    def array(self) -> Any:
        import numpy as np

        self.position += 1
        tag = self.byte()
        if tag not in _NUMBERS or self.byte() != ord("#"):
            raise ValueError(f"the list at byte {self.position:,} is of no type of numbers")
        dtype = np.dtype(_NUMBERS[tag])
        length = self.length()
        if length * dtype.itemsize > len(self.data) - self.position:
            raise ValueError(f"the list at byte {self.position:,} goes beyond the end")
        found = np.frombuffer(self.data, dtype, length, self.position)
        self.position += found.nbytes
        return found
