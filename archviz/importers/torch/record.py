"""Recording one forward call, on ghost tensors or on the caller's own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import torch

from archviz.garbage import collection_paused
from archviz.importers.torch.calls import module_calls
from archviz.importers.torch.containers import replaced
from archviz.importers.torch.decisions import Decisions
from archviz.importers.torch.function_mode import FunctionMode
from archviz.importers.torch.ghost import MOST_FLOATS, Ghost, KernelMode
from archviz.importers.torch.identity import paused
from archviz.importers.torch.outcomes import Outcomes
from archviz.importers.torch.recorder import Recorder
from archviz.importers.torch.recording import Observer, Recording
from archviz.importers.torch.untouched import untouched

MOST_TRIES = 8
"""Runs with other answers for branches on contents that are not there."""


class CallFailedError(Exception):
    """The recorded call raised.

    Attributes:
        cause: What it raised.
        recording: What was recorded until then.
        call: Position of the innermost module call that the exception came out of.
    """

    def __init__(self, cause: Exception, recording: Recording, call: int) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.recording = recording
        self.call = call


def record(
    target: Callable[..., Any],
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    substrate: str = "ghost",
    training: bool = False,
    gradients: bool = False,
    observer: Observer | None = None,
    decisions: Decisions | None = None,
    makes_floats: bool = True,
) -> Recording:
    """Runs ``target`` once and returns what it did.

    The target, random state, training flags, gradients and hooks are afterwards as before, also
    when the call raises. On ghost tensors a call that raises is tried again with other answers
    for the branches whose conditions had to be made up, the latest first.

    Args:
        target: A module, or any callable that computes with tensors.
        args: Positional arguments; nested containers of tensors and anything else.
        kwargs: Named arguments.
        substrate: "ghost" runs on shapes and known small values, "real" on the tensors given.
        training: Whether modules are in training mode, else in evaluation mode.
        gradients: Whether autograd is on, so that values know what they require.
        observer: Watches, with the tensors at hand.
        decisions: Answers for branches on contents that a ghost lacks; None makes them up.
        makes_floats: Whether small floating-point ghosts made from nothing have contents.

    Raises:
        CallFailedError: The call raised; on ghost tensors, in the first try.
    """
    decisions = decisions or Decisions()
    first: CallFailedError | None = None
    is_real = substrate == "real"
    for _ in range(1 if is_real else MOST_TRIES):
        if decisions is None:
            break
        try:
            # On ghosts there is no memory to be got back, and a search for some takes long.
            with (
                contextlib.nullcontext() if is_real else collection_paused(),
                untouched(target, training=training, gradients=gradients, real=is_real),
            ):
                recorder = Recorder(target, observer)
                recorder.recording.substrate = substrate
                recorder.recording.decisions = decisions
                ghost = None if is_real else Ghost(recorder, decisions, makes_floats=makes_floats)
                return _run(target, args, dict(kwargs or {}), recorder, ghost)
        except CallFailedError as error:
            first = first or error
            decisions = decisions.next()
    assert first is not None
    raise first


def _run(
    target: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    recorder: Recorder,
    ghost: Ghost | None,
) -> Recording:
    observer = recorder.observer
    try:
        with contextlib.ExitStack() as stack:
            if observer is not None:
                stack.enter_context(observer.around(recorder))
            if ghost is not None:
                _conceal_stored(target, ghost)
                if observer is None:  # who watches sees every call run
                    recorder.outcomes = Outcomes(ghost)
                args, kwargs = replaced((args, kwargs), ghost.given)
            recorder.take_inputs(args, kwargs)
            stack.enter_context(KernelMode(recorder) if ghost is None else ghost)
            stack.enter_context(FunctionMode(recorder, ghost))
            stack.enter_context(module_calls(recorder))
            try:
                result = forward_call(target, args, kwargs)
            except Exception as error:
                failed = recorder.failed or 0
                raise CallFailedError(error, recorder.recording, failed) from error
        with paused():
            return recorder.finish(result)
    finally:
        recorder.release()


def forward_call(target: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The call itself; frames outside this one are not the model's."""
    return target(*args, **kwargs)


def _conceal_stored(target: Any, ghost: Ghost) -> None:
    if not isinstance(target, torch.nn.Module):
        return
    lazy = torch.nn.parameter.UninitializedTensorMixin
    for parameter in target.parameters():
        if not isinstance(parameter, lazy):
            ghost.conceal(parameter)
    for buffer in target.buffers():
        is_large = buffer.numel() > MOST_FLOATS if not isinstance(buffer, lazy) else False
        if not isinstance(buffer, lazy) and (is_large or buffer.dtype.is_floating_point):
            ghost.conceal(buffer)
