"""The forms in which Keras saves, and what is read from each."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest
from samples import samples_of

from archviz import api
from archviz.errors import ImporterError, OptionError
from archviz.ir import Model, Severity, TensorType
from archviz.ir.verify import verify

SAMPLES = {path.name: path for path in samples_of("keras")}
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "keras"


def layer(name: str, class_name: str, *inbound: Any, **config: Any) -> dict[str, Any]:
    return {
        "class_name": class_name,
        "config": {"name": name, **config},
        "name": name,
        "inbound_nodes": [list(inbound)] if inbound else [],
    }


def old_model(*layers: dict[str, Any], ends: list[Any]) -> dict[str, Any]:
    config = {"name": "old", "layers": list(layers), "input_layers": [["x", 0, 0]]}
    return {"class_name": "Model", "config": {**config, "output_layers": ends}}


def read_json(tmp_path: Path, described: object) -> Model:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(described))
    return api.load(path)


def shape(model: Model, value: str) -> Any:
    type_ = model.body.values[value].type
    assert isinstance(type_, TensorType)
    return type_.shape


def test_a_folder_reads_as_the_zip_file_does(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with zipfile.ZipFile(SAMPLES["shared_encoder.keras"]) as archive:
        archive.extractall(folder)
    assert api.load(folder).body == api.load(SAMPLES["shared_encoder.keras"]).body


def test_weights_in_shards_are_put_together(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with zipfile.ZipFile(SAMPLES["subclassed.keras"]) as archive:
        archive.extractall(folder)
    whole = folder / "model.weights.h5"
    with h5py.File(whole) as old:
        for number, name in enumerate(sorted(old)):
            with h5py.File(folder / f"model_{number:05}.weights.h5", "w") as shard:
                old.copy(name, shard)
    whole.unlink()
    (folder / "model.weights.json").write_text('{"weight_map": {}}')
    assert api.load(folder).body == api.load(SAMPLES["subclassed.keras"]).body


def test_weights_as_npz_leave_the_architecture_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "shared_encoder.keras"
    with zipfile.ZipFile(SAMPLES[path.name]) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace(".h5", ".npz"), old.read(name))
    assert api.load(path).body == api.load(SAMPLES[path.name]).body


def test_a_shared_model_is_two_scopes_with_one_set_of_weights() -> None:
    graph = api.load(SAMPLES["shared_encoder.keras"]).body
    assert {("encoder",), ("encoder@2",), ("head",)} == set(graph.scopes)
    assert graph.scopes["encoder",].type == "Functional"
    first, second = (n for n in graph.nodes if n.op == "Conv2D")
    assert first.parameters == second.parameters
    assert [len(graph.inputs), len(graph.outputs)] == [2, 1]


def test_tensors_given_by_keyword_are_edges() -> None:
    graph = api.load(SAMPLES["attention.keras"]).body
    (node,) = graph.nodes
    assert node.inputs == ("query", "value", "mask")
    assert node.attributes["tensors"] == ("query", "value", "attention_mask")
    assert shape(api.load(SAMPLES["attention.keras"]), node.outputs[1] or "") == (None, 2, 8, 8)


def test_states_flow_from_one_recurrent_layer_to_the_other() -> None:
    graph = api.load(SAMPLES["states.h5"]).body
    first = next(node for node in graph.nodes if len(node.outputs) == 3)
    second = next(node for node in graph.nodes if len(node.inputs) == 3)
    assert second.inputs[1:] == first.outputs[1:]


def test_a_frozen_model_has_no_trainable_weights() -> None:
    graph = api.load(SAMPLES["frozen_saved_model"]).body
    trainable = {name: item.trainable for name, item in graph.parameters.items()}
    assert {n for n, can_train in trainable.items() if can_train} == {
        "dense_1/kernel",
        "dense_1/bias",
    }
    assert graph.parameters["base/batch_normalization/moving_mean"].kind == "buffer"


def test_a_model_that_keeps_its_calls_in_code_shows_the_tree_of_its_layers() -> None:
    model = api.load(SAMPLES["subclassed.keras"])
    names = ["blocks/dense", "blocks/dense_1", "first", "head"]
    assert [node.id for node in model.body.nodes] == names
    assert {node.op for node in model.body.nodes} == {"Dense"}
    (note,) = model.diagnostics
    assert (note.name, note.severity) == ("no-call-graph", Severity.INFO)
    assert "keeps its calls in code" in note.message


def test_a_file_of_weights_alone_shows_layers_with_their_shapes() -> None:
    model = api.load(SAMPLES["shared_encoder.weights.h5"])
    kernel = model.body.parameters["functional/conv2d/0"]
    assert kernel.type == TensorType("float32", (3, 3, 3, 4))
    assert model.diagnostics[0].name == "no-call-graph"
    assert verify(model.body) == []


def test_a_model_of_keras_1_is_read(tmp_path: Path) -> None:
    model = read_json(
        tmp_path,
        old_model(
            layer("x", "InputLayer", batch_input_shape=[None, 3, 32, 32], input_dtype="float32"),
            layer(
                "conv", "Convolution2D", ["x", 0, 0], nb_filter=8, nb_row=3, nb_col=5,
                border_mode="same", subsample=[2, 2], dim_ordering="th", bias=True,
            ),
            layer("merged", "Merge", ["conv", 0, 0], ["conv", 0, 0], mode="concat", concat_axis=1),
            layer("flat", "Flatten", ["merged", 0, 0]),
            layer("dense", "Dense", ["flat", 0, 0], output_dim=10, bias=False),
            ends=[["dense", 0, 0]],
        ),
    )  # fmt: skip
    assert shape(model, "conv") == (None, 8, 16, 16)
    assert shape(model, "merged") == (None, 16, 16, 16)
    assert shape(model, "dense") == (None, 10)
    assert {n: p.type.size for n, p in model.body.parameters.items()} == {
        "conv/kernel": 3 * 5 * 3 * 8,
        "conv/bias": 8,
        "dense/kernel": 4096 * 10,
    }


def test_a_sequential_model_of_keras_1_is_a_list_of_layers(tmp_path: Path) -> None:
    described = [
        {"class_name": "Dense", "config": {"name": "d", "output_dim": 4, "input_dim": 8}},
        {"class_name": "Activation", "config": {"name": "a", "activation": "tanh"}},
    ]  # fmt: skip
    model = read_json(tmp_path, {"class_name": "Sequential", "config": described})
    assert [node.op for node in model.body.nodes] == ["Dense", "Activation"]
    assert shape(model, "a") == (None, 4)


def test_a_sequential_model_that_was_never_built_has_unknown_shapes(tmp_path: Path) -> None:
    layers = [{"class_name": "Dense", "config": {"name": "d", "units": 4}}]
    model = read_json(
        tmp_path, {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    )
    assert shape(model, "d") is None
    assert {note.name for note in model.diagnostics} == {"unknown-shape", "unknown-weights"}


def test_layers_with_the_same_settings_go_by_what_they_get(tmp_path: Path) -> None:
    made = read_json(
        tmp_path,
        old_model(
            layer("x", "InputLayer", batch_input_shape=[None, 4]),
            layer("a", "Dense", ["x", 0, 0, {}], units=8, activation="relu"),
            layer("b", "Dense", ["a", 0, 0, {}], units=8, activation="relu"),
            layer("c", "Dense", ["b", 0, 0, {}], units=8, activation="relu"),
            layer("d", "Softmax", ["c", 0, 0, {}], axis=1),
            layer("e", "Softmax", ["d", 0, 0, {}], axis=True),
            ends=[["e", 0, 0]],
        ),
    )
    kernels = {name: p.type.shape for name, p in made.body.parameters.items() if "kernel" in name}
    assert kernels == {"a/kernel": (4, 8), "b/kernel": (8, 8), "c/kernel": (8, 8)}
    assert [shape(made, name) for name in "abc"] == [(None, 8)] * 3
    assert [node.attributes.get("activation") for node in made.body.nodes[:3]] == ["relu"] * 3


def test_a_given_shape_flows_through_the_model() -> None:
    model = api.load(SAMPLES["shared_encoder.keras"], bindings={"left": [2, 8, 8, 3]})
    assert shape(model, "left") == (2, 8, 8, 3)
    assert shape(model, "encoder/conv2d") == (2, 6, 6, 4)


@pytest.mark.parametrize(
    ("bindings", "problem"),
    [({"left": [2, 9, 8, 3]}, "does not fit"), ({"lef": [2, 8, 8, 3]}, "no input 'lef'")],
)
def test_a_shape_that_does_not_fit_is_refused(bindings: dict[str, Any], problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        api.load(SAMPLES["shared_encoder.keras"], bindings=bindings)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=lambda path: path.name)
def test_drawing_imports_neither_keras_nor_tensorflow(sample: Path) -> None:
    script = (
        "import sys; from archviz import api; api.render(sys.argv[1]);"
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'keras', 'tensorflow', 'tf_keras',"
        " 'torch', 'jax'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(sample)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real models is not here")
@pytest.mark.parametrize(
    ("name", "layers", "parameters"),
    [
        ("hls4ml-finn-mlperftiny_CIFAR10/model_best.h5", 13, 58115),
        ("keras-team_keras/pre_pr22362_nested_container.keras", 4, 58),
        ("mlcommons_tiny/pretrainedResnet.h5", 29, 78666),
        ("mlcommons_tiny/str_ww_ref_model.h5", 22, 47707),
    ],
)
def test_a_real_file_is_read_and_drawn(name: str, layers: int, parameters: int) -> None:
    model = api.load(CORPUS / name)
    assert len(model.body.nodes) == layers
    assert sum(p.type.size or 0 for p in model.body.parameters.values()) == parameters
    assert verify(model.body) == []
    assert "<svg" in str(api.render(model))


def test_strict_refuses_a_model_that_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    described = old_model(
        layer("x", "InputLayer", batch_input_shape=[None, 4]),
        layer("d", "Dense", ["gone", 0, 0], ["x", 0, 0], units=2),
        layer("e", "Dense", ["e", 0, 0], units=2),
        ends=[["d", 0, 0]],
    )
    path.write_text(json.dumps(described))
    assert "cyclic-call" in {note.name for note in api.load(path).diagnostics}
    with pytest.raises(ImporterError, match="need their own results"):
        api.load(path, strict=True)
