"""From a live object to a Model: what it is called with, and what to do when that fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from archviz import records
from archviz.diagnostics import Diagnostic, Severity
from archviz.errors import ImporterError, OptionError
from archviz.importers import first_line
from archviz.importers.torch.containers import replaced, tensors_in
from archviz.importers.torch.exported import recording_of
from archviz.importers.torch.graph import graph_of
from archviz.importers.torch.guesses import guesses
from archviz.importers.torch.hugging_face import build
from archviz.importers.torch.inputs import parse_inputs, parse_kwargs
from archviz.importers.torch.notes import notes
from archviz.importers.torch.record import CallFailedError, record
from archviz.importers.torch.recorder import Recorder
from archviz.importers.torch.recording import Recording
from archviz.importers.torch.static import tree_of
from archviz.importers.torch.wrappers import bytes_of, is_lazy, is_weightless, unwrapped
from archviz.ir import Model
from archviz.ir.types import format_shape
from archviz.log import Log
from archviz.source import Source

MOST_REAL_BYTES = 1 << 30
"""Weights of a model that is run for real when shapes alone do not do."""

logger = Log(__name__)


@records.record
class Call:
    """What a target is called with.

    Attributes:
        args: Positional arguments.
        kwargs: Named arguments.
        training: Whether the model is in training mode.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    training: bool


def read_object(
    source: Source,
    *,
    args: tuple[Any, ...],
    kwargs: str | Mapping[str, Any],
    input: tuple[str, ...],
    static: bool,
    training: bool,
) -> Model:
    """The Model of the object in ``source``; see the importer's ``read``."""
    target = unwrapped(build(source) if source.path is not None else source.object)
    if type(target).__name__ == "ExportedProgram":  # to import its class takes seconds
        return _model(recording_of(target), source, [])
    if static:
        return _static(target, source)
    if not callable(target):
        raise ImporterError(
            f"{source.name}: this {type(target).__name__} cannot be called",
            "give a module or a function of tensors",
        )
    positional, named = parse_inputs(input)
    if args and positional:
        raise OptionError("inputs are given twice, as args and as input", "give one of them")
    call = Call(positional or tuple(args), {**parse_kwargs(kwargs), **named}, training)
    if isinstance(target, torch.nn.Module) and is_lazy(target):
        target = _copied(target)
    if call.args or _has_tensors(call.kwargs):
        recording, found = _recorded(target, call, source)
    else:
        recording, found = _guessed(target, call, source)
    return _model(recording, source, found)


def _has_tensors(kwargs: dict[str, Any]) -> bool:
    return any(True for _ in tensors_in(kwargs))


def _copied(module: torch.nn.Module) -> torch.nn.Module:
    import copy

    try:
        return copy.deepcopy(module)
    except Exception as error:  # whatever a module's own __deepcopy__ raises
        raise ImporterError(
            f"{type(module).__name__}: it has parameters without a shape yet and cannot be copied"
            f" ({first_line(error)})",
            "call it once before",
        ) from error


def _recorded(target: Any, call: Call, source: Source) -> tuple[Recording, list[Diagnostic]]:
    """The call on ghost tensors, or for real where those do not do.

    Raises:
        ImporterError: The call raises either way.
    """
    try:
        return record(target, call.args, call.kwargs, training=call.training), []
    except CallFailedError as error:
        failed = error
    logger.info("on shapes alone it raised %s: %s", type(failed.cause).__name__, failed)
    real = with_weights(target, source)
    if real is None:
        raise _explained(failed, source, "") from failed.cause
    args, kwargs = filled((call.args, call.kwargs))
    try:
        found = record(real, args, kwargs, substrate="real", training=call.training)
    except CallFailedError as error:
        raise _explained(error, source, "") from error.cause
    note = Diagnostic(
        "run-for-real",
        Severity.INFO,
        "shapes alone did not do, so the call was run on real tensors "
        f"({type(failed.cause).__name__}: {first_line(failed.cause)})",
    )
    return found, [note]


