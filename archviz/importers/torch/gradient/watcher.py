"""Watches a recording being made and notes what the gradient analysis needs beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch

from archviz.analysis.gradient.graph import Frame, Region, Role
from archviz.importers.torch.containers import collect
from archviz.importers.torch.gradient.nodes import Behind, Ledger
from archviz.importers.torch.gradient.patches import patched
from archviz.importers.torch.gradient.provenance import Provenance
from archviz.importers.torch.gradient.regions import Regions
from archviz.importers.torch.gradient.stacks import deep_frames
from archviz.importers.torch.identity import TAG
from archviz.importers.torch.recorder import Recorder
from archviz.importers.torch.recording import Observer, Recording, Reference
from archviz.records import mutable

VALUE_FREE = frozenset(
    {
        "zeros_like", "ones_like", "empty_like", "rand_like", "randn_like", "randint_like",
        "full_like", "new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided",
        "sym_size", "sym_numel", "sym_stride",
    }
)  # fmt: skip
"""Functions whose result does not depend on the contents of their argument."""

OVERWRITING = frozenset(
    {
        "zero_", "fill_", "uniform_", "normal_", "bernoulli_", "random_", "exponential_", "cauchy_",
        "geometric_", "log_normal_",
    }
)  # fmt: skip
"""Functions that write without reading what was there."""

REWRAPS = frozenset({"tensor", "new_tensor", "new", "as_tensor", "asarray"})
"""Functions that make a tensor of what they are given; a list of tensors is read element-wise."""

_ENTERING = frozenset({"lift_fresh", "detach", "alias"})
"""Kernels by which memory from elsewhere becomes a tensor."""

_is_wrapped = getattr(torch._C._functorch, "is_functorch_wrapped_tensor", lambda tensor: False)
_PLAIN = (torch.Tensor, torch.nn.Parameter)


@mutable
class Note:
    """What is known of an operation beside its record.

    Attributes:
        is_tracked: Whether autograd was on.
        region: Where it was switched off.
        role: What it is to the analysis; None to go by its name.
        frames: More calling places than the record has, innermost first; () when not looked at.
        more: Values it depends on that are no arguments.
        unread: Arguments whose contents no kernel read.
        title: What to call it in place of its function's name.
    """

    is_tracked: bool = True
    region: Region | None = None
    role: Role | None = None
    frames: tuple[Frame, ...] = ()
    more: frozenset[int] = frozenset()
    unread: frozenset[int] = frozenset()
    title: str = ""


class Watcher(Observer):
    """The observer of a gradient check.

    Args:
        module: The module whose parameters are looked at, or None.

    Attributes:
        behind: What each value's backward pass reaches.
        notes: Beside the operations, by position.
        entries: Values that came back into torch, with the values whose contents they hold.
        unregistered: Values of leaves that ask for gradient and belong to no module.
        titles: Names of the backward nodes of values that nothing announced.
        forwards: Code of the forward methods of the custom Functions that made such values.
        slopes: Gradients that a backward pass inside the call left, by identity of their leaf.
        regions: Where gradient is switched off.
        recorder: The recorder being watched.
    """

    def __init__(self, module: torch.nn.Module | None) -> None:
        self.module = module
        self.recorder: Recorder | None = None
        self._reset()

    def _reset(self) -> None:
        self.behind: dict[int, Behind] = {}
        self.notes: dict[int, Note] = {}
        self.entries: dict[int, int] = {}
        self.unregistered: dict[int, tuple[int, ...]] = {}
        self.titles: dict[int, str] = {}
        self.forwards: dict[int, Any] = {}
        self.slopes: dict[int, int] = {}
        self.provenance = Provenance()
        self.regions = Regions()
        self.inference: Region | None = None
        self.ledger = Ledger(self._adopt_leaf)
        self.more: set[int] = set()
        self.role: Role | None = None
        self.title = ""
        self._pending = Note()
        self._seen: set[int] = set()
        self._strangers: set[int] = set()
        self._is_value_free = False

    @contextlib.contextmanager
    def around(self, recorder: Recorder) -> Iterator[None]:
        """Starts afresh, and lets the recorder see what bypasses the API."""
        self._reset()
        self.recorder = recorder
        if self.module is not None:
            recorder.register(self.module)
        with patched(self, recorder):
            yield

    def _adopt_leaf(self, tensor: torch.Tensor) -> int:
        assert self.recorder is not None
        value = self.recorder.value_of(tensor).value
        if self.recorder.values[value].role in ("constant", ""):
            self.unregistered[value] = tuple(tensor.shape)
        return value

    # Values

    def valued(self, value: int, tensor: Any) -> None:
        """Looks at the autograd node of every tensor that is recorded."""
        self.behind[value] = self.ledger.note(value, tensor)
        operations = self.recorder.operations if self.recorder else []
        if operations and operations[-1].kind == "alias" and not operations[-1].outputs:
            node = tensor.grad_fn
            if node is not None:
                self.titles[value] = node.name()
                forward = getattr(getattr(node, "_forward_cls", None), "forward", None)
                if forward is not None:
                    self.forwards[value] = getattr(forward, "__code__", None)

    def stored(self, value: int, tensor: Any) -> None:
        """Tells a tensor that came from an array, and a leaf that is no parameter."""
        assert self.recorder is not None
        origin = self.provenance.of_memory(tensor)
        if origin is not None:
            self.entries[value] = origin
        role = self.recorder.values[value].role
        if role == "constant" and tensor.requires_grad and tensor.grad_fn is None:
            self.unregistered[value] = tuple(tensor.shape)

    # Operations

    def before(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Notes autograd's state, and where it is switched."""
        is_on = torch.is_grad_enabled()
        if function is torch._C._set_grad_enabled and args:
            self.regions.switched(bool(args[0]))
            return
        is_inference = torch.is_inference_mode_enabled()
        note = self._pending = Note(is_on and not is_inference)
        if is_inference:
            note.region = self.inference or Region("inference_mode")
        elif not is_on:
            note.region = self.regions.current
            if note.region is None:  # in a custom Function, whose caller is what counts
                note.frames = deep_frames()
        self._seen = set()
        self._strangers = set()
        self._is_value_free = False

    def kernel(self, function: Any, args: Any, kwargs: Any, result: Any) -> None:
        """Notes which tensors a kernel reads."""
        name = function._overloadpacket.__name__
        if name in VALUE_FREE:
            self._is_value_free = True
            return
        seen = self._seen
        for item in args:
            if isinstance(item, torch.Tensor):
                seen.add(id(item))
                self._stranger(item)
            elif isinstance(item, list | tuple):
                for inner in item:
                    if isinstance(inner, torch.Tensor):
                        seen.add(id(inner))
                        self._stranger(inner)

    def _stranger(self, tensor: torch.Tensor) -> None:
        tag = tensor.__dict__.get(TAG)
        if tag is not None:
            self._strangers.add(tag[1])

    def after(self, index: int, recording: Recording, args: Any, kwargs: Any, result: Any) -> None:
        """Completes the note on an operation: what it read and what else it depends on."""
        operation = recording.operations[index]
        note = self._pending
        note.role, note.title = self.role, self.title
        own = {reference.value for reference in operation.inputs}
        more = self._strangers - own - set(operation.outputs)
        more.update(self.more)
        more.update(self.provenance.origins((args, kwargs)))
        if operation.name == "grad" and id(args[0]) in self.slopes:
            more.add(self.slopes[id(args[0])])
        if operation.name in _ENTERING and operation.outputs:
            tensors: list[torch.Tensor] = []
            collect((result,), tensors)
            for tensor in tensors:
                origin = self.provenance.of_memory(tensor)
                if origin is not None:
                    more.add(origin)
        note.more = frozenset(more)
        note.unread = self._unread(operation, args, kwargs)
        self.notes[index] = note

    def _unread(self, operation: Any, args: Any, kwargs: Any) -> frozenset[int]:
        """Values of arguments that were looked at for their size or type alone."""
        name = operation.name
        if name in VALUE_FREE:
            return frozenset(reference.value for reference in operation.inputs)
        found: set[int] = set()
        if name in OVERWRITING and operation.inputs:
            found.add(operation.inputs[0].value)
        if (
            len(operation.inputs) > 1
            and (self._seen or self._is_value_free)
            and name not in REWRAPS
            and self.role is None
        ):
            pairs: list[tuple[torch.Tensor, Reference]] = []
            _pair(args, operation.args, pairs)
            _pair(kwargs, operation.kwargs, pairs)
            read = {ref.value for tensor, ref in pairs if id(tensor) in self._seen}
            for tensor, reference in pairs:
                is_plain = type(tensor) in _PLAIN and not _is_wrapped(tensor)
                if is_plain and reference.value not in read:
                    found.add(reference.value)
        return frozenset(found)

    def left_torch(self, index: int, tensors: Any, result: Any) -> Any:
        """Gives the caller numbers that remember where they were read."""
        recording = self.recorder.recording if self.recorder else Recording()
        self.notes[index] = self._pending
        name = recording.operations[index].name
        if name in STEERING:
            return result
        return self.provenance.hand_out(
            result, -1 - index, is_exact=name in ("__float__", "_local_scalar_dense")
        )


STEERING = frozenset(
    {"__bool__", "is_nonzero", "__index__", "__int__", "equal", "allclose", "__contains__",
     "__format__"}
)  # fmt: skip
"""Reads that only steer Python: their result is no number that is computed with."""


def _pair(given: Any, recorded: Any, found: list[tuple[torch.Tensor, Reference]]) -> None:
    """Tensors with the references that stand for them in the record of the same structure."""
    if isinstance(recorded, Reference):
        found.append((given, recorded))
    elif isinstance(recorded, list | tuple):
        for inner, other in zip(given, recorded, strict=True):
            _pair(inner, other, found)
    elif isinstance(recorded, dict):
        for key, other in recorded.items():
            _pair(given[key], other, found)
    elif isinstance(recorded, slice):
        _pair(given.start, recorded.start, found)
        _pair(given.stop, recorded.stop, found)
        _pair(given.step, recorded.step, found)
