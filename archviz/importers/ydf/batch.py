"""Many protobuf messages read at once, each field of all of them in one pass of numpy.

A message at a time costs ten microseconds and more, which a forest of a million nodes has not got.
Every message of a batch is at its first field, then at its second, and so on; a batch is as slow
as its longest message, so that one has a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from archviz.reading import MalformedError
from archviz.reading.wire import DELIMITED, FIXED32, FIXED64, VARINT

MAX_FIELDS = 1000
MAX_MESSAGES = 1 << 15
BLOCK = 1 << 16


class Numbers(NamedTuple):
    """A field that is a number: where it is stated, and its 64 bits."""

    stated: Any
    bits: Any

    def wholes(self, default: int) -> Any:
        """As int64, ``default`` where it is not stated."""
        import numpy as np

        return np.where(self.stated, self.bits.view(np.int64), default)

    def singles(self, default: float) -> Any:
        """As floats of 32 bits."""
        import numpy as np

        found = self.bits.astype(np.uint32).view(np.float32).astype(np.float64)
        return np.where(self.stated, found, default)

    def doubles(self, default: float) -> Any:
        """As floats of 64 bits."""
        import numpy as np

        return np.where(self.stated, self.bits.view(np.float64), default)


class Batch(NamedTuple):
    """Messages, or lists of numbers, that are stretches of the same bytes.

    Attributes:
        data: What they are in.
        bytes: The same as an array, with zeros behind it.
        stated: Which of them there are.
        start: Where each begins.
        end: Where it ends.
    """

    data: bytes
    bytes: Any
    stated: Any
    start: Any
    end: Any

    def only(self, chosen: Any) -> Batch:
        """The same with nothing where ``chosen`` is false."""
        return self._replace(
            stated=self.stated & chosen, start=self.start * chosen, end=self.end * chosen
        )

    @classmethod
    def of(cls, messages: list[bytes]) -> Batch:
        """The messages one behind the other."""
        import numpy as np

        data = b"".join(messages)
        end = np.cumsum(np.fromiter(map(len, messages), np.int64, len(messages)))
        start = np.concatenate([[0], end[:-1]])
        padded = np.frombuffer(data + bytes(16), np.uint8)
        return cls(data, padded, np.ones(len(messages), bool), start, end)

    def read(self, numbers: tuple[int, ...] = (), contents: tuple[int, ...] = ()) -> dict[int, Any]:
        """The fields with these numbers: Numbers, and a Batch of each that is a message or list.

        Of a field that is there twice the last one counts.

        Raises:
            MalformedError: A message is none, or has too many fields.
        """
        import numpy as np

        count = len(self.start)
        found: dict[int, Any] = {
            key: Numbers(np.zeros(count, bool), np.zeros(count, np.uint64)) for key in numbers
        }
        for key in contents:
            empty = np.zeros(count, np.int64)
            found[key] = self._replace(stated=np.zeros(count, bool), start=empty, end=empty.copy())
        rows = np.flatnonzero(self.start < self.end)
        place = self.start[rows]
        for _ in range(MAX_FIELDS):
            if not len(rows):
                return found
            number, kind, value, begin, after = self._field(place, self.end[rows])
            for key, field in found.items():
                hit = number == key
                if not hit.any():
                    continue
                at = rows[hit]
                field.stated[at] = True
                if ((kind[hit] == DELIMITED) == isinstance(field, Numbers)).any():
                    raise MalformedError(f"field {key} of a node is of another type")
                if isinstance(field, Numbers):
                    field.bits[at] = value[hit]
                else:
                    field.start[at], field.end[at] = begin[hit], after[hit]
            more = after < self.end[rows]
            rows, place = rows[more], after[more]
        raise MalformedError(f"a node has more than {MAX_FIELDS:,} fields")

    def _field(self, place: Any, limit: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Number, wire type, bits, begin and end of the field at each place."""
        import numpy as np

        tag, begin = self._varint(place)
        number, kind = tag >> np.uint64(3), (tag & np.uint64(7)).astype(np.uint8)
        value = np.zeros(len(place), np.uint64)
        after = begin.copy()
        counted = (kind == VARINT) | (kind == DELIMITED)
        value[counted], after[counted] = self._varint(begin[counted])
        for width, fixed in ((4, kind == FIXED32), (8, kind == FIXED64)):
            counted |= fixed
            at = begin[fixed]
            raw = self.bytes[np.minimum(at, len(self.data))[:, None] + np.arange(width)]
            value[fixed] = np.ascontiguousarray(raw).view(f"<u{width}")[:, 0]
            after[fixed] = at + width
        if not counted.all():
            raise MalformedError("a node has a field of a wire type that protobuf does not know")
        delimited = kind == DELIMITED
        begin = np.where(delimited, after, begin)
        length = np.minimum(value, np.uint64(len(self.data) + 1)).astype(np.int64)
        after = np.where(delimited, after + length, after)
        if (after > limit).any() or not number.all():
            raise MalformedError("a field of a node reaches beyond its end")
        return number, kind, value, begin, after

    def _varint(self, place: Any) -> tuple[Any, Any]:
        """The number at each place, and what is behind it."""
        import numpy as np

        last = len(self.bytes) - 1
        byte = self.bytes[np.minimum(place, last)]
        number = (byte & 127).astype(np.uint64)
        after = place + 1
        open_ = np.flatnonzero(byte > 127)
        for shift in range(7, 70, 7):
            if not len(open_):
                return number, after
            byte = self.bytes[np.minimum(after[open_], last)]
            number[open_] |= (byte & 127).astype(np.uint64) << np.uint64(shift)
            after[open_] += 1
            open_ = open_[byte > 127]
        if len(open_):
            raise MalformedError("a number does not end")
        return number, after

    def floats(self, code: str) -> tuple[Any, Any]:
        """How many packed floats each list has, and all of them; ``code`` "d" for doubles."""
        import numpy as np

        kind = np.dtype(f"<f{8 if code == 'd' else 4}")
        lengths = self.end - self.start
        if (lengths % kind.itemsize).any():
            raise MalformedError("a list of a node ends within a number")
        return lengths // kind.itemsize, np.frombuffer(self._joined(), kind)

    def wholes(self, most: int) -> tuple[Any, Any]:
        """How many packed whole numbers each list has, and all of them as int32.

        Raises:
            MalformedError: They are more than ``most``, or too large.
        """
        import numpy as np

        lists = Batch.of([self._joined()])
        last = lists.bytes[: len(lists.data)] < 128
        count = _few(int(np.count_nonzero(last)), most)
        if len(last) and not last[-1]:
            raise MalformedError("a number does not end")
        until = np.concatenate([[0], np.cumsum(self.end - self.start)])
        ends = np.flatnonzero(last)
        starts = np.concatenate([[0], ends[:-1] + 1])
        found = np.empty(count, np.int32)
        for first in range(0, count, BLOCK):
            block, _ = lists._varint(starts[first : first + BLOCK])
            if (block >= 1 << 31).any():
                raise MalformedError("a number in a list of a node is too large")
            found[first : first + BLOCK] = block
        return np.diff(np.searchsorted(ends, until)), found

    def bits(self, most: int) -> tuple[Any, Any]:
        """How many bits are set in each, and which, the lowest of the first byte being 0."""
        import numpy as np

        data = np.frombuffer(self._joined(), np.uint8)
        per_byte = np.array([byte.bit_count() for byte in range(256)], np.uint8)[data]
        found = np.empty(_few(int(per_byte.sum(dtype=np.int64)), most), np.int32)
        lengths = self.end - self.start
        until = np.concatenate([[0], np.cumsum(lengths)])
        done = np.concatenate([[0], np.cumsum(per_byte, dtype=np.int64)])
        for first in range(0, len(data), BLOCK):
            last = min(first + BLOCK, len(data))
            places = np.flatnonzero(np.unpackbits(data[first:last], bitorder="little")) + 8 * first
            message = np.searchsorted(until, places >> 3, "right") - 1
            found[done[first] : done[last]] = places - 8 * until[message]
        return np.diff(done[until]), found

    def _joined(self) -> bytes:
        data = self.data
        spans = zip(self.start.tolist(), self.end.tolist(), strict=True)
        return b"".join([data[start:end] for start, end in spans if start < end])


def batches(messages: Iterable[bytes]) -> Iterator[Batch]:
    """The messages in batches that take little memory."""
    source = iter(messages)
    while some := list(islice(source, MAX_MESSAGES)):
        yield Batch.of(some)


def _few(count: int, most: int) -> int:
    if count > most:
        raise MalformedError(f"the lists of its nodes have more than {most:,} numbers")
    return count
