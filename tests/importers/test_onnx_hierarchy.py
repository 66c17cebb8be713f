"""Scopes: where each exporter says that a node came from."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import NodeProto, TensorProto, helper
from onnx_bytes import FLOAT, chain, graph_of, model_of, node_of, value

from archviz.importers.onnx.hierarchy import literal_list, slash_parts
from archviz.ir import SourceLocation
from archviz.ir.verify import verify

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "onnx"


def with_metadata(made: NodeProto, **entries: str) -> NodeProto:
    for key, text in entries.items():
        made.metadata_props.add(key=f"pkg.torch.onnx.{key}", value=text)
    return made


def named(*nodes: tuple[str, str]) -> list[NodeProto]:
    """Nodes in a row, (operator, name)."""
    return [
        helper.make_node(op, [f"v{i}"], [f"v{i + 1}"], name=name)
        for i, (op, name) in enumerate(nodes)
    ]


def scopes_of(nodes: list[NodeProto], stored: list[TensorProto] | None = None) -> list[str]:
    graph = graph_of(model_of(nodes, [value("v0")], [], stored or []))
    assert verify(graph) == []
    return [".".join(node.scope) for node in graph.nodes]


def test_the_new_exporter_of_pytorch_tells_modules_and_classes() -> None:
    graph = graph_of(SAMPLES / "encoder_dynamo.onnx")
    assert graph.scopes[("layer",)].type == "TransformerEncoderLayer"
    assert graph.scopes[("layer", "self_attn")].type == "MultiheadAttention"
    assert graph.scopes[("layer", "linear1")].type == "Linear"
    by_name = {node.name: node for node in graph.nodes}
    assert by_name["node_embedding"].scope == ("tokens",)
    assert by_name["node_add_4"].scope == ()
    assert by_name["node_embedding"].location == SourceLocation("torch_exports.py", 63, "forward")


def test_the_new_exporter_of_pytorch_tells_what_is_trained() -> None:
    parameters = graph_of(SAMPLES / "encoder_dynamo.onnx").parameters
    assert parameters["tokens.weight"].trainable is True
    assert (parameters["positions"].kind, parameters["positions"].trainable) == ("buffer", False)
    assert parameters["layer.norm1.weight"].kind == "weight"


def test_a_convolution_that_took_in_its_normalization_stays_in_its_own_scope() -> None:
    made = with_metadata(
        helper.make_node("Conv", ["x", "layer.0.conv1.weight"], ["y"], name="n"),
        name_scopes="['', 'layer', 'layer.0', 'layer.0.bn1', 'norm']",
        class_hierarchy="['m.Net', 'Sequential', 'm.Block', 'nn.BatchNorm2d', 'aten.norm']",
    )
    stored = [TensorProto(name="layer.0.conv1.weight", data_type=FLOAT, dims=[1, 1, 1, 1])]
    graph = graph_of(model_of([made], [value("x")], [], stored))
    assert graph.nodes[0].scope == ("layer", "0", "conv1")
    assert graph.scopes[("layer", "0", "conv1")].type == ""
    assert graph.scopes[("layer", "0")].type == "Block"


@pytest.mark.parametrize(
    "text",
    ["", "[", "['a'", "__import__('os')", "['a', 1]", "[" * 5000, "['a'] * 9", "['" + "a" * 20_000],
)
def test_a_list_that_is_none_says_nothing(text: str) -> None:
    assert literal_list(text) == []


def test_lists_are_read_with_either_quote() -> None:
    assert literal_list("""['', "it's", 'a"b']""") == ["", "it's", 'a"b']
    assert literal_list("['', 'a', 'a.b']") == ["", "a", "a.b"]


def test_nodes_without_a_module_are_in_none() -> None:
    made = with_metadata(
        helper.make_node("Shape", ["x"], ["y"]),
        name_scopes="['_empty_nn_module_stack_from_metadata_hook', 'sym_size']",
        class_hierarchy="['_empty_nn_module_stack_from_metadata_hook', 'aten.sym_size.int']",
    )
    graph = graph_of(model_of([made], [value("x")], []))
    assert graph.nodes[0].scope == ()
    assert graph.scopes == {}


def test_the_location_is_the_innermost_line_outside_of_packages() -> None:
    trace = (
        'File "/home/me/train.py", line 3, in main\n  go()\n'
        '  File "/home/me/net.py", line 12, in forward\n    x\n'
        '  File "/venv/lib/python3.11/site-packages/torch/nn/relu.py", line 9, in forward\n    y'
    )
    made = with_metadata(helper.make_node("Relu", ["x"], ["y"]), stack_trace=trace)
    graph = graph_of(model_of([made], [value("x")], []))
    assert graph.nodes[0].location == SourceLocation("/home/me/net.py", 12, "forward")


def test_the_old_exporter_of_pytorch_tells_modules_in_names() -> None:
    graph = graph_of(SAMPLES / "cnn_legacy.onnx")
    conv = [node for node in graph.nodes if node.op == "Conv"]
    assert [".".join(node.scope) for node in conv] == [
        "stem.0", "blocks.0.conv", "blocks.0.conv@2", "blocks.1.conv", "blocks.1.conv@2",
    ]  # fmt: skip
    assert conv[1].id == "blocks/0/conv/Conv"
    assert conv[1].name == "/blocks.0/conv/Conv"
    assert conv[1].parameters == conv[2].parameters
    assert graph.parameters["stem.1.running_mean"].kind == "buffer"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/encoder/layers.0/mlp/mlp.1", "encoder.layers.0.mlp.1"),
        ("/encoder/layers/encoder_layer_0", "encoder.layers.encoder_layer_0"),
        ("/a", "a"),
        ("", ""),
        ("//", ""),
    ],
)
def test_a_part_that_repeats_the_one_before_stands_in_its_place(name: str, path: str) -> None:
    assert ".".join(slash_parts(name)) == path


def test_a_number_behind_a_module_that_owns_parameters_is_part_of_its_name() -> None:
    nodes = named(("Conv", "/conv/Conv"), ("Conv", "/conv_1/Conv"), ("Relu", "/act/Relu"),
                  ("Relu", "/act_1/Relu"))  # fmt: skip
    stored = [TensorProto(name="conv_1.weight", data_type=FLOAT, dims=[1])]
    assert scopes_of(nodes, stored) == ["conv", "conv_1", "act", "act@2"]


def test_names_from_tensorflow_lose_the_wrappers_that_all_share() -> None:
    nodes = named(
        ("MatMul", "StatefulPartitionedCall/model_1/dense/MatMul"),
        ("Add", "StatefulPartitionedCall/model_1/dense/BiasAdd;other/Add"),
        ("Relu", "StatefulPartitionedCall/model_1/block/act/Relu"),
        ("Cast", "Cast__12"),
    )
    assert scopes_of(nodes) == ["dense", "dense", "block.act", ""]


def test_without_names_the_owners_of_parameters_tell_modules() -> None:
    weights = ["layer.0.conv.weight", "layer.0.norm.weight", "layer.1.conv.weight", "head.weight"]
    nodes = [
        helper.make_node("Conv", ["v0", weights[0]], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Mul", ["b", weights[1]], ["c"]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Conv", ["d", weights[2]], ["e"]),
        helper.make_node("Relu", ["e"], ["f"]),
        helper.make_node("MatMul", ["f", weights[3]], ["g"]),
    ]
    stored = [TensorProto(name=name, data_type=FLOAT, dims=[4]) for name in weights]
    # What has no parameter is put no deeper than both sides of it are.
    assert scopes_of(nodes, stored) == [
        "layer.0.conv", "layer.0", "layer.0.norm", "layer", "layer.1.conv", "", "head",
    ]  # fmt: skip


def test_names_that_say_nothing_give_no_scopes() -> None:
    assert scopes_of(named(("Relu", "a"), ("Abs", "b"))) == ["", ""]
    assert graph_of(chain("Relu", "Abs")).scopes == {}


def test_paths_end_at_a_depth_that_can_be_drawn() -> None:
    deep = "/" + "/".join(f"m{i}" for i in range(500))
    graph = graph_of(model_of(named(("Relu", f"{deep}/Relu")), [value("v0")], []))
    assert len(node_of(graph, "Relu").scope) == 32
