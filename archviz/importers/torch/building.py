"""Making models without memory for their weights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from archviz.importers.torch.decisions import Decisions
from archviz.importers.torch.ghost import Ghost
from archviz.importers.torch.recorder import Recorder
from archviz.importers.torch.untouched import random_state


class _BuildingGhost(Ghost):
    """A ghost that records nothing."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunction():
            return self.run(func, args, kwargs or {})

    def _assume(self, name: str, taken: str) -> None:
        pass

    def _producer_of(self, tensor: torch.Tensor) -> str:
        return ""


class _Answers(TorchFunctionMode):
    """Tells constructors that their tensors are on the CPU."""

    def __init__(self, ghost: Ghost) -> None:
        super().__init__()
        self._answers = ghost.answers()

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        answer = self._answers.get(func) if getattr(func, "__hash__", None) else None
        if answer is not None:
            result = answer(func, args, kwargs or {})
            if result is not NotImplemented:
                return result
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def weightless() -> Iterator[None]:
    """A context in which large tensors are made on the meta device, and small ones for real."""
    ghost = _BuildingGhost(Recorder(None), Decisions())
    with random_state(), ghost, _Answers(ghost):
        yield
