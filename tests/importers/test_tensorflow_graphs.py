"""TensorFlow's graphs: SavedModels, GraphDefs, event files."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from samples import samples_of

from archviz import api
from archviz.errors import ImporterError, OptionError
from archviz.importers import IMPORTERS
from archviz.importers.tensorflow.containers import graph_of
from archviz.importers.tensorflow.messages import message_class
from archviz.importers.tensorflow.sniff import form_of
from archviz.ir import Graph, TensorType
from archviz.ir.verify import verify
from archviz.ir.walk import all_nodes
from archviz.source import Source

SAMPLES = {path.name: path for path in samples_of("tensorflow")}
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
REAL = {
    "graphdef/onnx_tensorflow-onnx/7adf_frozen.pb": 417,
    "graphdef/onnx_tensorflow-onnx/frozen.pb": 414,
    "saved_model/google-ai-edge_model-explorer/simple_add": 3,
    "saved_model/keras-team_tf-keras/lso_savedmodel_tf2.2": 4,
    "saved_model/onnx_tensorflow-onnx/saved_model_with_redundant_inputs": 1,
    "saved_model/tensorflow_java/saved_model": 4,
    "saved_model/tensorflow_serving/matrix_half_plus_two": 2,
    "saved_model/tensorflow_serving/saved_model_half_plus_two_gpu": 4,
    "saved_model/tensorflow_serving/saved_model_half_plus_two_gpu_trt": 5,
    "saved_model/tensorflow_serving/saved_model_half_plus_two_mkl": 9,
    "saved_model/tensorflow_tfjs/int64_multiply": 5,
    "saved_model/tensorflow_tfjs/model_multi_output": 5,
    "saved_model/tensorflow_tfjs/module_with_multiple_signatures": 3,
    "saved_model/tensorflow_tfjs/times_three_float": 3,
}


def operations(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def test_a_saved_model_is_what_its_signature_needs() -> None:
    model = api.load(SAMPLES["encoder_saved_model"])
    graph = model.body
    assert model.metadata["signature"] == "serving_default"
    assert operations(graph).count("Conv2D") == 2
    assert "StatefulPartitionedCall" not in operations(graph)
    assert not any("Read" in op or op == "VarHandleOp" for op in operations(graph))
    assert len(graph.inputs) == 2
    assert len(graph.outputs) == 1


def test_variables_are_parameters_of_what_reads_them() -> None:
    graph = api.load(SAMPLES["encoder_saved_model"]).body
    first, second = (node for node in graph.nodes if node.op == "Conv2D")
    (use,) = first.parameters
    assert use.index == 1
    assert use.parameter == second.parameters[0].parameter
    kernel = graph.parameters[use.parameter]
    assert kernel.type == TensorType("float32", (3, 3, 3, 4))
    assert (kernel.kind, kernel.trainable) == ("weight", True)


def test_layers_are_scopes_so_that_a_depth_shows_layers_or_operations() -> None:
    model = api.load(SAMPLES["encoder_saved_model"])
    layers = api.prepare(model, depth=1).body
    everything = api.prepare(model, depth="all", raw=True).body
    assert len(layers.nodes) < len(everything.nodes) == len(model.body.nodes)
    assert any(node.kind == "module" for node in layers.nodes)


def test_a_loop_keeps_its_condition_and_its_body() -> None:
    graph = api.load(SAMPLES["loop.pbtxt"]).body
    (loop,) = (node for node in graph.nodes if node.op.endswith("While"))
    assert list(loop.subgraphs) == ["cond", "body"]
    assert "Less" in operations(loop.subgraphs["cond"])
    assert "Mul" in operations(loop.subgraphs["body"])


def test_what_was_logged_for_tensorboard_is_the_graph(tmp_path: Path) -> None:
    logged = api.load(SAMPLES["loop.tfevents"]).body
    assert operations(logged) == operations(api.load(SAMPLES["loop.pbtxt"]).body)
    (tmp_path / "run").mkdir()
    copy = tmp_path / "run" / "events.out.tfevents.1.host"
    copy.write_bytes(SAMPLES["loop.tfevents"].read_bytes())
    assert api.load(copy.parent).body == logged


def test_events_without_a_graph_say_what_to_log(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    content = SAMPLES["loop.tfevents"].read_bytes()
    first = 12 + int.from_bytes(content[:8], "little") + 4
    path.write_bytes(content[:first])
    with pytest.raises(ImporterError, match="no graph was logged"):
        api.load(path)


def test_a_signature_that_is_not_there_is_named() -> None:
    with pytest.raises(OptionError, match=r"no signature 'serving_defualt'.*serving_default"):
        api.load(SAMPLES["encoder_saved_model"], signature="serving_defualt")


def node(message: Any, name: str, op: str, *inputs: str) -> Any:
    return message.add(name=name, op=op, input=inputs)


def saved(tmp_path: Path, message: Any) -> Path:
    path = tmp_path / "graph.pb"
    path.write_bytes(message.SerializeToString())
    return path


def test_a_function_that_calls_itself_stays_a_call(tmp_path: Path) -> None:
    graph = message_class("GraphDef")()
    function = graph.library.function.add()
    function.signature.name = "f"
    function.signature.input_arg.add(name="x", type=1)
    function.signature.output_arg.add(name="y", type=1)
    node(function.node_def, "again", "f", "x")
    function.ret["y"] = "again:y:0"
    node(graph.node, "x", "Placeholder")
    node(graph.node, "call", "f", "x")
    model = api.load(saved(tmp_path, graph))
    assert operations(model.body) == ["f"]
    assert "recursive-function" in {note.name for note in model.diagnostics}


def test_functions_that_call_the_next_one_twice_do_not_grow_without_end(tmp_path: Path) -> None:
    graph = message_class("GraphDef")()
    for level in range(40):
        function = graph.library.function.add()
        function.signature.name = f"f{level}"
        function.signature.input_arg.add(name="x", type=1)
        function.signature.output_arg.add(name="y", type=1)
        inner = f"f{level + 1}" if level < 39 else "Relu"
        node(function.node_def, "a", inner, "x")
        node(function.node_def, "b", inner, "a:y:0")
        function.ret["y"] = "b:y:0"
    node(graph.node, "x", "Placeholder")
    node(graph.node, "call", "f0", "x")
    model = api.load(saved(tmp_path, graph))
    assert len(model.body.nodes) < 400_000
    assert "large-function" in {note.name for note in model.diagnostics}


def test_a_loop_of_old_is_a_cycle_and_is_drawn(tmp_path: Path) -> None:
    graph = message_class("GraphDef")()
    node(graph.node, "x", "Placeholder")
    node(graph.node, "enter", "Enter", "x")
    node(graph.node, "merge", "Merge", "enter", "next")
    node(graph.node, "switch", "Switch", "merge", "merge:1")
    node(graph.node, "next", "NextIteration", "switch:1")
    node(graph.node, "exit", "Exit", "switch")
    model = api.load(saved(tmp_path, graph))
    assert sorted(operations(model.body)) == ["Enter", "Exit", "Merge", "NextIteration", "Switch"]
    assert verify(model.body) == []
    assert "<svg" in str(api.render(model))


def test_an_input_that_nothing_makes_is_said(tmp_path: Path) -> None:
    graph = message_class("GraphDef")()
    node(graph.node, "y", "Relu", "gone")
    model = api.load(saved(tmp_path, graph))
    assert "missing-node" in {note.name for note in model.diagnostics}
    with pytest.raises(ImporterError, match="gone"):
        api.load(saved(tmp_path, graph), strict=True)


def test_large_constants_stay_in_the_file(tmp_path: Path) -> None:
    graph = message_class("GraphDef")()
    constant = node(graph.node, "w", "Const")
    tensor = constant.attr["value"].tensor
    tensor.dtype = 1
    tensor.tensor_shape.dim.add(size=1 << 20)
    tensor.tensor_content = b"\1" * (4 << 20)
    node(graph.node, "y", "Relu", "w")
    path = saved(tmp_path, graph)
    source = Source.of(path)
    message = graph_of(source, form_of(source))
    assert path.stat().st_size > 4 << 20
    assert len(message.SerializeToString()) < 1000
    (weight,) = api.load(path).body.parameters.values()
    assert weight.type == TensorType("float32", (1 << 20,))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real models is not here")
@pytest.mark.parametrize(("name", "count"), REAL.items())
def test_a_real_graph_is_read_and_drawn(name: str, count: int) -> None:
    model = api.load(CORPUS / name)
    assert len(model.body.nodes) == count
    assert verify(model.body) == []
    assert "<svg" in str(api.render(model))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real models is not here")
def test_the_corpus_is_all_here() -> None:
    found = {p.parent for p in (CORPUS / "saved_model").rglob("saved_model.pb")}
    found |= set((CORPUS / "graphdef").rglob("*.pb"))
    assert {path.relative_to(CORPUS).as_posix() for path in found} == set(REAL)


@pytest.mark.parametrize("folder", ["tensorflow", "tflite"])
def test_mutated_files_give_a_model_or_a_sentence(folder: str, tmp_path: Path) -> None:
    chance = random.Random(6)
    importer = IMPORTERS.get(folder)
    files = [path for path in samples_of(folder) if path.is_file()]
    if folder == "tensorflow":
        files.append(SAMPLES["encoder_saved_model"] / "saved_model.pb")
    read = 0
    for number in range(300):
        sample = files[number % len(files)]
        content = bytearray(sample.read_bytes())
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path = tmp_path / f"mutant{sample.suffix}"
        path.write_bytes(bytes(content))
        try:
            model = importer.read(Source.of(path))
        except ImporterError:
            continue
        read += 1
        assert verify(model.body) == []
    assert 10 < read < 300


@pytest.mark.parametrize(
    "sample", [*samples_of("tensorflow"), *samples_of("tflite")], ids=lambda path: path.name
)
def test_drawing_imports_no_tensorflow(sample: Path) -> None:
    script = (
        "import sys; from archviz import api; api.render(sys.argv[1]);"
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'keras', 'tensorflow', 'torch'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(sample)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_every_node_of_a_nested_graph_counts(tmp_path: Path) -> None:
    graph = api.load(SAMPLES["loop.pbtxt"]).body
    assert len(list(all_nodes(graph))) > len(graph.nodes)
