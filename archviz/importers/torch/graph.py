"""From a Recording to a Graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archviz.garbage import collection_paused
from archviz.importers.torch.arguments import (
    UNSAID,
    attribute,
    index_text,
    is_default,
    named_arguments,
)
from archviz.importers.torch.recording import Operation, Path, Recorded, Recording, Reference
from archviz.importers.torch.scopes import scope_paths
from archviz.importers.torch.sites import Locations
from archviz.ir import Attribute, Dim, Graph, Parameter, ParameterUse, ScopePath, TensorType
from archviz.ir.build import GraphBuilder
from archviz.records import record

SPATIAL = frozenset(f"conv{kind}{axes}d" for kind in ("", "_transpose") for axes in (1, 2, 3))
"""Convolutions, whose window is the weight's size and no argument."""

MOVES = frozenset(
    {
        "__getitem__", "view", "reshape", "flatten", "unflatten", "expand", "expand_as", "to",
        "type", "type_as", "float", "half", "bfloat16", "double", "contiguous", "narrow",
        "squeeze", "view_as", "cat", "concat", "concatenate",
    }
)  # fmt: skip
"""Functions that change nothing when the result is like what they got."""

JOINS = frozenset({"cat", "concat", "concatenate"})
"""Those among them that take several tensors, of which empty ones add nothing."""

UNSPOKEN = frozenset(
    {"self", "other", "input", "mat1", "mat2", "batch1", "batch2", "vec", "vec2", "tensor"}
)
"""Names of arguments that say less than the stored tensor's own."""

KINDS = {"parameter": "weight", "buffer": "buffer", "constant": "constant"}


@record
class Numbered:
    """A graph with where it came from.

    Attributes:
        graph: The graph.
        nodes: Ids of its nodes by position of the recorded operation.
        values: Ids of its values by position of the recorded value.
    """

    graph: Graph
    nodes: Mapping[int, str]
    values: Mapping[int, str]


def graph_of(recording: Recording, name: str = "") -> Graph:
    """The graph that was recorded; see :class:`_Converter` for what it leaves out."""
    with collection_paused():
        return _Converter(recording, name).convert()


def numbered(recording: Recording, name: str = "", model: int | None = None) -> Numbered:
    """As ``graph_of``, with the ids that recorded operations and values have in it.

    Args:
        recording: What was recorded.
        name: Of the graph.
        model: The call whose inside stands at the top, as what is around it (a loss) does.
    """
    converter = _Converter(recording, name, model)
    graph = converter.convert()
    return Numbered(graph, converter.nodes, converter.values)


