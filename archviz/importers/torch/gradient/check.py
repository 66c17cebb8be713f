"""The gradient check of a PyTorch model: one recorded call, its graph solved, backward followed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from archviz.analysis.gradient.chart import GradientChart
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.words import Confidence, Verdict
from archviz.errors import ArchvizError
from archviz.importers import first_line
from archviz.importers.torch.decisions import Decisions
from archviz.importers.torch.gradient.charting import chart_of, places_of
from archviz.importers.torch.gradient.judging import Judge
from archviz.importers.torch.gradient.outcome import Outcome
from archviz.importers.torch.gradient.subject import Subject
from archviz.importers.torch.gradient.watcher import Watcher
from archviz.importers.torch.graph import Numbered, numbered
from archviz.importers.torch.identity import paused
from archviz.importers.torch.record import CallFailedError, record
from archviz.importers.torch.recorder import Running
from archviz.importers.torch.recording import Recording
from archviz.importers.torch.untouched import kept, random_state
from archviz.records import replace

MOST_FLIPS = 8
"""Branches whose other side is tried before a verdict that may hang on them is told."""


class CallError(ArchvizError):
    """The model, or its loss, raised an exception of its own."""


def check(
    model: Callable[..., Any],
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Callable[..., Any] | None = None,
    target: Any = None,
    inputs: bool = False,
    source: str = "",
) -> GradientReport:
    """Which parameters of ``model`` get gradient from this call, and what keeps it from others.

    Runs on the model's own tensors, or on shapes alone when any of them is on the meta device.
    The model is as before afterwards: tensors, gradients, flags, attributes and random state.

    Args:
        model: A module, or a bound method or function of one.
        args: Positional arguments of the call.
        kwargs: Named arguments.
        loss: A function of the model's result, and of ``target`` when there is one; without it
            everything floating-point that the model returns counts.
        target: What the loss compares the result with.
        inputs: Whether inputs that require gradient are judged as well.
        source: What the model is called.

    Raises:
        CallError: The model or the loss raised an exception.
    """
    subject = Subject(model, args, kwargs or {}, loss, target, source)
    with undisturbed(subject):
        return _Session(subject, inputs).report()


def chart(
    model: Callable[..., Any],
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Callable[..., Any] | None = None,
    target: Any = None,
    source: str = "",
) -> GradientChart:
    """The check together with the graph of the call, drawn from the same recording.

    See :func:`check` for the arguments and errors.
    """
    subject = Subject(model, args, kwargs or {}, loss, target, source)
    with undisturbed(subject):
        session = _Session(subject, False, is_charted=True)
        report = session.report()
        assert session.charted is not None
        found, judge = session.charted
        return chart_of(report, found, judge)


@contextlib.contextmanager
def undisturbed(subject: Subject) -> Iterator[None]:
    """Keeps the model and random state as they are."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(random_state())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(kept(subject.module, contents=not subject.is_ghost))
        yield


class _Session:
    """One check; it may record several times when branches had to be made up.

    Attributes:
        charted: The graph of the first recording and who judged it, when that is asked for.
    """

    def __init__(self, subject: Subject, inputs: bool, *, is_charted: bool = False) -> None:
        self.subject = subject
        self.inputs = inputs
        self.is_charted = is_charted
        self.charted: tuple[Numbered, Judge] | None = None

    def report(self) -> GradientReport:
        """The verdicts of this call, after trying the other sides of made-up branches."""
        watcher, recording, outcome = self._recorded(Decisions())
        found = self._judge(watcher, recording, outcome)
        taken = list(recording.decisions.taken) if recording.decisions else []
        if taken:
            found = self._with_other_sides(found, recording.decisions)
        return found

    def _with_other_sides(self, found: GradientReport, decisions: Decisions) -> GradientReport:
        """The report, with what some other answer to a made-up branch connects."""
        parameters = dict(found.parameters)

        def bad() -> list[str]:
            return [name for name, item in parameters.items() if not item.is_healthy]

        for flipped in decisions.alternatives(MOST_FLIPS):
            if not bad():
                break
            try:
                watcher, recording, outcome = self._recorded(flipped)
            except CallError:
                continue
            other = self._judge(watcher, recording, outcome)
            for name in bad():
                if other.parameters[name].verdict is Verdict.OK:
                    parameters[name] = replace(
                        other.parameters[name],
                        note="connected when a branch on its contents goes the other way",
                    )
        for name in bad():
            if parameters[name].confidence is Confidence.CERTAIN:
                parameters[name] = replace(parameters[name], confidence=Confidence.VALUE_DEPENDENT)
        return replace(found, parameters=parameters)

    def _judge(self, watcher: Watcher, recording: Recording, outcome: Outcome) -> GradientReport:
        found = None
        if self.is_charted and self.charted is None:
            name = type(self.subject.module).__name__ if self.subject.module else ""
            found = numbered(recording, name, self._outermost(recording))
        ids = places_of(found, recording) if found is not None else None
        judge = Judge(self.subject, watcher, recording, outcome, inputs=self.inputs, ids=ids)
        if found is not None:
            self.charted = found, judge
        return judge.report()

    def _outermost(self, recording: Recording) -> int | None:
        """The call of the model itself, inside the function that also computes the loss."""
        return next(
            (
                index
                for index, call in enumerate(recording.calls)
                if call.module is not None and call.module is self.subject.module
            ),
            None,
        )

    def _recorded(self, decisions: Decisions) -> tuple[Watcher, Recording, Outcome]:
        """The recorded call, who watched it, and what it left."""
        watcher = Watcher(self.subject.module)
        recording, outcome = self._record(watcher, decisions)
        if outcome.failure and self.subject.is_ghost:
            # Backward does not go through a tensor with contents that a ghost was written into.
            other, same = Watcher(self.subject.module), Decisions(recording.decisions.flipped)
            try:
                again, left = self._record(other, same, makes_floats=False)
            except CallError:
                return watcher, recording, outcome
            names = [operation.name for operation in recording.operations]
            if not left.failure and names == [operation.name for operation in again.operations]:
                return other, again, left
        return watcher, recording, outcome

    def _record(
        self, watcher: Watcher, decisions: Decisions, *, makes_floats: bool = True
    ) -> tuple[Recording, Outcome]:
        subject, outcome = self.subject, Outcome()

        def call(*args: Any, **kwargs: Any) -> Any:
            value = subject.loss_of(subject.model(*args, **kwargs))
            with paused():
                outcome.look(value, watcher, subject.module)
            if subject.is_ghost:
                assert watcher.recorder is not None
                watcher.recorder.running = Running()
                try:
                    # Kernels stay ghostly, but nothing may tell of a ghost that it is none.
                    with torch._C.DisableTorchFunction():
                        outcome.follow(subject)
                finally:
                    watcher.recorder.running = None
            return value

        call.__name__ = subject.source
        call.__wrapped__ = getattr(subject.model, "forward", subject.model)  # type: ignore[attr-defined]
        try:
            recording = record(
                call,
                subject.args,
                subject.kwargs,
                substrate="ghost" if subject.is_ghost else "real",
                gradients=True,
                observer=watcher,
                decisions=decisions,
                makes_floats=makes_floats,
            )
        except CallFailedError as failed:
            error = failed.cause
            if isinstance(error, ArchvizError):
                raise error from None
            inside = failed.recording.calls[failed.call]
            where = f" in {inside.name} ({inside.type})" if inside.name else ""
            raise CallError(
                f"{subject.source} raised {type(error).__name__}{where}: {first_line(error)}",
                "run the same call by itself, and check the inputs",
            ) from error
        return recording, outcome
