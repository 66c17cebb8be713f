"""The gradient check of what a command names: a model made where it is named, inputs as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import torch

from archviz.errors import ImporterError, OptionError
from archviz.importers.torch.containers import tensors_in
from archviz.importers.torch.gradient.check import CallError, check
from archviz.importers.torch.guesses import guesses
from archviz.importers.torch.inputs import parse_inputs, parse_kwargs
from archviz.importers.torch.reading import filled, with_weights
from archviz.importers.torch.untouched import random_state
from archviz.importers.torch.wrappers import is_weightless, unwrapped
from archviz.log import Log
from archviz.source import Source, attribute

Result = TypeVar("Result")

logger = Log(__name__)


def check_source(
    source: Source,
    *,
    how: Callable[..., Result] = check,  # type: ignore[assignment]
    args: tuple[Any, ...] = (),
    kwargs: str | Mapping[str, Any] = "",
    input: tuple[str, ...] = (),
    loss: str | Callable[..., Any] | None = None,
    target: Any = "",
    seed: int = 0,
) -> Result:
    """The gradient check of the live object in ``source``.

    Models of up to 1 GiB are made with their weights and run on them, larger ones on shapes alone.

    Args:
        source: Names or holds a module.
        how: What to do with the model and each way to call it, until one does not raise: check,
            or what takes the same arguments.
        args: Positional arguments.
        kwargs: Named arguments, as a mapping or as JSON.
        input: Shapes of inputs, "1x3x224x224" or "ids=int64:1x128"; made up from what the model
            tells about itself when there are none.
        loss: The loss function, or "package.module:function"; None or "" for none.
        target: The loss's target, or how it is written as an input.
        seed: Of a model that is made here, and of inputs whose shapes alone are given.

    Raises:
        ArchvizError: It cannot be called, or the call raises.
    """
    function = attribute(loss) if isinstance(loss, str) and loss else loss or None
    with random_state():
        torch.manual_seed(seed)  # made twice, a model is twice the same
        return _checked(source, how, (args, kwargs, input), function, target, seed)


def _checked(
    source: Source,
    how: Callable[..., Result],
    call: tuple[tuple[Any, ...], str | Mapping[str, Any], tuple[str, ...]],
    function: Callable[..., Any] | None,
    target: Any,
    seed: int,
) -> Result:
    model = unwrapped(source.object)
    if not isinstance(model, torch.nn.Module):
        raise ImporterError(
            f"{source.name}: this {type(model).__name__} is no module with parameters",
            "name a torch.nn.Module, or a function that returns one",
        )
    real = with_weights(model, source)
    if real is None:
        model = model.to("meta") if not is_weightless(model) else model
        logger.info("checking %s on shapes alone", source.name)
    goals: tuple[Any, ...] = () if target is None else (target,)
    if isinstance(target, str):
        goals, _ = parse_inputs((target,) if target else ())
    first: CallError | None = None
    for positional, named in _calls(model, *call):
        given = (positional, named, goals)
        if real is not None:
            given = filled(given, seed)
        try:
            return how(
                model if real is None else real,
                given[0],
                given[1],
                loss=function,
                target=given[2][0] if given[2] else None,
                source=source.name,
            )
        except CallError as error:
            first = first or error
    if first is None:
        raise OptionError(
            f"{source.name}: nothing tells what input this {type(model).__name__} takes",
            "give it, as in --input 1x3x224x224",
        )
    raise first


def _calls(
    model: Any, args: tuple[Any, ...], kwargs: str | Mapping[str, Any], input: tuple[str, ...]
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    positional, named = parse_inputs(input)
    named = {**parse_kwargs(kwargs), **named}
    positional = positional or tuple(args)
    if positional or any(True for _ in tensors_in(named)):
        yield positional, named
        return
    for guess in guesses(model):
        yield guess.args, {**guess.kwargs, **named}
