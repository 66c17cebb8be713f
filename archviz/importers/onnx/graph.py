"""ModelProto to Graph: nodes, values, parameters and scopes, whatever the file's faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from archviz.importers.onnx.attributes import AttributeReader
from archviz.importers.onnx.calls import Calls
from archviz.importers.onnx.functions import MAX_LEVELS, Functions, call_key
from archviz.importers.onnx.hierarchy import Hierarchy
from archviz.importers.onnx.level import MAX_ID_PART, Level, NodeList
from archviz.importers.onnx.notes import Notes
from archviz.importers.onnx.operators import Operators, standard
from archviz.importers.onnx.stored import StoredTensors
from archviz.importers.onnx.tree_ensembles import DOMAIN as TREE_DOMAIN
from archviz.importers.onnx.tree_ensembles import OPERATORS as TREE_OPERATORS
from archviz.importers.onnx.tree_ensembles import SETTINGS as TREE_SETTINGS
from archviz.importers.onnx.tree_ensembles import forest_of
from archviz.importers.onnx.value_types import TypeReader
from archviz.ir import Attribute, Forest, Graph, Node, ParameterUse, ScopePath, Type, Value
from archviz.ir.build import GraphBuilder
from archviz.ir.forest.check import problems_of
from archviz.reading.names import clean

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto, NodeProto

    from archviz.importers.onnx.node_inference import NodeInference

_NOT_SEEN: ScopePath = ("", "")
_NO_ATTRIBUTES: Mapping[str, Attribute] = {}
_NO_SUBGRAPHS: Mapping[str, Graph] = {}


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
        self.operators = operators
        self._functions = functions
        self._hierarchy = hierarchy
        self.types = types
        self._notes = notes
        self._inference = inference
        self.attributes = AttributeReader(types)
        self._stored = StoredTensors()
        self._calls = Calls(self)
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
        level = Level(builder, self.operators, types=types, is_main=True)
        self._graph(proto, nodes, level)
        for parameter in self._stored.parameters():
            builder.parameter(parameter)
        return builder.build()

    def _graph(self, proto: GraphProto, nodes: NodeList, level: Level) -> None:
        builder = level.builder
        if not level.is_main:
            level.types = self.types.by_name((*proto.value_info, *proto.output))
        for tensor in proto.initializer:
            level.stored[tensor.name] = self._stored.add(tensor)
        for sparse in proto.sparse_initializer:
            level.stored[sparse.values.name] = self._stored.add_sparse(sparse)
        if level.is_main and self._hierarchy.has_metadata:
            self._stored.note_signature(proto)
        for info in proto.input:
            if level.is_branch and level.find(info.name) is not None:
                # Some exporters list here what a branch takes from around it.
                self._notes.fault("branch-input", info.name)
                continue
            # An initializer of the same name is the input's default: it stays a parameter.
            if info.name not in level.stored and info.name not in level.known:
                value = builder.value(level.value_id(info.name), self.types.read(info.type))
                level.known[info.name] = value
                builder.inputs.append(value)
        self.nodes(nodes, level, {})
        for info in proto.output:
            builder.outputs.append(self._output(info.name, level))

    def _output(self, name: str, level: Level) -> str:
        value, parameter = self._find(name, level)
        if parameter is None and value is not None:
            return value
        # A stored tensor that the graph returns, or an output that is left open.
        made = level.builder.value(level.value_id(name), level.types.get(name))
        self.stand_in(made, parameter, level)
        return made

    def stand_in(self, value: str, parameter: str | None, level: Level) -> None:
        """A node that produces ``value`` out of a stored tensor or, lacking one, of nothing."""
        label = level.reserve("Missing" if parameter is None else "Constant", level.scope)
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

    def _find(self, name: str, level: Level) -> tuple[str | None, str | None]:
        """The value id or parameter of ``name``; a value that nobody produces is made up."""
        found = level.find(name)
        if found is None:
            value = level.builder.value(level.value_id(name), level.types.get(name))
            self.stand_in(value, None, level)
            level.known[name] = value
            return value, None
        return found

    def nodes(self, nodes: NodeList, level: Level, given: dict[str, str]) -> None:
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
            for source in proto.input[:]:
                if source in known:
                    inputs.append(known[source])
                elif source in stored:
                    position = len(inputs)
                    inputs.append(None)
                    role = operators.role(domain, op, position)
                    uses = (*uses, ParameterUse(stored[source], role, position))
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
                    self._calls.expand(proto, functions[key], level, inputs, uses, made, op, name)
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
        level: Level,
        op: str,
        domain: str,
        name: str,
        inputs: list[str | None],
        uses: tuple[ParameterUse, ...],
        outputs: tuple[str | None, ...],
    ) -> None:
        builder, stored = level.builder, self._stored
        if self._hierarchy.is_by_name and not level.scope:
            directory, _, label = name.rpartition("/")
            path = self._places.get(directory, _NOT_SEEN)
            if path is _NOT_SEEN:
                path = self._places[directory] = self._hierarchy.by_name(directory)
                level.builder.scope(path)
        else:
            path, label = self.place(proto, name, index, level)
        if len(label) > MAX_ID_PART:
            label = label[:MAX_ID_PART]
        node_id = level.reserve(label or op, path)
        for use in uses:
            stored.use(use.parameter, op, use.role)
        if stored.has_constants:
            stored.use_values(inputs, op, domain, level.operators)
        attributes: Mapping[str, Attribute] = _NO_ATTRIBUTES
        subgraphs: Mapping[str, Graph] = _NO_SUBGRAPHS
        held, forest = "", None
        if op == "Constant" and not domain:
            held = stored.add_constant(proto, outputs)
        if held:
            uses = (*uses, ParameterUse(held, "value"))
        elif settings := proto.attribute:
            attributes, graphs = self.attributes.read(
                settings, op, domain, level.operators, level.references
            )
            if graphs:
                subgraphs = {
                    role: self._subgraph(graph, role, node_id, level) for role, graph in graphs
                }
            if op in TREE_OPERATORS and domain == TREE_DOMAIN:
                forest = self._forest(op, settings, node_id)
                attributes = {k: v for k, v in attributes.items() if k in TREE_SETTINGS}
        if op not in level.operators.standard and not domain and not level.operators.has(op):
            self._notes.fault("unknown-operator", op, node_id)
        location = self._hierarchy.location(proto) if self._hierarchy.has_metadata else None
        # Straight to the list, for this is done a million times; the id is reserved above.
        builder.nodes.append(
            Node(
                node_id, op, tuple(inputs), outputs, uses, attributes, path, subgraphs, location,
                (), "op", domain, name, forest=forest,
            )
        )  # fmt: skip

    def _forest(self, op: str, settings: Iterable[AttributeProto], node_id: str) -> Forest | None:
        """The trees of an ensemble; None, and a note, when its attributes are broken."""
        try:
            forest = forest_of(op, settings)
        except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            self._notes.fault("broken-trees", str(error).partition("\n")[0][:100], node_id)
            return None
        problems = problems_of(forest)
        if problems:
            self._notes.fault("broken-trees", problems[0], node_id)
            return None
        return forest

    def place(self, proto: NodeProto, name: str, index: int, level: Level) -> tuple[ScopePath, str]:
        """The scope of a node, which is added to the graph, and the last part of its name."""
        prefix = level.scope
        path, label, types = self._hierarchy.place(proto, name, index if level.is_main else -1)
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
        return path, label

    def _declare(
        self, nodes: NodeList, level: Level, given: dict[str, str]
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
                    value = builder.value(level.value_id(name), types.get(name))
                    again.setdefault(index, {})[name] = value
                    self._notes.fault("duplicate-value", clean(name))
                elif name in given:
                    known[name] = value = given.pop(name)
                else:
                    shown = name if as_it_is else level.value_id(name)
                    known[name] = value = builder.value(shown, types.get(name))
                made.append(value)
            declared.append(tuple(made))
        return declared, again

    def _subgraph(self, proto: GraphProto, role: str, owner: str, level: Level) -> Graph:
        builder = GraphBuilder(clean(proto.name), level.builder)
        if level.depth >= MAX_LEVELS:
            self._notes.fault("deep-subgraph", owner, owner)
            return builder.build()
        inner = Level(
            builder, level.operators, level, level.scope, f"{owner}/{role}", level.depth + 1,
            references=level.references, is_branch=role in ("then_branch", "else_branch"),
        )  # fmt: skip
        self._graph(proto, NodeList(proto), inner)
        return builder.build()

    def _infer(
        self,
        proto: NodeProto,
        level: Level,
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
                arguments[position] = level.type_of(value)
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
