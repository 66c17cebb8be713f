"""Values of named weights of a Keras model, from its file or from the live object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.keras.config import model_config
from archviz.importers.keras.container import container_of
from archviz.importers.keras.hdf5 import tree_of
from archviz.importers.keras.sniff import is_live
from archviz.importers.keras.stored import StoredWeights
from archviz.ir.model import WeightReader
from archviz.source import Source


def weights(source: Source) -> WeightReader:
    """What reads weights of ``source`` by the path of their layer and their role."""

    def read(names: Sequence[str]) -> Mapping[str, Any]:
        try:
            found = _of_object(source.object) if is_live(source) else _of_file(source, names)
            return {name: value for name, value in found if name in set(names)}
        except ImporterError:
            return {}

    return read


def _of_object(live: Any) -> Iterator[tuple[str, Any]]:
    for weight in live.weights:
        path = getattr(weight, "path", weight.name).removesuffix(":0")
        value = weight.numpy() if hasattr(weight, "numpy") else weight
        yield path, value
        # A model's own name stands before the paths of its layers.
        yield path.partition("/")[2], value


def _of_file(source: Source, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    container = container_of(source)
    config = model_config(container.config) if container.config is not None else None
    if config is None or container.files is None:
        return
    for file in container.files():
        stored = StoredWeights(tree_of(file))
        places = stored.places(config)
        for name in names:
            path, _, role = name.rpartition("/")
            for known, place, number in places.get(tuple(path.split("/")), ()):
                is_numbered = known.isdecimal() and _ROLES.get(role) == number
                if role in (known, known.rpartition(".")[2]) or is_numbered:
                    yield name, file[place][()]


_ROLES = {"kernel": 0, "bias": 1}
"""Which variable of a layer is which where the file numbers them, as that of Dense."""
