"""Zip archives, read within bounds: a list of members, and single members on demand.

PKWARE's APPNOTE 6.3.10: local headers with the members' bytes, and behind them the central
directory that says where each is. Nothing is ever extracted to the disk.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

from archviz.reading import MalformedError
from archviz.records import record

MAGIC = b"PK\x03\x04"

MAX_DIRECTORY = 16 << 20
"""Bytes of the central directory; some 200,000 members."""

MAX_RATIO = 1100
"""How much a byte may expand to; deflate cannot do more than 1032."""

STORED, DEFLATED = 0, 8

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL_32 = 0xFFFFFFFF
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_MAX_COMMENT = 0xFFFF
_CUT = "download it again"


@record
class Member:
    """One file of an archive, as the central directory describes it.

    Attributes:
        name: Its path in the archive, which may be anything.
        method: How it is compressed, :data:`STORED` or :data:`DEFLATED`.
        flags: The general purpose bits.
        checksum: CRC-32 of its content.
        compressed: Bytes in the archive.
        size: Bytes of its content.
        offset: Where its local header is.
    """

    name: str
    method: int
    flags: int
    checksum: int
    compressed: int
    size: int
    offset: int


class Archive:
    """The members of a zip archive.

    Args:
        stream: The archive, seekable; it must stay open.
        size: Its length in bytes.

    Attributes:
        members: By name; of several with one name the last counts, as everywhere.
        repeated: Names that come more than once, each once.

    Raises:
        MalformedError: It is no zip archive, or is cut short.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self.members: dict[str, Member] = {}
        self.repeated: dict[str, None] = {}
        start, length, shift = self._find_directory()
        if length > MAX_DIRECTORY:
            raise MalformedError(f"the archive's list of members claims {length:,} bytes")
        self._read_directory(self._at(start, length), shift)

    def read(self, name: str, limit: int) -> bytes:
        """The content of a member.

        Args:
            name: One of :attr:`members`.
            limit: Most bytes it may have.

        Raises:
            MalformedError: It is larger, encrypted or damaged.
        """
        member = self.members[name]
        shown = _shown(name)
        if member.size > limit or member.compressed > limit:
            raise MalformedError(
                f"{shown} in it claims {max(member.size, member.compressed):,} bytes, and "
                f"{limit:,} is the most that is read"
            )
        if member.method == DEFLATED and member.size > MAX_RATIO * member.compressed + 1024:
            raise MalformedError(f"{shown} in it claims more bytes than it can hold")
        raw = self._at(self.start_of(name), member.compressed)
        content = raw if member.method == STORED else _inflated(raw, member.size, shown)
        if len(content) != member.size or zlib.crc32(content) != member.checksum:
            raise MalformedError(f"{shown} in it is damaged: its checksum is another", _CUT)
        return content

    def start_of(self, name: str) -> int:
        """Where the bytes of a member begin in the archive, compressed or not.

        Raises:
            MalformedError: It is encrypted, compressed in a way unknown here, or not there.
        """
        member = self.members[name]
        shown = _shown(name)
        if member.flags & _ENCRYPTED:
            raise MalformedError(f"{shown} in it is encrypted", "save it without a password")
        if member.method not in (STORED, DEFLATED):
            raise MalformedError(f"{shown} in it is compressed by method {member.method}")
        local = self._at(member.offset, _LOCAL.size)
        if local[:4] != MAGIC:
            raise MalformedError(f"{shown} is not where the archive says", _CUT)
        *_, name_length, extra_length = _LOCAL.unpack(local)
        return int(member.offset + _LOCAL.size + name_length + extra_length)

    def _at(self, start: int, length: int) -> bytes:
        if start < 0 or start + length > self._size:
            raise MalformedError(
                f"the archive is cut short: it has {self._size:,} of {start + length:,} bytes", _CUT
            )
        self._stream.seek(start)
        parts: list[bytes] = []
        while length > 0 and (part := self._stream.read(length)):
            parts.append(part)
            length -= len(part)
        if length:
            raise MalformedError("the archive is cut short", _CUT)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _find_directory(self) -> tuple[int, int, int]:
        """Start and length of the central directory, and how far offsets are shifted."""
        tail_start = max(0, self._size - _END.size - _MAX_COMMENT)
        tail = self._at(tail_start, self._size - tail_start)
        index = tail.rfind(b"PK\x05\x06", 0, len(tail) - _END.size + 4)
        if index < 0:
            raise MalformedError(
                "the archive is cut short: its list of members, at the end, is missing", _CUT
            )
        end = tail_start + index
        *_, length, start, _ = _END.unpack_from(tail, index)
        before = end
        locator = end - _LOCATOR_64.size
        if locator >= 0:
            signature, _, offset, _ = _LOCATOR_64.unpack(self._at(locator, _LOCATOR_64.size))
            if signature == b"PK\x06\x07":
                found = self._at(offset, _END_64.size)
                if found[:4] != b"PK\x06\x06":
                    raise MalformedError("the archive's end is damaged", _CUT)
                *_, length, start = _END_64.unpack(found)
                before = offset
        shift = before - length - start
        if shift < 0:
            raise MalformedError("the archive's list of members is not where it says", _CUT)
        return start + shift, length, shift

    def _read_directory(self, directory: bytes, shift: int) -> None:
        position = 0
        while position + _ENTRY.size <= len(directory):
            fields = _ENTRY.unpack_from(directory, position)
            if fields[0] != b"PK\x01\x02":
                raise MalformedError("the archive's list of members is damaged", _CUT)
            flags, method, checksum = fields[3], fields[4], fields[7]
            compressed, size, name_length, extra_length, comment_length = fields[8:13]
            offset = fields[16]
            position += _ENTRY.size
            raw = directory[position : position + name_length]
            extra = directory[position + name_length : position + name_length + extra_length]
            position += name_length + extra_length + comment_length
            if _FULL_32 in (size, compressed, offset):
                size, compressed, offset = _wide(extra, size, compressed, offset)
            is_utf_8 = flags & _UTF_8 or raw.isascii()  # what it has in common with the other
            name = raw.decode("utf-8" if is_utf_8 else "cp437", "replace")
            if name in self.members:
                self.repeated[name] = None
            self.members[name] = Member(
                name, method, flags, checksum, compressed, size, offset + shift
            )


def _wide(extra: bytes, *sizes: int) -> tuple[int, int, int]:
    """The sizes and the offset with those filled in that need 64 bits."""
    found = list(sizes)
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == 1:
            field = extra[position : position + length]
            for index, number in enumerate(found):
                if number == _FULL_32 and len(field) >= 8:
                    found[index] = int.from_bytes(field[:8], "little")
                    field = field[8:]
            break
        position += length
    return found[0], found[1], found[2]


def _inflated(raw: bytes, size: int, shown: str) -> bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return unpacker.decompress(raw, size + 1)
    except zlib.error:
        raise MalformedError(f"{shown} in it cannot be unpacked", _CUT) from None


def _shown(name: str) -> str:
    """A member's name as messages give it."""
    return repr(name if len(name) <= 80 else f"{name[:79]}…")
