"""What of an ONNX file is structure, and what is weights."""

from __future__ import annotations

from typing import BinaryIO

from archviz.importers.onnx.tree_ensembles import TENSORS
from archviz.reading import strip as reading
from archviz.reading.strip import KEEP, Message, Stripped
from archviz.reading.wire import Window

# Field numbers are those of onnx.proto (IR version 13).
STRUCTURE = {
    "model": Message("ModelProto", {7: "graph", 20: "training", 25: "function"}),
    "graph": Message(
        "GraphProto",
        {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value", 15: "sparse"},
    ),
    "node": Message("NodeProto", {5: "attribute"}),
    "attribute": Message(
        "AttributeProto",
        {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 14: "type", 22: "sparse",
         23: "sparse"},
        lists=frozenset({7, 8, 9}),
        whole=frozenset(TENSORS),
    ),
    "tensor": Message("TensorProto", payload=frozenset({4, 5, 6, 7, 9, 10, 11}), dims=1),
    "sparse": Message("SparseTensorProto", {1: "tensor", 2: "tensor"}, dims=3),
    "value": Message("ValueInfoProto", {2: "type"}),
    "type": Message(
        "TypeProto", {1: "tensor type", 4: "wrapper", 5: "map", 8: "tensor type", 9: "wrapper"}
    ),
    "tensor type": Message("TypeProto.Tensor", {2: "shape"}),
    "shape": Message("TensorShapeProto", dims=1),
    "wrapper": Message("TypeProto.Sequence", {1: "type"}),
    "map": Message("TypeProto.Map", {2: "type"}),
    "function": Message("FunctionProto", {7: "node", 11: "attribute", 12: "value"}),
    "training": Message("TrainingInfoProto", {1: "graph", 2: "graph"}),
}  # fmt: skip
"""Messages that may hold a large tensor, or could be made of millions of empty parts."""


def strip(stream: BinaryIO, size: int, *, keep: int = KEEP) -> Stripped:
    """The structure of the ModelProto in ``stream``, ``size`` bytes long.

    Args:
        stream: A seekable binary stream.
        size: Its length.
        keep: Bytes up to which a payload is copied and a message is not looked into.

    Raises:
        MalformedError: The bytes are no protobuf message, or too large or deep to be a model.
    """
    return reading.strip(Window(stream, size), 0, size, STRUCTURE, "model", keep=keep)
