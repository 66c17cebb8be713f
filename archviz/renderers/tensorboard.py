"""TensorBoard: an event file with the graph, which its page of graphs opens.

An event file is a run of records: a length, its checksum, an ``Event`` message and its checksum
(``tsl/lib/io/record_writer.h``). The event holds a ``GraphDef``, whose names give the groups.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from archviz.analysis.tree_graph import graph_of_trees
from archviz.ir import Attribute, Graph, Model, Node, TensorType, Type
from archviz.ir.build import unique
from archviz.ir.edit import used_values
from archviz.passes import PASSES
from archviz.reading.wire import delimited, varint
from archviz.renderers import Renderer

VERSION = b"brain.Event:2"
_PRODUCER = 27
_DTYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7,
    "complex64": 8, "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17, "complex128": 18,
    "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip
_UNFIT = re.compile(r"[^A-Za-z0-9_.@\-]")
_POLYNOMIAL = 0x82F63B78
_MASK = 0xA282EAD8
MAX_TEXT = 1000


def render(model: Model) -> bytes:
    """The model's graph as one event, of no time.

    Args:
        model: What to write; scopes become TensorBoard's groups.
    """
    graph = model.body if isinstance(model.body, Graph) else graph_of_trees(model.body)
    graph = PASSES.get("expand-subgraphs").apply(graph)
    content = b"".join(delimited(1, node) for node in _nodes(graph))
    content += delimited(4, varint(1 << 3) + varint(_PRODUCER))
    moment = varint(1 << 3 | 1) + struct.pack("<d", 0.0)
    first = moment + delimited(3, VERSION)
    second = moment + delimited(4, content)
    return _record(first) + _record(second)


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    """CRC-32C, turned and shifted as TensorFlow does."""
    crc = 0xFFFFFFFF
    table = _table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    turned = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return struct.pack("<L", (turned + _MASK) & 0xFFFFFFFF)


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


def _nodes(graph: Graph) -> Iterator[bytes]:
    """A NodeDef for each input, parameter, operation and output."""
    taken: dict[str, int] = {}
    made: dict[str, str] = {}
    for value in graph.inputs:
        made[value] = name = unique(_fit(value), taken)
        yield _node(name, "Placeholder", (), {}, (graph.values[value].type,))
    names = {node.id: unique(_path(node), taken) for node in graph.nodes}
    for node in graph.nodes:
        for index, output in enumerate(node.outputs):
            if output is not None:
                made[output] = f"{names[node.id]}:{index}" if index else names[node.id]
    for node in graph.nodes:
        inputs = [made[value] for value in used_values(node) if value in made]
        for use in node.parameters:
            parameter = graph.parameters.get(use.parameter)
            name = unique(f"{names[node.id]}/{_fit(use.role or 'parameter')}", taken)
            inputs.append(name)
            type_ = parameter.type if parameter is not None else None
            op = "Const" if parameter is not None and parameter.kind == "constant" else "VariableV2"
            yield _node(name, op, (), {"parameter": use.parameter}, (type_,))
        types = [
            graph.values[value].type if value is not None and value in graph.values else None
            for value in node.outputs
        ]
        yield _node(names[node.id], node.op, inputs, node.attributes, types)
    for value in graph.outputs:
        if value in made:
            known = graph.values.get(value)
            name = unique(f"{_fit(value)}_output", taken)
            yield _node(name, "Identity", (made[value],), {}, (known.type if known else None,))


def _path(node: Node) -> str:
    """The groups that a node is in, and its name."""
    own = node.name or node.id.rpartition("/")[2] or node.op
    return "/".join(_fit(part) for part in (*node.scope, own))


def _fit(text: str) -> str:
    """``text`` as one part of a name that TensorBoard can take apart again."""
    shown = _UNFIT.sub("_", text)[:200]
    return shown if shown[:1].isalnum() else f"n{shown}"


def _node(
    name: str,
    op: str,
    inputs: Iterable[str],
    attributes: Mapping[str, Attribute],
    types: Sequence[Type | None],
) -> bytes:
    made = delimited(1, _utf8(name)) + delimited(2, _utf8(op))
    for text in inputs:
        made += delimited(3, _utf8(text))
    shapes = b"".join(delimited(7, _shape(type_)) for type_ in types)
    entries = {"_output_shapes": delimited(1, shapes)}
    first = next(iter(types), None)
    if isinstance(first, TensorType) and first.dtype in _DTYPES:
        entries["dtype"] = varint(6 << 3) + varint(_DTYPES[first.dtype])
    if op in ("Placeholder", "VariableV2"):
        entries["shape"] = delimited(7, _shape(first))
    elif op == "Const" and "dtype" in entries:
        number = varint(1 << 3) + entries["dtype"][1:]
        entries["value"] = delimited(8, number + delimited(2, _shape(first)))
    for key, value in attributes.items():
        entries.setdefault(_fit(key), delimited(2, _utf8(_text(value))[:MAX_TEXT]))
    for key in sorted(entries):
        made += delimited(5, delimited(1, _utf8(key)) + delimited(2, entries[key]))
    return made


def _shape(type_: Type | None) -> bytes:
    """A TensorShapeProto; a symbolic size is unknown to it."""
    if not isinstance(type_, TensorType) or type_.shape is None:
        return varint(3 << 3) + varint(1)
    made = b""
    for dim in type_.shape:
        size = dim if isinstance(dim, int) and 0 <= dim < 1 << 63 else (1 << 64) - 1
        made += delimited(2, varint(1 << 3) + varint(size))
    return made


def _text(value: Attribute) -> str:
    if isinstance(value, tuple):
        return ", ".join(_text(item) for item in value)
    return str(value)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


RENDERER = Renderer(
    name="tensorboard",
    title="event file for TensorBoard's page of graphs",
    consumes="model",
    render=render,
    suffixes=(".tfevents",),
    loses="weights are variables without values; symbolic sizes are unknown ones",
)