def with_weights(target: Any, source: Source) -> Any:
    """The target when it can compute for real; made again with its weights when it has none."""
    if bytes_of(target) > MOST_REAL_BYTES:
        return None
    if not is_weightless(target):
        return target
    if source.maker is None:
        return None
    source.make()
    return unwrapped(source.object)


def filled(given: Any, seed: int = 0) -> Any:
    """A copy of the arguments, with seeded contents where they had shapes alone."""
    generator = torch.Generator().manual_seed(seed)

    def fill(tensor: torch.Tensor) -> torch.Tensor:
        if not tensor.is_meta:
            return tensor.detach().clone().requires_grad_(tensor.requires_grad)
        if tensor.dtype.is_floating_point or tensor.dtype.is_complex:
            return torch.rand(tensor.shape, generator=generator).to(tensor.dtype)
        return (1 - torch.arange(tensor.numel()) % 2).reshape(tensor.shape).to(tensor.dtype)

    return replaced(given, fill)


def _guessed(target: Any, call: Call, source: Source) -> tuple[Recording, list[Diagnostic]]:
    """The call on inputs that the model tells of.

    Raises:
        ImporterError: None of them does.
    """
    first: CallFailedError | None = None
    tried = []
    for guess in guesses(target):
        given = Call(guess.args, {**guess.kwargs, **call.kwargs}, call.training)
        try:
            recording = record(target, given.args, given.kwargs, training=given.training)
        except CallFailedError as error:
            first = first or error
            tried.append(guess.reason)
            logger.info("%s: %s: %s", guess.reason, type(error.cause).__name__, error)
            continue
        shapes = ", ".join(
            f"{value.name} {format_shape(value.shape)} {_dtype(value.dtype)}"
            for value in (recording.values[r.value] for _, r in recording.inputs)
        )
        note = Diagnostic(
            "assumed-input",
            Severity.INFO,
            f"no input was given; taken: {shapes or 'none'} ({guess.reason})",
            hint="say which with --input",
        )
        return recording, [note]
    if first is None:
        raise ImporterError(
            f"{source.name}: nothing tells what input this {type(target).__name__} takes",
            "give it, as in --input 1x3x224x224, or draw the tree of modules with --static",
        )
    raise _explained(first, source, "no input was given, and with a guessed one ") from first.cause


def _explained(error: CallFailedError, source: Source, start: str) -> ImporterError:
    """What failed where, on what, and what to try."""
    call = error.recording.calls[error.call]
    where = f"{call.name} ({call.type})" if call.name else call.type or "the function"
    given = [(path, error.recording.values[found.value]) for path, found in call.inputs[:6]]
    got = ", ".join(
        " ".join(
            [
                *(part for part in path[1:] if not part.isdigit()),
                format_shape(value.shape),
                _dtype(value.dtype),
            ]
        )
        for path, value in given
    )
    got = f" on {got}" if got else ""
    return ImporterError(
        f"{source.name}: {start}{where} raised {type(error.cause).__name__}{got}: "
        f"{first_line(error.cause)}",
        "check --input and --kwargs, or draw the tree of modules with --static",
    )


def _dtype(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def _static(target: Any, source: Source) -> Model:
    if not isinstance(target, torch.nn.Module):
        raise ImporterError(
            f"{source.name}: this {type(target).__name__} has no modules", "leave out --static"
        )
    note = Diagnostic(
        "not-run",
        Severity.INFO,
        "the model was not run, so only edges inside a Sequential are drawn",
        hint="leave out --static",
    )
    graph = tree_of(target, Recorder(target).recording)
    return Model(graph, "torch", source.name, _metadata(), (note,))


def _metadata() -> dict[str, str]:
    return {"producer": f"PyTorch {torch.__version__.partition('+')[0]}"}


def _model(recording: Recording, source: Source, found: list[Diagnostic]) -> Model:
    graph = graph_of(recording, recording.calls[0].type)
    return Model(graph, "torch", source.name, _metadata(), (*found, *notes(recording)))
