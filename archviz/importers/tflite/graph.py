"""Subgraphs to Graph: operators, the tensors between them, and the constants they hold."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from archviz.importers.tflite.operators import (
    ACTIVATIONS,
    BRANCHES,
    BYTES,
    DTYPES,
    PADDINGS,
    SETTINGS,
)
from archviz.ir import Attribute, Dim, Graph, Parameter, ParameterUse, ScopePath, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.types import is_float
from archviz.ops import OTHER, category_of, input_name
from archviz.reading import MalformedError
from archviz.reading.flatbuffers import Table
from archviz.reading.names import clean

TENSORS, INPUTS, OUTPUTS, OPERATIONS, NAME = 0, 1, 2, 3, 4
MAX_NODES = 1_000_000
MAX_EXPANDED = 200_000
"""Operators that subgraphs in subgraphs may expand to."""
MAX_DEPTH = 32
MAX_VALUES = 16
"""Elements up to which a constant keeps its value."""
MAX_RANK = 64

_FORMATS = {"int32": "i", "int64": "q", "float32": "f", "bool": "?", "int8": "b", "uint8": "B"}


class GraphReader:
    """Reads the subgraphs of one model.

    Args:
        codes: Name of each operator in use, and whether it is a custom one.
        subgraphs: All of them.
        buffers: The constants.
        signatures: What callers know subgraphs as, by number.
    """

    def __init__(
        self,
        codes: Sequence[tuple[str, bool]],
        subgraphs: Sequence[Table],
        buffers: Sequence[Table],
        signatures: Mapping[int, str],
    ) -> None:
        self.codes = codes
        self.subgraphs = subgraphs
        self.buffers = buffers
        self._signatures = signatures
        self._expanded = 0

    def read(self) -> Graph:
        """The main subgraph, those that nothing calls beside it, and all others inside."""
        if not self.subgraphs:
            raise MalformedError("it has no subgraphs")
        called: set[int] = set()
        for subgraph in self.subgraphs:
            for operation in subgraph.tables(OPERATIONS):
                called.update(number for _, number in self.branches(operation))
        roots = [n for n in range(len(self.subgraphs)) if n == 0 or n not in called]
        builder = GraphBuilder(clean(self.subgraphs[0].text(NAME)))
        for number in roots:
            path: ScopePath = ()
            if len(roots) > 1:
                name = clean(self.subgraphs[number].text(NAME))
                path = (self._signatures.get(number) or name or f"subgraph {number}",)
                builder.scope(path)
            _Level(self, builder, number, path, (number,)).run()
        return builder.build()

    def branches(self, operation: Table) -> list[tuple[str, int]]:
        """The subgraphs that an operator runs, and what for."""
        name = self.name_of(operation)[0]
        options = operation.table(4)
        if name not in BRANCHES or options is None:
            return []
        found = [(role, options.scalar(i, "int32")) for i, role in enumerate(BRANCHES[name])]
        return [(role, n) for role, n in found if 0 <= n < len(self.subgraphs)]

    def name_of(self, operation: Table) -> tuple[str, bool]:
        """The name of an operator, and whether it is a custom one."""
        number = int(operation.scalar(0, "uint32"))
        if number >= len(self.codes):
            raise MalformedError(f"an operator refers to code {number} of {len(self.codes)}")
        return self.codes[number]

    def inside(
        self, parent: GraphBuilder, number: int, owner: str, calls: tuple[int, ...]
    ) -> Graph | None:
        """A subgraph that an operator runs; None when it would run itself, or grow too large."""
        if number in calls or len(calls) > MAX_DEPTH or self._expanded > MAX_EXPANDED:
            return None
        self._expanded += self.subgraphs[number].length(OPERATIONS)
        builder = GraphBuilder(clean(self.subgraphs[number].text(NAME)), parent)
        _Level(self, builder, number, (), (*calls, number), owner).run()
        return builder.build()


class _Level:
    """One subgraph while it is read.

    Args:
        reader: What all subgraphs share.
        builder: Where its nodes go.
        number: Which subgraph it is.
        scope: Where its nodes live.
        calls: The subgraphs around it, and itself.
        owner: What ids begin with inside an operator, or "".
    """

    def __init__(
        self,
        reader: GraphReader,
        builder: GraphBuilder,
        number: int,
        scope: ScopePath,
        calls: tuple[int, ...],
        owner: str = "",
    ) -> None:
        self.reader = reader
        self.builder = builder
        self.number = number
        self.scope = scope
        self.calls = calls
        self.owner = owner
        self.table = reader.subgraphs[number]
        self.tensors = list(self.table.tables(TENSORS))
        self.values: dict[int, str] = {}
        self.stored: dict[int, str] = {}

    def run(self) -> None:
        """Adds everything in the subgraph."""
        operations = list(self.table.tables(OPERATIONS))
        if len(operations) > MAX_NODES:
            raise MalformedError(f"it has more than {MAX_NODES:,} operators")
        inputs = self._listed(self.table, INPUTS)
        for index in inputs:
            if index not in self.values:
                self.builder.inputs.append(self._made(index))
        lists = [self._listed(operation, 2) for operation in operations]
        produced = {index for made in lists for index in made}
        for index in sorted(produced - set(self.values)):
            if index >= 0:
                self._made(index)
        done: set[int] = set(inputs)
        for operation, made in zip(operations, lists, strict=True):
            self._node(operation, made, done)
        outputs = [index for index in self._listed(self.table, OUTPUTS) if index >= 0]
        self.builder.outputs.extend(self._value(index) for index in outputs)

    def _listed(self, table: Table, field: int) -> list[int]:
        found: list[int] = table.array(field, "<i4").tolist()
        if any(not -1 <= index < len(self.tensors) for index in found):
            raise MalformedError(f"subgraph {self.number} refers to a tensor that it does not have")
        return found

    def _name(self, index: int) -> str:
        return clean(self.tensors[index].text(3)) or f"tensor {index}"

    def _made(self, index: int) -> str:
        """The new value of a tensor."""
        name = "/".join((*self.scope, self._name(index))) if self.scope else self._name(index)
        self.values[index] = self.builder.value(name, self._type(index))
        return self.values[index]

    def _value(self, index: int) -> str:
        """The value of a tensor; one that nothing makes is made by a node that says so."""
        if index not in self.values:
            value = self._made(index)
            self.builder.node("missing", (), (value,), scope=self.scope, kind="missing")
        return self.values[index]

    def _type(self, index: int) -> TensorType:
        tensor = self.tensors[index]
        number = tensor.scalar(1, "int8")
        dtype = DTYPES[number] if 0 <= number < len(DTYPES) else ""
        sizes = tensor.array(7, "<i4").tolist() or tensor.array(0, "<i4").tolist()
        if len(sizes) > MAX_RANK:
            return TensorType(dtype)
        shape: list[Dim] = [size if size >= 0 else None for size in sizes]
        return TensorType(dtype, tuple(shape))

    def _content(self, index: int) -> Table | None:
        """The buffer that holds a constant tensor; None for what is computed."""
        number = self.tensors[index].scalar(2, "uint32")
        if not 0 < number < len(self.reader.buffers):
            return None
        buffer = self.reader.buffers[number]
        # Files of more than 2 GB keep constants behind the tables.
        return buffer if buffer.length(0) or buffer.scalar(2, "uint64") else None

    def _node(self, operation: Table, made: list[int], done: set[int]) -> None:
        op, is_custom = self.reader.name_of(operation)
        inputs: list[str | None] = []
        uses: list[ParameterUse] = []
        for position, index in enumerate(self._listed(operation, 1)):
            is_state = index >= 0 and bool(self.tensors[index].scalar(5, "bool"))
            if index < 0:
                inputs.append(None)
            elif index not in self.values and (self._content(index) is not None or is_state):
                inputs.append(None)
                role = input_name(op, position) or f"input_{position}"
                uses.append(ParameterUse(self._stored(index, op, role, is_state), role, position))
            else:
                inputs.append(self._value(index))
        outputs = [self.values[i] if i >= 0 and i not in done else None for i in made]
        done.update(made)
        node_id = self.builder.reserve(f"{self.owner}/{op}" if self.owner else op, self.scope)
        subgraphs = {}
        attributes = self._attributes(operation, op, made)
        for role, number in self.reader.branches(operation):
            inner = self.reader.inside(self.builder, number, f"{node_id}/{role}", self.calls)
            if inner is None:
                attributes[role] = clean(self.reader.subgraphs[number].text(NAME)) or number
            else:
                subgraphs[role] = inner
        self.builder.node(
            op,
            tuple(inputs),
            tuple(outputs),
            parameters=tuple(uses),
            attributes=attributes,
            scope=self.scope,
            subgraphs=subgraphs,
            domain="custom" if is_custom else "",
            node_id=node_id,
        )

    def _stored(self, index: int, op: str, role: str, is_state: bool) -> str:
        """The parameter that a constant tensor, or a state, is."""
        if index in self.stored:
            return self.stored[index]
        name = base = "/".join((*self.scope, self._name(index)))
        number = 2
        while name in self.builder.parameters:
            name, number = f"{base}#{number}", number + 1
        self.stored[index] = name
        type_ = self._type(index)
        kind = "weight"
        if is_state:
            kind = "buffer"
        elif not _is_weight(type_, op, role):
            kind = "constant"
        value = self._elements(index, type_) if kind == "constant" else None
        self.builder.parameter(Parameter(name, type_, kind, None, value))
        return name

    def _elements(self, index: int, type_: TensorType) -> tuple[bool | int | float, ...] | None:
        size, code = type_.size, _FORMATS.get(type_.dtype)
        content = self._content(index)
        if code is None or size is None or not 0 < size <= MAX_VALUES or content is None:
            return None
        if content.length(0) != size * struct.calcsize(code):
            return None
        return struct.unpack(f"<{size}{code}", content.array(0, "uint8").tobytes())

    def _attributes(self, operation: Table, op: str, made: list[int]) -> dict[str, Attribute]:
        options = operation.table(4)
        found: dict[str, Attribute] = {}
        if options is not None:
            found = _named(
                {
                    name: int(options.scalar(index, "int8" if name in BYTES else "int32"))
                    for index, name in enumerate(SETTINGS.get(op, ()))
                }
            )
            if op == "LEAKY_RELU":
                found["alpha"] = round(options.scalar(0, "float32"), 6)
            elif op == "SOFTMAX" and options.scalar(0, "float32") != 1.0:
                found["beta"] = round(options.scalar(0, "float32"), 6)
            elif op == "RESHAPE" and options.length(0):
                found["target_shape"] = tuple(options.array(0, "<i4")[:MAX_RANK].tolist())
        for index in made[:1]:
            if index >= 0:
                found.update(self._quantization(index))
        return found

    def _quantization(self, index: int) -> dict[str, Attribute]:
        """Scale and zero point of what a node makes, when it makes quantized numbers."""
        quantization = self.tensors[index].table(4)
        if quantization is None or not quantization.length(2):
            return {}
        scales, zeros = quantization.array(2, "<f4"), quantization.array(3, "<i8")
        scale = float(f"{scales[0]:.6g}")
        return {"scale": scale, "zero_point": int(zeros[0]) if zeros.size else 0}


def _is_weight(type_: TensorType, op: str, role: str) -> bool:
    if role in ("weight", "bias") or "weights" in role or role.endswith("_bias"):
        return True
    if type_.size == 1:
        return False
    return is_float(type_.dtype) or (category_of(op) != OTHER and type_.dtype in ("int8", "uint8"))


def _named(settings: Mapping[str, int]) -> dict[str, Attribute]:
    """Settings as readers know them: pairs joined, numbers of choices as words."""
    found: dict[str, Attribute] = {}
    for name, short, usual in (
        ("filter", "kernel_size", 0),
        ("stride", "strides", 1),
        ("dilation", "dilations", 1),
    ):
        pair = (settings.get(f"{name}_h"), settings.get(f"{name}_w"))
        if None not in pair and pair not in ((usual, usual), (0, 0)):
            found[short] = pair
    for name, value in settings.items():
        if name == "padding":
            if 0 <= value < len(PADDINGS) and value == 0:
                found[name] = PADDINGS[value]
        elif name == "activation":
            if 0 < value < len(ACTIVATIONS):
                found[name] = ACTIVATIONS[value]
        elif not name.endswith(("_w", "_h")) and value:
            found[name] = value
    return found
