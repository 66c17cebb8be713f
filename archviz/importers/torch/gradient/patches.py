"""What is replaced in PyTorch during a gradient check, so that the recorder sees it.

Custom Functions, gradients taken inside the call, new parameters over computed memory,
inference_mode and re-entrant checkpoints go past the API that the recorder watches. Everything is
put back, whatever happens.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from archviz.analysis.gradient.graph import Region, Role
from archviz.importers.torch.containers import collect
from archviz.importers.torch.gradient.nodes import reachable
from archviz.importers.torch.gradient.regions import region_frame
from archviz.importers.torch.identity import TAG, paused
from archviz.importers.torch.recorder import Recorder

if TYPE_CHECKING:
    from archviz.importers.torch.gradient.watcher import Watcher


@contextlib.contextmanager
def patched(watcher: Watcher, recorder: Recorder) -> Iterator[None]:
    """A context with all replacements."""
    with contextlib.ExitStack() as stack:
        for patch in (
            _functions, _gradients, _backward, _new_parameters, _inference_mode, _checkpoints,
        ):  # fmt: skip
            stack.enter_context(patch(watcher, recorder))
        yield


@contextlib.contextmanager
def _replaced(owner: Any, name: str, replacement: Any) -> Iterator[None]:
    """``owner.name`` is ``replacement``; an inherited attribute is inherited again afterwards."""
    was_own = name in vars(owner)
    original = vars(owner).get(name)
    setattr(owner, name, replacement)
    try:
        yield
    finally:
        if was_own:
            setattr(owner, name, original)
        else:
            delattr(owner, name)


@contextlib.contextmanager
def _as(watcher: Watcher, role: Role, title: str, more: set[int] | None = None) -> Iterator[None]:
    """What is recorded meanwhile has this role and title, and depends on ``more``."""
    before = watcher.role, watcher.title, watcher.more
    watcher.role, watcher.title, watcher.more = role, title, more or set()
    try:
        yield
    finally:
        watcher.role, watcher.title, watcher.more = before


def _functions(watcher: Watcher, recorder: Recorder) -> contextlib.AbstractContextManager[None]:
    """Custom autograd Functions are one operation each."""
    original = vars(torch.autograd.Function)["apply"]

    @classmethod  # type: ignore[misc]
    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        run = original.__get__(None, cls)
        if recorder.running is not None:
            return run(*args, **kwargs)

        def function(*given: Any, **named: Any) -> Any:
            return run(*given, **named)

        function.__name__ = cls.__name__
        with torch._C.DisableTorchFunction(), _as(watcher, Role.FUNCTION, f"{cls.__name__}.apply"):
            return recorder.handle(function, args, kwargs)

    return _replaced(torch.autograd.Function, "apply", apply)


def _gradients(watcher: Watcher, recorder: Recorder) -> contextlib.AbstractContextManager[None]:
    """torch.autograd.grad is one operation, whose results depend on all that it went through."""
    original = torch.autograd.grad

    @functools.wraps(original)
    def grad(
        outputs: Any,
        inputs: Any,
        grad_outputs: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        *rest: Any,
        **more: Any,
    ) -> Any:
        keep = True if retain_graph is None else retain_graph
        if recorder.running is not None:
            return original(
                outputs, inputs, grad_outputs, retain_graph, create_graph, *rest, **more
            )
        through = _through(watcher, recorder, outputs)

        def function(outputs: Any, inputs: Any, grad_outputs: Any) -> Any:
            return original(outputs, inputs, grad_outputs, keep, create_graph, *rest, **more)

        function.__name__ = "grad"
        with (
            torch._C.DisableTorchFunction(),
            _as(watcher, Role.GRADIENT, "torch.autograd.grad", through),
        ):
            return recorder.handle(function, (outputs, inputs, grad_outputs), {})

    return _replaced(torch.autograd, "grad", grad)


@contextlib.contextmanager
def _backward(watcher: Watcher, recorder: Recorder) -> Iterator[None]:
    """A backward pass inside the call is one operation; its results are the leaves' gradients."""
    original = torch.autograd.backward

    @functools.wraps(original)
    def backward(
        tensors: Any,
        grad_tensors: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        *rest: Any,
        **more: Any,
    ) -> None:
        keep = True if retain_graph is None else retain_graph
        if recorder.running is not None:
            original(tensors, grad_tensors, retain_graph, create_graph, *rest, **more)
            return

        roots: list[torch.Tensor] = []
        collect((tensors,), roots)
        leaves = list(reachable(roots, through_zero=True).values())

        def function(tensors: Any, grad_tensors: Any) -> Any:
            for leaf in leaves:
                if leaf.grad is not None:  # what was there is added to, and is the caller's
                    leaf.grad = leaf.grad.clone()
            original(tensors, grad_tensors, keep, create_graph, *rest, **more)
            return [leaf.grad for leaf in leaves]

        function.__name__ = "backward"
        through = _through(watcher, recorder, tensors)
        with (
            torch._C.DisableTorchFunction(),
            _as(watcher, Role.GRADIENT, "torch.Tensor.backward", through),
        ):
            recorder.handle(function, (tensors, grad_tensors), {})
        with paused():
            for leaf in leaves:
                if leaf.grad is not None:
                    watcher.slopes[id(leaf)] = recorder.value_of(leaf.grad).value

    def of_tensor(
        self: torch.Tensor,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        torch.autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    with (
        _replaced(torch.autograd, "backward", backward),
        _replaced(torch.Tensor, "backward", of_tensor),
    ):
        yield


def _through(watcher: Watcher, recorder: Recorder, outputs: Any) -> set[int]:
    """The leaves of the graph behind ``outputs``."""
    tensors: list[torch.Tensor] = []
    collect((outputs,), tensors)
    found: set[int] = set()
    with paused():
        for tensor in tensors:
            found |= _sources(watcher, recorder.value_of(tensor).value)
    return found


def _sources(watcher: Watcher, value: int) -> set[int]:
    """The leaves of the graph behind a value."""
    found: set[int] = set()
    seen: set[int] = set()
    stack = [value]
    while stack:
        current = stack.pop()
        if current in seen:
            continue
        seen.add(current)
        behind = watcher.behind.get(current)
        inner = (*behind.gradient, *behind.zero) if behind else ()
        if not inner:
            found.add(current)
        stack.extend(inner)
    return found


def _new_parameters(
    watcher: Watcher, recorder: Recorder
) -> contextlib.AbstractContextManager[None]:
    """nn.Parameter(t) of a computed tensor is an operation, which starts a new leaf."""
    original = vars(torch.nn.Parameter)["__new__"]
    make = original.__func__ if isinstance(original, staticmethod) else original

    def new(cls: Any, data: Any = None, requires_grad: bool = True, **kwargs: Any) -> Any:
        is_known = isinstance(data, torch.Tensor) and TAG in data.__dict__
        if recorder.running is not None or not is_known:
            return make(cls, data, requires_grad, **kwargs)

        def function(data: Any) -> Any:
            return make(cls, data, requires_grad, **kwargs)

        function.__name__ = cls.__name__
        with torch._C.DisableTorchFunction(), _as(watcher, Role.NEW_LEAF, f"{cls.__name__}()"):
            return recorder.handle(function, (data,), {})

    return _replaced(torch.nn.Parameter, "__new__", staticmethod(new))


def _inference_mode(
    watcher: Watcher, recorder: Recorder
) -> contextlib.AbstractContextManager[None]:
    """The line that enters inference_mode."""
    original = torch.inference_mode.__enter__

    def enter(self: Any) -> Any:
        if self.mode:
            watcher.inference = Region("inference_mode", region_frame())
        return original(self)

    return _replaced(torch.inference_mode, "__enter__", enter)


def _checkpoints(watcher: Watcher, recorder: Recorder) -> contextlib.AbstractContextManager[None]:
    """Re-entrant checkpoints run as what they compute, with gradient exactly where they give it.

    A re-entrant checkpoint hides its parameters from the graph, and hands them gradient only when
    one of its inputs requires it. Run plainly, or without gradient, it does the same in sight.
    """
    import torch.utils.checkpoint as checkpoint

    def apply(function: Any, preserve: Any, *args: Any) -> Any:
        needs = any(isinstance(item, torch.Tensor) and item.requires_grad for item in args)
        if needs or not torch.is_grad_enabled():
            return function(*args)
        with torch.no_grad():
            watcher.regions.current = Region("checkpoint", region_frame())
            return function(*args)

    return _replaced(checkpoint.CheckpointFunction, "apply", staticmethod(apply))
