"""PyTorch models that are there as objects: one forward call, recorded.

``record.record`` runs a callable once and returns a ``recording.Recording``; ``graph.graph_of``
turns that into a Graph. The recording is the contract for everything else that is built on what a
model does, such as the gradient analysis:

- ``Recording.operations`` are the calls of PyTorch's API in order of execution, one for each call
  that the user's code (or a library's) makes; what runs inside such a call is part of it. Each
  holds the function, its arguments with a ``Reference`` in place of each tensor, the values it made
  and the frames it was called from, so any part of a recording can be run again.
- ``Recording.values`` are tensors at one moment. Writing in place makes a new value of the same
  tensor; a ``Reference`` lists the later ``writers`` through views, which are the alias edges.
- ``Recording.calls`` are module calls; their operations are contiguous, ``first`` to ``end``.
- ``Recording.stored`` are parameters and buffers by canonical name, used or not.
- An ``Observer`` given to ``record`` is told of every API function, kernel and module call with
  the tensors at hand, which is where autograd's own graph can be looked at; see its methods.

``record(substrate="ghost")`` computes shapes alone (see ``ghost``); ``"real"`` computes on the
caller's tensors. ``gradients=True`` leaves autograd on.

Modules here other than this one import PyTorch at their top, so this one imports them inside
functions.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from typing import Any

from archviz.diagnostics import Diagnostic, Severity
from archviz.errors import ImporterError
from archviz.importers import IMPORTERS, Confidence, Importer
from archviz.ir import Model
from archviz.records import replace
from archviz.registry import Postponed
from archviz.source import Source

_MODULE = "torch.nn.modules.module.Module"
_OTHERS = ("torch.jit.", "torch.export.", "torch.ScriptFunction", "torch._C.ScriptFunction")
_CALLABLES = (
    "builtins.function",
    "builtins.builtin_function_or_method",
    "builtins.method",
    "functools.partial",
)


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a live PyTorch object, or the configuration of one."""
    if not source.is_live:
        if source.kind == "file" and not source.has_suffix("config.json"):
            return Confidence.NONE
        from archviz.importers.torch.hugging_face import can_build, configuration_in

        is_model = configuration_in(source) is not None and can_build()
        return Confidence.CONTENT_AND_MORE if is_model else Confidence.NONE
    names = source.class_names
    if any(name.startswith(("keras.", "keras_core.")) for name in names):
        return Confidence.NONE  # Keras on PyTorch: its layers say more than their modules
    if _MODULE in names or any(name.startswith(_OTHERS) for name in names):
        return Confidence.CONTENT
    if names and names[0] in _CALLABLES and "torch" in sys.modules:
        return Confidence.SUFFIX
    return Confidence.NONE


def read(
    source: Source,
    *,
    args: tuple[Any, ...] = (),
    kwargs: str | Mapping[str, Any] = "",
    input: tuple[str, ...] = (),
    static: bool = False,
    training: bool = False,
) -> Model:
    """The model that one forward call of ``source`` shows.

    Args:
        source: A module, a compiled, scripted or exported one, or a function of tensors.
        args: Positional arguments of the call, as in Python.
        kwargs: Named arguments, as a mapping or as JSON.
        input: Shapes of inputs, "1x3x224x224" or "ids=int64:1x128".
        static: Whether to draw the tree of modules without running anything.
        training: Whether the model runs in training mode.

    Raises:
        ImporterError: It is nothing that can be called with tensors, or the call fails.
    """
    from archviz.importers.torch.hugging_face import can_build, configuration_in

    if not source.is_live and (configuration_in(source) is None or not can_build()):
        raise ImporterError(
            f"{source.name}: this {source.kind} is no live PyTorch object",
            "give package.module:attribute, or a folder of transformers' own with its config.json",
        )
    from archviz.importers.torch.reading import read_object

    try:
        return read_object(
            source, args=args, kwargs=kwargs, input=input, static=static, training=training
        )
    except ImporterError as error:
        stored = None if source.is_live or input or kwargs else _checkpoint(source)
        if stored is None:
            raise
        note = Diagnostic(
            "no-graph",
            Severity.WARNING,
            f"the modules are those of the checkpoint: {error.message}",
            hint=error.hint,
        )
        return replace(stored, diagnostics=(*stored.diagnostics, note))


def _checkpoint(source: Source) -> Model | None:
    """What another importer makes of the source, or None when none can read it."""
    claims = [other for other in IMPORTERS.builtin() if not other.is_live and other.sniff(source)]
    try:
        return claims[0].read(source) if len(claims) == 1 else None
    except ImporterError:
        return None


def building() -> contextlib.AbstractContextManager[None]:
    """A context in which PyTorch models are made without memory for their weights."""
    if "torch" not in sys.modules:
        return contextlib.nullcontext()
    from archviz.importers.torch.building import weightless

    return weightless()


IMPORTER = Importer(
    "torch",
    "PyTorch modules and functions, live",
    sniff,
    read,
    building=building,
    is_live=True,
    weights=Postponed("archviz.importers.torch.values", "weights"),
)
