"""The files that ``torch.save`` has written over the years: zip, plain pickles, and tar.

- Since 1.6 a zip archive: ``NAME/data.pkl`` is the structure, ``NAME/data/0`` … the elements.
- Since 0.1.11 five pickles one behind the other: a magic number, the protocol, facts of the
  machine, the structure, the keys of storages; then the elements.
- Before that a tar archive with ``sys_info``, ``pickle``, ``storages`` and ``tensors``.

Of none are the elements read.
"""

from __future__ import annotations

import mmap
import struct
from typing import Any, BinaryIO

from archviz.importers.checkpoint.sniff import data_pickle
from archviz.reading import MalformedError
from archviz.reading.archives import MAGIC as ZIP_MAGIC
from archviz.reading.archives import Archive
from archviz.reading.pickles import Global, PickleReader
from archviz.reading.torch_pickles import REDUCERS, Tensor, persistent, torch_reader

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C

MAX_PICKLE = 128 << 20
"""Bytes of the structure in an archive."""

_MAX_TAR_MEMBERS = 16
_BLOCK = 512


def read_zip(archive: Archive) -> tuple[Any, PickleReader]:
    """The structure in a zip archive, and the reader that has read it.

    Raises:
        MalformedError: There is none, or it is damaged.
    """
    name = data_pickle(archive.members)
    if not name:
        raise MalformedError(
            "it is a zip archive without the data.pkl that torch.save writes",
            "give the file as torch.save wrote it",
        )
    reader = torch_reader(archive.read(name, MAX_PICKLE))
    return reader.load(), reader


def salvage(stream: BinaryIO, size: int) -> tuple[Any, PickleReader] | None:
    """The structure in a zip archive whose end is missing; None when that is missing too.

    ``torch.save`` writes it first, and a pickle says itself where it ends.
    """
    stream.seek(0)
    head = stream.read(min(size, MAX_PICKLE))
    if head[:4] != ZIP_MAGIC or len(head) < 30:
        return None
    flags, method = struct.unpack_from("<2H", head, 6)
    name_length, extra_length = struct.unpack_from("<2H", head, 26)
    name = head[30 : 30 + name_length].decode("utf-8", "replace")
    if not data_pickle([name]) or method or flags & 1:
        return None
    reader = torch_reader(head, 30 + name_length + extra_length)
    return reader.load(), reader


def read_pickles(stream: BinaryIO) -> tuple[Any, PickleReader]:
    """The structure in a file of plain pickles, and the reader that has read it.

    Raises:
        MalformedError: It is no pickle, or is cut short.
    """
    # Only pages that are looked at are loaded: the elements behind the structure are not.
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        reader = torch_reader(data)
        root = reader.load()
        if root == LEGACY_MAGIC:
            reader.load()
            reader.load()
            root = reader.load()
        reader.data = b""
    return root, reader


def read_tar(stream: BinaryIO, size: int) -> tuple[Any, PickleReader]:
    """The structure in a tar archive, and the reader that has read it.

    Raises:
        MalformedError: A part is missing or damaged.
    """
    parts = _tar_members(stream, size)
    if "pickle" not in parts or "tensors" not in parts:
        raise MalformedError("it is a tar archive without the parts that PyTorch 0.1 wrote")
    tensors = _tar_tensors(_at(stream, *parts["tensors"]))

    def tensor_of(id_: Any) -> object:
        if isinstance(id_, tuple):
            return persistent(("module", *id_))
        return tensors.get(str(id_))

    data = _at(stream, *parts["pickle"])
    reader = PickleReader(data, reducers=REDUCERS, persistent=tensor_of)
    return reader.load(), reader


def _tar_tensors(data: bytes) -> dict[str, Tensor]:
    """Tensors by key: a number of them, then each as a pickle, its rank, sizes and strides."""
    reader = torch_reader(data)
    count = reader.load()
    found: dict[str, Tensor] = {}
    for _ in range(min(count, 100_000) if isinstance(count, int) else 0):
        key, _, kind = reader.load()
        (rank,) = struct.unpack("<i4x", reader.take(8))
        if not 0 <= rank <= 64:
            raise MalformedError(f"a tensor in it claims {rank} dimensions")
        shape = struct.unpack(f"<{rank}q", reader.take(8 * rank))
        reader.skip(8 * rank + 8)
        name = kind.name.replace("Tensor", "Storage") if isinstance(kind, Global) else ""
        typed = persistent(("storage", Global("torch", name), str(key), "cpu", 0))
        dtype = getattr(typed, "dtype", "")
        sizes = shape if all(size >= 0 for size in shape) else None
        found[str(key)] = Tensor(dtype, sizes)
    return found


def _tar_members(stream: BinaryIO, size: int) -> dict[str, tuple[int, int]]:
    """Start and length of each member, by name."""
    found: dict[str, tuple[int, int]] = {}
    position = 0
    for _ in range(_MAX_TAR_MEMBERS):
        header = _at(stream, position, _BLOCK) if position + _BLOCK <= size else b""
        if header[257:262] != b"ustar":
            break
        name = header[:100].split(b"\0")[0].decode("utf-8", "replace").removeprefix("./")
        try:
            length = int(header[124:136].strip(b" \0") or b"0", 8)
        except ValueError:
            raise MalformedError("the tar archive is damaged", "download it again") from None
        found[name] = (position + _BLOCK, min(length, size - position - _BLOCK))
        position += _BLOCK + (length + _BLOCK - 1) // _BLOCK * _BLOCK
    return found


def _at(stream: BinaryIO, start: int, length: int) -> bytes:
    if length > MAX_PICKLE:
        raise MalformedError(f"a part of it claims {length:,} bytes")
    stream.seek(start)
    return stream.read(length)
