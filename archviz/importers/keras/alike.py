"""Layers that are set alike: what follows from their settings is worked out for the first of them.

Networks repeat their blocks, so that most of their layers differ in their names alone.
"""

from __future__ import annotations

import marshal
from collections.abc import Hashable
from typing import Any

from archviz.importers.keras.attributes import attributes_of
from archviz.importers.keras.config import Call, Layer, Shape, Weight
from archviz.importers.keras.rules import Case
from archviz.importers.keras.shapes import SHAPES
from archviz.importers.keras.weights import weights_of
from archviz.ir import Attribute


class Alike:
    """What is known of the layers of one model so far."""

    def __init__(self) -> None:
        self._attributes: dict[Hashable, dict[str, Attribute]] = {}
        self._shapes: dict[Hashable, list[Shape]] = {}
        self._weights: dict[Hashable, list[Weight] | None] = {}

    def attributes(
        self, settings: Hashable, layer: Layer, call: Call, rank: int
    ) -> dict[str, Attribute]:
        """What :func:`attributes_of` says; not to be changed."""
        if settings is None:
            return attributes_of(layer, call.arguments, rank)
        found = self._attributes.get((settings, rank))
        if found is None:
            found = attributes_of(layer, call.arguments, rank)
            self._attributes[settings, rank] = found
        return found

    def shapes(self, case: Case) -> list[Shape]:
        """Shapes of what a call gives, as far as rules tell; not to be changed."""
        key = _key(case)
        found = self._shapes.get(key) if key is not None else None
        if found is None:
            found = SHAPES.answer(case) or []
            if key is not None:
                self._shapes[key] = found
        return found

    def weights(self, case: Case) -> list[Weight] | None:
        """What :func:`weights_of` says; not to be changed."""
        key = _key(case)
        if key is None:
            return weights_of(case)
        if key not in self._weights:
            self._weights[key] = weights_of(case)
        return self._weights[key]


def settings_of(layer: Layer, call: Call) -> Hashable:
    """What tells the settings of a layer and a call of it from others'; None when nothing does."""
    config = {name: value for name, value in layer.config.items() if name != "name"}
    described: Any = (layer.class_name, layer.is_custom, config, call.arguments)
    try:
        return marshal.dumps(described)
    except ValueError:  # a live layer may have values that are none of JSON's
        return None


def _key(case: Case) -> Hashable:
    if case.settings is None:
        return None
    try:
        built = marshal.dumps(dict(case.build)) if case.build else b""
    except ValueError:
        return None
    return case.settings, case.name, built, tuple(case.inputs), tuple(case.keywords)
