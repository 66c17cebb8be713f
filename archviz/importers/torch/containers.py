"""Tensors in nested containers: found with their place, or replaced.

Mappings, sequences, named tuples, dataclasses and any object's public attributes count as
containers; nothing needs to be registered.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch

from archviz.importers.torch.recording import Path

DEEPEST = 12
"""Levels of containers that are looked into."""

_PLAIN = (str, int, float, complex, bool, bytes, type, torch.dtype, torch.device, torch.Size)


def handed_over(args: Any, kwargs: Any) -> Iterator[tuple[Path, torch.Tensor]]:
    """The tensors among a module's arguments with their place, as ``tensors_in((args, kwargs))``.

    Objects of other classes, such as the cache of all layers that every layer is given, are not
    looked into: their tensors are seen where they are used.
    """
    for group, items in (("0", enumerate(args)), ("1", kwargs.items())):
        for name, item in items:
            if isinstance(item, torch.Tensor):
                yield (group, str(name)), item
            elif isinstance(item, list | tuple | dict):
                yield from tensors_in(item, (group, str(name)))


def tensors_in(
    thing: Any, path: Path = (), depth: int = 0, seen: set[int] | None = None
) -> Iterator[tuple[Path, torch.Tensor]]:
    """Every tensor in ``thing`` with its place, in the containers' own order."""
    if isinstance(thing, torch.Tensor):
        yield path, thing
        return
    if thing is None or isinstance(thing, _PLAIN) or depth > DEEPEST:
        return
    kind = type(thing)
    if kind is tuple or kind is list:
        for index, item in enumerate(thing):
            if item is not None:
                yield from tensors_in(item, (*path, str(index)), depth + 1, seen)
    elif isinstance(thing, Mapping):
        for key in thing:
            yield from tensors_in(thing[key], (*path, str(key)), depth + 1, seen)
    elif isinstance(thing, tuple) and hasattr(thing, "_fields"):
        for name in thing._fields:
            yield from tensors_in(getattr(thing, name), (*path, name), depth + 1, seen)
    elif isinstance(thing, list | tuple):
        for index, item in enumerate(thing):
            yield from tensors_in(item, (*path, str(index)), depth + 1, seen)
    elif isinstance(thing, torch.nn.Module):
        return
    elif is_dataclass(thing) and not isinstance(thing, type):
        for entry in fields(thing):
            inner = getattr(thing, entry.name, None)
            yield from tensors_in(inner, (*path, entry.name), depth + 1, seen)
    elif hasattr(thing, "__dict__") and not callable(thing):
        seen = set() if seen is None else seen
        if id(thing) in seen:
            return
        seen.add(id(thing))
        for name, item in list(vars(thing).items()):
            if not name.startswith("_"):
                yield from tensors_in(item, (*path, name), depth + 1, seen)


def replaced(thing: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """A copy of ``thing`` with each tensor put through ``change``; the caller's stays as it is.

    A tensor that is there twice is put through once, as models ask whether two are one.
    """
    made: dict[int, Any] = {}

    def once(tensor: torch.Tensor) -> Any:
        if id(tensor) not in made:
            made[id(tensor)] = change(tensor)
        return made[id(tensor)]

    return _replaced(thing, once, 0)


def _replaced(thing: Any, change: Callable[[torch.Tensor], Any], depth: int) -> Any:
    if isinstance(thing, torch.Tensor):
        return change(thing)
    if thing is None or isinstance(thing, _PLAIN) or depth > DEEPEST:
        return thing
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return type(thing)(*[_replaced(item, change, depth + 1) for item in thing])
    if type(thing) in (list, tuple):
        return type(thing)([_replaced(item, change, depth + 1) for item in thing])
    if type(thing) is dict:
        return {key: _replaced(item, change, depth + 1) for key, item in thing.items()}
    if isinstance(thing, torch.nn.Module) or not any(True for _ in tensors_in(thing)):
        return thing
    made = copy.copy(thing)
    if isinstance(thing, Mapping):
        for key in list(thing):
            made[key] = _replaced(thing[key], change, depth + 1)
        return made
    if isinstance(thing, list):
        made[:] = [_replaced(item, change, depth + 1) for item in thing]
        return made
    for name, item in list(getattr(thing, "__dict__", {}).items()):
        object.__setattr__(made, name, _replaced(item, change, depth + 1))
    return made


def collect(items: Any, found: list[torch.Tensor]) -> None:
    """Adds the tensors in plain lists, tuples and dicts to ``found``: quick, for arguments."""
    for item in items:
        if isinstance(item, torch.Tensor):
            found.append(item)
        else:
            kind = type(item)
            if kind is list or kind is tuple:
                collect(item, found)
            elif kind is dict:
                collect(item.values(), found)
