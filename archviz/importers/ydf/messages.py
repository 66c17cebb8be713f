"""The protobuf messages of a YDF model that drawings need, field by field.

The numbers of fields are those of Yggdrasil Decision Forests' data_spec.proto, decision_tree.proto
and the headers of its models.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

from archviz.reading import MalformedError
from archviz.reading.wire import fields, read_varint

NUMERICAL, CATEGORICAL, CATEGORICAL_SET, BOOLEAN, DISCRETIZED = 1, 4, 5, 7, 9
TYPES = {
    NUMERICAL: "float",
    CATEGORICAL: "category",
    CATEGORICAL_SET: "category",
    BOOLEAN: "bool",
    DISCRETIZED: "float",
}
MAX_GAPS = 1000
"""Numbers of a vocabulary that have no name, beyond as many as have one."""


class Column(NamedTuple):
    """A column of the training data.

    Attributes:
        name: As the user has it.
        type: A ColumnType.
        vocabulary: Categories by number; empty when they are numbers themselves.
        boundaries: Of the bins of a discretized column.
    """

    name: str
    type: int
    vocabulary: tuple[str, ...]
    boundaries: tuple[float, ...]


def parsed(data: bytes) -> dict[int, list[Any]]:
    """The values of every field of a message, by its number."""
    found: dict[int, list[Any]] = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    return found


def whole(message: dict[int, list[Any]], number: int, default: int = 0) -> int:
    """A whole number in a message; the last one counts, as protobuf has it."""
    value = message[number][-1] if number in message else default
    if not isinstance(value, int):
        raise MalformedError(f"field {number} of a message is no number")
    return value - (1 << 64) if value >= 1 << 63 else value


def content(message: dict[int, list[Any]], number: int) -> bytes:
    """The bytes of a text or of a message inside, empty when it is not there."""
    value = message[number][-1] if number in message else b""
    if not isinstance(value, bytes):
        raise MalformedError(f"field {number} of a message is a number")
    return value


def wholes(message: dict[int, list[Any]], number: int) -> list[int]:
    """A repeated whole number, packed or not."""
    found: list[int] = []
    for value in message.get(number, ()):
        if isinstance(value, int):
            found.append(value)
            continue
        position = 0
        while position < len(value):
            item, position = read_varint(value, position)
            found.append(item)
    return found


def floats(message: dict[int, list[Any]], number: int) -> list[float]:
    """A repeated float of 32 bits, packed or not."""
    found: list[float] = []
    for value in message.get(number, ()):
        raw = value.to_bytes(4, "little") if isinstance(value, int) else value
        found += struct.unpack(f"<{len(raw) // 4}f", raw[: len(raw) // 4 * 4])
    return found


def columns(data: bytes) -> list[Column]:
    """The columns that ``data_spec.pb`` describes."""
    return [_column(parsed(item)) for item in parsed(data).get(1, ())]


def _column(message: dict[int, list[Any]]) -> Column:
    name = content(message, 2).decode("utf-8", "replace")
    boundaries = floats(parsed(content(message, 8)), 1)
    return Column(name, whole(message, 1), _vocabulary(content(message, 6)), tuple(boundaries))


def _vocabulary(data: bytes) -> tuple[str, ...]:
    message = parsed(data)
    if whole(message, 5):  # the values are numbers already
        return ()
    names: dict[int, str] = {}
    for item in message.get(7, ()):
        entry = parsed(item)
        names[whole(parsed(content(entry, 2)), 1)] = content(entry, 1).decode("utf-8", "replace")
    most = max(names, default=-1)
    if not 0 <= most < 2 * len(names) + MAX_GAPS or min(names) < 0:
        return ()
    return tuple(names.get(index, str(index)) for index in range(most + 1))


def blobs(data: bytes) -> Iterator[bytes]:
    """The messages in a shard: a sequence of blobs, or TFRecords.

    Raises:
        MalformedError: The shard ends within one.
    """
    if data[:2] == b"BS":
        length_at, position, head, tail = struct.Struct("<I").unpack_from, 8, 4, 0
    else:
        length_at, position, head, tail = struct.Struct("<Q").unpack_from, 0, 12, 4
    end = len(data)
    while position < end:
        begin = position + head
        position = begin + length_at(data, position)[0] + tail if begin <= end else end + 1
        if position > end:
            raise MalformedError("a shard of nodes ends within a node", "copy the folder again")
        yield data[begin : position - tail]
