"""The wire format of protobuf messages, read from a file in windows.

Protocol Buffers encoding specification: a message is a run of fields, each a tag (field number
and wire type, a varint) and a value; a length-delimited value may be a message itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from archviz.reading import MalformedError

WINDOW = 1 << 16
VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
MAX_LENGTH = (1 << 31) - 1
"""Protobuf itself ends at 2 GiB; a longer length is no length."""


class Window:
    """A stretch of a file that is kept in memory and moves with what is looked at.

    Mapping the file instead would count every touched page, and its large neighbours, as memory of
    the process.

    Args:
        stream: A seekable binary stream.
        size: Its length in bytes.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.size = size
        self.base = 0
        self.buffer = b""
        self._stream = stream

    def at(self, position: int, length: int) -> int:
        """The index in ``buffer`` of ``position``, with ``length`` bytes behind it.

        Near the end of the file there are fewer.
        """
        index = position - self.base
        if index < 0 or index + length > len(self.buffer):
            self.buffer = self._read(position, max(length, WINDOW))
            self.base = position
            return 0
        return index

    def slice(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` to ``end``, or to the end of the file."""
        if end - start > WINDOW:
            return self._read(start, end - start)
        index = self.at(start, end - start)
        return self.buffer[index : index + end - start]

    def _read(self, position: int, length: int) -> bytes:
        self._stream.seek(position)
        length = min(length, self.size - position)
        first = self._stream.read(length)
        if len(first) == length or not first:
            return first
        parts = [first]
        length -= len(first)
        while length > 0 and (part := self._stream.read(length)):
            parts.append(part)
            length -= len(part)
        return b"".join(parts)


def varint(number: int) -> bytes:
    """``number`` as a varint."""
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def delimited(field: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return varint(field << 3 | DELIMITED) + varint(len(payload)) + payload


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of every field in a message: an int, or the bytes of a delimited one.

    Raises:
        MalformedError: The bytes are no message.
    """
    position, end = 0, len(data)
    while position < end:
        start = position
        tag, position = read_varint(data, position)
        number, kind = tag >> 3, tag & 7
        value: int | bytes
        if kind == VARINT:
            value, position = read_varint(data, position)
        elif kind == DELIMITED:
            length, position = read_varint(data, position)
            value = data[position : position + length]
            position += length
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
            value = int.from_bytes(data[position : position + length], "little")
            position += length
        else:
            raise MalformedError(
                f"a field has the wire type {kind}, which protobuf does not know", offset=start
            )
        if position > end or not number:
            raise MalformedError("a field of a message reaches beyond its end", offset=start)
        yield number, value


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The varint at ``position`` and the position behind it.

    Raises:
        MalformedError: It does not end.
    """
    number = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
    raise MalformedError("a number does not end", offset=position)


def read_field(window: Window, position: int) -> tuple[int, int, int, int] | None:
    """Number, wire type, start and end of the field at ``position``; None when there is none."""
    index = window.at(position, 20)
    head = window.buffer[index : index + 20]
    try:
        tag, place = read_varint(head, 0)
        length = 0
        if tag & 7 == DELIMITED:
            length, place = read_varint(head, place)
            start = position + place
        elif tag & 7 == VARINT:
            start = position + place
            _, end = read_varint(head, place)
            length = end - place
        elif tag & 7 in (FIXED32, FIXED64):
            start = position + place
            length = 4 if tag & 7 == FIXED32 else 8
        else:
            return None
    except MalformedError:
        return None
    return (tag >> 3, tag & 7, start, start + length) if tag >> 3 else None
