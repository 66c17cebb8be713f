"""One backward pass on real tensors, measured."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from archviz.analysis.gradient.flow import FlowRow, GradientFlow
from archviz.errors import OptionError
from archviz.importers import first_line
from archviz.importers.torch.gradient.backward import (
    OK,
    Projection,
    differentiable,
    gradients_of,
    state_of,
)
from archviz.importers.torch.gradient.check import CallError, undisturbed
from archviz.importers.torch.gradient.subject import Subject, roots_in, shape_of
from archviz.importers.torch.identity import paused
from archviz.importers.torch.record import CallFailedError, record
from archviz.importers.torch.recorder import Recorder
from archviz.importers.torch.recording import Observer, Recording


class _Names(Observer):
    """Lets the recorder know the parameters of the module that is called inside."""

    def __init__(self, module: torch.nn.Module | None) -> None:
        self.module = module

    @contextlib.contextmanager
    def around(self, recorder: Recorder) -> Iterator[None]:
        if self.module is not None:
            recorder.register(self.module)
        yield


def measure(
    model: Callable[..., Any],
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Callable[..., Any] | None = None,
    target: Any = None,
    source: str = "",
    seed: int = 0,
) -> GradientFlow:
    """The gradient of every parameter in one call; the model is as before afterwards.

    Args:
        model: A module, or a method of one.
        args: Positional arguments.
        kwargs: Named arguments.
        loss: A function of the result, and of ``target`` when there is one.
        target: What the loss compares the result with.
        source: What the model is called.
        seed: Of random operations.

    Raises:
        CallError: The call or its backward pass raised.
        OptionError: There is nothing to measure.
    """
    subject = Subject(model, args, kwargs or {}, loss, target, source)
    if subject.is_ghost:
        raise OptionError(
            f"{subject.source}: its tensors have no values to measure gradients of",
            "give the model with its weights; archviz check follows gradient through shapes",
        )
    found: list[tuple[list[torch.Tensor | None], float | None, str]] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        value = subject.loss_of(subject.model(*args, **kwargs))
        with paused():
            found.append(_gradients(subject, value))
        return value

    with undisturbed(subject):
        torch.manual_seed(seed)
        try:
            recording = record(
                call,
                subject.args,
                subject.kwargs,
                substrate="real",
                gradients=True,
                observer=_Names(subject.module),
            )
        except CallFailedError as failed:
            if isinstance(failed.cause, OptionError):
                raise failed.cause from None
            raise CallError(
                f"{subject.source} raised {type(failed.cause).__name__}: "
                f"{first_line(failed.cause)}",
                "run the same call by itself, and check the inputs",
            ) from failed.cause
        gradients, number, of = found[-1]
        rows = dict(zip(subject.named, _rows(subject, gradients), strict=True))
    return GradientFlow(
        tuple(rows[name] for name in _in_order(recording, list(rows))),
        subject.source,
        number,
        of,
        seed,
        {"torch": torch.__version__, "parameters": len(rows)},
    )


def _gradients(subject: Subject, value: Any) -> tuple[list[torch.Tensor | None], float | None, str]:
    """The gradients of what a call gave, the loss's value, and what they are of."""
    leaves = [parameter for parameter in subject.named.values() if parameter.requires_grad]
    own = getattr(value, "loss", None) if subject.loss is None else None
    value = own if isinstance(own, torch.Tensor) else value
    roots = differentiable(roots_in(value))
    if not roots or not leaves:
        raise OptionError(
            f"{subject.source}: nothing that asks for gradient reaches the result",
            "archviz check says what cuts it off",
        )
    number: float | None = None
    if len(roots) == 1 and roots[0].numel() == 1:
        number = float(roots[0].detach().real)
        of = "the loss" if subject.loss is not None or own is not None else "the result"
        of = f"{of}, {number:.6g}"

        def scalar() -> torch.Tensor:
            return roots[0].sum()
    else:
        projection = Projection(roots)
        of = "a random projection of the result"
        scalar = projection.scalar
    if subject.loss is not None and number is None:
        of = "a random projection of the loss"
    made = iter(gradients_of(scalar, roots, leaves))
    every = [next(made) if p.requires_grad else None for p in subject.named.values()]
    return every, number, of


def _rows(subject: Subject, gradients: list[torch.Tensor | None]) -> Iterator[FlowRow]:
    for (name, parameter), gradient in zip(subject.named.items(), gradients, strict=True):
        shape = shape_of(parameter)
        weight = float(parameter.detach().abs().double().norm()) if parameter.numel() else 0.0
        if not parameter.requires_grad:
            yield FlowRow(name, shape, "frozen", weight_norm=weight)
            continue
        state = state_of(gradient)
        if gradient is None or state not in (OK, "nonfinite") or not gradient.numel():
            yield FlowRow(name, shape, state, weight_norm=weight)
            continue
        size = (gradient.to_dense() if gradient.is_sparse else gradient).detach().abs().double()
        yield FlowRow(
            name, shape, state, float(size.norm()), float(size.mean()), float(size.max()), weight
        )


def _in_order(recording: Recording, names: list[str]) -> list[str]:
    """Names of parameters by their first use, those that nothing read last."""
    used = dict.fromkeys(value.name for value in recording.values if value.role == "parameter")
    read = {
        recording.values[index].name
        for operation in recording.operations
        for index in recording.uses(operation)
    }
    first = [name for name in used if name in read and name in set(names)]
    taken = set(first)
    return [*first, *(name for name in names if name not in taken)]
