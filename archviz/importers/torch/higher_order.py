"""Control flow that PyTorch knows as operators: cond, while_loop, flex_attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from archviz.importers.torch.containers import replaced, tensors_in
from archviz.importers.torch.identity import paused
from archviz.importers.torch.recorder import Recorder
from archviz.importers.torch.recording import ModuleCall

if TYPE_CHECKING:
    from archviz.importers.torch.function_mode import FunctionMode


class HigherOrder:
    """Runs higher-order operators so that what is inside them is recorded.

    Args:
        mode: The mode that sees their calls.
        recorder: Records.
        is_ghost: Whether tensors have shapes alone.
    """

    def __init__(self, mode: FunctionMode, recorder: Recorder, *, is_ghost: bool) -> None:
        self._mode = mode
        self._recorder = recorder
        self._is_ghost = is_ghost

    def run(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Both branches of a cond, one round of a while_loop, or the operator as it is."""
        name = function.__name__
        if name == "cond":
            condition, then_branch, else_branch = args[:3]
            operands = args[3] if len(args) > 3 else kwargs.get("operands", ())
            first = self._inside("then_branch", then_branch, operands)
            second = self._inside("else_branch", else_branch, operands)
            return self._merge(function, (condition, first, second), first)
        if name == "while_loop":
            condition, body, carried = args[:3]
            more = args[3] if len(args) > 3 else kwargs.get("additional_inputs", ())
            given = (*carried, *more)
            goes_on = self._inside("condition", condition, given)
            result = self._inside("body", body, given)
            return self._merge(function, (goes_on, result), result)
        if name == "flex_attention":
            return self._recorder.handle(self._flex_attention(), args, kwargs)
        return self._recorder.handle(function, args, kwargs)

    def _inside(self, role: str, function: Callable[..., Any], operands: Any) -> Any:
        """The result of one part, recorded as a call of its own."""
        recorder = self._recorder
        around = recorder.here
        call = ModuleCall(None, "", "", around, len(recorder.operations))
        call.role = role
        recorder.here = len(recorder.calls)
        recorder.calls.append(call)
        try:
            with self._mode:
                result = function(*operands)
            call.is_finished = True
            return result
        finally:
            call.end = len(recorder.operations)
            recorder.here = around

    def _merge(self, function: Any, given: Any, like: Any) -> Any:
        """The operator itself, which takes what its parts gave and gives tensors like ``like``."""

        def merge(*parts: Any) -> Any:
            with paused():
                return replaced(like, lambda tensor: tensor.detach().clone())

        merge.__name__ = function.__name__
        tensors = tuple([[t for _, t in tensors_in(part)] for part in given])
        return self._recorder.handle(merge, tensors, {})

    def _flex_attention(self) -> Callable[..., Any]:
        def flex_attention(query: Any, key: Any, value: Any, *rest: Any, **kwargs: Any) -> Any:
            with paused():
                device = "meta" if self._is_ghost else query.device
                rows = query.shape[:-1]
                made = torch.empty((*rows, value.shape[-1]), dtype=query.dtype, device=device)
                sums = torch.empty(rows, dtype=torch.float32, device=device)
                return made, sums, torch.empty_like(sums)

        return flex_attention
