"""The lower of the two modes: tensors that have shapes, and contents only where those are known.

Every kernel comes by here, below autograd. What is computed from weights or from the caller's
floating-point inputs is a tensor on the meta device: shape, type and strides, nothing else. What
is computed from nothing but small known values (positions, masks, sizes) is computed for real.
Where the outcome of a kernel depends on contents that are not there, seeded samples stand in for
them, and the recording says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from archviz.importers.torch.containers import collect
from archviz.importers.torch.decisions import Decisions
from archviz.importers.torch.identity import paused
from archviz.importers.torch.quick_shapes import quick_rules
from archviz.importers.torch.recorder import Recorder
from archviz.importers.torch.samples import Samples
from archviz.importers.torch.shape_rules import kernel_rules
from archviz.importers.torch.untouched import about_to_write

MOST_FLOATS = 8192
"""Elements of a floating-point tensor whose contents are still computed."""
MOST_INTEGERS = 1 << 20
"""Elements of an integer or boolean tensor whose contents are still computed."""
QUICK = 256
"""Elements up to which a kernel runs for real without asking for its result's size first."""

_aten = torch.ops.aten
DATA_DEPENDENT = frozenset(
    {
        _aten._local_scalar_dense.default,
        _aten.nonzero.default,
        _aten.masked_select.default,
        _aten._unique2.default,
        _aten.unique_dim.default,
        _aten.unique_consecutive.default,
        _aten.equal.default,
        _aten.is_nonzero.default,
        _aten.repeat_interleave.Tensor,
        _aten.bincount.default,
        _aten._pack_padded_sequence.default,
    }
)
"""Kernels whose result's shape, or whole result, depends on contents."""


_LOWERED = ("mm", "addmm", "bmm", "baddbmm", "addbmm", "addmv", "mv", "dot", "linear", "matmul",
            "convolution", "prelu", "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_fused_attention_overrideable", "_grouped_mm")  # fmt: skip
LOWERED = frozenset(getattr(_aten, name).default for name in _LOWERED if hasattr(_aten, name))
"""Kernels that autocast runs in its lower precision."""


class Schema:
    """What a kernel's schema says.

    Attributes:
        names: Of its arguments.
        writes: Positions of the arguments that it writes to.
        is_view: Whether its result shares memory with an argument that it does not write to.
        has_device: Whether it takes a device.
        is_random: Whether it draws random numbers.
    """

    __slots__ = ("has_device", "is_random", "is_view", "names", "writes")

    def __init__(self, kernel: Any) -> None:
        arguments = kernel._schema.arguments
        self.names = [argument.name for argument in arguments]
        self.writes = [
            index
            for index, argument in enumerate(arguments)
            if argument.alias_info is not None and argument.alias_info.is_write
        ]
        self.is_view = not self.writes and any(
            result.alias_info is not None and not result.alias_info.is_write
            for result in kernel._schema.returns
        )
        self.has_device = "device" in self.names
        self.is_random = torch.Tag.nondeterministic_seeded in kernel.tags


_schemas: dict[Any, Schema] = {}


def schema_of(kernel: Any) -> Schema:
    """The kernel's schema, read once."""
    found = _schemas.get(kernel)
    if found is None:
        found = _schemas[kernel] = Schema(kernel)
    return found


def written_by(kernel: Any, args: Any, kwargs: Any) -> list[torch.Tensor]:
    """The tensors that the kernel writes to."""
    schema = schema_of(kernel)
    found: list[torch.Tensor] = []
    for position in schema.writes:
        given = args[position] if position < len(args) else kwargs.get(schema.names[position])
        collect((given,), found)
    return found


