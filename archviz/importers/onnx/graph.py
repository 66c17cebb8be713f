"""ModelProto to Graph: nodes, values, parameters and scopes, whatever the file's faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from archviz.importers.onnx.attributes import AttributeReader
from archviz.importers.onnx.functions import MAX_LEVELS, Functions, call_key
from archviz.importers.onnx.hierarchy import Hierarchy
from archviz.importers.onnx.names import clean
from archviz.importers.onnx.notes import Notes
from archviz.importers.onnx.operators import Operators, opsets_of, standard
from archviz.importers.onnx.stored import StoredTensors
from archviz.importers.onnx.value_types import TypeReader
from archviz.ir import Attribute, Graph, ParameterUse, ScopePath, Type, Value
from archviz.ir.build import GraphBuilder, make_node
from archviz.ir.quick import quick

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto, NodeProto

    from archviz.importers.onnx.node_inference import NodeInference

MAX_ID_PART = 200
"""Characters that a name adds to an id that has other parts."""

_make_use = quick(ParameterUse)
_NO_ATTRIBUTES: Mapping[str, Attribute] = {}
_NO_SUBGRAPHS: Mapping[str, Graph] = {}


@dataclass(slots=True)
class _Level:
    """One graph, or the expanded body of one function call, while it is read.

    Attributes:
        builder: Where nodes and values go; that of the caller for a function's body.
        operators: The schemas of the imported operator sets.
        outer: The graph around a subgraph.
        scope: Where a function's body lives.
        owner: Id prefix of a subgraph's nodes, "If/then_branch", or "".
        depth: Graphs and calls around this one.
        known: Value ids by name; None for an argument that a call leaves out.
        stored: Parameters by name.
        references: Values of the attributes of the call; None outside of one.
        types: What the file and inference say of values, by name.
        is_main: Whether this is the model's own graph.
    """

    builder: GraphBuilder
    operators: Operators
    outer: _Level | None = None
    scope: ScopePath = ()
    owner: str = ""
    depth: int = 0
    known: dict[str, str | None] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)
    references: Mapping[str, Attribute] | None = None
    types: Mapping[str, Type | None] = field(default_factory=dict)
    is_main: bool = False

    def find(self, name: str) -> tuple[str | None, str | None] | None:
        """The value's id or the parameter called ``name`` here or around; None when unknown."""
        level: _Level | None = self
        while level is not None:
            if name in level.known:
                return level.known[name], None
            if name in level.stored:
                return None, level.stored[name]
            level = level.outer
        return None


class NodeList:
    """Nodes as the parser has them, and their outputs.

    Held, the parser's objects are made once instead of in every walk over them.

    Args:
        proto: Their graph, or the function they are in.

    Attributes:
        protos: The nodes.
        outputs: What each produces.
        are_plain: Whether all their names can be shown as they are.
    """

    __slots__ = ("are_plain", "outputs", "protos")

    def __init__(self, proto: GraphProto | FunctionProto) -> None:
        self.protos = list(proto.node)
        self.outputs = [list(node.output) for node in self.protos]
        self.are_plain = _are_plain([*chain.from_iterable(self.outputs)]) and _are_plain(
            [node.name for node in self.protos]
        )


def _are_plain(names: Sequence[str]) -> bool:
    try:
        together = "".join(names)
    except TypeError:  # names that are no UTF-8 come as bytes
        return False
    return together.isprintable() and max(map(len, names), default=0) <= MAX_ID_PART


