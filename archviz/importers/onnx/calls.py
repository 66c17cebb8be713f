"""Calls of a model's own functions: the body in the place of the call, as a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archviz.importers.onnx.level import MAX_ID_PART, Level, NodeList
from archviz.importers.onnx.operators import Operators, opsets_of
from archviz.ir import Attribute, ParameterUse, ScopePath
from archviz.reading.names import clean

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

    from archviz.importers.onnx.graph import GraphReader


class Calls:
    """Expands calls.

    Args:
        reader: Reads the bodies.
    """

    def __init__(self, reader: GraphReader) -> None:
        self._reader = reader
        self._operators: dict[tuple[tuple[str, int], ...], Operators] = {}
        self._numbers: dict[ScopePath, int] = {}

    def expand(
        self,
        proto: NodeProto,
        function: FunctionProto,
        level: Level,
        inputs: list[str | None],
        uses: tuple[ParameterUse, ...],
        outputs: tuple[str | None, ...],
        op: str,
        name: str,
    ) -> None:
        """Puts the body of a function in the place of a call.

        Args:
            proto: The call.
            function: What it calls.
            level: Where the call is.
            inputs: Ids of its arguments.
            uses: Stored tensors among its arguments.
            outputs: Ids of what it produces.
            op: The function's name, as shown.
            name: The call's name, as shown.
        """
        around, label = self._reader.place(proto, name, -1, level)
        path = self._scope((*around, (label or op).replace("/", "_")[:MAX_ID_PART]), op, level)
        inner = Level(
            level.builder, self._operators_of(function), None, path, level.owner, level.depth + 1,
            references=self._arguments(proto, function, level),
            types=self._reader.types.by_name(function.value_info),
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
        still_open = {value for _, value in wanted} - set(given.values())
        self._reader.nodes(NodeList(function), inner, given)
        still_open.update(given.values())
        for formal, value in wanted:
            if value in still_open:
                self._hand_through(formal, value, inner)
        for extra in outputs[len(function.output) :]:
            if extra is not None:
                self._reader.stand_in(extra, None, inner)

    def _hand_through(self, formal: str, value: str, inner: Level) -> None:
        """Produces ``value`` out of what the body calls ``formal``, which no node of its makes."""
        source, parameter = inner.find(formal) or (None, None)
        if source is None:
            self._reader.stand_in(value, parameter, inner)
            return
        node_id = inner.reserve("Identity", inner.scope)
        inner.builder.node("Identity", (source,), (value,), scope=inner.scope, node_id=node_id)

    def _scope(self, path: ScopePath, function: str, level: Level) -> ScopePath:
        """A scope of its own for one call, "block" or "block@2"."""
        scopes = level.builder.scopes
        number = self._numbers.get(path, 1)
        own = path if number == 1 else (*path[:-1], f"{path[-1]}@{number}")
        while own in scopes:
            number += 1
            own = (*path[:-1], f"{path[-1]}@{number}")
        self._numbers[path] = number + 1
        level.builder.scope(own, function)
        return own

    def _arguments(
        self, proto: NodeProto, function: FunctionProto, level: Level
    ) -> dict[str, Attribute]:
        reader = self._reader
        values = {
            clean(default.name): reader.attributes.value(default)
            for default in function.attribute_proto
        }
        given, _ = reader.attributes.read(
            proto.attribute, "", "", reader.operators, level.references or {}
        )
        values.update(given)
        return values

    def _operators_of(self, function: FunctionProto) -> Operators:
        opsets = opsets_of(function.opset_import)
        key = tuple(sorted(opsets.items()))
        if not key:
            return self._reader.operators
        if key not in self._operators:
            self._operators[key] = Operators({**self._reader.operators.opsets, **opsets})
        return self._operators[key]
