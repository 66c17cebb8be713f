"""SavedModels and TFLite files read without TensorFlow, held against TensorFlow itself.

``python benchmarks/tensorflow_graphs.py [NAME...]`` needs TensorFlow 2. It exports models of
``keras.applications`` (``weights=None``) and a few with attention, recurrence and control flow as
SavedModels. TensorFlow's own optimizer then inlines and prunes the signature's function
(``convert_variables_to_constants_v2``), which knows nothing of archviz: operations and the edges
between them must be the same in number, by type. Then each is converted to TFLite, and operators
and tensors are counted by the classes that the official schema generated.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

from archviz import api
from archviz.ir import Graph, Model
from archviz.ir.walk import all_nodes, edges

QUIET = {
    "Const", "Identity", "IdentityN", "NoOp", "Placeholder", "PreventGradient",
    "ReadVariableOp", "StopGradient",
}  # fmt: skip
"""Operations that one of the two sides leaves out or folds: not counted, and edges go through."""
NAMES = ("MobileNetV2", "DenseNet121", "attention", "recurrent", "loop", "shared", "calls")


def attention() -> keras.Model:
    x = keras.Input((16,), dtype="int32")
    h = keras.layers.Embedding(100, 32)(x)
    for _ in range(2):
        a = keras.layers.MultiHeadAttention(4, 8)(h, h, use_causal_mask=True)
        h = keras.layers.LayerNormalization()(h + a)
        h = keras.layers.LayerNormalization()(h + keras.layers.Dense(32, "gelu")(h))
    return keras.Model(x, keras.layers.Dense(100)(h))


def recurrent() -> keras.Model:
    x = keras.Input((12, 8))
    h = keras.layers.Bidirectional(keras.layers.LSTM(16, return_sequences=True, unroll=True))(x)
    return keras.Model(x, keras.layers.GRU(4, unroll=True)(h))


def shared() -> keras.Model:
    left, right = keras.Input((8,)), keras.Input((8,))
    encoder = keras.Sequential([keras.layers.Dense(16, "relu"), keras.layers.Dense(4)])
    return keras.Model([left, right], keras.layers.Dot(axes=1)([encoder(left), encoder(right)]))


class Loop(tf.Module):
    """A while loop and a condition, in functions of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.ones((4, 4)))

    @tf.function(input_signature=[tf.TensorSpec((None, 4))])
    def __call__(self, x: Any) -> Any:
        for _ in tf.range(3):
            x = tf.tanh(tf.matmul(x, self.weight))
        if tf.reduce_sum(x) > 0:
            x = x * 2
        return x


class Calls(tf.Module):
    """Functions that call functions, one of them twice."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.ones((4, 4)))

    @tf.function
    def step(self, x: Any) -> Any:
        return tf.nn.relu(tf.matmul(x, self.weight))

    @tf.function(input_signature=[tf.TensorSpec((None, 4))])
    def __call__(self, x: Any) -> Any:
        return self.step(x) + self.step(self.step(x))


def saved(name: str, folder: str) -> None:
    """Writes the model of that name as a SavedModel."""
    own = {"attention": attention, "recurrent": recurrent, "shared": shared}
    if name in ("loop", "calls"):
        tf.saved_model.save({"loop": Loop, "calls": Calls}[name](), folder)
    else:
        model = own[name]() if name in own else getattr(keras.applications, name)(weights=None)
        model.export(folder, verbose=False)


def official(folder: str) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Operations and edges of the signature as TensorFlow inlines it, by type."""
    loaded = tf.saved_model.load(folder)
    function = loaded.signatures["serving_default"]
    graph = convert_variables_to_constants_v2(function, lower_control_flow=False).graph
    definition = graph.as_graph_def()
    nodes = {node.name: node for node in definition.node}
    bodies = [list(nodes.values())]
    bodies += [list(each.node_def) for each in definition.library.function]
    operations = Counter(node.op for body in bodies for node in body if node.op not in QUIET)
    return operations, Counter(_links(nodes))


def _links(nodes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    def source(name: str) -> Any:
        node = nodes[name.split(":")[0]]
        while node.op in QUIET and node.op not in ("Const", "Placeholder"):
            node = nodes[node.input[0].split(":")[0]]
        return node

    for node in nodes.values():
        if node.op in QUIET:
            continue
        for name in node.input:
            if not name.startswith("^") and (start := source(name)).op not in QUIET:
                yield start.op, node.op


def ours(model: Model) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """The same of what archviz read."""
    kept = [node for node in all_nodes(model.body) if node.kind != "missing"]
    operations = Counter(node.op for node in kept if node.op not in QUIET)
    return operations, Counter(_our_links(model.body))


def _our_links(graph: Graph) -> Iterator[tuple[str, str]]:
    producer = {value: node for node in graph.nodes for value in node.outputs}

    def source(value: str) -> Any:
        node = producer.get(value)
        while node is not None and node.op in QUIET:
            node = producer.get(node.inputs[0]) if node.inputs else None
        return node

    for node in graph.nodes:
        if node.op in QUIET:
            continue
        for value in node.inputs:
            if value is not None and (start := source(value)) is not None:
                yield start.op, node.op


def tflite(folder: str) -> tuple[int, int, int, int]:
    """Operators by the official schema and by archviz, and the same of operators' inputs."""
    content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    path = Path(folder) / "model.tflite"
    path.write_bytes(content)
    theirs = schema.ModelT.InitFromPackedBuf(content, 0)
    operators = sum(len(each.operators or ()) for each in theirs.subgraphs)
    links = sum(_tflite_links(each) for each in theirs.subgraphs)
    model = api.load(path)
    nodes = [node for node in all_nodes(model.body) if node.kind != "missing"]
    graphs = [model.body, *(inner for node in nodes for inner in node.subgraphs.values())]
    found = sum(bool(edge.source and edge.target) for graph in graphs for edge in edges(graph))
    return operators, len(nodes), links, found


def _tflite_links(graph: Any) -> int:
    made = {int(t) for operator in graph.operators or () for t in operator.outputs}
    return sum(int(t) in made for operator in graph.operators or () for t in operator.inputs)


def main(names: list[str]) -> int:
    wrong = 0
    for name in names or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            saved(name, folder)
            there, here = official(folder), ours(api.load(folder))
            print(f"{name}: {here[0].total()} operations, {here[1].total()} edges", flush=True)
            for theirs, own in zip(there, here, strict=True):
                if theirs != own:
                    wrong += 1
                    print(
                        f"  TensorFlow alone: {dict(theirs - own)}; archviz: {dict(own - theirs)}"
                    )
            try:
                operators, nodes, links, found = tflite(folder)
            except Exception as error:
                print(f"  TensorFlow makes no TFLite file of it: {str(error)[:80]}")
                continue
            wrong += (operators, links) != (nodes, found)
            print(f"  TFLite: {operators} and {nodes} operators, {links} and {found} edges")
    print(f"{wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
