"""The recorder: turns what the modes and the module hook see into a Recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

from archviz.importers.torch.containers import collect, handed_over, tensors_in
from archviz.importers.torch.identity import Identities, untagged
from archviz.importers.torch.outcomes import Outcomes
from archviz.importers.torch.recording import (
    ModuleCall,
    Observer,
    Operation,
    Path,
    Recording,
    Reference,
)
from archviz.importers.torch.sites import CallSites

READS = frozenset(
    {
        "item", "__bool__", "__int__", "__float__", "__index__", "__complex__", "tolist", "numpy",
        "__array__", "is_nonzero", "equal", "allclose", "_local_scalar_dense", "__format__",
        "__contains__", "__dlpack__", "__reduce_ex__",
    }
)  # fmt: skip
"""Functions by which the contents of a tensor leave torch."""

STATES = frozenset({"requires_grad_", "detach_", "set_requires_grad", "set_data"})
"""Functions that change what a tensor, or autograd, refers to without running a kernel."""

PLUMBING = frozenset(
    {
        "contiguous", "to", "type", "type_as", "float", "half", "double", "bfloat16", "int", "long",
        "bool", "cpu", "cuda", "expand", "expand_as", "dropout", "detach",
    }
)  # fmt: skip
"""Functions that are recorded even where they gave back the tensor they got."""


_PLAIN = frozenset({bool, int, float, str, type(None), type(Ellipsis), torch.dtype})
"""Frequent types of arguments that hold no tensor."""


class Running:
    """An API function that is running, and what its kernels did meanwhile.

    Attributes:
        kernels: How many ran.
        views: How many of them gave a view of an argument without contents.
        shapes: How many gave shapes alone, as an argument had no contents or there was none.
        mutated: Tensors that kernels wrote to, by their schemas.
        is_assumed: Whether an outcome was made up.
    """

    __slots__ = ("is_assumed", "kernels", "mutated", "shapes", "views")

    def __init__(self) -> None:
        self.kernels = 0
        self.views = 0
        self.shapes = 0
        self.mutated: list[torch.Tensor] = []
        self.is_assumed = False

    def add(self, inner: Running) -> None:
        """Counts what a function did that this one called."""
        self.kernels += inner.kernels
        self.views += inner.views
        self.shapes += inner.shapes
        self.mutated += inner.mutated
        self.is_assumed |= inner.is_assumed


_NOTHING = Running()


class Recorder:
    """Collects one recording.

    Args:
        target: The module, or another callable, that is going to be called.
        observer: Watches; None for nobody.
    """

    def __init__(self, target: Any, observer: Observer | None = None) -> None:
        self.recording = Recording()
        self.operations = self.recording.operations
        self.values = self.recording.values
        self.observer = observer
        self.running: Running | None = None
        self.calls = self.recording.calls
        self.identities = Identities(self.recording, self.add, observer)
        self.value_of = self.identities.value_of
        self.outcomes: Outcomes | None = None
        self.sites = CallSites()
        self.here = 0
        self._module_names: dict[int, str] = {}
        self._is_entered = False
        self.failed: int | None = None
        is_module = isinstance(target, torch.nn.Module)
        self._called = getattr(target, "forward" if is_module else "__wrapped__", None)
        type_ = type(target).__name__ if is_module else getattr(target, "__name__", "")
        self.calls.append(ModuleCall(target if is_module else None, "", type_, -1, 0))
        if is_module:
            self.register(target)

    def register(self, module: torch.nn.Module) -> None:
        """Learns the names of the module's parts and stored tensors."""
        recording = self.recording
        for name, part in module.named_modules():
            self._module_names.setdefault(id(part), name)
            recording.modules[name] = type(part).__name__
        for kind, found in (
            ("parameter", module.named_parameters(remove_duplicate=False)),
            ("buffer", module.named_buffers(remove_duplicate=False)),
        ):
            for name, tensor in found:
                known = self.identities.names.get(id(tensor))
                if known is None:
                    self.identities.names[id(tensor)] = name
                    recording.stored[name] = (kind, tensor)
                    recording.names_of[name] = [name]
                elif name not in recording.names_of[known]:
                    recording.names_of[known].append(name)

    # The call itself

    def take_inputs(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Records the call's own arguments, named as the forward method names them."""
        names = _argument_names(self._called, len(args))
        places = [(name, item) for name, item in zip(names, args, strict=True)]
        for name, item in [*places, *kwargs.items()]:
            for path, tensor in tensors_in(item, (name,)):
                made = self.identities.new_input(tensor, ".".join(path))
                if made is not None:
                    self.recording.inputs.append((path, Reference(made)))

    def finish(self, result: Any) -> Recording:
        """The recording, with what the call returned."""
        self.recording.result = result
        for path, tensor in tensors_in(result):
            self.recording.outputs.append((path, self.identities.settled(tensor)))
        outermost = self.calls[0]
        outermost.end = len(self.operations)
        outermost.is_finished = True
        outermost.outputs = list(self.recording.outputs)
        return self.recording

    def release(self) -> None:
        """Takes everything off the caller's tensors; see ``Identities.release``."""
        self.identities.release()

    # Module calls

    def enter(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: Any) -> int:
        """Notes that ``module`` is called; returns the call around it."""
        around = self.here
        name = self._module_names.get(id(module), "")
        call = ModuleCall(module, name, type(module).__name__, around, len(self.operations))
        if module is self.calls[0].module and not self._is_entered:
            self._is_entered = True  # the outermost call is there already
            call = self.calls[0]
        else:
            self.here = len(self.calls)
            self.calls.append(call)
        call.inputs = [(path, self.value_of(t)) for path, t in handed_over(args, kwargs)]
        if self.observer is not None:
            self.observer.entered(self.here, module)
        return around

    def leave(self, around: int, result: Any) -> None:
        """Notes that the innermost call returned ``result``."""
        call = self.calls[self.here]
        if call.first == len(self.operations) and self.here == len(self.calls) - 1:
            self._pass_through(call, result)
        call.outputs = [(path, self.value_of(t)) for path, t in tensors_in(result)]
        call.end = len(self.operations)
        call.is_finished = True
        if self.observer is not None:
            self.observer.left(self.here, result)
        self.here = around

    def _pass_through(self, call: ModuleCall, result: Any) -> None:
        """Keeps a module that did nothing, such as Identity, visible as an operation."""
        found = [tensor for _, tensor in tensors_in(result)]
        if not found:
            return
        references = [self.value_of(tensor) for tensor in found]
        operation = self.add("identity", "identity", None)
        operation.inputs = references
        operation.args = tuple(references)
        index = len(self.operations) - 1
        for tensor in found:
            if self.identities.is_stored(tensor):
                continue
            operation.outputs.append(self.identities.new_value(tensor, index))

    def abandon(self, around: int) -> None:
        """Notes that an exception came out of the innermost call."""
        if self.failed is None:
            self.failed = self.here
        self.calls[self.here].end = len(self.operations)
        self.here = around

    # Operations

    def add(self, kind: str, name: str, function: Any) -> Operation:
        """Adds an operation to the innermost module call."""
        operation = Operation(kind, name, function, self.here)
        self.operations.append(operation)
        return operation

    def handle(
        self, function: Callable[..., Any], args: Any, kwargs: Any, *, is_api: bool = False
    ) -> Any:
        """Runs one function and records it when it made or changed tensors, or read one.

        Args:
            function: What is called.
            args: Its positional arguments.
            kwargs: Its named arguments.
            is_api: Whether it is PyTorch's own, so that it may be recalled from another call.
        """
        tensors: list[torch.Tensor] = []
        outer = self.running
        key = None
        outcomes = self.outcomes if is_api and outer is None else None
        if outcomes is not None:
            key = outcomes.key(function, args, kwargs, tensors)
            if key is not None:
                outcome = outcomes.recall(key)
                if outcome is not None:
                    result = outcome.result(function, args, kwargs)
                    mutated = [result] if outcome.is_written else []
                    return self._noted(function, args, kwargs, tensors, result, mutated, _NOTHING)
            tensors.clear()
        collect(args, tensors)
        if kwargs:
            collect(kwargs.values(), tensors)
        versions = _versions(tensors)
        observer = self.observer
        running = self.running = Running()
        try:
            if observer is not None and outer is None:
                observer.before(function, args, kwargs)
            if function is torch.Tensor.__reduce_ex__:
                with untagged(tensors):  # what is pickled is the caller's tensor alone
                    result = function(*args, **kwargs)
            else:
                result = function(*args, **kwargs)
        finally:
            self.running = outer
        if outer is not None:  # called by an API function, whose operation it is part of
            outer.add(running)
            return result
        if key is not None and outcomes is not None:
            outcomes.note(key, running, args, tensors, result)
        mutated = self._mutated(tensors, versions, running.mutated)
        return self._noted(function, args, kwargs, tensors, result, mutated, running)

    def _noted(
        self,
        function: Callable[..., Any],
        args: Any,
        kwargs: Any,
        tensors: list[torch.Tensor],
        result: Any,
        mutated: list[torch.Tensor],
        running: Running,
    ) -> Any:
        """Records a function that ran; gives what its caller gets."""
        observer = self.observer
        made = _results(result)
        name = _name_of(function)
        if name in STATES and observer is not None:
            mutated = tensors[:1]
        if not made and not mutated:
            if name in READS:
                index = self.read(function, name, tensors, running.is_assumed)
                if observer is not None:
                    return observer.left_torch(index, tensors, result)
            return result
        is_plumbing = bool(tensors) and not mutated
        if is_plumbing:
            for tensor in made:
                if not _is_in(tensor, tensors):
                    is_plumbing = False
                    break
        if is_plumbing and name not in PLUMBING:
            return result
        operation = Operation("op", name, function, self.here)
        self.identities.changing = mutated
        operation.args = tuple([self._refer(item, operation) for item in args])
        if kwargs:
            operation.kwargs = {key: self._refer(item, operation) for key, item in kwargs.items()}
        self.identities.changing = []
        # Arguments never seen before may have added operations of their own: alias, then this.
        index = len(self.operations)
        self.operations.append(operation)
        operation.frames = self.sites.calling_frames(3)
        operation.is_plumbing = is_plumbing
        operation.is_assumed = running.is_assumed
        operation.result = type(result)
        self._note_outputs(operation, index, tensors, made, mutated)
        if observer is not None:
            observer.after(index, self.recording, args, kwargs, result)
        return result

    def _note_outputs(
        self,
        operation: Operation,
        index: int,
        tensors: list[torch.Tensor],
        made: list[torch.Tensor],
        mutated: list[torch.Tensor],
    ) -> None:
        identities = self.identities
        for tensor in mutated:
            value = identities.new_value(tensor, index)
            operation.outputs.append(value)
            identities.note_write(value)
        operation.written = len(mutated)
        for tensor in made:
            if mutated and _is_in(tensor, mutated):
                continue
            if not operation.is_plumbing and _is_in(tensor, tensors):
                continue
            value = identities.new_value(tensor, index)
            operation.outputs.append(value)
            identities.note_fresh(value, tensors)

    def read(
        self, function: Any, name: str, tensors: Iterable[torch.Tensor], is_assumed: bool = False
    ) -> int:
        """Records that the contents of tensors left torch; gives the operation's position."""
        references = [self.value_of(tensor) for tensor in tensors]
        operation = self.add("read", name, function)
        operation.inputs = references
        operation.args = tuple(references)
        operation.frames = self.sites.calling_frames(3)
        operation.is_assumed = is_assumed
        return len(self.operations) - 1

    def _mutated(
        self,
        tensors: list[torch.Tensor],
        versions: list[int] | None,
        by_schema: list[torch.Tensor],
    ) -> list[torch.Tensor]:
        """The arguments that were written to: version counters, and what kernels' schemas say."""
        found: list[torch.Tensor] = []
        if versions is not None:
            for tensor, version in zip(tensors, versions, strict=True):
                if tensor._version != version and not _is_in(tensor, found):
                    found.append(tensor)
        for tensor in by_schema:
            if _is_in(tensor, found):
                continue
            if _is_in(tensor, tensors):
                found.append(tensor)
            elif not found:
                key = self.identities.storage_of(tensor)
                same = (
                    t for t in tensors if key is not None and self.identities.storage_of(t) == key
                )
                found.extend(list(same)[:1])
        return found

    def _refer(self, thing: Any, operation: Operation) -> Any:
        """``thing`` with a Reference, noted as an input, for each tensor."""
        kind = type(thing)
        if kind in _PLAIN:
            return thing
        if isinstance(thing, torch.Tensor):
            reference = self.value_of(thing)
            operation.inputs.append(reference)
            return reference
        if kind is list:
            return [self._refer(item, operation) for item in thing]
        if kind is tuple:
            return tuple([self._refer(item, operation) for item in thing])
        if kind is dict:
            return {key: self._refer(item, operation) for key, item in thing.items()}
        if kind is slice:
            return slice(
                self._refer(thing.start, operation),
                self._refer(thing.stop, operation),
                self._refer(thing.step, operation),
            )
        return thing


def _is_in(tensor: torch.Tensor, tensors: list[torch.Tensor]) -> bool:
    """Whether the tensor itself is among them; tensors do not compare as one thing."""
    for other in tensors:  # noqa: SIM110 - asked for each tensor of each operation
        if other is tensor:
            return True
    return False


def _versions(tensors: list[torch.Tensor]) -> list[int] | None:
    try:
        return [tensor._version for tensor in tensors]
    except (RuntimeError, AttributeError):  # inference tensors count no versions
        return None


def _results(result: Any) -> list[torch.Tensor]:
    if isinstance(result, torch.Tensor):
        return [result]
    if result is None or isinstance(result, bool | int | float | str):
        return []
    found: list[torch.Tensor] = []
    collect(result if isinstance(result, list | tuple) else (result,), found)
    return found


def _name_of(function: Any) -> str:
    try:
        return _names[function]
    except KeyError:
        found = _read_name(function)
        if type(function) in _BUILT_IN:  # others may be made for one call
            _names[function] = found
        return found
    except TypeError:  # not hashable
        return _read_name(function)


_names: dict[Any, str] = {}
_BUILT_IN = (type(torch.relu), type(torch.Tensor.relu), type(torch.Tensor.__getitem__))


def _read_name(function: Any) -> str:
    name = str(getattr(function, "__name__", None) or function).partition(".")[0]
    if name == "__get__":
        return str(getattr(getattr(function, "__self__", None), "__name__", "get"))
    if name == "__set__":
        return f"set_{getattr(getattr(function, '__self__', None), '__name__', '')}"
    return name


def _argument_names(called: Any, count: int) -> list[str]:
    """Names of the first ``count`` positional arguments, by the signature of what is called."""
    import inspect

    names: list[str] = []
    rest = "input"
    if called is not None:
        try:
            parameters = list(inspect.signature(called).parameters.values())
        except (TypeError, ValueError, AttributeError):
            parameters = []
        for parameter in parameters:
            if parameter.kind is parameter.VAR_POSITIONAL:
                rest = parameter.name
            elif parameter.kind in (
                parameter.POSITIONAL_ONLY,
                parameter.POSITIONAL_OR_KEYWORD,
            ):
                names.append(parameter.name)
    left = count - len(names)
    if left == 1 and not names:
        return [rest]
    return [*names[:count], *(f"{rest}_{index}" for index in range(left))]


def places(found: Iterable[tuple[Path, Reference]]) -> list[str]:
    """Dotted names of places in nested containers."""
    return [".".join(path) for path, _ in found]
