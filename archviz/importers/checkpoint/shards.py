"""Checkpoints of several files: the index of Hugging Face, and folders that hold one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from archviz.importers.checkpoint.sniff import CONFIG, INDEX, SINGLE
from archviz.importers.checkpoint.stored import Stored
from archviz.ir import TensorType
from archviz.reading import MalformedError, json
from archviz.reading.names import clean
from archviz.records import field, mutable
from archviz.source import Source

MAX_INDEX = 64 << 20
MAX_SHARDS = 2000
MAX_CONFIG = 4 << 20
_FACTS = (
    "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "intermediate_size", "vocab_size", "torch_dtype", "dtype",
    "transformers_version",
)  # fmt: skip


@mutable
class Sharded:
    """What the files of a checkpoint hold together.

    Attributes:
        tensors: In the order of the index.
        metadata: What the index says of itself, as text.
        missing: Files that the index names and that are not there.
        unlisted: Tensors in the files that the index does not name.
        absent: Tensors that the index names and no file has.
        faults: What is wrong with single tensors.
    """

    tensors: list[Stored] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


ReadShard = Callable[[Path], tuple[list[Stored], list[str]]]
"""The tensors of one file, and what is wrong with single ones."""


def read_index(source: Source, read_shard: ReadShard) -> Sharded:
    """The tensors of all files that an index names.

    Only files beside the index are opened, and only those with a plain name.

    Args:
        source: The index.
        read_shard: Reads one of the files.

    Raises:
        MalformedError: It is no index, or names what is no file beside it.
    """
    index = _object(source, MAX_INDEX)
    listed = index.get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise MalformedError(
            "it is no index of a checkpoint: it has no weight_map",
            "give the *.index.json file beside the checkpoint's parts",
        )
    if not all(isinstance(name, str) for name in listed.values()):
        raise MalformedError("its weight_map names files by something that is no text")
    files = dict.fromkeys(listed.values())
    odd = [name for name in files if not is_plain(name)]
    if odd:
        raise MalformedError(
            f"it names {clean(odd[0])[:80]!r}, which is no file beside it",
            "an index names the files in its own folder alone",
        )
    if len(files) > MAX_SHARDS:
        raise MalformedError(f"it names {len(files):,} files, and {MAX_SHARDS:,} are read")
    found = Sharded(metadata=_facts(index.get("metadata")))
    stored: dict[str, Stored] = {}
    folder = source.path.parent if source.path is not None else None
    there: set[str] = set()
    for name in files:
        path = folder / name if folder is not None else None
        if path is None or not path.is_file():
            found.missing.append(name)
            continue
        there.add(name)
        tensors, faults = read_shard(path)
        found.faults += faults
        for one in tensors:
            if listed.get(one.name) == name:
                stored[one.name] = one
            else:
                found.unlisted.append(one.name)
    for name, file in listed.items():
        known = stored.get(name)
        if known is None and file in there:
            found.absent.append(name)
        found.tensors.append(known or Stored(name, TensorType(""), location=file))
    return found


def is_plain(name: str) -> bool:
    """Whether it names a file of the same folder and nothing else."""
    return name not in ("", "..") and name == Path(name).name and not set(name) & set('\\:*?"<>|\0')


def checkpoint_in(folder: Path) -> Path | None:
    """The file of a folder that the checkpoint is read from; None when there is no one such."""
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    for name in names:
        if name.endswith(".safetensors" + INDEX):
            return folder / name
    for name in names:
        if name.endswith(INDEX):
            return folder / name
    for name in SINGLE:
        if name in names:
            return folder / name
    stored = [name for name in names if name.endswith(".safetensors")]
    return folder / stored[0] if len(stored) == 1 else None


def read_config(folder: Path) -> tuple[str, dict[str, str], bool]:
    """Class of the model, facts of it, and whether it needs code of its own to run.

    Raises:
        MalformedError: The configuration is no JSON.
    """
    path = folder / CONFIG
    if not path.is_file():
        return "", {}, False
    config = _object(Source.of(path), MAX_CONFIG)
    names = config.get("architectures")
    name = names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""
    facts = {key: config[key] for key in _FACTS if key in config}
    return clean(name)[:200], _facts(facts), "auto_map" in config


def _facts(values: Any) -> dict[str, str]:
    if not isinstance(values, Mapping):
        return {}
    return {
        clean(str(key))[:60]: clean(str(value))[:200]
        for key, value in list(values.items())[:20]
        if isinstance(value, str | bool | int | float)
    }


def _object(source: Source, limit: int) -> dict[str, Any]:
    with source.open() as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise MalformedError(f"it is larger than {limit >> 20} MB")
    found = json.parse(data)
    if not isinstance(found, dict):
        raise MalformedError("it is no JSON object")
    return found
