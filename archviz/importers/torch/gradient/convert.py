"""From a recording and what was noted beside it to the analysis' value graph."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch.overrides import resolve_name

from archviz.analysis.gradient.graph import (
    GradientValue,
    ModuleFacts,
    Operation,
    Role,
    Target,
    ValueGraph,
)
from archviz.analysis.gradient.places import package_of
from archviz.importers.torch.gradient.nodes import NOTHING
from archviz.importers.torch.gradient.watcher import STEERING, Note, Watcher
from archviz.importers.torch.recording import Operation as Recorded
from archviz.importers.torch.recording import Recording
from archviz.ops.gradients import gradient_table

CASTS = frozenset(
    {"long", "int", "bool", "byte", "short", "char", "to", "type", "_to_copy", "type_as", "view",
     "_cast_Long", "_cast_Int"}
)  # fmt: skip
COMPARISONS = frozenset(
    {"eq", "ne", "lt", "gt", "le", "ge", "__eq__", "__ne__", "__lt__", "__gt__", "__le__", "__ge__",
     "isclose", "isnan", "isinf", "isfinite", "logical_not", "logical_and", "logical_or",
     "logical_xor", "__and__", "__or__", "__xor__", "__invert__", "any", "all", "isin", "signbit",
     "isposinf", "isneginf", "greater", "less", "greater_equal", "less_equal", "not_equal", "eq_",
     "ne_", "lt_", "gt_", "le_", "ge_", "bitwise_and", "bitwise_or", "bitwise_not", "isreal"}
)  # fmt: skip
DETACHES = frozenset({"detach", "detach_", "detach_copy"})
REWRAPS = frozenset({"tensor", "new_tensor", "new", "as_tensor", "asarray"})
DISCRETE = frozenset(gradient_table("torch")["discrete"]["functions"])


class Converter:
    """Makes the value graph; everything it refers to by position is numbered anew.

    Args:
        watcher: Watched the recording.
        recording: What was recorded.
        ids: Node ids of the model's graph by position of the operation.
    """

    def __init__(
        self, watcher: Watcher, recording: Recording, ids: Mapping[int, str] | None = None
    ) -> None:
        self.watcher = watcher
        self.recording = recording
        self.ids = ids or {}
        self.place: dict[int, int] = {}
        self.operation_of: dict[int, int] = {}
        self.operations: list[Operation] = []
        self.values: list[GradientValue] = []

    def convert(
        self,
        roots: tuple[int, ...],
        targets: Mapping[str, Target],
        modules: Mapping[str, ModuleFacts],
    ) -> ValueGraph:
        """The graph, with roots and targets given by their positions in the recording."""
        recorded = self.recording.values
        for index, value in enumerate(recorded):
            if value.producer < 0 and index not in self.watcher.entries:
                self._add_leaf(index, ())
        for index, operation in enumerate(self.recording.operations):
            for reference in operation.inputs:
                self._add_entry(reference.value)
            self._add(index, operation)
        for index in range(len(recorded)):
            self._add_entry(index)
        return ValueGraph(
            self.operations,
            self.values,
            tuple(sorted({self.place[root] for root in roots if root in self.place})),
            {name: self._moved(target) for name, target in targets.items()},
            modules,
        )

    def _moved(self, target: Target) -> Target:
        from archviz.records import replace

        return replace(target, value=self.place.get(target.value, -1))

    def _add_leaf(self, index: int, sources: tuple[int, ...]) -> None:
        value = self.recording.values[index]
        behind = self.watcher.behind.get(index, NOTHING)
        self.place[index] = len(self.values)
        self.operations.append(
            Operation(value.name, Role.LEAF, sources, (len(self.values),), value.name)
        )
        self.values.append(
            GradientValue(
                len(self.operations) - 1,
                self._places(behind.gradient),
                self._places(behind.zero),
                behind.lacks_formula,
                value.requires_grad,
                _is_float(value.dtype),
            )
        )

    def _add_entry(self, index: int) -> None:
        """A tensor that was made of an array which had left torch, once that is numbered."""
        origin = self.watcher.entries.get(index)
        if origin is not None and index not in self.place and origin in self.place:
            self._add_leaf(index, (self.place[origin],))
        elif index not in self.place and self.recording.values[index].producer < 0:
            self._add_leaf(index, ())

    def _places(self, values: frozenset[int]) -> frozenset[int]:
        return frozenset(self.place[value] for value in values if value in self.place)

    def _add(self, index: int, operation: Recorded) -> None:
        note = self.watcher.notes.get(index, Note())
        behind = [self.watcher.behind.get(value, NOTHING) for value in operation.outputs]
        used = {reference.value for reference in operation.inputs} - note.unread
        used |= {writer for reference in operation.inputs for writer in reference.writers}
        used |= note.more
        adopted = operation.kind == "alias"
        if adopted:
            for item in behind:
                used |= item.gradient | item.zero
        sources = tuple(sorted({self.place[value] for value in used if value in self.place}))
        position = len(self.operations)
        self.operation_of[index] = position
        first = len(self.values)
        is_read = operation.kind == "read"
        outputs = operation.outputs if not is_read else [-1 - index]
        for number, value in enumerate(outputs):
            self.place[value] = first + number
        made = Operation(
            note.title or self._name(operation, note),
            self._role(operation, note),
            tuple(source for source in sources if source < first),
            tuple(range(first, first + len(outputs))),
            self._module(index, operation),
            self._frames(operation, note),
            note.is_tracked,
            note.region,
            self.ids.get(index, ""),
        )
        self.operations.append(made)
        if is_read:
            self.values.append(GradientValue(position))
        for value, item in zip(operation.outputs, behind, strict=True):
            recorded = self.recording.values[value]
            self.values.append(
                GradientValue(
                    position,
                    self._places(item.gradient) - {self.place[value]},
                    self._places(item.zero),
                    item.lacks_formula,
                    recorded.requires_grad,
                    _is_float(recorded.dtype),
                )
            )

    def _module(self, index: int, operation: Recorded) -> str:
        if operation.kind == "alias":
            source = self._source(operation)
            if source is not None:
                return self._module(-1, source)
        call = self.recording.calls[operation.call]
        while not call.name and call.parent > 0:
            call = self.recording.calls[call.parent]
        return call.name

    def _source(self, operation: Recorded) -> Recorded | None:
        """The operation that made the last input of one that archviz inserted."""
        producer = self.recording.values[operation.inputs[-1].value].producer
        return self.recording.operations[producer] if producer >= 0 else None

    def _frames(self, operation: Recorded, note: Note) -> tuple[Any, ...]:
        if operation.kind != "alias":
            return note.frames or operation.frames
        source = self._source(operation)
        if source is None:
            return operation.frames
        producer = self.recording.values[operation.inputs[-1].value].producer
        inner = self.watcher.notes.get(producer, Note()).frames or self._frames(
            source, self.watcher.notes.get(producer, Note())
        )
        forward = self.watcher.forwards.get(operation.outputs[0]) if operation.outputs else None
        if forward is not None:
            for position, frame in enumerate(inner):
                if frame[0] is forward and position + 1 < len(inner):
                    return inner[position + 1 :]
        return inner

    def _role(self, operation: Recorded, note: Note) -> Role:
        if note.role is not None:
            return note.role
        name = operation.name
        if operation.kind == "read":
            return Role.BRANCH if name in STEERING else Role.LEAVE
        if operation.kind == "alias":
            if name == "adopted":
                has_forward = operation.outputs[0] in self.watcher.forwards
                return Role.FUNCTION if has_forward else Role.UNSEEN
            is_write = len(operation.inputs) > 1
            if is_write:
                return Role.DATA_WRITE
            return self._role_of_alias(operation)
        if name == "set_data":
            return Role.DATA_WRITE
        if name == "data":
            return Role.DATA
        if name in DETACHES:
            return Role.DETACH
        if name in REWRAPS:
            return Role.REWRAP
        value = self.recording.values[operation.outputs[0]] if operation.outputs else None
        if value is not None and not _is_float(value.dtype):
            if name in COMPARISONS:
                return Role.COMPARISON
            if name in CASTS:
                return Role.CAST
        return Role.DISCRETE if name in DISCRETE else Role.PLAIN

    def _role_of_alias(self, operation: Recorded) -> Role:
        """A tensor nobody announced over known memory: a new leaf, or an unknown function's."""
        value = self.recording.values[operation.outputs[0]]
        behind = self.watcher.behind.get(operation.outputs[0], NOTHING)
        is_leaf = value.requires_grad and not behind.gradient and not behind.zero
        return Role.NEW_LEAF if is_leaf else Role.UNSEEN

    def _name(self, operation: Recorded, note: Note) -> str:
        if operation.kind == "alias":
            source = self._source(operation)
            title = self.watcher.titles.get(operation.outputs[0]) if operation.outputs else None
            return title or (self._name(source, note) if source else operation.name)
        function = operation.function
        if function is None:
            return operation.name
        kernel = getattr(function, "kernel", None)
        if kernel is not None:
            return str(kernel)
        if operation.name == "set_data":
            return "torch.Tensor.data.__set__"
        name = resolve_name(function) if callable(function) else None
        return name.removesuffix(".__get__") if name else operation.name


def _is_float(dtype: Any) -> bool:
    return bool(dtype.is_floating_point or dtype.is_complex)


def module_facts(module: torch.nn.Module | None, recording: Recording) -> dict[str, ModuleFacts]:
    """The modules of ``module`` by path, and how often the recording calls each."""
    if module is None:
        return {}
    calls: dict[int, int] = {}
    for call in recording.calls:
        if call.module is not None:
            calls[id(call.module)] = calls.get(id(call.module), 0) + 1
    found = {}
    choices = (torch.nn.ModuleList, torch.nn.ModuleDict)
    for path, part in module.named_modules():
        source = sys.modules.get(type(part).__module__)
        found[path] = ModuleFacts(
            path,
            type(part).__name__,
            calls.get(id(part), 0),
            isinstance(part, choices),
            package_of(getattr(source, "__file__", "") or ""),
            {name: tuple(tensor.shape) for name, tensor in part.named_parameters()},
        )
    return found
