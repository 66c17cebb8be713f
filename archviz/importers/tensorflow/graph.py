"""NodeDefs to Graph: what the outputs need, with calls inlined and variables folded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from archviz.importers.tensorflow.attributes import attributes_of, output_types
from archviz.importers.tensorflow.constants import constant_of
from archviz.importers.tensorflow.functions import (
    Body,
    branches_of,
    called_by,
    function_table,
    graph_body,
)
from archviz.importers.tensorflow.messages import dtype_name
from archviz.importers.tensorflow.places import label_of, place_of
from archviz.importers.tensorflow.variables import Variable, known_variable, shape_of
from archviz.ir import Graph, Parameter, ParameterUse, ScopePath, Severity, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.types import is_float
from archviz.ops import OTHER, category_of, input_name
from archviz.reading.names import clean
from archviz.reading.notes import Fault, Notes
from archviz.records import record

MAX_EXPANDED = 200_000
"""Nodes that calls of functions may expand to."""
MAX_DEPTH = 64

FAULTS: dict[str, Fault] = {
    "missing-node": (
        Severity.WARNING,
        "{names} {is_are} consumed, and no node of that name is in the graph",
        "the file is cut or was edited by hand: export it again",
    ),
    "recursive-function": (
        Severity.WARNING,
        "{names} {calls_call} itself, directly or through others, and stays one node",
        "",
    ),
    "large-function": (
        Severity.WARNING,
        "calls of {names} would expand to too many nodes and stay one node each",
        "",
    ),
}

_VARIABLES = ("VarHandleOp", "Variable", "VariableV2", "_VarHandlesOp")
_READS = ("ReadVariableOp", "Identity", "_ReadVariablesOp", "Enter", "RefEnter")


@record
class Stored:
    """A variable or a constant in place of a value.

    Attributes:
        parameter: Its name.
    """

    parameter: str


Made: TypeAlias = str | Stored | None


class GraphReader:
    """Reads one GraphDef with its functions.

    Args:
        message: The GraphDef.
        variables: What is known of variables by name.
        notes: Collects faults.
    """

    def __init__(self, message: Any, variables: Mapping[str, Variable], notes: Notes) -> None:
        self.message = message
        self.functions = function_table(message.library)
        self.variables = variables
        self.notes = notes
        self.expanded = 0

    def read(self, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Graph:
        """The graph that ``outputs`` need.

        Args:
            inputs: What inputs are called, by the name of their tensor.
            outputs: Tensors by what they are called; empty for everything in the graph.
        """
        builder = GraphBuilder()
        body = graph_body(self.message, inputs, outputs)
        level = Level(self, builder, body, {}, (), (), "")
        level.inputs = {name.partition(":")[0]: called for name, called in inputs.items()}
        made = level.run()
        for name, value in made.items():
            builder.outputs.append(level.as_value(value, clean(name)))
        return builder.build()


class Level:
    """One graph, or one call of a function, while it is read.

    Args:
        reader: What all levels share.
        builder: Where nodes go.
        body: The nodes and the results that are asked for.
        given: What its arguments are, by name.
        scope: Where its nodes live.
        calls: Functions around it.
        owner: What ids begin with inside control flow, or "".
    """

    def __init__(
        self,
        reader: GraphReader,
        builder: GraphBuilder,
        body: Body,
        given: Mapping[str, Made],
        scope: ScopePath,
        calls: tuple[str, ...],
        owner: str,
    ) -> None:
        self.reader = reader
        self.builder = builder
        self.body = body
        self.given = given
        self.scope = scope
        self.calls = calls
        self.owner = owner
        self.inputs: dict[str, str] = {}
        self.made: dict[tuple[str, int], Made] = {}

    def run(self) -> dict[str, Made]:
        """Adds the nodes and returns the results by name."""
        for node in self.body.needed():
            self._node(node)
        return {name: self._resolve(text) for name, text in self.body.results.items()}

    def _resolve(self, text: str) -> Made:
        """What an input's text, "node:output:0" or "argument", stands for."""
        name, position = self.body.reference(text)
        if name in self.given:
            return self.given[name]
        if name not in self.body.nodes:
            self.reader.notes.fault("missing-node", clean(name))
            return None
        key = (name, position)
        if key not in self.made:
            self._declare(self.body.nodes[name])
        return self.made.get(key)

    def _declare(self, node: Any) -> None:
        """Makes the values of a node that comes later, for what consumes them already."""
        types = output_types(node, self.body.outputs_of(node))
        path = place_of(node.name, self.scope)
        for position, type_ in enumerate(types):
            if (node.name, position) not in self.made:
                name = label_of(node.name) + (f":{position}" if position else "")
                value = self.builder.value("/".join((*path, name)), type_)
                self.made[node.name, position] = value

    def _node(self, node: Any) -> None:
        if node.name in self.inputs or (
            node.op in ("Placeholder", "PlaceholderV2") and not self.calls and not self.owner
        ):
            self._input(node)
            return
        if node.op in ("NoOp", "Assert", "ControlTrigger"):
            return
        if node.op in _VARIABLES:
            self.made[node.name, 0] = self._variable(node)
            return
        if node.op == "Const" and (node.name, 0) not in self.made:
            self.made[node.name, 0] = self._constant(node)
            return
        inputs = [self._resolve(text) for text in node.input if not text.startswith("^")]
        is_read = node.op in _READS and len(inputs) == 1 and isinstance(inputs[0], Stored)
        if is_read and (node.name, 0) not in self.made:
            self.made[node.name, 0] = inputs[0]
            return
        called = called_by(node, self.reader.functions)
        if called and self._inlined(node, called, inputs):
            return
        self._operation(node, inputs)

    def _input(self, node: Any) -> None:
        name = clean(self.inputs.get(node.name, "")) or clean(node.name)
        value = self.builder.value(name, output_types(node, 1)[0])
        self.builder.inputs.append(value)
        self.made[node.name, 0] = value

    def _variable(self, node: Any) -> Stored:
        name = node.attr["shared_name"].s.decode("utf-8", "replace") or node.name
        shown = clean(name)
        if shown not in self.builder.parameters:
            attr = node.attr
            type_ = TensorType(dtype_name(attr["dtype"].type), shape_of(attr["shape"].shape))
            known = known_variable(name, type_, self.reader.variables)
            if known is not None:
                type_ = known.type
            trainable = known.trainable if known is not None else None
            kind = "weight" if is_float(type_.dtype) and trainable is not False else "buffer"
            self.builder.parameter(Parameter(shown, type_, kind, trainable))
        return Stored(shown)

    def _constant(self, node: Any) -> Stored:
        path = place_of(node.name, self.scope)
        base = name = "/".join((*path, label_of(node.name)))
        number = 2
        while name in self.builder.parameters:
            name, number = f"{base}#{number}", number + 1
        self.builder.parameter(constant_of(name, node.attr["value"].tensor))
        return Stored(name)

    def _inlined(self, node: Any, called: str, inputs: list[Made]) -> bool:
        """Puts a function's nodes in place of its call; whether that was done."""
        function = self.reader.functions[called]
        if called in self.calls or len(self.calls) >= MAX_DEPTH:
            self.reader.notes.fault("recursive-function", clean(called))
            return False
        wanted = self.body.outputs_of(node)
        body = function.body(wanted)
        self.reader.expanded += len(body.needed())
        if self.reader.expanded > MAX_EXPANDED:
            self.reader.notes.fault("large-function", clean(called))
            return False
        given = dict(zip(function.arguments, inputs, strict=False))
        given |= dict.fromkeys(function.arguments[len(inputs) :])
        path = place_of(node.name, self.scope)
        level = Level(
            self.reader, self.builder, body, given, path, (*self.calls, called), self.owner
        )
        for position, value in enumerate(level.run().values()):
            self.made.setdefault((node.name, position), value)
        return True

    def _operation(self, node: Any, inputs: list[Made]) -> None:
        path = place_of(node.name, self.scope)
        for part in range(1, len(path) + 1):
            self.builder.scope(path[:part])
        op = clean(node.op)
        uses: list[ParameterUse] = []
        values: list[str | None] = []
        for position, made in enumerate(inputs):
            if isinstance(made, Stored):
                role = input_name(op, position) or f"input_{position}"
                uses.append(ParameterUse(self._weight_in(made.parameter, op), role, position))
                values.append(None)
            else:
                values.append(made)
        self._declare(node)
        number = self.body.outputs_of(node)
        outputs = [self.made.get((node.name, position)) for position in range(number)]
        label = label_of(node.name)
        prefix = (self.owner, label) if self.owner else (label,)
        node_id = self.builder.reserve("/".join(prefix), path if not self.owner else ())
        subgraphs = {}
        for role, name in branches_of(node, self.reader.functions):
            inner = self._branch(name, f"{node_id}/{role}")
            if inner is not None:
                subgraphs[role] = inner
        self.builder.node(
            op,
            tuple(values),
            tuple(value if isinstance(value, str) else None for value in outputs),
            label=label if label != op else "",
            parameters=tuple(uses),
            attributes=attributes_of(node),
            scope=path,
            subgraphs=subgraphs,
            node_id=node_id,
        )

    def _branch(self, name: str, owner: str) -> Graph | None:
        """A function that an operation runs, as a graph of its own."""
        function = self.reader.functions[name]
        body = function.body(len(function.results))
        self.reader.expanded += len(body.needed())
        if name in self.calls or len(self.calls) >= MAX_DEPTH:
            self.reader.notes.fault("recursive-function", clean(name))
            return None
        if self.reader.expanded > MAX_EXPANDED:
            self.reader.notes.fault("large-function", clean(name))
            return None
        builder = GraphBuilder(clean(name), self.builder)
        given: dict[str, Made] = {}
        for argument, type_ in zip(function.arguments, function.types, strict=True):
            value = builder.value(f"{owner}/{clean(argument)}", type_)
            builder.inputs.append(value)
            given[argument] = value
        level = Level(self.reader, builder, body, given, (), (*self.calls, name), owner)
        for result, made in level.run().items():
            builder.outputs.append(level.as_value(made, f"{owner}/{clean(result)}"))
        return builder.build()

    def _weight_in(self, name: str, op: str) -> str:
        """The parameter; a constant that a layer computes with turns out to be a weight."""
        parameter = self.builder.parameters[name]
        is_large = (parameter.type.size or 0) > 1 and is_float(parameter.type.dtype)
        if parameter.kind == "constant" and is_large and category_of(op) != OTHER:
            self.builder.parameter(Parameter(name, parameter.type, "weight"))
        return name

    def as_value(self, made: Made, name: str) -> str:
        """A value for a result; one that is stored, or missing, gets a node that gives it."""
        if isinstance(made, str):
            return made
        if made is None:
            value = self.builder.value(name)
            self.builder.node("missing", (), (value,), kind="missing")
            return value
        parameter = self.builder.parameters[made.parameter]
        value = self.builder.value(name, parameter.type)
        op = "Const" if parameter.kind == "constant" else "ReadVariableOp"
        self.builder.node(
            op, (None,), (value,), parameters=(ParameterUse(made.parameter, "value", 0),)
        )
        return value
