"""The forms in which Keras saves: what each holds of the configuration and of the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from archviz.errors import ImporterError
from archviz.importers.keras.hdf5 import (
    Group,
    opened,
    text_attribute,
    tree_of,
)
from archviz.importers.keras.members import Members
from archviz.importers.keras.metadata import architecture_of
from archviz.importers.keras.sniff import CONFIG, KERAS_METADATA, SIGNATURE
from archviz.importers.keras.stored import StoredWeights
from archviz.reading import MalformedError, json
from archviz.reading.names import clean
from archviz.records import field, mutable
from archviz.source import Source

if TYPE_CHECKING:
    import h5py

_WEIGHTS = "model.weights.h5"
_SHARDS = "model.weights.json"
MAX_JSON = 64 << 20
"""Bytes of JSON that are parsed; the largest architecture known has some 5 MB."""
MAX_METADATA = 256 << 20


@mutable
class Container:
    """What a file holds.

    Attributes:
        config: The architecture as parsed JSON; None in a file of weights alone.
        stored: Reads the names and shapes of the weights; None when there are none to be read.
        metadata: Facts about the file.
        reads_weights: Whether looking at the stored weights costs next to nothing.
        files: Opens each file of weights in it.
    """

    config: Any = None
    stored: Callable[[], StoredWeights] | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    reads_weights: bool = False
    files: Callable[[], Iterator[h5py.File]] | None = None


def container_of(source: Source) -> Container:
    """What ``source``, a file or a folder, holds.

    Raises:
        ImporterError: It holds no Keras model, or is damaged.
    """
    if source.kind == "folder":
        if CONFIG in source.members:
            return _archive(source)
        if KERAS_METADATA in source.members:
            return _saved_model(source)
        raise ImporterError(f"{source.name}: the folder has no {CONFIG} and no {KERAS_METADATA}")
    if not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no Keras model")
    if source.head.startswith(SIGNATURE):
        return _hdf5(source)
    if source.head.startswith(b"PK\x03\x04"):
        return _archive(source)
    problem = source.recognised_problem()
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    if source.size > MAX_JSON:
        raise ImporterError(f"{source.name}: this is no Keras model")
    with source.open() as stream:
        data = stream.read(MAX_JSON + 1)
    described = json.parse(data)
    if isinstance(described, str):  # a call of to_json, dumped once more
        described = json.parse(described.encode("utf-8", "replace"))
    return Container(described, None, _versions(described))


def _archive(source: Source) -> Container:
    archive = Members(source)
    if CONFIG not in archive:
        raise MalformedError(f"the archive has no {CONFIG}", "give the .keras file itself")
    config = json.parse(archive.read(CONFIG, MAX_JSON))
    metadata = {}
    if "metadata.json" in archive:
        metadata = _versions(json.parse(archive.read("metadata.json", MAX_JSON)))
    names = [_WEIGHTS] if _WEIGHTS in archive else []
    if _SHARDS in archive:
        names = sorted(n for n in archive.names if "/" not in n and n.endswith(".weights.h5"))
    if not names:
        return Container(config, None, metadata)

    def stored() -> StoredWeights:
        whole = Group()
        for name in names:
            with archive.opened(name) as stream, opened(stream) as file:
                _merge(whole, tree_of(file))
        return StoredWeights(whole)

    def files() -> Iterator[h5py.File]:
        for name in names:
            with archive.opened(name) as stream, opened(stream) as file:
                yield file

    return Container(config, stored, metadata, files=files)


def _merge(into: Group, other: Group) -> None:
    into.attributes.update(other.attributes)
    into.datasets.update(other.datasets)
    for name, group in other.groups.items():
        _merge(into.groups.setdefault(name, Group()), group)


def _hdf5(source: Source) -> Container:
    with source.open() as stream, opened(stream) as file:
        text = text_attribute(file, "model_config")
        config = json.parse(_encoded(text)) if text is not None else None
        versions = {
            key: clean(value)
            for key in ("keras_version", "backend")
            if (value := text_attribute(file, key)) is not None
        }

    def stored() -> StoredWeights:
        with source.open() as stream, opened(stream) as file:
            return StoredWeights(tree_of(file))

    def files() -> Iterator[h5py.File]:
        with source.open() as stream, opened(stream) as file:
            yield file

    return Container(config, stored, versions, config is not None, files)


def _encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")


def _saved_model(source: Source) -> Container:
    archive = Members(source)
    data = archive.read(KERAS_METADATA, MAX_METADATA)
    return Container(architecture_of(data), None, {})


def _versions(described: object) -> dict[str, str]:
    if not isinstance(described, dict):
        return {}
    return {
        key: clean(described[key])
        for key in ("keras_version", "backend", "date_saved")
        if isinstance(described.get(key), str)
    }