class _Converter:
    """Makes nodes of operations.

    Reads, by which contents leave torch, make no node: they have no result. Operations that gave
    back their input are called "identity".
    """

    def __init__(self, recording: Recording, name: str, model: int | None = None) -> None:
        self._recording = recording
        self._builder = GraphBuilder(name)
        self._paths, self._types = scope_paths(recording, model)
        self._ids: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self.values = self._ids
        self.nodes: dict[int, str] = {}
        self._locations = Locations()
        self._types_of: dict[Any, TensorType] = {}

    def convert(self) -> Graph:
        builder, recording = self._builder, self._recording
        for path, type_ in self._types.items():
            builder.scope(path, type_)
        for stored, (kind, tensor) in recording.stored.items():
            trainable = bool(tensor.requires_grad) if kind == "parameter" else None
            type_of = _tensor_type(_shape(tensor), tensor.dtype)
            builder.parameter(Parameter(stored, type_of, KINDS[kind], trainable))
        for place, reference in recording.inputs:
            self._ids[reference.value] = self._value(".".join(place) or "input", reference.value)
            builder.inputs.append(self._ids[reference.value])
        outputs = list(self._outputs())
        for output, reference in outputs:
            if reference.value not in self._ids:
                self._names.setdefault(reference.value, output)
        for index, operation in enumerate(recording.operations):
            if operation.outputs:
                self.nodes[index] = self._node(operation)
        for output, reference in outputs:
            builder.outputs.append(self._output(output, reference))
        return builder.build()

    def _outputs(self) -> Iterator[tuple[str, Reference]]:
        """The outputs but for those in caches, each with its name."""
        caches = cache_places(self._recording.result)
        for place, reference in self._recording.outputs:
            if place[:1] not in caches:
                name = ".".join(place)
                yield (f"output.{name}" if name.isdigit() else name) or "output", reference

    def _output(self, name: str, reference: Reference) -> str:
        known = self._ids.get(reference.value)
        if known is not None:
            return known
        value = self._recording.values[reference.value]
        made = self._value(name, reference.value)
        use = ParameterUse(self._parameter(value), "value", 0)
        self._builder.node("parameter", (None,), (made,), parameters=(use,))
        return made

    def _value(self, name: str, index: int) -> str:
        value = self._recording.values[index]
        key = (value.shape, value.dtype)
        type_ = self._types_of.get(key)
        if type_ is None:
            type_ = self._types_of[key] = _tensor_type(*key)
        made = self._builder.value(name, type_)
        self._ids[index] = made
        return made

    def _parameter(self, value: Recorded) -> str:
        """The name of a stored tensor, added to the graph when it is a constant."""
        if value.role == "constant":
            type_ = _tensor_type(value.shape, value.dtype)
            self._builder.parameter(Parameter(value.name, type_, "constant", None, value.content))
        return value.name

    def _node(self, operation: Operation) -> str:
        builder = self._builder
        scope = self._paths[operation.call]
        op = "identity" if self._changes_nothing(operation) else _shown(operation)
        node_id = builder.reserve(op, scope)
        inputs: list[str | None] = []
        uses: list[ParameterUse] = []
        late: list[str] = []
        attributes: dict[str, Attribute] = {}
        for name, value, default in named_arguments(operation):
            kind = type(value)
            found: Sequence[Reference] = ()
            if kind is Reference:
                found = (value,)
            elif kind in _CONTAINERS:
                found = list(_references(value))
            for reference in found:
                if op == "identity" and operation.name in JOINS and self._is_empty(reference):
                    continue
                role = name if kind is Reference and name not in UNSPOKEN else ""
                self._take(reference, role, inputs, uses, late)
            if op in ("getitem", "setitem") and name == "key":
                attributes["index"] = index_text(value)
            elif not found and value is not None and _is_worth_saying(name, value, default):
                attributes[name] = attribute(value)
        if op in SPATIAL:
            attributes = {**self._window(uses), **attributes}
        outputs = []
        for position, index in enumerate(operation.outputs):
            given = self._names.get(index) or (f"{node_id}:{position}" if position else node_id)
            outputs.append(self._value(given, index))
        builder.node(
            op,
            (*inputs, *late),
            tuple(outputs),
            parameters=tuple(uses),
            attributes=attributes,
            scope=scope,
            location=self._locations.of(operation),
            node_id=node_id,
        )
        return node_id

    def _changes_nothing(self, operation: Operation) -> bool:
        """Whether it moves or casts a tensor to the shape and type that it has."""
        if operation.name not in MOVES or len(operation.outputs) != 1 or not operation.inputs:
            return False
        values = self._recording.values
        inputs = operation.inputs
        if operation.name in JOINS:  # a cache that is empty yet is joined to what is new
            inputs = [item for item in inputs if not self._is_empty(item)]
        if operation.written or len(inputs) != 1:
            return False
        given, made = values[inputs[0].value], values[operation.outputs[0]]
        if given.shape is None or given.shape != made.shape or given.dtype != made.dtype:
            return False
        if operation.name == "__getitem__":
            index = operation.args[1] if len(operation.args) > 1 else None
            parts = index if isinstance(index, tuple) else (index,)
            return all(part is Ellipsis or _takes_all(part) for part in parts)
        return True

    def _is_empty(self, reference: Reference) -> bool:
        return 0 in (self._recording.values[reference.value].shape or ())

    def _take(
        self,
        reference: Reference,
        role: str,
        inputs: list[str | None],
        uses: list[ParameterUse],
        late: list[str],
    ) -> None:
        """Notes one input: a value, or a stored tensor that leaves a hole."""
        known = self._ids.get(reference.value)
        if known is None:
            value = self._recording.values[reference.value]
            stored = self._parameter(value)
            own = role or stored.rpartition(".")[2]
            uses.append(ParameterUse(stored, own, len(inputs)))
        inputs.append(known)
        if reference.writers:
            late.extend(self._ids[writer] for writer in reference.writers)

    def _window(self, uses: list[ParameterUse]) -> Mapping[str, Attribute]:
        for use in uses:
            if use.role == "weight":
                shape = self._builder.parameters[use.parameter].type.shape or ()
                return {"kernel_size": tuple(shape[2:])}
        return {}


def cache_places(result: Any) -> set[Path]:
    """The first part of the places of caches in ``result``, such as keys and values of the past."""
    items: Iterator[tuple[str, Any]]
    if isinstance(result, Mapping):
        items = ((str(key), item) for key, item in result.items())
    elif isinstance(result, list | tuple):
        items = ((str(index), item) for index, item in enumerate(result))
    else:
        return set()
    return {(key,) for key, item in items if type(item).__name__.endswith("Cache")}


def _takes_all(part: Any) -> bool:
    return isinstance(part, slice) and part.start in (None, 0) and part.step in (None, 1)


_CONTAINERS = frozenset({list, tuple, dict, slice})


def _references(value: Any) -> Iterator[Reference]:
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, slice):
        yield from _references((value.start, value.stop, value.step))


_REFLECTED = {
    "__radd__": "add",
    "__rsub__": "rsub",
    "__rmul__": "mul",
    "__rdiv__": "div",
    "__rtruediv__": "div",
    "__rpow__": "pow",
    "__rmatmul__": "matmul",
    "__pow__": "pow",
}


def _shown(operation: Operation) -> str:
    """What a node is called: the function's name without what Python puts around it."""
    if operation.kind == "alias":
        return "alias" if len(operation.inputs) > 1 else "identity"
    # Whether a copy is needed to be contiguous is the memory's affair, not the architecture's.
    if operation.name == "contiguous" or (operation.is_plumbing and operation.name != "dropout"):
        return "identity"
    name = operation.name
    if name in _REFLECTED:
        return _REFLECTED[name]
    return name.strip("_") if name.startswith("__") else name


def _is_worth_saying(name: str, value: Any, default: Any) -> bool:
    return name not in UNSAID and not is_default(value, default)


def _shape(tensor: Any) -> tuple[int, ...] | None:
    try:
        return tuple(tensor.shape)
    except RuntimeError:  # not initialized yet, or nested
        return None


def _tensor_type(shape: tuple[Dim, ...] | None, dtype: Any) -> TensorType:
    return TensorType(str(dtype).removeprefix("torch."), shape)


def scope_of(recording: Recording, call: int) -> ScopePath:
    """The scope path of a module call, as the graph has it."""
    return scope_paths(recording)[0][call]