class GraphReader:
    """Reads the graphs of one model.

    Args:
        operators: The schemas of the model's operator sets.
        functions: The model's own functions.
        hierarchy: Finds the place of each node.
        types: Reads types.
        notes: Collects faults.
        inference: Completes types node by node, or None.
    """

    def __init__(
        self,
        operators: Operators,
        functions: Functions,
        hierarchy: Hierarchy,
        types: TypeReader,
        notes: Notes,
        inference: NodeInference | None = None,
    ) -> None:
        self._operators = operators
        self._functions = functions
        self._hierarchy = hierarchy
        self._types = types
        self._notes = notes
        self._inference = inference
        self._attributes = AttributeReader(types)
        self._stored = StoredTensors()
        self._function_operators: dict[tuple[tuple[str, int], ...], Operators] = {}
        self._ops: dict[str, str] = {}
        self._places: dict[str, ScopePath] = {}

    def read(self, proto: GraphProto, nodes: NodeList, types: Mapping[str, Type | None]) -> Graph:
        """The main graph with everything inside it.

        Args:
            proto: The graph.
            nodes: Its nodes.
            types: What is known of its values, by name.
        """
        builder = GraphBuilder(clean(proto.name))
        level = _Level(builder, self._operators, types=types, is_main=True)
        self._graph(proto, nodes, level)
        for parameter in self._stored.parameters():
            builder.parameter(parameter)
        return builder.build()

    def _graph(self, proto: GraphProto, nodes: NodeList, level: _Level) -> None:
        builder = level.builder
        if not level.is_main:
            level.types = self._types.by_name((*proto.value_info, *proto.output))
        for tensor in proto.initializer:
            level.stored[tensor.name] = self._stored.add(tensor)
        for sparse in proto.sparse_initializer:
            level.stored[sparse.values.name] = self._stored.add_sparse(sparse)
        if level.is_main and self._hierarchy.has_metadata:
            self._stored.note_signature(proto)
        for info in proto.input:
            # An initializer of the same name is the input's default: it stays a parameter.
            if info.name not in level.stored and info.name not in level.known:
                value = builder.value(
                    self._value_name(info.name, level), self._types.read(info.type)
                )
                level.known[info.name] = value
                builder.inputs.append(value)
        self._nodes(nodes, level, {})
        for info in proto.output:
            builder.outputs.append(self._output(info.name, level))

    def _output(self, name: str, level: _Level) -> str:
        value, parameter = self._find(name, level)
        if parameter is None and value is not None:
            return value
        # A stored tensor that the graph returns, or an output that is left open.
        made = level.builder.value(self._value_name(name, level), level.types.get(name))
        self._stand_in(made, parameter, level)
        return made

    def _stand_in(self, value: str, parameter: str | None, level: _Level) -> None:
        """A node that produces ``value`` out of a stored tensor or, lacking one, of nothing."""
        label = self._label("Missing" if parameter is None else "Constant", level)
        if parameter is None:
            node = level.builder.node(
                "Missing", (), (value,), node_id=label, kind="missing", scope=level.scope
            )
            self._notes.fault("missing-value", value, node.id)
            return
        self._stored.use(parameter, "", "value")
        level.builder.node(
            "Constant", (), (value,), node_id=label, scope=level.scope,
            parameters=(ParameterUse(parameter, "value"),),
        )  # fmt: skip

    def _find(self, name: str, level: _Level) -> tuple[str | None, str | None]:
        """The value id or parameter of ``name``; a value that nobody produces is made up."""
        found = level.find(name)
        if found is None:
            value = level.builder.value(self._value_name(name, level), level.types.get(name))
            self._stand_in(value, None, level)
            level.known[name] = value
            return value, None
        return found

    def _nodes(self, nodes: NodeList, level: _Level, given: dict[str, str]) -> None:
        """Adds nodes; ``given`` are the ids of outputs whose values exist already."""
        outputs, again = self._declare(nodes, level, given)
        known, stored, functions, operators = (
            level.known, level.stored, self._functions, level.operators,
        )  # fmt: skip
        is_inferring = self._inference is not None and self._inference.is_wanted
        values, shown_ops = level.builder.values, self._ops
        has_functions, are_plain = bool(functions), nodes.are_plain
        for index, proto in enumerate(nodes.protos):
            raw, name, domain = proto.op_type, proto.name, proto.domain
            op = shown_ops.get(raw)
            if op is None:
                op = shown_ops[raw] = clean(raw)[:MAX_ID_PART]
            if not are_plain:
                name = clean(name)
            if domain:
                domain = standard(clean(domain))
            inputs: list[str | None] = []
            uses: tuple[ParameterUse, ...] = ()
            for source in proto.input:
                if source in known:
                    inputs.append(known[source])
                elif source in stored:
                    position = len(inputs)
                    inputs.append(None)
                    role = operators.role(domain, op, position)
                    uses = (*uses, _make_use(stored[source], role, position))
                elif not source:
                    inputs.append(None)
                else:
                    value, parameter = self._find(source, level)
                    if parameter is not None:
                        role = operators.role(domain, op, len(inputs))
                        uses = (*uses, ParameterUse(parameter, role, len(inputs)))
                    inputs.append(value)
            made = outputs[index]
            if has_functions and (key := call_key(proto)) in functions:
                if functions.take(key):
                    self._call(proto, functions[key], level, inputs, uses, made, op, name)
                    if index in again:
                        known.update(again[index])
                    continue
                endless = functions.is_endless(key)
                self._notes.fault("recursive-function" if endless else "large-function", op)
            self._node(proto, index, level, op, domain, name, inputs, uses, made)
            if is_inferring and any(v is not None and values[v].type is None for v in made):
                self._infer(proto, level, op, domain, inputs, uses, made)
            if index in again:
                known.update(again[index])

    def _node(
        self,
        proto: NodeProto,
        index: int,
        level: _Level,
        op: str,
        domain: str,
        name: str,
        inputs: list[str | None],
        uses: tuple[ParameterUse, ...],
        outputs: tuple[str | None, ...],
    ) -> None:
        builder, stored = level.builder, self._stored
        place = self._places.get(name.rpartition("/")[0]) if level.is_main else None
        if place is not None:  # most names begin like one before them
            path, label = place, name.rpartition("/")[2]
        else:
            path, label = self._place(proto, name, index, level)
        if len(label) > MAX_ID_PART:
            label = label[:MAX_ID_PART]
        if level.owner:
            node_id = builder.reserve(f"{level.owner}/{label or op}")
        else:
            node_id = builder.reserve(label or op, path)
        for use in uses:
            stored.use(use.parameter, op, use.role)
        if stored.has_constants:
            stored.use_values(inputs, op, domain, level.operators)
        attributes: Mapping[str, Attribute] = _NO_ATTRIBUTES
        subgraphs: Mapping[str, Graph] = _NO_SUBGRAPHS
        held = ""
        if op == "Constant" and not domain:
            held = stored.add_constant(proto, outputs)
        if held:
            uses = (*uses, ParameterUse(held, "value"))
        elif settings := proto.attribute:
            attributes, graphs = self._attributes.read(
                settings, op, domain, level.operators, level.references
            )
            if graphs:
                subgraphs = {
                    role: self._subgraph(graph, role, node_id, level) for role, graph in graphs
                }
        if op not in level.operators.standard and not domain and not level.operators.has(op):
            self._notes.fault("unknown-operator", op, node_id)
        location = self._hierarchy.location(proto) if self._hierarchy.has_metadata else None
        # Straight to the list, for this is done a million times; the id is reserved above.
        builder.nodes.append(
            make_node(
                node_id, op, tuple(inputs), outputs, uses, attributes, path, subgraphs, location,
                (), "op", domain, name,
            )
        )  # fmt: skip

    def _place(
        self, proto: NodeProto, name: str, index: int, level: _Level
    ) -> tuple[ScopePath, str]:
        """The scope of a node, which is added to the graph, and the last part of its name."""
        path, label, types = self._hierarchy.place(proto, name, index if level.is_main else -1)
        prefix = level.scope
        if prefix:
            types = tuple((prefix + inner, kind) for inner, kind in types)
            path = prefix + path
        if path:
            scopes = level.builder.scopes
            for inner, kind in types:
                if inner not in scopes or not scopes[inner].type:
                    level.builder.scope(inner, kind)
            if path not in scopes:
                level.builder.scope(path)
            if level.is_main and self._hierarchy.is_by_name:
                self._places[name.rpartition("/")[0]] = path
        return path, label

    def _declare(
        self, nodes: NodeList, level: _Level, given: dict[str, str]
    ) -> tuple[list[tuple[str | None, ...]], dict[int, dict[str, str]]]:
        """Adds the values that nodes produce, so that their order does not matter.

        Returns:
            The outputs of each node and, for names that are produced once more, the new meaning
            by the index of the node behind which it holds.
        """
        known, stored, types, builder = level.known, level.stored, level.types, level.builder
        declared: list[tuple[str | None, ...]] = []
        again: dict[int, dict[str, str]] = {}
        as_it_is = nodes.are_plain and not level.owner and not level.scope
        for index, names in enumerate(nodes.outputs):
            made: list[str | None] = []
            for name in names:
                if not name:
                    made.append(None)
                    continue
                if name in known or name in stored:
                    value = builder.value(self._value_name(name, level), types.get(name))
                    again.setdefault(index, {})[name] = value
                    self._notes.fault("duplicate-value", clean(name))
                elif name in given:
                    known[name] = value = given.pop(name)
                else:
                    shown = name if as_it_is else self._value_name(name, level)
                    known[name] = value = builder.value(shown, types.get(name))
                made.append(value)
            declared.append(tuple(made))
        return declared, again

    def _value_name(self, name: str, level: _Level) -> str:
        shown = clean(name)
        if level.scope:
            return "/".join((*level.scope, shown[:MAX_ID_PART]))
        return shown[:MAX_ID_PART] if level.owner else shown

    def _label(self, label: str, level: _Level) -> str:
        if level.owner:
            return level.builder.reserve(f"{level.owner}/{label}")
        return level.builder.reserve(label, level.scope)

    def _subgraph(self, proto: GraphProto, role: str, owner: str, level: _Level) -> Graph:
        builder = GraphBuilder(clean(proto.name), level.builder)
        if level.depth >= MAX_LEVELS:
            self._notes.fault("deep-subgraph", owner, owner)
            return builder.build()
        inner = _Level(
            builder, level.operators, level, level.scope, f"{owner}/{role}", level.depth + 1,
            references=level.references,
        )  # fmt: skip
        self._graph(proto, NodeList(proto), inner)
        return builder.build()

    def _call(
        self,
        proto: NodeProto,
        function: FunctionProto,
        level: _Level,
        inputs: list[str | None],
        uses: tuple[ParameterUse, ...],
        outputs: tuple[str | None, ...],
        op: str,
        name: str,
    ) -> None:
        """Puts the body of ``function`` in the place of the call, as a scope."""
        builder = level.builder
        around, label = self._place(proto, name, -1, level)
        label = (label or op).replace("/", "_")[:MAX_ID_PART]
        path, number = (*around, label), 1
        while path in builder.scopes:
            number += 1
            path = (*around, f"{label}@{number}")
        builder.scope(path, op)
        references = self._arguments(proto, function, level)
        inner = _Level(
            builder, self._operators_of(function), None, path, level.owner, level.depth + 1,
            references=references, types=self._function_value_types(function),
        )  # fmt: skip
        for index, formal in enumerate(function.input):
            inner.known[formal] = inputs[index] if index < len(inputs) else None
        for use in uses:
            if use.index < len(function.input):
                formal = function.input[use.index]
                inner.known.pop(formal, None)
                inner.stored[formal] = use.parameter
        wanted = [
            (formal, value)
            for formal, value in zip(function.output, outputs, strict=False)
            if value is not None
        ]
        given: dict[str, str] = {
            formal: value for formal, value in wanted if inner.find(formal) is None
        }
        open_values = {value for _, value in wanted} - set(given.values())
        self._nodes(NodeList(function), inner, given)
        open_values.update(given.values())
        for formal, value in wanted:
            if value not in open_values:
                continue
            source, parameter = inner.find(formal) or (None, None)
            if source is None:
                self._stand_in(value, parameter, inner)
            else:  # the function hands an argument through
                builder.node(
                    "Identity", (source,), (value,), scope=path,
                    node_id=self._label("Identity", inner),
                )  # fmt: skip
        for extra in outputs[len(function.output) :]:
            if extra is not None:
                self._stand_in(extra, None, inner)

    def _arguments(
        self, proto: NodeProto, function: FunctionProto, level: _Level
    ) -> dict[str, Attribute]:
        values = {
            clean(default.name): self._attributes.value(default)
            for default in function.attribute_proto
        }
        given, _ = self._attributes.read(
            proto.attribute, "", "", self._operators, level.references or {}
        )
        values.update(given)
        return values

    def _operators_of(self, function: FunctionProto) -> Operators:
        opsets = opsets_of(function.opset_import)
        key = tuple(sorted(opsets.items()))
        if not key:
            return self._operators
        if key not in self._function_operators:
            self._function_operators[key] = Operators({**self._operators.opsets, **opsets})
        return self._function_operators[key]

    def _function_value_types(self, function: FunctionProto) -> Mapping[str, Type | None]:
        return self._types.by_name(function.value_info) if function.value_info else {}

    def _infer(
        self,
        proto: NodeProto,
        level: _Level,
        op: str,
        domain: str,
        inputs: list[str | None],
        uses: tuple[ParameterUse, ...],
        outputs: tuple[str | None, ...],
    ) -> None:
        schema = level.operators.schema(domain, op)
        if schema is None or self._inference is None:
            return
        arguments: dict[int, Type | None] = {}
        for position, value in enumerate(inputs):
            if value is not None:
                arguments[position] = self._type_of(value, level)
        tensors = {use.index: self._stored.proto(use.parameter) for use in uses if use.index >= 0}
        arguments.update(
            (use.index, self._stored.type(use.parameter)) for use in uses if use.index >= 0
        )
        found = self._inference.outputs(schema, proto, arguments, tensors, level.operators.opsets)
        values = level.builder.values
        for position, value in enumerate(outputs):
            type_ = found.get(position)
            if value is not None and type_ is not None and values[value].type is None:
                values[value] = Value(value, type_)

    def _type_of(self, value: str, level: _Level) -> Type | None:
        around: _Level | None = level
        while around is not None:
            if value in around.builder.values:
                return around.builder.values[value].type
            around = around.outer
        return None