class KernelMode(TorchDispatchMode):
    """Tells the recorder what kernels do; kernels run as they are.

    Args:
        recorder: Records.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first kernel imports the whole compiler

    def run(self, kernel: Any, args: Any, kwargs: Any) -> Any:
        """The kernel's result."""
        return kernel(*args, **kwargs)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        recorder = self.recorder
        with torch._C.DisableTorchFunction():
            if recorder.running is None and func.namespace != "prim":
                # No API function around it: TorchScript, a custom Function, a C++ extension.
                return recorder.handle(self._alone(func), args, kwargs)
            self._announce(func, args, kwargs)
            result = self.run(func, args, kwargs)
            self._note(func, args, kwargs, result)
            return result

    def _announce(self, kernel: Any, args: Any, kwargs: Any) -> None:
        """Has what is written over kept while it is still there."""
        if schema_of(kernel).writes:
            for tensor in written_by(kernel, args, kwargs):
                about_to_write(tensor)

    def _alone(self, kernel: Any) -> Callable[..., Any]:
        def alone(*args: Any, **kwargs: Any) -> Any:
            self._announce(kernel, args, kwargs)
            result = self.run(kernel, args, kwargs)
            self._note(kernel, args, kwargs, result)
            return result

        alone.__name__ = kernel._overloadpacket.__name__
        alone.kernel = kernel  # type: ignore[attr-defined]
        return alone

    def _note(self, kernel: Any, args: Any, kwargs: Any, result: Any) -> None:
        running = self.recorder.running
        if running is not None:
            running.kernels += 1
            if schema_of(kernel).writes:
                running.mutated += written_by(kernel, args, kwargs)
        if self.recorder.observer is not None:
            self.recorder.observer.kernel(kernel, args, kwargs, result)


