"""Whole pickled modules: classes, settings and order, without the classes being there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archviz.importers.checkpoint.stored import MAX_DEPTH, MAX_PART
from archviz.ir import Attribute, Parameter, TensorType
from archviz.ir.module_tree import Module
from archviz.reading import MalformedError
from archviz.reading.names import clean
from archviz.reading.pickles import Global, Instance
from archviz.reading.torch_pickles import Tensor, is_module

MAX_MODULES = 100_000

_INTERNAL = frozenset({
    "training", "dump_patches", "call_super_init", "T_destination", "forward", "config",
})  # fmt: skip
_DEFAULTS: dict[str, tuple[object, ...]] = {
    "stride": (1,), "padding": (0,), "dilation": (1,), "groups": (1,), "padding_mode": ("zeros",),
    "output_padding": (0,), "transposed": (False,), "ceil_mode": (False,),
    "return_indices": (False,), "count_include_pad": (True,), "divisor_override": (None,),
    "affine": (True,), "track_running_stats": (True,), "elementwise_affine": (True,),
    "inplace": (False,), "eps": (1e-05,), "momentum": (0.1,), "padding_idx": (None,),
    "max_norm": (None,), "norm_type": (2.0,), "scale_grad_by_freq": (False,), "sparse": (False,),
    "bias": (True,), "batch_first": (False,), "bidirectional": (False,), "proj_size": (0,),
    "dropout": (0.0,),
}  # fmt: skip


class ModuleReader:
    """Turns pickled modules into a tree; tied tensors and shared modules keep one name.

    Attributes:
        count: How many modules there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._names: dict[object, str] = {}
        self._seen: dict[int, str] = {}

    def read(self, instance: Instance, path: tuple[str, ...] = ()) -> Module:
        """The module that ``instance`` describes, with all inside.

        Raises:
            MalformedError: It nests too deep or holds too many modules.
        """
        self.count += 1
        if len(path) > MAX_DEPTH or self.count > MAX_MODULES:
            raise MalformedError(
                f"its modules nest more than {MAX_DEPTH} deep"
                if len(path) > MAX_DEPTH
                else f"it has more than {MAX_MODULES:,} modules"
            )
        dotted = ".".join(path)
        attributes = instance.attributes
        type_ = class_name(instance)
        parameters = dict(self._parameters(attributes, dotted))
        first = self._seen.setdefault(id(instance), dotted)
        if first != dotted:
            return Module(type_, {"same_as": first}, parameters)
        children = {
            _part(name): self.read(child, (*path, _part(name)))
            for name, child in attributes["_modules"].items()
            if is_module(child)
        }
        return Module(
            type_,
            dict(_settings(attributes)),
            parameters,
            children,
            is_sequence=instance.qualified == "torch.nn.modules.container.Sequential",
        )

    def _parameters(
        self, attributes: dict[Any, Any], dotted: str
    ) -> Iterator[tuple[str, Parameter]]:
        for kind, entry in (("weight", "_parameters"), ("buffer", "_buffers")):
            for key, tensor in attributes[entry].items():
                if not isinstance(tensor, Tensor):
                    continue
                role = _part(key)
                own = f"{dotted}.{role}" if dotted else role
                place = tensor.place
                name = self._names.setdefault(place, own) if place is not None else own
                trainable = tensor.requires_grad is not False if kind == "weight" else None
                yield role, Parameter(name, TensorType(tensor.dtype, tensor.shape), kind, trainable)


def class_name(instance: Instance) -> str:
    """The class without its module, "Conv2d"."""
    return clean(instance.qualified.rpartition(".")[2])[:MAX_PART] or "?"


def _part(key: object) -> str:
    shown = clean(str(key))
    return shown if len(shown) <= MAX_PART else f"{shown[: MAX_PART - 1]}…"


def _settings(attributes: dict[Any, Any]) -> Iterator[tuple[str, Attribute]]:
    """The settings worth telling: plain public attributes that differ from the usual default."""
    for key, value in attributes.items():
        if not isinstance(key, str) or key.startswith("_") or key in _INTERNAL:
            continue
        found = _plain(value)
        if found is None or _is_default(key, found):
            continue
        yield clean(key)[:MAX_PART], found


def _is_default(key: str, value: Attribute) -> bool:
    numbers = value if isinstance(value, tuple) and value else (value,)
    default = _DEFAULTS.get(key)
    return default is not None and all(number == default[0] for number in numbers)


def _plain(value: object) -> Attribute:
    """A setting as the Model holds it; None for what is no plain value."""
    if isinstance(value, bool | int | float):
        return value if not isinstance(value, int) or abs(value) < 1 << 63 else str(value)[:40]
    if isinstance(value, str):
        return clean(value)[:MAX_PART]
    if isinstance(value, Global):
        return clean(value.name)[:MAX_PART]
    if isinstance(value, tuple | list) and 0 < len(value) <= 16:
        found = tuple(_plain(item) for item in value if not isinstance(item, tuple | list))
        return found if len(found) == len(value) and None not in found else None
    return None


def modules_in(value: object, depth: int = 3) -> dict[str, Instance]:
    """Pickled modules at or near the root, by the keys that lead to them."""
    if isinstance(value, Instance) and is_module(value):
        return {"": value}
    found: dict[str, Instance] = {}
    if depth and isinstance(value, dict):
        for key, inner in value.items():
            for rest, module in modules_in(inner, depth - 1).items():
                found[f"{key}.{rest}" if rest else str(key)] = module
    return found
