"""A message without its weights: a walk that copies a file's structure and skips large payloads.

What comes out is a small, legal message for the parser of protobuf. Messages that may hold a large
tensor, or that could be made of millions of empty parts, are walked field by field when they are
longer than ``KEEP``; everything else is copied as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from archviz.reading import MalformedError
from archviz.reading.wire import (
    DELIMITED,
    FIXED32,
    FIXED64,
    MAX_LENGTH,
    VARINT,
    Window,
    varint,
)
from archviz.records import field, record

KEEP = 1024
"""Bytes up to which a payload stays: shape inference needs the small ones."""

MAX_NODES = 1_000_000
MAX_PARTS = 3_000_000
"""Nodes, attributes, tensors, value descriptions and dimensions together."""

MAX_STRUCTURE = 1 << 29
"""Bytes that may be left when the payloads are gone."""

MAX_NESTING = 100
"""Levels of messages in messages; the official parser goes no deeper."""

MAX_RANK = 64
"""Dimensions that are copied; one more is kept, so that the excess shows."""


@record
class Message:
    """What the walk does inside one kind of message.

    Attributes:
        name: What errors call it.
        inner: Kinds of the messages in its fields, by number; "node" is counted.
        payload: Fields whose contents are left out when they are long.
        lists: Fields behind which nothing large is stored.
        dims: The field with one dimension of a shape; 0 for none.
        whole: Names, in a first field, of messages that are copied as they are.
    """

    name: str
    inner: dict[int, str] = field(default_factory=dict)
    payload: frozenset[int] = frozenset()
    lists: frozenset[int] = frozenset()
    dims: int = 0
    whole: frozenset[bytes] = frozenset()


@record
class Stripped:
    """What the walk leaves of a file.

    Attributes:
        data: The message without large payloads.
        left_out: Bytes of payload that were skipped.
        missing: Bytes that the file promises and does not have; 0 for a whole file.
        needs: The sentence part that says where the file ends too soon, or "".
    """

    data: bytes
    left_out: int = 0
    missing: int = 0
    needs: str = ""


def strip(
    window: Window,
    start: int,
    end: int,
    messages: Mapping[str, Message],
    kind: str,
    *,
    keep: int = KEEP,
) -> Stripped:
    """The structure of the message from ``start`` to ``end``.

    Args:
        window: The file.
        start: Its first byte.
        end: The byte behind it.
        messages: What to do inside each kind of message.
        kind: Which of them it is.
        keep: Bytes up to which a payload is copied and a message is not looked into.

    Raises:
        MalformedError: The bytes are no protobuf message, or too large or deep to be a model.
    """
    walk = _Walk(window, keep, messages)
    walk.message(start, end, kind, 0)
    return Stripped(b"".join(walk.out), walk.left_out, walk.missing, walk.needs)


class _Walk:
    def __init__(self, window: Window, keep: int, messages: Mapping[str, Message]) -> None:
        self.window = window
        self.messages = messages
        self.keep = keep
        self.out: list[bytes] = []
        self.left_out = 0
        self.missing = 0
        self.needs = ""
        self._nodes = 0
        self._parts = 0
        self._copied = 0

    def message(self, start: int, end: int, kind: str, depth: int) -> int:
        """Copies the message from ``start`` to ``end`` and returns the length of the copy."""
        if depth > MAX_NESTING:
            raise MalformedError(
                f"messages nest more than {MAX_NESTING} levels deep at byte {start}",
                offset=start,
            )
        window, keep, message = self.window, self.keep, self.messages[kind]
        inner, payload, lists = message.inner, message.payload, message.lists
        cut = end >= window.size
        total, run, position, dims = 0, start, start, 0
        buffer, base = window.buffer, window.base
        limit = len(buffer) - 20
        while position < end:
            field_start = position
            index = position - base
            if index < 0 or index > limit:
                index = window.at(position, min(20, end - position))
                buffer, base = window.buffer, window.base
                limit = len(buffer) - 20
            try:
                tag = buffer[index]
                index += 1
                if tag > 127:
                    tag, index = _varint(buffer, index - 1)
                wire = tag & 7
                number = tag >> 3
                length = -1
                if wire == DELIMITED:
                    length = buffer[index]
                    index += 1
                    if length > 127:
                        length, index = _varint(buffer, index - 1)
                    payload_start = base + index
                    position = payload_start + length
                elif wire == VARINT:
                    while buffer[index] > 127:
                        index += 1
                    position = base + index + 1
                elif wire == FIXED32:
                    position = base + index + 4
                elif wire == FIXED64:
                    position = base + index + 8
                else:
                    raise MalformedError(
                        f"{message.name} has a field of wire type {wire} at byte {field_start}, "
                        "which protobuf does not know",
                        offset=field_start,
                    )
            except IndexError:
                if not cut:
                    raise MalformedError(
                        f"{message.name} ends inside the field at byte {field_start}",
                        offset=field_start,
                    ) from None
                self._lacks(window.size + 1, field_start, message.name)
                return total + self._copy(run, field_start)
            if number == 0 or length > MAX_LENGTH:
                what = "field number 0" if number == 0 else f"a length of {length} bytes"
                raise MalformedError(
                    f"{message.name} has {what} at byte {field_start}, which protobuf cannot have",
                    offset=field_start,
                )
            child = inner.get(number) if length >= 0 else None
            if child:
                self._parts += 1
                if child == "node":
                    self._nodes += 1
                if self._parts > MAX_PARTS or self._nodes > MAX_NODES:
                    self._refuse(field_start)
            if position > end:
                if not cut:
                    raise MalformedError(
                        f"a field of {message.name} needs {position - field_start} bytes at byte "
                        f"{field_start}, and its message ends at byte {end}",
                        offset=field_start,
                    )
                self._lacks(position, field_start, message.name)
                total += self._copy(run, field_start)
                if child:
                    total += self._nested(tag, payload_start, end, child, depth)
                return total
            if number == message.dims:
                dims += 1
                if length > max(keep, KEEP):  # packed, and far more than any tensor has
                    total += self._copy(run, field_start) + self._excess(number)
                    run = position
                elif dims > MAX_RANK + 1:
                    total += self._copy(run, field_start)
                    run = position
                    self._parts += 1
                    if self._parts > MAX_PARTS:
                        self._refuse(field_start)
            elif length > keep:
                if child:
                    total += self._copy(run, field_start)
                    total += self._nested(tag, payload_start, position, child, depth)
                    run = position
                elif number in payload:
                    total += self._copy(run, field_start)
                    self.left_out += length
                    run = position
            elif number in lists and keep and not cut:
                # Whoever stores a list in an attribute stores nothing large behind it.
                break
        return total + self._copy(run, end)

    def _nested(self, tag: int, start: int, end: int, kind: str, depth: int) -> int:
        whole = self.messages[kind].whole
        if whole and end <= self.window.size and self._first_text(start, end) in whole:
            header = varint(tag) + varint(end - start)
            self.out.append(header)
            return len(header) + self._copy(start, end)
        place = len(self.out)
        self.out.append(b"")
        length = self.message(start, end, kind, depth + 1)
        self.out[place] = header = varint(tag) + varint(length)
        return len(header) + length

    def _first_text(self, start: int, end: int) -> bytes:
        """The text that a message begins with, as field 1; b"" for none."""
        head = self.window.slice(start, min(start + 64, end))
        return head[2 : 2 + head[1]] if len(head) > 1 and head[0] == 0x0A else b""

    def _excess(self, number: int) -> int:
        self.out.append((varint(number << 3) + b"\0") * (MAX_RANK + 1))
        return len(self.out[-1])

    def _copy(self, start: int, end: int) -> int:
        length = end - start
        if length <= 0:
            return 0
        self._copied += length
        if self._copied > MAX_STRUCTURE:
            raise MalformedError(
                f"its structure alone is larger than {MAX_STRUCTURE >> 20} MB, weights apart"
            )
        self.out.append(self.window.slice(start, end))
        return length

    def _refuse(self, position: int) -> None:
        many = (
            f"{MAX_NODES:,} nodes" if self._nodes > MAX_NODES
            else f"{MAX_PARTS:,} nodes, tensors and descriptions"
        )  # fmt: skip
        raise MalformedError(f"it has more than {many} (byte {position})", offset=position)

    def _lacks(self, needed: int, position: int, name: str) -> None:
        missing = needed - self.window.size
        if missing > self.missing:
            self.missing = missing
        if not self.needs:
            self.needs = (
                f"a field of {name} needs {needed - position} bytes at byte {position}, "
                f"and the file ends at byte {self.window.size}"
            )


def _varint(buffer: bytes, index: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = buffer[index]
        index += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, index
        shift += 7
        if shift > 63:
            return MAX_LENGTH + 1, index
