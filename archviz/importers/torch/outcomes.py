"""What calls of PyTorch's API gave, so that the same call on the same shapes is not run again.

On ghost tensors a result is a shape, and the layers of a deep model ask for the same ones again and
again. A call is recalled only when its first run showed that nothing but shapes, types and plain
arguments decided on the result: every kernel had an argument without contents and gave a shape.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from types import EllipsisType, NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch.autograd import forward_ad

from archviz.importers.torch.containers import collect

if TYPE_CHECKING:
    from archviz.importers.torch.ghost import Ghost
    from archviz.importers.torch.recorder import Running

MOST = 4096
"""Calls that are kept; with more, all are forgotten."""
MOST_TENSORS = 16
"""Tensors among the arguments of a call that is looked up."""

Key: TypeAlias = tuple[Hashable, ...]

_TENSORS = frozenset({torch.Tensor, torch.nn.Parameter})
_DTYPES = frozenset(
    {
        torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.bool, torch.uint8,
        torch.int8, torch.int16, torch.int32, torch.int64,
    }
)  # fmt: skip
_PLAIN = frozenset(
    {
        bool, int, float, str, NoneType, EllipsisType, torch.dtype, torch.device, torch.layout,
        torch.memory_format, torch.Size,
    }
)  # fmt: skip
_REPLACING = frozenset({"set_", "detach_"})
"""Functions that change more of a tensor than its contents, size and strides."""
_META = torch.device("meta")
_empty_strided = torch.empty_strided
_has_names = getattr(torch.Tensor, "has_names", None)
_interpreter = getattr(torch._C._functorch, "peek_interpreter_stack", lambda: None)


class Outcome:
    """What a call gives.

    Attributes:
        kind: The type of its result; None when the call is run again, past the modes, as it gives
            but views of what it gets.
        made: Size, strides and type of each tensor in the result.
        is_written: Whether it writes to its first argument and gives that back.
    """

    __slots__ = ("is_written", "kind", "made")

    def __init__(
        self, kind: type | None, made: tuple[Any, ...] = (), *, is_written: bool = False
    ) -> None:
        self.kind = kind
        self.made = made
        self.is_written = is_written

    def result(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The result of the call."""
        if self.is_written:
            torch.autograd.graph.increment_version(args[0])
            return args[0]
        with torch._C._DisableTorchDispatch():
            if self.kind is None:
                return function(*args, **kwargs)
            if self.kind is torch.Tensor:
                size, strides, dtype = self.made[0]
                return _empty_strided(size, strides, dtype=dtype, device=_META)
            return self.kind(
                [
                    _empty_strided(size, strides, dtype=dtype, device=_META)
                    for size, strides, dtype in self.made
                ]
            )


_AGAIN = Outcome(None)
_WRITTEN = Outcome(torch.Tensor, is_written=True)
_known: dict[Key, Outcome] = {}


class Outcomes:
    """Recalls what API functions give on ghosts.

    Args:
        ghost: Runs the calls that are not known.
    """

    def __init__(self, ghost: Ghost) -> None:
        self._ghost = ghost

    def key(self, function: Any, args: Any, kwargs: Any, tensors: list[torch.Tensor]) -> Key | None:
        """What decides on a call's outcome, or None when more than that may.

        Args:
            function: A function of the API.
            args: Its positional arguments.
            kwargs: Its named arguments.
            tensors: Gets the tensors among the arguments.
        """
        if (
            torch.is_grad_enabled()
            or torch._C._len_torch_function_stack()
            or torch._C._len_torch_dispatch_stack() != 1
            or _interpreter() is not None
            or torch._C._get_tracing_state() is not None
            or forward_ad._current_level >= 0
        ):
            return None
        ghost = self._ghost
        parts: list[Any] = [function, ghost.precision, torch.get_default_dtype()]
        try:
            if not self._spell(args, parts, tensors):
                return None
            for name, item in kwargs.items():
                parts.append(name)
                if not self._spell((item,), parts, tensors):
                    return None
        except RuntimeError:  # sparse and nested tensors have no strides
            return None
        return tuple(parts)

    def _spell(self, items: Iterable[Any], parts: list[Any], tensors: list[torch.Tensor]) -> bool:
        for item in items:
            kind = type(item)
            if kind in _TENSORS:
                dtype = item.dtype
                if dtype not in _DTYPES or (_has_names is not None and _has_names(item)):
                    return False
                for place, other in enumerate(tensors):
                    if other is item:  # some functions do less when two arguments are one
                        parts.append(place)
                tensors.append(item)
                if len(tensors) > MOST_TENSORS:
                    return False
                is_meta = item.is_meta
                is_unknown = is_meta or self._ghost.is_unknown(item)
                parts += (item.shape, item.stride(), dtype, is_meta, is_unknown)
            elif kind in _PLAIN:
                parts += (kind, item)
            elif kind is tuple or kind is list:
                parts += (kind, len(item))
                if not self._spell(item, parts, tensors):
                    return False
            elif kind is slice:
                parts.append(kind)
                if not self._spell((item.start, item.stop, item.step), parts, tensors):
                    return False
            else:
                return False
        return True

    def recall(self, key: Key) -> Outcome | None:
        """The outcome of a call, or None when it is not known."""
        return _known.get(key)

    def note(
        self, key: Key, running: Running, args: Any, tensors: list[torch.Tensor], result: Any
    ) -> None:
        """Keeps the outcome of a call that ran, where nothing but its key decided on it."""
        if running.is_assumed or running.views + running.shapes != running.kernels:
            return
        if not any(map(self._ghost.is_unknown, tensors)):
            return
        if running.mutated:
            outcome = _written(key, running, args, result)
        elif running.shapes or getattr(key[0], "gives_shapes", False):
            outcome = _made(tensors, result)
        else:
            outcome = _AGAIN
        if outcome is not None:
            if len(_known) >= MOST:
                _known.clear()
            _known[key] = outcome


def _written(key: Key, running: Running, args: Any, result: Any) -> Outcome | None:
    """The outcome of a call that wrote to nothing but its first argument's contents."""
    first = args[0] if args else None
    if result is not first or any(tensor is not first for tensor in running.mutated):
        return None
    if not isinstance(first, torch.Tensor) or not first.is_meta or first.is_inference():
        return None
    if getattr(key[0], "__name__", "") in _REPLACING:
        return None
    is_alike = key[3:6] == (first.shape, first.stride(), first.dtype)
    return _WRITTEN if is_alike else None


def _made(tensors: list[torch.Tensor], result: Any) -> Outcome | None:
    """The outcome of a call that made new tensors; None where they share memory."""
    kind = type(result)
    if kind not in (torch.Tensor, tuple, list):
        return None
    made: list[torch.Tensor] = []
    collect((result,), made)
    if kind is not torch.Tensor and len(made) != len(result):
        return None
    if any(type(tensor) is not torch.Tensor or not tensor.is_meta for tensor in made):
        return None
    if any(tensor.dtype not in _DTYPES or tensor.storage_offset() for tensor in made):
        return None
    given = {tensor.untyped_storage()._cdata for tensor in tensors}
    memory = {tensor.untyped_storage()._cdata for tensor in made}
    if len(memory) != len(made) or memory & given:
        return None
    return Outcome(kind, tuple((tensor.shape, tensor.stride(), tensor.dtype) for tensor in made))
