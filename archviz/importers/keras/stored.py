"""Stored weights by layer, in the three ways that Keras has laid them out.

``model.weights.h5`` (Keras 3) nests groups as objects nest, each with its variables in ``vars``,
whose ``name`` is the layer's. An ``.h5`` file has one group a layer with variables by name, below
``model_weights`` when the architecture is in the file as well. The ``.npz`` form is the first one,
flattened into member names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from archviz.importers.keras.config import ModelConfig, Weight
from archviz.importers.keras.hdf5 import Group, places_inside, weights_inside
from archviz.ir import TensorType

_BUFFERS = ("moving_mean", "moving_variance", "seed_generator_state")


class StoredWeights:
    """The weights in one file.

    Args:
        root: What the file holds.
    """

    def __init__(self, root: Group) -> None:
        self.root = root.groups.get("model_weights", root)
        self.groups: dict[tuple[str, ...], Group] = {}
        self.is_by_layer = "layers" not in self.root.groups and not _has_vars(self.root)

    def by_layer(self, model: ModelConfig) -> dict[tuple[str, ...], list[Weight]]:
        """Weights of each layer by its path of names."""
        found: dict[tuple[str, ...], list[Weight]] = {}
        if self.is_by_layer:
            self._named(model, self.root, (), found)
        else:
            _nested(model, self.root, (), found, self.groups)
        return found

    def places(self, model: ModelConfig) -> dict[tuple[str, ...], list[tuple[str, str, int]]]:
        """For each layer the roles of its weights, their paths in the file, and their numbers."""
        roles = self.by_layer(model)
        return {
            path: [
                (weight.role, place, number)
                for number, (weight, place) in enumerate(
                    zip(weights, places_inside(self.groups[path]), strict=True)
                )
            ]
            for path, weights in roles.items()
        }

    def _named(
        self,
        model: ModelConfig,
        root: Group,
        path: tuple[str, ...],
        found: dict[tuple[str, ...], list[Weight]],
    ) -> None:
        for layer in model.layers:
            group = root.groups.get(layer.name)
            if layer.inner is not None:
                # A nested model's group has the variables of all its layers below their own names.
                self._named(layer.inner, group or root, (*path, layer.name), found)
            elif group is not None:
                self.groups[*path, layer.name] = group
                found[*path, layer.name] = _weights(weights_inside(group), layer.name)


def _has_vars(root: Group) -> bool:
    return "vars" in root.groups or any("vars" in inner.groups for inner in root.groups.values())


def _nested(
    model: ModelConfig,
    root: Group,
    path: tuple[str, ...],
    found: dict[tuple[str, ...], list[Weight]],
    seen: dict[tuple[str, ...], Group],
) -> None:
    groups = root.groups.get("layers", root).groups
    by_name = {name: inner for inner in groups.values() if (name := name_of(inner))}
    counted: Counter[str] = Counter()
    for layer in model.layers:
        snake = snake_case(layer.class_name)
        number = counted[snake]
        counted[snake] += 1
        key = f"{snake}_{number}" if number else snake
        group = by_name.get(layer.name) or groups.get(layer.name) or groups.get(key)
        if group is None:
            continue
        if layer.inner is not None:
            _nested(layer.inner, group, (*path, layer.name), found, seen)
        else:
            seen[*path, layer.name] = group
            found[*path, layer.name] = _weights(weights_inside(group), layer.name)


def _weights(types: Mapping[str, TensorType], owner: str) -> list[Weight]:
    made = []
    for name, type_ in types.items():
        role = name.removeprefix(f"{owner}.")
        last = role.rpartition(".")[2]
        is_buffer = last in _BUFFERS or type_.dtype.startswith("uint")
        made.append(Weight(role, type_.shape or (), is_buffer, type_.dtype))
    return made


def name_of(group: Group) -> str:
    """What Keras calls the layer that a group is about; "" when it does not say."""
    inside = group.groups.get("vars")
    return inside.attributes.get("name", "") if inside else ""


def snake_case(name: str) -> str:
    """The name that Keras makes of a class: "Conv2DTranspose" is "conv2d_transpose"."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
