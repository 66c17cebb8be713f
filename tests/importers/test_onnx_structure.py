"""What of an ONNX file becomes what of a Model."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_bytes import (
    FLOAT,
    INT64,
    chain,
    graph_of,
    model_of,
    names_of,
    node_of,
    read,
    saved,
    value,
)

from archviz.importers.onnx.tensors import shortest
from archviz.ir import ContainerType, ParameterUse, TensorType
from archviz.ir.verify import verify
from archviz.ir.walk import all_nodes

node, tensor = helper.make_node, helper.make_tensor
SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "onnx"


def test_a_branch_that_lists_what_it_captures_takes_it_from_around_it() -> None:
    def info(name: str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, [2])

    branches = {
        role: helper.make_graph(
            [helper.make_node(op, ["x"], [f"{op}_out"])], role, [info("x")], [info(f"{op}_out")]
        )
        for role, op in (("then_branch", "Relu"), ("else_branch", "Tanh"))
    }
    choose = helper.make_node("If", ["condition"], ["y"], **branches)
    inputs = [info("condition", TensorProto.BOOL), info("x")]
    graph = helper.make_graph([choose], "main", inputs, [info("y")])
    model = read(helper.make_model(graph))
    parts = model.body.nodes[0].subgraphs
    assert [part.nodes[0].inputs for part in parts.values()] == [("x",), ("x",)]
    assert [part.inputs for part in parts.values()] == [(), ()]
    assert "branch-input" in [item.name for item in model.diagnostics]
    assert verify(model.body) == []


def test_a_file_and_its_live_model_are_the_same_model(tmp_path: Path) -> None:
    proto = chain("Relu", "Abs")
    before = proto.SerializeToString()
    live = read(proto)
    stored = read(saved(tmp_path, proto))
    assert live.body == stored.body
    assert live.metadata == stored.metadata
    assert (live.format, stored.source) == ("onnx", "model.onnx")
    assert proto.SerializeToString() == before


def test_a_stored_tensor_is_a_parameter_in_a_hole_of_its_consumer() -> None:
    proto = model_of(
        [node("Conv", ["x", "w", "b"], ["y"], name="c")],
        [value("x", [1, 3, 8, 8])],
        [value("y", None)],
        [tensor("w", FLOAT, [4, 3, 3, 3], [0.0] * 108), tensor("b", FLOAT, [4], [0.0] * 4)],
    )
    graph = graph_of(proto)
    conv = node_of(graph, "Conv")
    assert conv.inputs == ("x", None, None)
    assert conv.parameters == (ParameterUse("w", "W", 1), ParameterUse("b", "B", 2))
    assert [item.kind for item in graph.parameters.values()] == ["weight", "weight"]
    assert graph.parameters["w"].type == TensorType("float32", (4, 3, 3, 3))
    assert graph.parameters["w"].trainable is None


def test_an_input_with_a_stored_default_is_a_parameter_and_no_input() -> None:
    proto = model_of(
        [node("Add", ["x", "w"], ["y"])],
        [value("x"), value("w")],
        [value("y")],
        [tensor("w", FLOAT, [1, 4], [0.0] * 4)],
    )
    graph = graph_of(proto)
    assert graph.inputs == ("x",)
    assert list(graph.parameters) == ["w"]


def test_statistics_are_buffers_and_shape_targets_are_constants() -> None:
    stored = [tensor(name, FLOAT, [3], [0.0] * 3) for name in ("scale", "bias", "mean", "var")]
    proto = model_of(
        [
            node("BatchNormalization", ["x", "scale", "bias", "mean", "var"], ["n"]),
            node("Reshape", ["n", "target"], ["r"]),
            node("Mul", ["r", "half"], ["m"]),
            node("Clip", ["m", "low"], ["y"]),
        ],
        [value("x", [1, 3, 8, 8])],
        [value("y", None)],
        [
            *stored,
            tensor("target", INT64, [2], [1, -1]),
            tensor("half", FLOAT, [], [0.5]),
            tensor("low", FLOAT, [], [0.1]),
        ],
    )
    parameters = graph_of(proto).parameters
    kinds = {name: item.kind for name, item in parameters.items()}
    assert kinds == {
        "scale": "weight", "bias": "weight", "mean": "buffer", "var": "buffer",
        "target": "constant", "half": "constant", "low": "constant",
    }  # fmt: skip
    assert parameters["target"].value == (1, -1)
    assert parameters["low"].value == (0.1,)
    assert parameters["scale"].value is None


def test_quantized_weights_are_weights_and_scales_are_constants() -> None:
    parameters = read(SAMPLES / "quantized.onnx").body.parameters
    kinds = {name: item.kind for name, item in parameters.items()}
    assert kinds["w"] == kinds["b"] == "weight"
    assert {kinds[name] for name in kinds if name not in "wb"} == {"constant"}
    assert parameters["w_scale"].value == (0.02,)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, -2.0, 0.1], np.float32),
        np.array([1.5, -2.0], np.float64),
        np.array([0.5, 3.0], np.float16),
        np.array([[1, -2], [3, 4]], np.int64),
        np.array([-1, 7], np.int32),
        np.array([-1, 7], np.int8),
        np.array([200, 7], np.uint8),
        np.array([200, 7], np.uint64),
        np.array([True, False]),
        np.array(["a", "b"], object),
        np.array(3, np.int64),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_raw", [True, False])
def test_a_small_constant_keeps_its_elements(array: np.ndarray, is_raw: bool) -> None:
    proto = numpy_helper.from_array(array, "c")
    if not is_raw and proto.HasField("raw_data"):
        if array.dtype == np.float16:
            values = array.view(np.uint16).ravel().tolist()
            proto = TensorProto(name="c", data_type=proto.data_type, dims=array.shape)
            proto.int32_data.extend(values)
        else:
            proto = tensor("c", proto.data_type, array.shape, array.ravel().tolist())
    graph = graph_of(model_of([node("Constant", [], ["y"], value=proto)], [], [value("y", None)]))
    (parameter,) = graph.parameters.values()
    assert parameter.kind == "constant"
    expected = tuple(array.ravel().tolist())
    assert parameter.value == (pytest.approx(expected) if array.dtype.kind == "f" else expected)
    assert parameter.type.shape == array.shape


@pytest.mark.parametrize(
    ("attribute", "dtype", "shape", "elements"),
    [
        ({"value_int": 3}, "int64", (), (3,)),
        ({"value_ints": [1, 2]}, "int64", (2,), (1, 2)),
        ({"value_float": 0.5}, "float32", (), (0.5,)),
        ({"value_floats": [0.5, 0.1]}, "float32", (2,), (0.5, 0.1)),
        ({"value_string": "a"}, "string", (), ("a",)),
        ({"value_strings": ["a", "b"]}, "string", (2,), ("a", "b")),
        ({"value_ints": list(range(20))}, "int64", (20,), None),
    ],
    ids=str,
)
def test_a_constant_node_stays_a_node_that_holds_a_parameter(
    attribute: dict[str, object], dtype: str, shape: tuple[int, ...], elements: object
) -> None:
    graph = graph_of(model_of([node("Constant", [], ["y"], **attribute)], [], [value("y", None)]))
    constant = node_of(graph, "Constant")
    assert constant.parameters == (ParameterUse("y", "value", -1),)
    assert constant.attributes == {}
    assert graph.parameters["y"].type == TensorType(dtype, shape)
    assert graph.parameters["y"].value == elements


def test_a_weight_in_a_constant_node_is_told_from_a_setting_by_its_consumer() -> None:
    weight = tensor("", FLOAT, [4, 2], [0.0] * 8)
    axes = tensor("", INT64, [1], [0])
    graph = graph_of(
        model_of(
            [
                node("Constant", [], ["w"], value=weight),
                node("Constant", [], ["axes"], value=axes),
                node("Gemm", ["x", "w"], ["h"]),
                node("Unsqueeze", ["h", "axes"], ["y"]),
            ],
            [value("x")],
            [value("y", None)],
        )
    )
    assert graph.parameters["w"].kind == "weight"
    assert graph.parameters["w"].value is None
    assert graph.parameters["axes"].kind == "constant"


def test_attributes_are_plain_values_without_defaults() -> None:
    made = node(
        "Conv", ["x", "w"], ["y"], strides=[2, 2], group=1, auto_pad="SAME_UPPER", dilations=[1, 1]
    )
    attributes = node_of(graph_of(model_of([made], [value("x")], [value("y")])), "Conv").attributes
    assert attributes == {"auto_pad": "SAME_UPPER", "dilations": (1, 1), "strides": (2, 2)}


def test_attributes_of_every_kind_are_told() -> None:
    sparse = helper.make_sparse_tensor(
        tensor("s", FLOAT, [1], [1.0]), tensor("i", INT64, [1], [2]), [5]
    )
    made = node(
        "Custom", ["x"], ["y"], domain="mine", f=0.1, i=7, s="text",
        t=tensor("", FLOAT, [2], [1, 2]),
        fs=[0.1, 0.5], ss=["a", "b"], ts=[tensor("", INT64, [], [1])], sp=sparse,
        tp=helper.make_tensor_type_proto(FLOAT, [1, "n"]),
        sq=helper.make_sequence_type_proto(helper.make_tensor_type_proto(FLOAT, [1])),
        many=list(range(100)),
    )  # fmt: skip
    found = node_of(graph_of(model_of([made], [value("x")], [value("y")])), "Custom").attributes
    assert found["f"] == 0.1
    assert found["i"] == 7
    assert found["s"] == "text"
    assert found["t"] == TensorType("float32", (2,))
    assert found["fs"] == (0.1, 0.5)
    assert found["ss"] == ("a", "b")
    assert found["ts"] == (TensorType("int64", ()),)
    assert found["sp"] == TensorType("float32", (5,))
    assert found["tp"] == TensorType("float32", (1, "n"))
    assert found["sq"] == "sequence(1 float32)"
    assert found["many"] == (*range(64), "… 100 in all")


def test_an_attribute_without_a_kind_is_read_by_what_it_holds() -> None:
    proto = chain("Relu")
    attribute = proto.graph.node[0].attribute.add()
    attribute.name = "consumed_inputs"
    attribute.ints.append(0)
    assert node_of(graph_of(proto), "Relu").attributes == {"consumed_inputs": (0,)}


@pytest.mark.parametrize("number", [0.1, 1e-5, 3.4028235e38, 1e-45, 2.5, -0.3333333, math.inf])
def test_a_float_is_shown_with_the_fewest_digits_that_tell_it(number: float) -> None:
    stored = float(np.float32(number))
    shown = shortest(stored)
    assert np.float32(shown) == np.float32(stored)
    assert len(repr(shown)) <= len(repr(stored))


def test_absent_optional_inputs_keep_the_positions_of_the_others() -> None:
    proto = model_of(
        [node("Clip", ["x", "", "high"], ["y"])],
        [value("x")],
        [value("y")],
        [tensor("high", FLOAT, [], [6.0])],
    )
    clip = node_of(graph_of(proto), "Clip")
    assert clip.inputs == ("x", None, None)
    assert clip.parameters == (ParameterUse("high", "max", 2),)


def test_a_subgraph_consumes_values_of_the_graphs_around_it() -> None:
    graph = graph_of(SAMPLES / "control_flow.onnx")
    loop = node_of(graph, "Loop")
    body = loop.subgraphs["body"]
    branch = node_of(body, "If")
    assert list(branch.subgraphs) == ["else_branch", "then_branch"]
    inner = node_of(branch.subgraphs["then_branch"], "MatMul")
    assert inner.inputs == ("state", None)
    assert inner.parameters == (ParameterUse("weight", "B", 1),)
    assert inner.id == "loop/body/choose/then_branch/grow"
    assert "state" in body.values
    assert "state" not in branch.subgraphs["then_branch"].values
    assert set(graph.parameters) == {"steps", "limit", "weight", "shift"}


def test_values_of_equal_name_in_two_subgraphs_have_ids_of_their_own() -> None:
    def branch() -> onnx.GraphProto:
        return helper.make_graph([node("Abs", ["x"], ["t"])], "b", [], [value("t", None)])

    proto = model_of(
        [node("If", ["c"], ["y"], then_branch=branch(), else_branch=branch())],
        [value("c", [], TensorProto.BOOL), value("x")],
        [value("y", None)],
    )
    graph = graph_of(proto)
    assert verify(graph) == []
    parts = node_of(graph, "If").subgraphs
    assert {out for part in parts.values() for out in part.outputs} == {"t", "t#2"}


def test_a_branch_may_return_what_it_does_not_make() -> None:
    stored = helper.make_graph([], "a", [], [value("c0", None)], [tensor("c0", FLOAT, [], [1.0])])
    outer = helper.make_graph([], "b", [], [value("x", None)])
    proto = model_of(
        [node("If", ["c"], ["y"], then_branch=stored, else_branch=outer)],
        [value("c", [], TensorProto.BOOL), value("x")],
        [value("y", None)],
    )
    graph = graph_of(proto)
    assert verify(graph) == []
    parts = node_of(graph, "If").subgraphs
    assert [n.op for n in parts["then_branch"].nodes] == ["Constant"]
    assert parts["else_branch"].outputs == ("x",)


def test_a_function_is_a_scope_with_its_attributes_filled_in() -> None:
    graph = graph_of(SAMPLES / "functions.onnx")
    assert [n.id for n in graph.nodes] == [
        "block1/Gemm", "block1/Activate/LeakyRelu", "block1/Add",
        "block2/Gemm", "block2/Activate/LeakyRelu", "block2/Add",
    ]  # fmt: skip
    assert graph.scopes[("block2", "Activate")].type == "Activate"
    leaky = [n for n in graph.nodes if n.op == "LeakyRelu"]
    assert [n.attributes for n in leaky] == [{"alpha": 0.1}] * 2
    second = graph.nodes[3]
    assert second.inputs == ("h", None, None)
    assert second.parameters == (ParameterUse("block2.weight", "B", 1),)
    assert graph.outputs == ("y",)
    assert all(item.type is not None for item in graph.values.values())


def test_functions_that_hand_an_argument_through_or_repeat_an_output_stay_connected() -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    both = helper.make_function(
        "f", "Both", ["a"], ["a", "b", "b", "c"], [node("Relu", ["a"], ["b"])], opsets
    )
    proto = model_of(
        [node("Both", ["x"], ["p", "q", "r", "s", "t"], domain="f"),
         node("Sum", ["p", "q", "r", "s", "t"], ["y"])],
        [value("x")], [value("y")], functions=[both], domains=["f"],
    )  # fmt: skip
    model = read(proto)
    assert verify(model.body) == []
    assert node_of(model.body, "Sum").inputs == ("p", "q", "r", "s", "t")
    assert [n.op for n in model.body.nodes] == [
        "Relu", "Identity", "Identity", "Missing", "Missing", "Sum",
    ]  # fmt: skip


def test_functions_are_told_apart_by_overload() -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    made = [
        helper.make_function("f", "Act", ["a"], ["b"], [node(op, ["a"], ["b"])], opsets, overload=o)
        for op, o in (("Relu", ""), ("Tanh", "smooth"))
    ]
    call = node("Act", ["x"], ["y"], domain="f", overload="smooth")
    proto = model_of([call], [value("x")], [value("y")], functions=made, domains=["f"])
    assert [n.op for n in graph_of(proto).nodes] == ["Tanh"]


def test_names_that_are_missing_or_double_get_ids_in_file_order() -> None:
    nodes = [
        node("Relu", ["x"], ["a"]), node("Relu", ["a"], ["b"]),
        node("Abs", ["b"], ["c"], name="n"), node("Abs", ["c"], ["y"], name="n"),
    ]  # fmt: skip
    graph = graph_of(model_of(nodes, [value("x")], [value("y")]))
    assert [n.id for n in graph.nodes] == ["Relu", "Relu#2", "n", "n#2"]
    assert [n.name for n in graph.nodes] == ["", "", "n", "n"]


def test_a_value_with_two_producers_reaches_the_consumers_behind_each() -> None:
    nodes = [
        node("Relu", ["x"], ["h"]), node("Abs", ["h"], ["a"]),
        node("Tanh", ["x"], ["h"]), node("Neg", ["h"], ["y"]),
    ]  # fmt: skip
    model = read(model_of(nodes, [value("x")], [value("a"), value("y")]))
    assert verify(model.body) == []
    assert node_of(model.body, "Abs").inputs == ("h",)
    assert node_of(model.body, "Neg").inputs == ("h#2",)
    assert "duplicate-value" in names_of(model)


def test_unsorted_nodes_are_joined_by_name() -> None:
    nodes = [node("Abs", ["h"], ["y"]), node("Relu", ["x"], ["h"])]
    model = read(model_of(nodes, [value("x")], [value("y")]))
    assert node_of(model.body, "Abs").inputs == ("h",)
    assert "unsorted-nodes" in names_of(model)
    assert "cycle" not in names_of(model)


def test_a_cycle_is_drawn_and_told() -> None:
    nodes = [node("Relu", ["b"], ["a"]), node("Abs", ["a"], ["b"])]
    model = read(model_of(nodes, [], [value("a")]))
    assert verify(model.body) == []
    (cycle,) = [item for item in model.diagnostics if item.name == "cycle"]
    assert set(cycle.nodes) == {"Relu", "Abs"}


def test_a_cycle_through_a_subgraph_is_told() -> None:
    branch = helper.make_graph([node("Abs", ["after"], ["t"])], "b", [], [value("t", None)])
    nodes = [node("If", ["c"], ["h"], then_branch=branch), node("Relu", ["h"], ["after"])]
    model = read(model_of(nodes, [value("c", [], TensorProto.BOOL)], [value("after")]))
    assert "cycle" in names_of(model)


def test_what_nobody_produces_comes_from_a_node_of_kind_missing() -> None:
    model = read(model_of([node("Add", ["x", "gone"], ["h"])], [value("x")], [value("y")]))
    assert verify(model.body) == []
    missing = [n for n in model.body.nodes if n.kind == "missing"]
    assert [n.outputs for n in missing] == [("gone",), ("y",)]
    (told,) = [item for item in model.diagnostics if item.name == "missing-value"]
    assert "'gone', 'y' are consumed" in told.message
    assert told.nodes == tuple(n.id for n in missing)


def test_an_output_that_is_a_stored_tensor_comes_from_a_constant() -> None:
    proto = model_of([], [], [value("w", [2])], [tensor("w", FLOAT, [2], [1.0, 2.0])])
    graph = graph_of(proto)
    assert verify(graph) == []
    assert [(n.op, n.outputs) for n in graph.nodes] == [("Constant", ("w",))]


def test_an_input_may_be_an_output() -> None:
    graph = graph_of(model_of([], [value("x")], [value("x")]))
    assert graph.inputs == graph.outputs == ("x",)


def test_containers_sparse_tensors_and_symbols_have_types() -> None:
    tensor_type = helper.make_tensor_type_proto(FLOAT, ["batch", 4])
    inputs = [
        helper.make_value_info("s", helper.make_sequence_type_proto(tensor_type)),
        helper.make_value_info("o", helper.make_optional_type_proto(tensor_type)),
        helper.make_value_info("m", helper.make_map_type_proto(INT64, tensor_type)),
        helper.make_value_info("p", helper.make_sparse_tensor_type_proto(FLOAT, [2, 3])),
        value("d", [-1, 0, None]),
    ]
    graph = graph_of(model_of([], inputs, []), infer_shapes=False)
    inner = TensorType("float32", ("batch", 4))
    assert [item.type for item in graph.values.values()] == [
        ContainerType("sequence", inner),
        ContainerType("optional", inner),
        ContainerType("map", inner, "int64"),
        ContainerType("sparse", TensorType("float32", (2, 3))),
        TensorType("float32", (None, 0, None)),
    ]


def test_a_sparse_initializer_is_a_parameter_of_its_dense_shape() -> None:
    sparse = helper.make_sparse_tensor(
        tensor("w", FLOAT, [2], [1.0, 2.0]), tensor("i", INT64, [2], [0, 5]), [3, 4]
    )
    proto = model_of(
        [node("MatMul", ["x", "w"], ["y"])], [value("x", [1, 3])], [value("y", None)],
        sparse_initializer=[sparse],
    )  # fmt: skip
    graph = graph_of(proto)
    assert graph.parameters["w"].type == TensorType("float32", (3, 4))
    assert node_of(graph, "MatMul").parameters == (ParameterUse("w", "B", 1),)


@pytest.mark.parametrize("number", range(1, 27))
def test_every_element_type_has_a_name_and_a_width(number: int) -> None:
    stored = TensorProto(name="w", data_type=number, dims=[2])
    proto = model_of([node("Abs", ["w"], ["y"])], [], [value("y", None)], [stored])
    type_ = graph_of(proto, infer_shapes=False).parameters["w"].type
    official = helper.tensor_dtype_to_np_dtype(number)
    if number != TensorProto.STRING:
        assert type_.dtype == str(official)
        assert type_.nbytes is not None
        assert type_.nbytes * 8 >= 4


def test_an_unknown_operator_has_numbered_roles() -> None:
    proto = model_of(
        [node("Secret", ["x", "w"], ["y"], domain="mine"), node("Nope", ["y"], ["z"])],
        [value("x")],
        [value("z", None)],
        [tensor("w", FLOAT, [1], [0.0])],
    )
    model = read(proto)
    assert node_of(model.body, "Secret").parameters == (ParameterUse("w", "input_1", 1),)
    assert node_of(model.body, "Secret").domain == "mine"
    (told,) = [item for item in model.diagnostics if item.name == "unknown-operator"]
    assert "'Nope'" in told.message
    assert "Secret" not in told.message


def test_a_variadic_operator_calls_all_its_inputs_the_same() -> None:
    stored = [tensor(f"w{i}", FLOAT, [1], [0.0]) for i in range(3)]
    proto = model_of([node("Concat", ["w0", "w1", "w2"], ["y"], axis=0)], [], [value("y")], stored)
    assert [use.role for use in node_of(graph_of(proto), "Concat").parameters] == ["inputs"] * 3


def test_versions_that_nobody_knows_are_told() -> None:
    proto = chain("Relu")
    proto.ir_version = 99
    proto.opset_import[0].version = 314159
    assert {"unknown-opset", "unknown-ir-version"} <= names_of(read(proto))
    del proto.opset_import[:]
    assert "no-opset" in names_of(read(proto))


def test_the_full_name_of_the_standard_domain_is_the_short_one() -> None:
    proto = chain("Relu", "Abs")
    proto.graph.node[0].domain = "ai.onnx"
    proto.opset_import[0].domain = "ai.onnx"
    graph = graph_of(proto)
    assert {n.domain for n in graph.nodes} == {""}
    assert all(item.type is not None for item in graph.values.values())


def test_metadata_says_who_wrote_the_file_and_what_it_is() -> None:
    proto = chain("Relu")
    proto.producer_name, proto.producer_version = "maker", "1.2"
    proto.model_version, proto.domain, proto.doc_string = 7, "org.example", "What\nit is."
    proto.metadata_props.add(key="license", value="MIT")
    proto.training_info.add()
    assert read(proto).metadata == {
        "producer": "maker 1.2", "ir_version": "8", "opsets": "ai.onnx 17", "model_version": "7",
        "domain": "org.example", "description": "What\nit is.", "training_graphs": "1",
        "metadata.license": "MIT",
    }  # fmt: skip


def test_external_data_is_named_and_never_opened(tmp_path: Path) -> None:
    proto = model_of([node("Relu", ["w"], ["y"])], [], [value("y", None)])
    for name, place in (("w", "/secret/dir/weights.bin"), ("v", "..\\up\\v.bin"), ("u", "")):
        stored = proto.graph.initializer.add(name=name, data_type=FLOAT, dims=[4])
        stored.data_location = TensorProto.EXTERNAL
        stored.external_data.add(key="location", value=place)
        stored.external_data.add(key="offset", value="4096")
    parameters = read(saved(tmp_path, proto)).body.parameters
    assert [item.location for item in parameters.values()] == [
        "weights.bin+4096", "v.bin+4096", "external data+4096",
    ]  # fmt: skip


def test_types_of_large_and_small_files_are_the_same(tmp_path: Path) -> None:
    weight = TensorProto(
        name="w", data_type=FLOAT, dims=[1024, 768], raw_data=bytes(1024 * 768 * 4)
    )
    small = TensorProto(name="s", data_type=INT64, dims=[2], int64_data=[-1, 96])
    proto = model_of(
        [node("MatMul", ["x", "w"], ["h"]), node("Reshape", ["h", "s"], ["y"])],
        [value("x", ["n", 1024])], [value("y", None)], [weight, small],
    )  # fmt: skip
    path = saved(tmp_path, proto)
    assert path.stat().st_size > 1 << 21
    large = graph_of(path)
    weight.ClearField("raw_data")
    proto.graph.initializer[0].CopyFrom(weight)
    assert large == graph_of(proto)
    assert large.values["y"].type == TensorType("float32", (None, 96))


@pytest.mark.parametrize("suffix", [".onnxtxt", ".textproto", ".onnxjson"])
def test_text_forms_are_read_as_the_binary_one(suffix: str, tmp_path: Path) -> None:
    proto = onnx.load(SAMPLES / "quantized.onnx")
    path = tmp_path / f"model{suffix}"
    onnx.save(proto, path)
    found, expected = graph_of(path), graph_of(proto)
    assert [(n.op, n.inputs, n.outputs) for n in found.nodes] == [
        (n.op, n.inputs, n.outputs) for n in expected.nodes
    ]
    assert found.values == expected.values


def test_ids_do_not_hang_on_what_was_read_before() -> None:
    first, second = read(SAMPLES / "functions.onnx"), read(SAMPLES / "functions.onnx")
    assert [n.id for n in all_nodes(first.body)] == [n.id for n in all_nodes(second.body)]
    assert first == second


def test_what_the_exporter_computed_itself_is_no_weight_where_it_names_the_modules_own() -> None:
    weight = tensor("fc.weight", FLOAT, [4, 4], np.zeros(16, np.float32))
    mask = tensor("val_7", FLOAT, [4, 5], np.zeros(20, np.float32))
    nodes = [node("MatMul", ["x", "fc.weight"], ["y"]), node("Add", ["y", "val_7"], ["z"])]
    graph = helper.make_graph(nodes, "main", [value("x")], [value("z")], initializer=[weight, mask])
    model = helper.make_model(graph)
    assert {p.name: p.kind for p in read(model).body.parameters.values()} == {
        "fc.weight": "weight",
        "val_7": "weight",
    }
    info = helper.make_tensor_value_info("fc.weight", FLOAT, [4, 4])
    entry = info.metadata_props.add()
    entry.key, entry.value = "pkg.torch.export.graph_signature.InputSpec.kind", "PARAMETER"
    model.graph.value_info.append(info)
    node_entry = model.graph.node[0].metadata_props.add()
    node_entry.key, node_entry.value = "pkg.torch.onnx.name_scopes", "['', 'fc', 'linear']"
    assert {p.name: p.kind for p in read(model).body.parameters.values()} == {
        "fc.weight": "weight",
        "val_7": "constant",
    }
