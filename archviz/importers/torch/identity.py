"""Which value a tensor is: identity, memory shared through views, and writes in place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from archviz.importers.torch.recording import (
    Observer,
    Operation,
    Recorded,
    Recording,
    Reference,
)

TAG = "_archviz_value"
"""The attribute by which a tensor knows its value; it lives as long as the tensor does."""

LARGEST_CONTENT = 8
"""Elements of a constant that are kept."""

MOST_WRITERS = 3
"""Alias edges of one use; more are joined by an operation of kind "alias"."""


def paused() -> contextlib.ExitStack:
    """A context in which tensors may be looked at without being recorded."""
    stack = contextlib.ExitStack()
    stack.enter_context(torch._C.DisableTorchFunction())
    stack.enter_context(torch._C._DisableTorchDispatch())
    return stack


_is_wrapped = getattr(torch._C._functorch, "is_functorch_wrapped_tensor", lambda tensor: False)
_unwrap = getattr(torch._C._functorch, "get_unwrapped", lambda tensor: tensor)
_axis_of = getattr(torch._C._functorch, "maybe_get_bdim", lambda tensor: -1)
_level_of = getattr(torch._C._functorch, "maybe_get_level", lambda tensor: -1)


class Identities:
    """Knows the value of every tensor of one recording.

    A tensor carries its value with it, so nothing is kept alive and no address is mistaken for
    another that came after it.

    Args:
        recording: Gets the values.
        add: Adds an operation to the recording; for kind "alias".
        observer: Is told of stored tensors.
    """

    def __init__(
        self,
        recording: Recording,
        add: Callable[[str, str, Any], Operation],
        observer: Observer | None,
    ) -> None:
        self._recording = recording
        self._values = recording.values
        self._operations = recording.operations
        self._add = add
        self._observer = observer
        self.names: dict[int, str] = {}
        self.token = object()
        self._kept: list[Any] = []
        self._tagged: list[torch.Tensor] = []
        self._last_of_storage: dict[int, int] = {}
        self._written: dict[int, list[int]] = {}
        self._constants = 0
        self.changing: list[torch.Tensor] = []
        """What the operation being recorded wrote to: it is asked for as it was before."""

    def storage_of(self, tensor: torch.Tensor) -> int | None:
        """What identifies the tensor's memory, or None when it has none of its own."""
        memory = _memory_of(tensor)
        return None if memory is None else int(memory._cdata)

    def new_value(self, tensor: torch.Tensor, producer: int) -> int:
        """Records the tensor as it is now."""
        wrapped = _is_wrapped(tensor)
        inner, batched = _unwrapped(tensor) if wrapped else (tensor, ())
        try:
            shape: tuple[int, ...] | None = tuple(inner.shape)
        except RuntimeError:  # nested tensors have no one size
            shape = None
        key = None
        index = len(self._values)
        memory = None if wrapped else _memory_of(tensor)
        if memory is not None:
            key = int(memory._cdata)
            last = self._last_of_storage
            if key not in last:  # its address must not be used again
                self._kept.append(memory if tensor.is_meta else StorageWeakRef(memory))
            last[key] = index
        self._values.append(Recorded(producer, shape, tensor.dtype, key, tensor.requires_grad))
        if batched:
            self._values[index].batched = batched
        inner.__dict__[TAG] = (self.token, index, len(self._operations))
        if self._observer is not None:
            self._observer.valued(index, tensor)
        return index

    def value_of(self, tensor: torch.Tensor) -> Reference:
        """The tensor's value, with what was written into its memory through others since."""
        tag = tensor.__dict__.get(TAG)
        batched: tuple[tuple[int, int], ...] = ()
        if (tag is None or tag[0] is not self.token) and _is_wrapped(tensor):
            inner, batched = _unwrapped(tensor)
            tag = inner.__dict__.get(TAG)
        if tag is None or tag[0] is not self.token:
            return Reference(self._unknown(tensor), (), batched)
        value, time = tag[1], tag[2]
        if (
            self._observer is not None
            and tensor.requires_grad is not self._values[value].requires_grad
            and not any(tensor is other for other in self.changing)
        ):
            value, time = self._adopted(tensor, value), len(self._operations)
        if self._written:
            key = self._values[value].storage
            writers = self._written.get(key) if key is not None else None
            if writers:
                later = [
                    writer
                    for writer in writers
                    if writer != value and self._values[writer].producer >= time
                ]
                # An observer looks at values, so alias edges end in one of their own.
                if len(later) > (MOST_WRITERS if self._observer is None else 0):
                    return Reference(self._joined(tensor, value, later), (), batched)
                return Reference(value, tuple(later), batched)
        return Reference(value, (), batched)

    def settled(self, tensor: torch.Tensor) -> Reference:
        """As ``value_of``, alias edges joined, for uses that are no operation's input."""
        found = self.value_of(tensor)
        if found.writers:
            return Reference(self._joined(tensor, found.value, list(found.writers)))
        return found

    def _joined(self, tensor: torch.Tensor, value: int, writers: list[int]) -> int:
        """A value that stands for the tensor after all that was written into its memory."""
        operation = self._add("alias", "alias", None)
        operation.inputs = [Reference(value), *map(Reference, writers)]
        operation.args = tuple(operation.inputs)
        made = self.new_value(tensor, len(self._operations) - 1)
        operation.outputs.append(made)
        return made

    def _adopted(self, tensor: torch.Tensor, value: int) -> int:
        """A new value of a tensor that joined, or left, autograd's graph after it was recorded."""
        operation = self._add("alias", "adopted", None)
        operation.inputs = [Reference(value)]
        operation.args = tuple(operation.inputs)
        made = self.new_value(tensor, len(self._operations) - 1)
        operation.outputs.append(made)
        return made

    def _unknown(self, tensor: torch.Tensor) -> int:
        """The value of a tensor that no operation was seen to make."""
        name = self.names.get(id(tensor))
        key = self.storage_of(tensor)
        if name is None and key is not None and key in self._last_of_storage:
            base = self._last_of_storage[key]
            operation = self._add("alias", "alias", None)
            operation.inputs = [Reference(base)]
            operation.args = tuple(operation.inputs)
            made = self.new_value(tensor, len(self._operations) - 1)
            operation.outputs.append(made)
            return made
        made = self.new_value(tensor, -1)
        value = self._values[made]
        if name is not None:
            value.role = self._recording.stored[name][0]
            value.name = name
        else:
            value.role = "constant"
            self._constants += 1
            value.name = f"constant_{self._constants}"
            value.content = _content(tensor)
        self._tagged.append(tensor)
        if self._observer is not None:
            self._observer.stored(made, tensor)
        return made

    def is_stored(self, tensor: torch.Tensor) -> bool:
        """Whether it is a registered parameter or buffer."""
        return id(tensor) in self.names

    def new_input(self, tensor: torch.Tensor, name: str) -> int | None:
        """Records an argument of the recorded call; None when it was given before."""
        tag = tensor.__dict__.get(TAG)
        if tag is not None and tag[0] is self.token:
            return None
        made = self.new_value(tensor, -1)
        self._values[made].role = "input"
        self._values[made].name = name
        self._tagged.append(tensor)
        return made

    def note_write(self, value: int) -> None:
        """Notes that ``value`` is what was written into its memory."""
        key = self._values[value].storage
        if key is not None:
            self._written.setdefault(key, []).append(value)

    def note_fresh(self, value: int, given: list[torch.Tensor]) -> None:
        """Forgets writes at an address that was used before ``value``, made from ``given``."""
        key = self._values[value].storage
        if key in self._written and all(self.storage_of(tensor) != key for tensor in given):
            del self._written[key]

    def release(self) -> None:
        """Takes the tags off the tensors that outlive the recording, which are the caller's."""
        for tensor in self._tagged:
            tensor.__dict__.pop(TAG, None)
        for _, tensor in self._recording.stored.values():
            tensor.__dict__.pop(TAG, None)
        self._tagged.clear()
        self._kept.clear()