class Ghost(KernelMode):
    """Computes shapes, and contents only where they are known and small.

    Args:
        recorder: Records.
        decisions: Answers for branches on contents that are not there.
        seed: Of the samples.
        makes_floats: Whether small floating-point tensors that are made from nothing have contents.

    Attributes:
        precision: That of autocast while it is on, as the function mode notes it, else None.
    """

    def __init__(
        self, recorder: Recorder, decisions: Decisions, seed: int = 0, *, makes_floats: bool = True
    ) -> None:
        super().__init__(recorder)
        self.decisions = decisions
        self._most_floats = MOST_FLOATS if makes_floats else -1
        self._unknown: set[int] = set()
        self._own: set[int] = set()
        self._kept: list[torch.Tensor] = []
        self._twins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._samples = Samples(seed, self.is_unknown)
        self._rules = {**quick_rules(), **kernel_rules()}
        self._cpu = torch.device("cpu")
        self.precision: torch.dtype | None = None

    def conceal(self, tensor: torch.Tensor) -> None:
        """Takes the contents of a real tensor for unknown, with all that shares its memory."""
        if not tensor.is_meta:
            self._unknown.add(tensor.untyped_storage()._cdata)
            self._kept.append(tensor)

    def given(self, tensor: torch.Tensor) -> torch.Tensor:
        """The caller's tensor without floating-point contents; small integers keep theirs."""
        if not tensor.dtype.is_floating_point and not tensor.dtype.is_complex:
            if tensor.is_meta and tensor.numel() <= MOST_INTEGERS:
                return self._made(torch.zeros(tensor.shape, dtype=tensor.dtype))
            if not tensor.is_meta and tensor.numel() <= MOST_INTEGERS:
                return self._made(tensor.detach().cpu().clone())
        shape = _shape_of(tensor)
        return shape.requires_grad_() if tensor.requires_grad else shape

    def _made(self, result: Any) -> Any:
        """Notes that the memory of ``result`` is the recording's own, so kernels may write there.

        The caller's tensors are never written to: one that a kernel would write to is unknown
        from then on.
        """
        made: list[torch.Tensor] = []
        collect((result,), made)
        for tensor in made:
            if not tensor.is_meta:
                self._own.add(tensor.untyped_storage()._cdata)
        return result

    def is_unknown(self, tensor: torch.Tensor) -> bool:
        """Whether the tensor's contents are not there, or not to be looked at."""
        if tensor.is_meta:
            return True
        return bool(self._unknown) and tensor.untyped_storage()._cdata in self._unknown

    def answers(self) -> dict[Any, Callable[[Any, Any, Any], Any]]:
        """Functions that must not see that tensors are ghosts, with what they are told."""
        tensor = torch.Tensor
        first = lambda function, args, kwargs: args[0]  # noqa: E731 - one line three times
        return {
            tensor.device.__get__: lambda function, args, kwargs: (
                self._cpu if args[0].is_meta else NotImplemented
            ),
            tensor.is_meta.__get__: lambda function, args, kwargs: False,
            tensor.is_cpu.__get__: lambda function, args, kwargs: True,
            tensor.cuda: first,
            tensor.cpu: first,
            tensor.pin_memory: first,
            tensor.numpy: self._leave("numpy"),
            tensor.__array__: self._leave("numpy"),
            tensor.tolist: self._leave("tolist"),
            tensor.data.__set__: self._set_data,
        }

    def _set_data(self, function: Any, args: Any, kwargs: Any) -> Any:
        """A ghost cannot take the place of a real tensor's memory, but be written into it."""
        target, new = args
        if target.is_meta == new.is_meta or target.shape != new.shape:
            return NotImplemented

        def set_data(target: torch.Tensor, new: torch.Tensor) -> None:
            with torch.no_grad():
                target.detach().copy_(new)

        return self.recorder.handle(set_data, args, kwargs)

    def _leave(self, method: str) -> Callable[[Any, Any, Any], Any]:
        def leave(function: Any, args: Any, kwargs: Any) -> Any:
            if not self.is_unknown(args[0]):
                return NotImplemented
            with paused():
                sample = self._samples.of(args[0]).detach()
                result = getattr(sample, method)()
            self._assume(method, "sampled contents")
            if self.recorder.running is None:
                self.recorder.read(function, method, (args[0],), is_assumed=True)
            return result

        return leave

    def _assume(self, name: str, taken: str) -> None:
        running = self.recorder.running
        if running is not None:
            running.is_assumed = True
        frames = self.recorder.sites.calling_frames()
        site = frames[-1] if frames else None
        self.recorder.recording.assumptions.append((name, taken, site))

    def run(self, kernel: Any, args: Any, kwargs: Any) -> Any:
        """The kernel's result: for real where all is known, else its shape."""
        tensors: list[torch.Tensor] = []
        collect(args, tensors)
        if kwargs:
            collect(kwargs.values(), tensors)
        schema = schema_of(kernel)
        running = self.recorder.running
        if not tensors:
            if running is not None and not schema.is_random:
                running.shapes += 1
            return self._make(kernel, schema, args, kwargs)
        is_unknown, is_all_meta = False, True
        unknown = self._unknown
        for tensor in tensors:
            if tensor.is_meta:
                is_unknown = True
            else:
                is_all_meta = False
                if unknown and tensor.untyped_storage()._cdata in unknown:
                    is_unknown = True
        if kwargs.get("device") is not None:
            kwargs = {**kwargs, "device": "meta" if is_unknown else "cpu"}
            kwargs.pop("pin_memory", None)
        if not is_unknown and schema.writes:
            for tensor in written_by(kernel, args, kwargs):
                if tensor.untyped_storage()._cdata not in self._own:
                    self.conceal(tensor)
                    is_unknown = True
        if not is_unknown:
            result = self._run_known(kernel, schema, args, kwargs, tensors)
            is_own = not schema.is_view or kernel is _aten.lift_fresh.default
            return self._made(result) if is_own else result
        if schema.is_view and len(tensors) == 1:
            if running is not None:
                running.views += 1
            return kernel(*args, **kwargs)  # stays an alias of what it views
        twins, named = args, kwargs
        if not is_all_meta:
            twins = self._mapped(args, self._twin)
            named = {key: self._mapped(item, self._twin) for key, item in kwargs.items()}
        if self.precision is not None and kernel in LOWERED:
            twins = self._mapped(twins, self._lowered)
        rule = self._rules.get(kernel)
        if rule is not None:
            result = rule(*twins, **named)
            if result is not NotImplemented:
                if running is not None:
                    running.shapes += 1
                return self._written(kernel, args, kwargs, result) if schema.writes else result
        if kernel in DATA_DEPENDENT:
            return self._assumed(kernel, schema, args, kwargs, None)
        try:
            result = kernel(*twins, **named)
        except (RuntimeError, NotImplementedError, TypeError, AttributeError) as error:
            return self._assumed(kernel, schema, args, kwargs, error)
        if running is not None:
            running.shapes += 1
        if schema.writes:
            result = self._written(kernel, args, kwargs, result)
        return result

    def _make(self, kernel: Any, schema: Schema, args: Any, kwargs: Any) -> Any:
        """A tensor made from nothing: real when it is small."""
        if not schema.has_device:
            return kernel(*args, **kwargs)
        named = {**kwargs, "device": "meta"}
        named.pop("pin_memory", None)
        try:
            made = kernel(*args, **named)
        except (RuntimeError, NotImplementedError):
            return kernel(*args, **kwargs)
        if isinstance(made, torch.Tensor):
            most = self._most_floats if made.dtype.is_floating_point else MOST_INTEGERS
            if made.numel() <= most:
                return self._made(kernel(*args, **{**named, "device": "cpu"}))
        return made

    def _run_known(
        self, kernel: Any, schema: Schema, args: Any, kwargs: Any, tensors: list[torch.Tensor]
    ) -> Any:
        """The result for real, unless it would be large."""
        if not schema.is_view and not schema.writes and max(t.numel() for t in tensors) > QUICK:
            try:
                named = {
                    key: torch.device("meta") if key == "device" else self._mapped(item, _shape_of)
                    for key, item in kwargs.items()
                }
                shapes = kernel(*self._mapped(args, _shape_of), **named)
            except (RuntimeError, NotImplementedError, TypeError, AttributeError):
                return kernel(*args, **kwargs)
            made: list[torch.Tensor] = []
            collect((shapes,), made)
            if any(tensor.numel() > MOST_FLOATS * 8 for tensor in made):
                return shapes
        return kernel(*args, **kwargs)

    def _written(self, kernel: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """The result of a kernel that wrote; real tensors that it wrote to are unknown from now."""
        for tensor in written_by(kernel, args, kwargs):
            if not tensor.is_meta:
                self.conceal(tensor)
                twin = self._twins.get(id(tensor), (None,))[0]
                if isinstance(result, torch.Tensor) and result is twin:
                    result = tensor
        return result

    def _assumed(
        self, kernel: Any, schema: Schema, args: Any, kwargs: Any, error: Exception | None
    ) -> Any:
        """A result that depends on contents, or whose kernel knows no shapes alone."""
        name = kernel._overloadpacket.__name__
        if name == "_local_scalar_dense":
            return self._scalar(args[0])
        if name in ("equal", "is_nonzero"):
            self._assume(name, "false")
            return False
        if name == "copy_" and not args[0].is_meta:
            self.conceal(args[0])
            return args[0]
        given = self._mapped(args, self._samples.of)
        named = {
            key: self._cpu if key == "device" else self._mapped(item, self._samples.of)
            for key, item in kwargs.items()
        }
        try:
            result = kernel(*given, **named)
        except Exception:
            if error is not None:
                raise error from None
            raise
        self._assume(name, "sampled contents")
        if schema.writes:
            return args[schema.writes[0]] if isinstance(result, torch.Tensor) else result
        return self._made(self._mapped(result, _without_floats))

    def _scalar(self, tensor: torch.Tensor) -> bool | int | float | complex:
        """What ``item`` gives for a tensor whose contents are not there."""
        if tensor.dtype is torch.bool:
            origin = self._producer_of(tensor)
            frames = self.recorder.sites.calling_frames()
            answer = self.decisions.take(origin, frames[0] if frames else None)
            self._assume("bool", str(answer).lower())
            return answer
        self._assume("item", "1")
        if tensor.dtype.is_complex:
            return 1 + 0j
        return 1.0 if tensor.dtype.is_floating_point else 1

    def _producer_of(self, tensor: torch.Tensor) -> str:
        value = self.recorder.value_of(tensor).value
        producer = self.recorder.values[value].producer
        return self.recorder.operations[producer].name if producer >= 0 else ""

    def _lowered(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor in autocast's precision, which autocast itself does not give ghosts."""
        if not tensor.dtype.is_floating_point or tensor.dtype is torch.float64:
            return tensor
        return tensor.to(self.precision)

    def _twin(self, tensor: torch.Tensor) -> torch.Tensor:
        """A meta tensor that stands for a real one, always the same."""
        if tensor.is_meta:
            return tensor
        known = self._twins.get(id(tensor))
        if known is None:
            known = self._twins[id(tensor)] = (_shape_of(tensor), tensor)
        return known[0]

    def _mapped(self, thing: Any, change: Callable[[torch.Tensor], Any]) -> Any:
        if isinstance(thing, torch.Tensor):
            return change(thing)
        kind = type(thing)
        if kind is list:
            return [self._mapped(item, change) for item in thing]
        if kind is tuple:
            return tuple([self._mapped(item, change) for item in thing])
        return thing


def _shape_of(tensor: torch.Tensor) -> torch.Tensor:
    """A meta tensor of the same size, type and, where it has them, strides."""
    try:
        strides = tensor.stride()
        return torch.empty_strided(tensor.size(), strides, dtype=tensor.dtype, device="meta")
    except (RuntimeError, NotImplementedError):
        return torch.empty(tensor.size(), dtype=tensor.dtype, device="meta")


def _without_floats(tensor: torch.Tensor) -> torch.Tensor:
    """A sampled result: small integers keep the contents that were taken, all else its shape."""
    if not tensor.dtype.is_floating_point and tensor.numel() <= MOST_FLOATS * 8:
        return tensor
    return _shape_of(tensor)
