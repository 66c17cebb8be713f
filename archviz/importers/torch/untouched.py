"""Leaving no trace: what a call may change of its caller's things, noted before and put back."""

from __future__ import annotations

import contextlib
import random
import sys
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import is_
from typing import Any

import torch

_CONTAINERS = frozenset({dict, OrderedDict, list, set, deque})


@contextlib.contextmanager
def untouched(target: Any, *, training: bool, gradients: bool, real: bool) -> Iterator[None]:
    """A context in which ``target`` may run; behind it, it is as before.

    That covers random state, training flags, gradients, attributes and hooks of modules with the
    containers directly in them, the default type and what stored tensors hold.

    Args:
        target: The module or callable.
        training: Whether its modules are in training mode meanwhile.
        gradients: Whether autograd is on meanwhile.
        real: Whether kernels may write to stored tensors; then their contents are kept.
    """
    dtype = torch.get_default_dtype()
    with contextlib.ExitStack() as stack:
        modules = stack.enter_context(kept(target, contents=real))
        stack.enter_context(random_state())
        stack.enter_context(torch.set_grad_enabled(gradients))
        if "torch._dynamo" in sys.modules:  # importing it takes seconds
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        try:
            for module in modules:
                if module.training is not training:
                    module.training = training
            yield
        finally:
            torch.set_default_dtype(dtype)


@contextlib.contextmanager
def kept(target: Any, *, contents: bool) -> Iterator[list[torch.nn.Module]]:
    """A context behind which a module's attributes and stored tensors are as before.

    It gives the modules that are looked after.

    Args:
        target: The module; anything else has nothing to keep.
        contents: Whether kernels may write to stored tensors. Buffers are copied; parameters are
            when ``about_to_write`` is told of a write.
    """
    modules = list(target.modules()) if isinstance(target, torch.nn.Module) else []
    items = [_Kept(module, contents=contents) for module in modules]
    watched: dict[int, list[_KeptTensor]] = {}
    if contents:
        for item in items:
            for tensor in item.tensors:
                if tensor.memory is not None:
                    watched.setdefault(tensor.memory, []).append(tensor)
    _watched.append(watched)
    try:
        yield modules
    finally:
        _watched.remove(watched)
        for item in items:
            item.put_back()


_watched: list[dict[int, list[_KeptTensor]]] = []
"""Stored tensors by their memory, for each context that is open."""


def about_to_write(tensor: torch.Tensor) -> None:
    """Copies what shares memory with ``tensor`` and is kept, before a kernel writes to it."""
    for watched in _watched:
        if watched:
            for item in watched.pop(_memory(tensor) or 0, ()):
                item.copy()


def _memory(tensor: torch.Tensor) -> int | None:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):
        return None


class _Kept:
    """One module as it was: attributes, the containers among them, and its tensors."""

    def __init__(self, module: torch.nn.Module, *, contents: bool) -> None:
        self._module = module
        self._training = module.training
        self._attributes = dict(vars(module))
        # Most are dictionaries of hooks, and empty.
        self._containers = [
            (value, _copied(value) if value else ())
            for value in self._attributes.values()
            if type(value) in _CONTAINERS
        ]
        self.tensors = [
            _KeptTensor(tensor, contents=contents)
            for container in [self._attributes, *[held for _, held in self._containers]]
            for tensor in (container.values() if isinstance(container, dict) else container)
            if isinstance(tensor, torch.Tensor)
        ]

    def put_back(self) -> None:
        own, before = vars(self._module), self._attributes
        if own.keys() != before.keys() or not all(map(is_, own.values(), before.values())):
            own.clear()
            own.update(before)
        for value, held in self._containers:
            if not value and not held:
                continue
            if len(value) != len(held) or not all(map(is_, _parts(value), _parts(held))):
                value.clear()
                (value.extend if isinstance(value, list | deque) else value.update)(held)
        for tensor in self.tensors:
            tensor.put_back()
        if self._module.training is not self._training:  # scripted modules keep it elsewhere
            self._module.training = self._training


def _copied(container: Any) -> Any:
    if type(container) is deque:
        return deque(container, container.maxlen)
    return type(container)(container)


def _parts(container: Any) -> Iterable[Any]:
    if isinstance(container, dict):
        return chain(container, container.values())
    return iter(container)


class _KeptTensor:
    """One stored tensor: its gradient, its flag, the memory it is on and what is in it."""

    def __init__(self, tensor: torch.Tensor, *, contents: bool) -> None:
        self._tensor = tensor
        self._requires_grad = tensor.requires_grad
        self._grad = tensor.grad if tensor.is_leaf else None
        lazy = isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin)
        self._data = None if lazy else tensor.data
        self._contents: torch.Tensor | None = None
        watched = contents and not lazy and not tensor.is_meta
        self.memory = _memory(tensor) if watched else None
        # Some kernels, batch_norm's for one, write to buffers without saying so.
        if contents and not isinstance(tensor, torch.nn.Parameter):
            self.copy()

    def copy(self) -> None:
        """Copies what the tensor holds, once."""
        if self._contents is None and self._data is not None and not self._data.is_meta:
            self._contents = self._data.clone()

    def put_back(self) -> None:
        tensor, data = self._tensor, self._data
        if data is None:
            return
        if tensor.is_leaf and tensor.grad is not self._grad:
            tensor.grad = self._grad
        if _is_elsewhere(tensor, data):
            tensor.data = data
        if self._contents is not None and not torch.equal(data, self._contents):
            with torch.no_grad():
                data.copy_(self._contents)
        if tensor.is_leaf and tensor.requires_grad is not self._requires_grad:
            tensor.requires_grad_(self._requires_grad)


def _is_elsewhere(tensor: torch.Tensor, data: torch.Tensor) -> bool:
    try:
        return tensor.data_ptr() != data.data_ptr() or tensor.is_meta != data.is_meta
    except RuntimeError:  # tensors that have no memory of their own
        return False


@contextlib.contextmanager
def random_state() -> Iterator[None]:
    """A context behind which the random generators of Python, NumPy and PyTorch are as before."""
    ours = random.getstate()
    theirs = torch.get_rng_state()
    numpy = sys.modules.get("numpy.random")
    arrays = numpy.get_state() if numpy is not None else None
    try:
        yield
    finally:
        random.setstate(ours)
        torch.set_rng_state(theirs)
        if numpy is not None and arrays is not None:
            numpy.set_state(arrays)
