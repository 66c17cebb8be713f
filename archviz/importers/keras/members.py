"""The members of a .keras file, which is a zip archive or a folder."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from archviz.reading import MalformedError
from archviz.reading.archives import STORED, Archive
from archviz.source import Source

MAX_DEFLATED = 1 << 30
"""Bytes of compressed weights that are unpacked into memory; Keras itself compresses none."""


class Members:
    """A zip archive, or a folder in its place; it is open only while a member is read.

    Args:
        source: The file or folder.

    Attributes:
        names: Names of the members.

    Raises:
        MalformedError: It is a damaged archive, or has a member twice.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        if source.kind == "folder":
            self.names = source.members
            return
        with self._archive() as archive:
            self.names = tuple(archive.members)
            for name in archive.repeated:
                raise MalformedError(f"its archive has the member {name[:80]!r} twice")

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @contextmanager
    def _archive(self) -> Iterator[Archive]:
        with self._source.open() as stream:
            yield Archive(stream, self._source.size)

    def read(self, name: str, most: int) -> bytes:
        """The member ``name``.

        Raises:
            MalformedError: It has more than ``most`` bytes, or is damaged.
        """
        if self._source.kind == "folder":
            with self.opened(name) as stream:
                data = stream.read(most + 1)
            if len(data) > most:
                raise MalformedError(f"its member {name} has more than {most >> 20} MB")
            return data
        with self._archive() as archive:
            return archive.read(name, most)

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """The member ``name`` as a seekable stream; a stored one is read where it lies.

        Raises:
            MalformedError: It is damaged.
        """
        if self._source.kind == "folder":
            with (Path(cast(Path, self._source.path)) / name).open("rb") as file:
                yield file
            return
        with self._source.open() as stream:
            archive = Archive(stream, self._source.size)
            member = archive.members[name]
            if member.method != STORED:
                yield io.BytesIO(archive.read(name, MAX_DEFLATED))
                return
            part = _Part(stream, archive.start_of(name), member.size)
            yield cast(BinaryIO, part)


class _Part(io.RawIOBase):
    """A stretch of a file as a file of its own."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream, self._start, self._size = stream, start, size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        length = max(0, min(len(view), self._size - self._position))
        self._stream.seek(self._start + self._position)
        data = self._stream.read(length)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
