"""Files as joblib compresses them, decompressed within bounds."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from archviz.errors import ImporterError, MissingDependencyError
from archviz.source import Source

if TYPE_CHECKING:
    import mmap

MAX_BYTES = 4 << 30
"""Bytes that a decompressed file may have."""

MAX_RATIO = 100
"""How many times its size a file may grow, beyond the first of these megabytes."""

FREE_BYTES = 64 << 20

_CHUNK = 1 << 20
_SMALL = 1 << 22


class _Zlib(io.RawIOBase):
    """A zlib stream as a file."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = zlib.decompressobj()

    def read(self, size: int = -1) -> bytes:
        size = _CHUNK if size < 0 else size
        while not self._decoder.eof:
            tail = self._decoder.unconsumed_tail or self._stream.read(1 << 16)
            if not tail:
                raise EOFError("the compressed data ends too early")
            if found := self._decoder.decompress(tail, size):
                return found
        return b""


def _opener(head: bytes) -> Callable[[Any], Any] | None:
    if head[:2] == b"\x1f\x8b":
        import gzip

        return lambda stream: gzip.GzipFile(fileobj=stream)
    if head[:1] == b"\x78" and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        return _Zlib
    if head[:3] == b"BZh":
        import bz2

        return bz2.BZ2File
    if head[:6] == b"\xfd7zXZ\0" or head[:3] == b"\x5d\0\0":
        import lzma

        return lzma.LZMAFile
    if head[:4] == b"\x04\x22\x4d\x18":
        return _lz4
    return None


def _lz4(stream: Any) -> Any:
    try:
        from lz4 import frame
    except ImportError:
        raise MissingDependencyError("lz4", "to open what joblib compressed with lz4") from None
    return frame.LZ4FrameFile(stream)


def _faults() -> tuple[type[Exception], ...]:
    """What decompressing what is broken raises."""
    import lzma

    return OSError, EOFError, ValueError, zlib.error, lzma.LZMAError


def peek(source: Source, length: int) -> bytes:
    """The first bytes of the file as it is without compression; b"" when that fails."""
    opener = _opener(source.head)
    if opener is None and length <= len(source.head):
        return source.head[:length]
    try:
        with source.open() as stream:
            return bytes((opener(stream) if opener else stream).read(length))
    except MissingDependencyError:
        return b""
    except _faults():
        return b""


def opened(source: Source) -> bytes | mmap.mmap:
    """The whole file without compression.

    Raises:
        ImporterError: It is broken, or grows out of proportion.
        MissingDependencyError: It takes lz4, which is not installed.
    """
    opener = _opener(source.head)
    with source.open() as stream:
        if opener is None:
            if source.size > _SMALL:
                import mmap

                return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            return stream.read()
        limit = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * source.size))
        whole = io.BytesIO()
        try:
            decoder = opener(stream)
            while part := decoder.read(_CHUNK):
                whole.write(part)
                if whole.tell() > limit:
                    raise ImporterError(
                        f"{source.name}: decompressed it is more than {limit >> 20:,} MB",
                        "decompress it yourself and give the file inside",
                    )
        except _faults() as error:
            raise ImporterError(
                f"{source.name}: the compressed data is broken ({str(error)[:80].lower()})",
                "download or save it again",
            ) from None
        return whole.getvalue()
