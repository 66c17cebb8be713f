"""What is checked: a callable, its inputs, and the named parameters of its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from archviz.importers.torch.containers import collect, tensors_in


class Subject:
    """A model with what it is called with.

    Args:
        model: A module, or a method of one.
        args: Positional arguments.
        kwargs: Named arguments.
        loss: A function of the result, and of ``target`` when there is one, or None.
        target: What the loss compares the result with.
        source: What the model is called; "" for its class.

    Attributes:
        module: The module, or None for a function.
        named: Its parameters by their first name.
        aliases: Their other names.
        is_ghost: Whether any tensor has a shape alone.
    """

    def __init__(
        self,
        model: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        loss: Callable[..., Any] | None,
        target: Any,
        source: str,
    ) -> None:
        self.model = model
        self.args = args
        self.kwargs = dict(kwargs)
        self.loss = loss
        self.target = target
        self.module = _module_of(model)
        self.source = source or type(self.module or model).__name__
        self.named: dict[str, torch.Tensor] = {}
        self.aliases: dict[str, list[str]] = {}
        self._name_parameters()
        self.is_ghost = self._has_ghosts()

    def _name_parameters(self) -> None:
        first: dict[int, str] = {}
        if self.module is None:
            return
        for name, parameter in self.module.named_parameters(remove_duplicate=False):
            if id(parameter) in first:
                self.aliases.setdefault(first[id(parameter)], []).append(name)
            else:
                first[id(parameter)] = name
                self.named[name] = parameter

    def _has_ghosts(self) -> bool:
        stored: list[Any] = list(self.named.values())
        if self.module is not None:
            stored += self.module.buffers()
        stored += [tensor for _, tensor in tensors_in((self.args, self.kwargs))]
        return any(tensor.is_meta for tensor in stored)

    def loss_of(self, result: Any) -> Any:
        """What backward starts from."""
        if self.loss is None:
            return result
        return self.loss(result) if self.target is None else self.loss(result, self.target)

    def roots(self) -> list[torch.Tensor]:
        """The loss's tensors of a plain call, which nothing watches."""
        return roots_in(self.loss_of(self.model(*self.args, **self.kwargs)))


def _module_of(model: Any) -> torch.nn.Module | None:
    if isinstance(model, torch.nn.Module):
        return model
    owner = getattr(model, "__self__", None)
    return owner if isinstance(owner, torch.nn.Module) else None


def shape_of(tensor: torch.Tensor) -> tuple[int, ...]:
    """The sizes, () for a parameter that is not initialised yet."""
    try:
        return tuple(tensor.shape)
    except RuntimeError:  # not initialised yet
        return ()


def roots_in(value: Any) -> list[torch.Tensor]:
    """The tensors of a loss or result, each once."""
    found: list[torch.Tensor] = []
    collect(value if isinstance(value, list | tuple) else (value,), found)
    seen = {id(tensor) for tensor in found}
    for _, tensor in tensors_in(value):
        if id(tensor) not in seen:
            seen.add(id(tensor))
            found.append(tensor)
    return found
