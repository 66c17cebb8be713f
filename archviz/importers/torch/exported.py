"""Exported programs: the recording that their graph already is, without running anything."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from typing import Any

import torch

from archviz.diagnostics import SourceLocation
from archviz.importers.torch.recording import ModuleCall, Operation, Recorded, Recording, Reference
from archviz.importers.torch.sites import is_users, shown_file

_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')


def recording_of(program: Any) -> Recording:
    """The recording that a ``torch.export.ExportedProgram`` stands for."""
    return _Reader(program).read()


class _Reader:
    def __init__(self, program: Any) -> None:
        self._program = program
        self._signature = program.graph_signature
        self._recording = Recording(substrate="exported")
        self._values: dict[Any, int] = {}
        self._open: list[tuple[str, int]] = [("", 0)]

    def read(self) -> Recording:
        recording, program = self._recording, self._program
        name = type(program).__name__
        for node in program.graph.nodes:
            stack = list(node.meta.get("nn_module_stack", {}).values())
            if stack:
                name = _class(stack[0][1])
                break
        recording.calls.append(ModuleCall(None, "", name, -1, 0))
        self._stored()
        for node in program.graph.nodes:
            if node.op == "placeholder":
                self._placeholder(node)
            elif node.op == "call_function":
                self._operation(node)
            elif node.op == "output":
                self._outputs(node)
        self._enter([])
        recording.calls[0].end = len(recording.operations)
        return recording

    def _stored(self) -> None:
        """Parameters, buffers and constants; those that share memory are one."""
        program, recording = self._program, self._recording
        first: dict[Any, str] = {}
        known = {**program.state_dict, **getattr(program, "constants", {})}
        parameters = set(self._signature.parameters)
        for name, tensor in known.items():
            if not isinstance(tensor, torch.Tensor):
                continue
            kind = "parameter" if name in parameters else "buffer"
            same = first.setdefault(id(tensor), name)
            if same == name:
                recording.stored[name] = (kind, tensor)
            recording.names_of.setdefault(same, []).append(name)

    def _value(self, example: Any, producer: int) -> int:
        shape = getattr(example, "shape", ())
        dims = tuple(dim if isinstance(dim, int) else str(dim) for dim in shape)
        dtype = getattr(example, "dtype", type(example).__name__)
        self._recording.values.append(Recorded(producer, dims, dtype, None))
        return len(self._recording.values) - 1

    def _placeholder(self, node: Any) -> None:
        signature = self._signature
        made = self._value(node.meta.get("val"), -1)
        self._values[node] = made
        value = self._recording.values[made]
        target = (
            signature.inputs_to_parameters.get(node.name)
            or signature.inputs_to_buffers.get(node.name)
            or getattr(signature, "inputs_to_lifted_tensor_constants", {}).get(node.name)
        )
        if target is None:
            value.role, value.name = "input", node.name
            if isinstance(node.meta.get("val"), torch.Tensor):
                self._recording.inputs.append(((node.name,), Reference(made)))
            else:
                value.role = "constant"
            return
        canonical = next(
            (name for name, all_ in self._recording.names_of.items() if target in all_), target
        )
        kind = self._recording.stored.get(canonical, ("constant", None))[0]
        value.role, value.name = kind, canonical

    def _operation(self, node: Any) -> None:
        if node.target is operator.getitem and isinstance(node.args[0], torch.fx.Node):
            made = self._values.get((node.args[0], node.args[1]))
            if made is not None:
                self._values[node] = made
                return
        self._enter(list(node.meta.get("nn_module_stack", {}).items())[1:])
        recording = self._recording
        packet = getattr(node.target, "_overloadpacket", node.target)
        name = getattr(packet, "__name__", str(packet))
        operation = Operation("op", name, node.target, self._open[-1][1])
        operation.args = tuple(self._refer(item, operation) for item in node.args)
        operation.kwargs = {key: self._refer(item, operation) for key, item in node.kwargs.items()}
        operation.place = _place(node.meta.get("stack_trace") or "")
        index = len(recording.operations)
        recording.operations.append(operation)
        result = node.meta.get("val")
        if isinstance(result, list | tuple):
            for position, item in enumerate(result):
                made = self._value(item, index)
                self._values[(node, position)] = made
                operation.outputs.append(made)
        else:
            self._values[node] = self._value(result, index)
            operation.outputs.append(self._values[node])

    def _refer(self, thing: Any, operation: Operation) -> Any:
        if isinstance(thing, torch.fx.Node):
            if thing not in self._values:  # a part of a control-flow operator
                return thing.name
            reference = Reference(self._values[thing])
            operation.inputs.append(reference)
            return reference
        if isinstance(thing, list | tuple):
            return type(thing)(self._refer(item, operation) for item in thing)
        if isinstance(thing, dict):
            return {key: self._refer(item, operation) for key, item in thing.items()}
        return thing

    def _enter(self, stack: list[tuple[str, tuple[str, Any]]]) -> None:
        """Leaves the module calls that are not in ``stack`` and enters those that are new."""
        recording = self._recording
        keys = [key for key, _ in stack]
        common = 0
        while common < len(keys) and common + 1 < len(self._open):
            if self._open[common + 1][0] != keys[common]:
                break
            common += 1
        for _, index in self._open[common + 1 :]:
            recording.calls[index].end = len(recording.operations)
        del self._open[common + 1 :]
        for key, (path, class_) in stack[common:]:
            parent = self._open[-1][1]
            call = ModuleCall(None, path, _class(class_), parent, len(recording.operations))
            recording.modules[path] = call.type
            self._open.append((key, len(recording.calls)))
            recording.calls.append(call)

    def _outputs(self, node: Any) -> None:
        """The user's own results, by their place in what the module returned."""
        wanted = [
            item
            for spec, item in zip(self._signature.output_specs, node.args[0], strict=True)
            if spec.kind.name == "USER_OUTPUT"
        ]
        places = list(_places(self._program, len(wanted)))
        for place, item in zip(places, wanted, strict=True):
            if isinstance(item, torch.fx.Node) and item in self._values:
                self._recording.outputs.append((place, Reference(self._values[item])))


def _places(program: Any, count: int) -> Iterator[tuple[str, ...]]:
    from torch.utils import _pytree

    spec = program.call_spec.out_spec
    try:
        tree = _pytree.tree_unflatten([0] * count, spec)
        paths = [path for path, _ in _pytree.tree_flatten_with_path(tree)[0]]
    except (TypeError, ValueError, AttributeError):  # a class that is not there
        paths = [()] * 0
    for index in range(count):
        if index < len(paths) and len(paths) == count:
            yield tuple(str(_key(key)) for key in paths[index])
        else:
            yield (str(index),)


def _key(entry: Any) -> Any:
    for name in ("key", "idx", "name"):
        if hasattr(entry, name):
            return getattr(entry, name)
    return entry


def _class(qualified: Any) -> str:
    text = qualified if isinstance(qualified, str) else getattr(qualified, "__qualname__", "")
    return str(text).rpartition(".")[2]


def _place(trace: str) -> SourceLocation | None:
    """The user's line of a stack trace, innermost last, or a library's."""
    frames = _FRAME.findall(trace)
    users = [frame for frame in frames if is_users(frame[0])]
    others = [frame for frame in frames if f"site-packages{_SEP}torch{_SEP}" not in frame[0]]
    for file, line, function in (*users[-1:], *others[-1:]):
        return SourceLocation(shown_file(file), int(line), function)
    return None


_SEP = "/"
