"""Values of named parameters in the archives that ``torch.export.save`` of PyTorch 2.13 writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.torch_export.arguments import DTYPES
from archviz.ir.model import WeightReader
from archviz.reading import MalformedError, json
from archviz.reading.archives import Archive
from archviz.reading.strided import strided
from archviz.source import Source

MAX_STORAGE = 256 << 20
"""Bytes of one tensor that are read."""
MAX_CONFIG = 64 << 20
"""Bytes of the list of tensors."""
_CONFIG = "_weights_config.json"


def weights(source: Source) -> WeightReader:
    """What reads parameters and buffers of the program in ``source`` by name."""

    def read(names: Sequence[str]) -> Mapping[str, Any]:
        try:
            with source.open() as stream:
                return _read(Archive(stream, source.size), names)
        except (ImporterError, MalformedError):
            return {}

    return read


def _read(archive: Archive, names: Sequence[str]) -> dict[str, Any]:
    configs = [name for name in archive.members if name.endswith(_CONFIG)]
    if len(configs) != 1:  # older archives have a pickle, and others several programs
        return {}
    document: Any = json.parse(archive.read(configs[0], MAX_CONFIG), memory=MAX_CONFIG)
    entries = document.get("config") if isinstance(document, dict) else None
    folder = configs[0].rpartition("/")[0]
    found = {}
    for name in names:
        entry = entries.get(name) if isinstance(entries, dict) else None
        array = _array(archive, folder, entry) if isinstance(entry, dict) else None
        if array is not None:
            found[name] = array
    return found


def _array(archive: Archive, folder: str, entry: Mapping[str, Any]) -> Any:
    """The tensor of an entry; None when it is pickled or not as the schema says."""
    about: Any = entry.get("tensor_meta")
    place = f"{folder}/{entry.get('path_name')}"
    if entry.get("use_pickle") is not False or place not in archive.members:
        return None
    try:
        shape, steps = (
            [int(size["as_int"]) for size in about[key]] for key in ("sizes", "strides")
        )
        offset = int(about["storage_offset"]["as_int"])
        dtype = DTYPES[about["dtype"]]
    except (KeyError, TypeError, ValueError):
        return None
    return strided(archive.read(place, MAX_STORAGE), dtype, shape, steps, offset)