@contextlib.contextmanager
def untagged(tensors: Iterable[torch.Tensor]) -> Iterator[None]:
    """A context in which nothing of the recording is attached to the tensors."""
    tags = [(tensor, tensor.__dict__.pop(TAG, None)) for tensor in tensors]
    try:
        yield
    finally:
        for tensor, tag in tags:
            if tag is not None:
                tensor.__dict__[TAG] = tag


def _unwrapped(tensor: torch.Tensor) -> tuple[torch.Tensor, tuple[tuple[int, int], ...]]:
    """The tensor under what functorch wraps around it, with level and axis of each vmap."""
    batched: list[tuple[int, int]] = []
    while _is_wrapped(tensor):
        axis = _axis_of(tensor)
        if axis >= 0:
            batched.insert(0, (_level_of(tensor), axis))
        tensor = _unwrap(tensor)
    return tensor, tuple(batched)


def _content(tensor: torch.Tensor) -> tuple[bool | int | float | str, ...] | None:
    try:
        with paused():
            if tensor.is_meta or tensor.numel() > LARGEST_CONTENT or tensor.is_complex():
                return None
            if tensor.is_quantized or type(tensor) is not torch.Tensor:
                return None
            return tuple(tensor.detach().flatten().tolist())
    except (RuntimeError, NotImplementedError):
        return None


def _memory_of(tensor: torch.Tensor) -> torch.UntypedStorage | None:
    """The tensor's memory, or None when it has none of its own."""
    try:
        return tensor.untyped_storage()
    except RuntimeError:
        return None
