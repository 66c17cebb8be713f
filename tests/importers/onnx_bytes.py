"""ONNX files for tests: written with the official package, or byte by byte where it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from archviz.importers.onnx import IMPORTER
from archviz.ir import Graph, Model, Node
from archviz.reading.wire import delimited, varint
from archviz.source import Source

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "onnx"
INSTALLED = Path(onnx.__file__).parent / "backend" / "test" / "data"
IR_VERSION = b"\x08\x08"


def graph_bytes(payload: bytes) -> bytes:
    """A ModelProto around the bytes of a GraphProto."""
    return IR_VERSION + delimited(7, payload)


def node_bytes(op: bytes, inputs: Sequence[bytes] = (), outputs: Sequence[bytes] = ()) -> bytes:
    """A node field of a GraphProto."""
    fields = [delimited(1, name) for name in inputs] + [delimited(2, name) for name in outputs]
    return delimited(1, b"".join(fields) + delimited(4, op))


def nested_ifs(depth: int) -> bytes:
    """A model of If nodes in If nodes."""
    graph = delimited(2, b"g")
    for _ in range(depth):
        branch = delimited(5, delimited(1, b"then_branch") + delimited(6, graph) + b"\xa0\x01\x05")
        graph = delimited(1, delimited(4, b"If") + branch) + delimited(2, b"g")
    return graph_bytes(graph)


def value(name: str, shape: Sequence[int | str] | None = (1, 4), dtype: int = FLOAT) -> Any:
    """The description of a value."""
    return helper.make_tensor_value_info(name, dtype, shape)


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[Any] = (),
    outputs: Sequence[Any] = (),
    stored: Sequence[TensorProto] = (),
    *,
    functions: Sequence[onnx.FunctionProto] = (),
    opset: int = 17,
    domains: Sequence[str] = (),
    **graph: Any,
) -> onnx.ModelProto:
    """A model; nothing is checked."""
    return helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs, stored, **graph),
        opset_imports=[
            helper.make_opsetid("", opset), *(helper.make_opsetid(name, 1) for name in domains)
        ],
        functions=functions,
        ir_version=8,
    )  # fmt: skip


def chain(*ops: str) -> onnx.ModelProto:
    """Operators in a row from x to y."""
    names = ["x", *(f"h{i}" for i in range(1, len(ops))), "y"]
    nodes = [helper.make_node(op, [names[i]], [names[i + 1]]) for i, op in enumerate(ops)]
    return model_of(nodes, [value("x")], [value("y")])


def read(source: object, **options: Any) -> Model:
    """The model in a path, bytes in a path, or a ModelProto."""
    return IMPORTER.read(Source.of(source), **options)


def graph_of(source: object, **options: Any) -> Graph:
    """The graph of a model."""
    return read(source, **options).body


def node_of(graph: Graph, op: str) -> Node:
    """The only node with the operator."""
    (found,) = [node for node in graph.nodes if node.op == op]
    return found


def saved(folder: Path, content: bytes | onnx.ModelProto, name: str = "model.onnx") -> Path:
    """The path of a file with the content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    return path


def names_of(model: Model) -> set[str]:
    """The names of the diagnostics."""
    return {diagnostic.name for diagnostic in model.diagnostics}


__all__ = [
    "FLOAT", "INSTALLED", "INT64", "IR_VERSION", "SHARED", "chain", "delimited", "graph_bytes",
    "graph_of", "model_of", "names_of", "nested_ifs", "node_bytes", "node_of", "read", "saved",
    "value", "varint",
]  # fmt: skip
