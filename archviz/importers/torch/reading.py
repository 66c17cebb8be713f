"""From a live object to a Model: what it is called with, and what to do when that fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from archviz.errors import OptionError
from archviz.importers.torch.graph import graph_of
from archviz.importers.torch.inputs import parse_inputs, parse_kwargs
from archviz.importers.torch.record import record
from archviz.importers.torch.recording import Recording
from archviz.ir import Model
from archviz.source import Source


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
    target = source.object
    positional, named = parse_inputs(input)
    if args and positional:
        raise OptionError("inputs are given twice, as args and as input", "give one of them")
    positional = positional or tuple(args) if isinstance(args, tuple | list) else (args,)
    named = {**parse_kwargs(kwargs), **named}
    recording = record(target, positional, named, training=training)
    return _model(recording, source)


def _model(recording: Recording, source: Source) -> Model:
    name = recording.calls[0].type
    metadata = {"producer": f"PyTorch {torch.__version__.partition('+')[0]}"}
    return Model(graph_of(recording, name), "torch", source.name, metadata)
