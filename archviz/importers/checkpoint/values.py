"""Values of named tensors in the zip archives that ``torch.save`` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.checkpoint.containers import read_zip
from archviz.importers.checkpoint.contents import tensors_in
from archviz.importers.checkpoint.sniff import ZIP, data_pickle, form_of
from archviz.ir.model import WeightReader
from archviz.reading import MalformedError
from archviz.reading.archives import Archive
from archviz.reading.strided import PLAIN, strided
from archviz.reading.torch_pickles import Tensor
from archviz.source import Source

MAX_STORAGE = 256 << 20
"""Bytes of one storage that are read."""
_HOLDERS = ("_modules", "_parameters", "_buffers")


def weights(source: Source) -> WeightReader:
    """What reads tensors of ``source`` by the dotted names of its modules."""

    def read(names: Sequence[str]) -> Mapping[str, Any]:
        if form_of(source) != ZIP:
            return {}
        try:
            with source.open() as stream:
                return _read(Archive(stream, source.size), names)
        except (ImporterError, MalformedError):
            return {}

    return read


def _read(archive: Archive, names: Sequence[str]) -> dict[str, Any]:
    root, _ = read_zip(archive)
    folder = data_pickle(archive.members).removesuffix("data.pkl")
    known: dict[str, Tensor | None] = {}
    for path, tensor in tensors_in(root):
        name = ".".join(part for part in path.split(".") if part not in _HOLDERS)
        known[name] = None if name in known else tensor  # a name that means two things means none
    found = {}
    for name in names:
        wanted = known.get(name) or _below(known, name)
        array = _array(archive, folder, wanted) if wanted is not None else None
        if array is not None:
            found[name] = array
    return found


def _below(known: Mapping[str, Tensor | None], name: str) -> Tensor | None:
    """The tensor of that name inside the one entry that has such a name."""
    ending = [tensor for path, tensor in known.items() if path.endswith(f".{name}")]
    return ending[0] if len(ending) == 1 else None


def _array(archive: Archive, folder: str, tensor: Tensor) -> Any:
    storage = tensor.storage
    if storage is None or tensor.shape is None or tensor.dtype not in PLAIN:
        return None
    member = f"{folder}data/{storage.key}"
    if member not in archive.members:
        return None
    data = archive.read(member, MAX_STORAGE)
    return strided(data, tensor.dtype, tensor.shape, tensor.stride, tensor.offset)
