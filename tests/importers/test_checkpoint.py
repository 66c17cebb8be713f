"""Checkpoints: state dictionaries and pickled modules give the tree of modules."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from torch_bytes import (
    Call,
    archive,
    legacy,
    module,
    names_of,
    parameter,
    pickled,
    read,
    saved,
    tensor,
)

from archviz import api
from archviz.errors import ImporterError
from archviz.importers import Confidence
from archviz.importers.checkpoint import IMPORTER
from archviz.importers.checkpoint.kinds import guess
from archviz.ir import Model, TensorType
from archviz.ir.verify import verify
from archviz.ir.walk import edges
from archviz.source import Source

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "checkpoint"


def ops_of(model: Model) -> dict[str, str]:
    """The operator of each node, by its id."""
    return {node.id: node.op for node in model.body.nodes}


def floats(*shape: int) -> TensorType:
    return TensorType("float32", shape)


STATE = {
    "conv1.weight": tensor(8, 3, 3, 3, key="0"),
    "bn1.weight": tensor(8, key="1"),
    "bn1.running_mean": tensor(8, key="2"),
    "bn1.num_batches_tracked": tensor(key="3", kind="LongStorage"),
    "layers.0.fc.weight": tensor(4, 8, key="4"),
    "layers.0.fc.bias": tensor(4, key="5"),
    "layers.1.fc.weight": tensor(4, 8, key="6"),
    "layers.1.fc.bias": tensor(4, key="7"),
    "scale": tensor(4, key="8"),
}


@pytest.mark.parametrize("write", [archive, legacy, pickled])
def test_a_state_dictionary_is_a_tree_of_modules(write: Any, tmp_path: Path) -> None:
    model = read(saved(tmp_path, write(STATE)))
    graph = model.body
    assert verify(graph) == []
    assert ops_of(model) == {
        "conv1": "Conv2d",
        "bn1": "BatchNorm",
        "layers/0/fc": "Linear",
        "layers/1/fc": "Linear",
        "parameters": "Parameters",
    }
    assert graph.parameters["conv1.weight"].type == floats(8, 3, 3, 3)
    assert graph.parameters["bn1.running_mean"].kind == "buffer"
    assert graph.parameters["bn1.num_batches_tracked"].type == TensorType("int64", ())
    assert list(edges(graph)) == []
    assert {("layers",), ("layers", "0"), ("layers", "0", "fc")} <= set(graph.scopes)
    assert all(node.attributes.get("guessed") for node in graph.nodes if node.op != "Parameters")
    assert {"no-edges", "guessed-kinds"} <= set(names_of(model))
    assert "export" in next(d for d in model.diagnostics if d.name == "no-edges").hint


def test_tied_tensors_are_one_parameter(tmp_path: Path) -> None:
    state = {
        "embed.weight": tensor(10, 4, key="0"),
        "head.weight": tensor(10, 4, key="0"),
        "other.weight": tensor(10, 4, key="0", offset=40),
    }
    model = read(saved(tmp_path, archive(state)))
    used = [use.parameter for node in model.body.nodes for use in node.parameters]
    assert used == ["embed.weight", "embed.weight", "other.weight"]
    (told,) = [item for item in model.diagnostics if item.name == "tied-weights"]
    assert "embed.weight, head.weight" in told.message


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {f"module.{name}": value for name, value in state.items()},
        lambda state: {f"_orig_mod.{name}": value for name, value in state.items()},
        lambda state: {"epoch": 3, "state_dict": state},
        lambda state: {"model": state, "optimizer": {"state": {0: tensor(4)}, "param_groups": []}},
        lambda state: {"net": state, "net_ema": None, "lr": 0.1},
        lambda state: {"model_state_dict": state, "ema": dict(state), "best": True},
    ],
    ids=["parallel", "compiled", "state_dict", "optimizer", "net", "ema"],
)
def test_what_is_around_a_state_dictionary_is_taken_off(wrap: Any, tmp_path: Path) -> None:
    plain = read(saved(tmp_path, archive(STATE))).body
    found = read(saved(tmp_path, archive(wrap(STATE)))).body
    assert list(found.scopes) == list(plain.scopes)
    assert [node.id for node in found.nodes] == [node.id for node in plain.nodes]


def test_what_else_a_checkpoint_holds_is_told(tmp_path: Path) -> None:
    state = {"epoch": 7, "state_dict": STATE, "ema": STATE, "optimizer": {"s": [tensor(4)] * 3}}
    path = saved(tmp_path, archive(state))
    model = read(path)
    assert model.metadata["epoch"] == "7"
    assert model.metadata["part"] == "state_dict"
    (told,) = [item for item in model.diagnostics if item.name == "other-contents"]
    assert "ema (9 tensors)" in told.message
    assert read(path, part="ema").metadata["part"] == "ema"
    with pytest.raises(ImporterError, match="no entry 'unknown'; it has: epoch, state_dict, ema"):
        read(path, part="unknown")


def test_several_networks_are_shown_side_by_side(tmp_path: Path) -> None:
    state = {"first": {"fc.weight": tensor(4, 4)}, "second": {"fc.weight": tensor(4, 4, key="1")}}
    model = read(saved(tmp_path, archive(state)))
    assert [path for path in model.body.scopes if len(path) == 1] == [("first",), ("second",)]


def sequential(*children: Any) -> Call:
    named = {str(index): child for index, child in enumerate(children)}
    return module("torch.nn.modules.container.Sequential", named)


def conv(key: str) -> Call:
    return module(
        "torch.nn.modules.conv.Conv2d",
        parameters={"weight": parameter(4, 4, 3, 3, key=key), "bias": None},
        in_channels=4,
        kernel_size=(3, 3),
        stride=(1, 1),
        padding=(1, 1),
        padding_mode="zeros",
        _reversed_padding_repeated_twice=[1, 1, 1, 1],
    )


RELU = module("torch.nn.modules.activation.ReLU", inplace=True)


def test_a_sequential_is_a_graph(tmp_path: Path) -> None:
    model = read(saved(tmp_path, archive(sequential(conv("0"), RELU, sequential(conv("1"), RELU)))))
    graph = model.body
    assert verify(graph) == []
    assert [node.op for node in graph.nodes] == ["Conv2d", "ReLU", "Conv2d", "ReLU"]
    assert [(edge.source, edge.target) for edge in edges(graph)] == [
        (None, "0"), ("0", "1"), ("1", "2/0"), ("2/0", "2/1"), ("2/1", None),
    ]  # fmt: skip
    assert names_of(model) == []
    first = graph.nodes[0]
    assert first.attributes == {"in_channels": 4, "kernel_size": (3, 3), "padding": (1, 1)}
    assert graph.parameters["0.weight"].trainable is True
    assert graph.scopes["2",].type == "Sequential"


def test_only_the_order_that_is_certain_becomes_edges(tmp_path: Path) -> None:
    block = module("mine.Block", {"a": conv("2"), "b": conv("3")})
    model = read(saved(tmp_path, archive(sequential(conv("0"), RELU, block, conv("1")))))
    assert [(edge.source, edge.target) for edge in edges(model.body)] == [("0", "1")]
    assert model.body.inputs == ()
    assert "no-edges" in names_of(model)
    (told,) = [item for item in model.diagnostics if item.name == "pickle-imports"]
    assert "would import mine.Block" in told.message


def test_frozen_parameters_are_told_apart(tmp_path: Path) -> None:
    fc = module(
        "torch.nn.modules.linear.Linear",
        parameters={"weight": parameter(2, 2, trainable=False), "bias": parameter(2, key="1")},
    )
    found = read(saved(tmp_path, archive({"model": fc}))).body.parameters
    assert {name: item.trainable for name, item in found.items()} == {"weight": False, "bias": True}


@pytest.mark.parametrize(
    ("name", "shapes", "kind"),
    [
        ("conv", {"weight": (8, 3, 3, 3)}, "Conv2d"),
        ("conv", {"weight": (8, 3, 3), "bias": (8,)}, "Conv1d"),
        ("conv", {"weight": (8, 3, 3, 3, 3)}, "Conv3d"),
        ("fc", {"weight": (4, 8), "bias": (4,)}, "Linear"),
        ("c_fc", {"weight": (8, 32), "bias": (32,)}, "Conv1D"),
        ("q_proj", {"weight": (8, 8)}, "Linear"),
        ("embed_tokens", {"weight": (100, 8)}, "Embedding"),
        ("wte", {"weight": (100, 8)}, "Embedding"),
        ("ln_1", {"weight": (8,), "bias": (8,)}, "LayerNorm"),
        ("bn2", {"weight": (8,), "bias": (8,), "running_mean": (8,)}, "BatchNorm"),
        ("bn2", {"weight": (8,), "bias": (8,)}, "BatchNorm"),
        ("input_layernorm", {"weight": (8,)}, "RMSNorm"),
        ("act", {"weight": (8,)}, ""),
        ("rnn", {"weight_ih_l0": (20, 4), "weight_hh_l0": (20, 5)}, "LSTM"),
        ("rnn", {"weight_ih_l0": (15, 4), "weight_hh_l0": (15, 5)}, "GRU"),
        ("rnn", {"weight_ih": (5, 4), "weight_hh": (5, 5)}, "RNNCell"),
        ("self_attn", {"in_proj_weight": (24, 8), "in_proj_bias": (24,)}, "MultiheadAttention"),
        ("gate", {"weight": (8, 8), "scale": (1,)}, ""),
        ("relu", {}, "ReLU"),
        ("blocks", {}, ""),
    ],
)
def test_kinds_are_guessed_from_names_and_shapes(
    name: str, shapes: dict[str, tuple[int, ...]], kind: str
) -> None:
    assert guess(name, {role: floats(*shape) for role, shape in shapes.items()}) == kind


def safetensors(header: object, size: int = 0) -> bytes:
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + bytes(size)


def entry(*shape: int, start: int = 0, dtype: str = "F32", width: int = 4) -> dict[str, object]:
    size = width
    for dim in shape:
        size *= dim
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, start + size]}


def test_safetensors_give_the_tree_from_the_header(tmp_path: Path) -> None:
    header = {
        "__metadata__": {"format": "pt"},
        "h.10.fc.weight": entry(2, 3),
        "h.2.fc.weight": entry(2, 3, start=24, dtype="BF16", width=2),
    }
    model = read(saved(tmp_path, safetensors(header, 36), "model.safetensors"))
    assert model.metadata["format"] == "pt"
    assert [node.id for node in model.body.nodes] == ["h/2/fc", "h/10/fc"]
    assert model.body.parameters["h.2.fc.weight"].type == TensorType("bfloat16", (2, 3))


def index(folder: Path, listed: dict[str, str]) -> Path:
    content = json.dumps({"metadata": {"total_size": 48}, "weight_map": listed}).encode()
    return saved(folder, content, "model.safetensors.index.json")


def test_a_sharded_checkpoint_is_one_model(tmp_path: Path) -> None:
    saved(tmp_path, safetensors({"a.weight": entry(2, 3)}, 24), "one.safetensors")
    saved(tmp_path, archive({"b.weight": tensor(3, 3)}), "two.bin")
    path = index(tmp_path, {"a.weight": "one.safetensors", "b.weight": "two.bin"})
    model = read(path)
    assert model.metadata["total_size"] == "48"
    assert model.body.parameters["a.weight"].location == "one.safetensors"
    assert model.body.parameters["b.weight"].type == floats(3, 3)
    assert "incomplete-checkpoint" not in names_of(model)


def test_parts_that_are_missing_are_told(tmp_path: Path) -> None:
    saved(tmp_path, safetensors({"a.weight": entry(2), "x": entry(1, start=8)}, 12), "one.st")
    path = index(tmp_path, {"a.weight": "one.st", "b.weight": "two.st", "c.weight": "one.st"})
    model = read(path)
    told = [item.message for item in model.diagnostics if item.name == "incomplete-checkpoint"]
    assert told == [
        "1 files of the index are not there: two.st",
        "1 tensors of the index are in no file: c.weight",
        "1 tensors are in the files and not in the index: x",
    ]
    assert model.body.parameters["b.weight"].type == TensorType("")
    with pytest.raises(ImporterError, match=r"two\.st"):
        read(path, strict=True)


@pytest.mark.parametrize("name", ["../one.st", "/etc/passwd", "a/b.st", "", "..", "a\\b", "a\0b"])
def test_an_index_names_files_beside_it_and_no_others(name: str, tmp_path: Path) -> None:
    with pytest.raises(ImporterError, match="no file beside it"):
        read(index(tmp_path, {"a.weight": name}))


def test_a_folder_of_hugging_face_is_read_with_its_configuration() -> None:
    model = read(SAMPLES / "tiny_llama")
    assert model.source == "tiny_llama"
    assert model.metadata["architecture"] == "LlamaForCausalLM"
    assert model.body.name == "LlamaForCausalLM"
    blocks = [path[-1] for path in model.body.scopes if path[:-1] == ("model", "layers")]
    assert blocks == [str(number) for number in range(11)]


def test_a_folder_that_asks_for_code_runs_none(tmp_path: Path) -> None:
    saved(tmp_path, safetensors({"a.weight": entry(2)}, 8), "model.safetensors")
    saved(tmp_path, b'{"auto_map": {"AutoModel": "evil.Model"}}', "config.json")
    saved(tmp_path, b"raise SystemExit('this ran')", "evil.py")
    assert "needs-code" in names_of(read(tmp_path))


def test_equal_blocks_are_drawn_once() -> None:
    model = api.prepare(read(SAMPLES / "tiny_llama"))
    repeats = {path: scope.repeat for path, scope in model.body.scopes.items() if scope.repeat > 1}
    assert repeats == {("model", "layers", "0"): 11}


def test_a_list_of_modules_in_the_file_adds_those_without_tensors() -> None:
    model = api.load(SAMPLES / "network.pth")
    assert [node.id for node in model.body.nodes][-7:] == [
        "stage/2/conv1", "stage/2/bn1", "stage/2/relu", "stage/2/conv2", "stage/2/bn2", "project",
        "head",
    ]  # fmt: skip


def test_no_framework_is_loaded() -> None:
    code = (
        "import sys, archviz\n"
        "for path in sys.argv[1:]: archviz.load(path, importer='checkpoint')\n"
        "print({'torch', 'numpy', 'onnx', 'safetensors', 'transformers'} & set(sys.modules))"
    )
    samples = [str(path) for path in sorted(SAMPLES.iterdir()) if path.suffix != ".py"]
    done = subprocess.run([sys.executable, "-c", code, *samples], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


@pytest.mark.parametrize("sample", ["network.pth", "recurrent_module.pt", "tiny_llama"])
def test_samples_are_recognised(sample: str) -> None:
    assert IMPORTER.sniff(Source.of(SAMPLES / sample)) is Confidence.CONTENT
