"""Shapes: bound by the user, stated by the file, inferred by the official package; guarded."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import onnx
import pytest
from onnx import TensorProto, helper
from onnx_bytes import FLOAT, INT64, chain, graph_of, model_of, names_of, node_of, read, value

from archviz.errors import OptionError
from archviz.importers.onnx import shapes
from archviz.ir import Model, TensorType
from archviz.reading.isolation import IsolationError, run_apart

node, tensor = helper.make_node, helper.make_tensor


def type_of(model: Model, name: str) -> object:
    return model.body.values[name].type


def failure(model: Model) -> str:
    (told,) = [item for item in model.diagnostics if item.name == "shape-inference-failed"]
    assert "\n" not in told.message
    return told.message


def batched() -> onnx.ModelProto:
    return model_of(
        [node("Relu", ["x"], ["h"]), node("Flatten", ["h"], ["y"])],
        [value("x", ["batch", 3, "side", "side"]), value("z", [2])],
        [value("y", None)],
    )


def test_the_official_inference_completes_what_the_file_states() -> None:
    model = read(batched())
    assert type_of(model, "h") == TensorType("float32", ("batch", 3, "side", "side"))
    assert type_of(model, "y") == TensorType("float32", ("batch", None))


def test_inference_can_be_left_out() -> None:
    model = read(batched(), infer_shapes=False)
    assert type_of(model, "h") is None


def test_shapes_that_hang_on_computed_sizes_are_followed() -> None:
    proto = model_of(
        [
            node("Shape", ["x"], ["s"], start=0, end=1),
            node("Concat", ["s", "rest"], ["target"], axis=0),
            node("Reshape", ["x", "target"], ["y"]),
        ],
        [value("x", ["batch", 8])],
        [value("y", None)],
        [tensor("rest", INT64, [2], [2, 4])],
    )
    assert type_of(read(proto), "y") == TensorType("float32", ("batch", 2, 4))


def test_nothing_is_inferred_when_the_file_states_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complete = onnx.shape_inference.infer_shapes(chain("Relu", "Abs", "Neg"))
    asked = []
    monkeypatch.setattr(shapes, "run_apart", lambda *_: asked.append(1))
    assert type_of(read(complete), "h2") == TensorType("float32", (1, 4))
    assert not asked


def test_the_shape_of_an_input_binds_its_symbols_everywhere() -> None:
    proto = batched()
    proto.graph.value_info.append(value("h", ["batch", 3, "side", "side"]))
    before = proto.SerializeToString()
    model = read(proto, bindings={"x": (2, 3, 8, 8)})
    assert type_of(model, "x") == type_of(model, "h") == TensorType("float32", (2, 3, 8, 8))
    assert type_of(model, "y") == TensorType("float32", (2, 192))
    assert proto.SerializeToString() == before


def test_a_size_binds_a_symbol() -> None:
    model = read(batched(), bindings={"batch": (5,)})
    assert type_of(model, "x") == TensorType("float32", (5, 3, "side", "side"))


def test_a_shape_binds_inside_of_subgraphs() -> None:
    branch = helper.make_graph(
        [node("Abs", ["x"], ["t"])], "b", [], [value("t", ["batch", 3, "side", "side"])]
    )
    proto = batched()
    proto.graph.input.append(value("c", [], TensorProto.BOOL))
    proto.graph.node.append(node("If", ["c"], ["r"], then_branch=branch, else_branch=branch))
    model = read(proto, bindings={"batch": (5,), "side": (7,)})
    inner = node_of(model.body, "If").subgraphs["then_branch"]
    assert [item.type for item in inner.values.values()] == [TensorType("float32", (5, 3, 7, 7))]


def test_an_input_without_a_shape_takes_one() -> None:
    proto = chain("Relu")
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    model = read(proto, bindings={"x": (2, 3)})
    assert type_of(model, "y") == TensorType("float32", (2, 3))


@pytest.mark.parametrize(
    ("bindings", "message"),
    [
        ({"x": (1, 4, 8, 8)}, "fixes a size of 3 where 4 is asked for"),
        ({"x": (1, 3, 8)}, "has 4 dimensions, not 3"),
        ({"x": (1, 3, 8, 9)}, "'side' is given as 8 and as 9"),
        ({"image": (1,)}, "no input and no dimension called 'image'"),
        ({"batch": (1, 2)}, "takes one size, not 2"),
        ({"x": (-1, 3, 8, 8)}, "below zero"),
        ({"batch": (1,), "x": (2, 3, 8, 8)}, "'batch' is given as 1 and as 2"),
    ],
)
def test_a_binding_that_does_not_fit_says_why(
    bindings: dict[str, tuple[int, ...]], message: str
) -> None:
    with pytest.raises(OptionError) as caught:
        read(batched(), bindings=bindings)
    assert message in str(caught.value)


def test_a_binding_that_names_nothing_lists_the_inputs() -> None:
    with pytest.raises(OptionError, match=r"its inputs are: x \(batch×3×side×side\), z \(2\)"):
        read(batched(), bindings={"nope": (1,)})


def test_a_stored_tensor_cannot_be_bound() -> None:
    proto = batched()
    proto.graph.initializer.append(tensor("z", FLOAT, [2], [0.0, 0.0]))
    with pytest.raises(OptionError, match="no input"):
        read(proto, bindings={"z": (2,)})


def test_a_domain_that_was_not_imported_does_not_stop_inference() -> None:
    proto = model_of(
        [node("Secret", ["x"], ["s"], domain="mine"), node("Relu", ["x"], ["y"])],
        [value("x")],
        [value("y", None)],
    )
    model = read(proto)
    assert type_of(model, "y") == TensorType("float32", (1, 4))
    assert model.metadata["opsets"] == "ai.onnx 17"
    assert "shape-inference-failed" not in names_of(model)


def test_where_the_whole_model_cannot_be_inferred_single_nodes_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("[TypeInferenceError] op (Secret,\n node name: s) is bad")

    monkeypatch.setattr(onnx.shape_inference, "infer_shapes", refuse)
    proto = model_of(
        [
            node("Relu", ["x"], ["a"]),
            node("Secret", ["a"], ["s"], domain="mine"),
            node("Reshape", ["a", "target"], ["r"]),
            node("MatMul", ["r", "w"], ["y"]),
        ],
        [value("x")],
        [value("y", None)],
        [tensor("w", FLOAT, [2, 3], [0.0] * 6), tensor("target", INT64, [2], [-1, 2])],
    )
    model = read(proto)
    assert "(op (Secret, node name: s) is bad)" in failure(model)
    assert type_of(model, "s") is None
    assert type_of(model, "r") == TensorType("float32", (2, 2))
    assert type_of(model, "y") == TensorType("float32", (2, 3))


def self_concatenation() -> onnx.ModelProto:
    nodes = [node("Shape", ["x"], ["v0"])]
    nodes += [node("Concat", [f"v{i}", f"v{i}"], [f"v{i + 1}"], axis=0) for i in range(40)]
    return model_of(nodes, [value("x")], [])


def self_gathering() -> onnx.ModelProto:
    nodes = [node("Gather", [f"v{i}", f"v{i}"], [f"v{i + 1}"]) for i in range(40)]
    return model_of(nodes, [value("v0", [2, 2], INT64)], [])


def nested_optionals() -> onnx.ModelProto:
    nodes = [node("Optional", [f"v{i}"], [f"v{i + 1}"]) for i in range(20_000)]
    return model_of(nodes, [value("v0")], [])


def endless_unsqueezing() -> onnx.ModelProto:
    nodes = [node("Unsqueeze", [f"v{i}", "axis"], [f"v{i + 1}"]) for i in range(20_000)]
    return model_of(nodes, [value("v0")], [], [tensor("axis", INT64, [1], [0])])


def split_into_billions() -> onnx.ModelProto:
    made = node("Split", ["x"], ["a", "b"], num_outputs=2**31 - 1)
    return model_of([made], [value("x")], [], opset=18)


def split_into_fewer() -> onnx.ModelProto:
    made = node("Split", ["x"], ["a", "b", "c"], num_outputs=1)
    return model_of([made], [value("x", [6])], [], opset=18)


def self_concatenation_in_a_function() -> onnx.ModelProto:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    double = helper.make_function(
        "f", "Double", ["a"], ["b"], [node("Concat", ["a", "a"], ["b"], axis=0)], opsets
    )
    nodes = [node("Shape", ["x"], ["v0"])]
    nodes += [node("Double", [f"v{i}"], [f"v{i + 1}"], domain="f") for i in range(40)]
    return model_of(nodes, [value("x")], [], functions=[double], domains=["f"])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (self_concatenation, "grow without end"),
        (self_gathering, "grow without end"),
        (nested_optionals, "grow without end"),
        (endless_unsqueezing, "grow without end"),
        (self_concatenation_in_a_function, "grow without end"),
        (split_into_billions, "claims 2,147,483,647 outputs, not 2"),
        (split_into_fewer, "claims 1 outputs, not 3"),
    ],
)
def test_what_makes_the_official_inference_run_away_is_seen_before(
    make: Callable[[], onnx.ModelProto], reason: str
) -> None:
    proto = make()
    start = time.monotonic()
    model = read(proto)
    assert time.monotonic() - start < 20
    assert reason in failure(model)
    assert len(model.body.nodes) == len(proto.graph.node)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="crashes are kept apart by a fork")
def test_a_crash_of_the_official_inference_costs_shapes_and_nothing_else() -> None:
    # Indices of a negative size make the official package read outside of its memory.
    made = node("GatherND", ["data", "indices"], ["y"])
    proto = model_of(
        [made, node("Relu", ["y"], ["z"])],
        [value("data", [-1, -1]), value("indices", [-1, -1], INT64)],
        [value("z", None)],
        opset=13,
    )
    model = read(proto)
    assert [n.op for n in model.body.nodes] == ["GatherND", "Relu"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="work is kept apart by a fork")
def test_work_apart_may_crash_hang_or_swell() -> None:
    assert run_apart(lambda: b"x" * 3_000_000, 10) == b"x" * 3_000_000
    with pytest.raises(IsolationError, match="crashed"):
        run_apart(lambda: os.kill(os.getpid(), 9) or b"", 10)
    start = time.monotonic()
    with pytest.raises(IsolationError, match="too long"):
        run_apart(lambda: time.sleep(60) or b"", 0.3)
    assert time.monotonic() - start < 10
    with pytest.raises(IsolationError, match="too long"):
        run_apart(_endless, 1)
    assert time.monotonic() - start < 60
    with pytest.raises(IsolationError, match="memory"):
        run_apart(lambda: bytes(1 << 40), 10)


def _endless() -> bytes:
    while True:
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="work is kept apart by a fork")
def test_work_apart_that_has_to_wait_for_the_processor_is_not_given_up() -> None:
    def late() -> bytes:
        time.sleep(2.0)
        return b"late"

    assert run_apart(late, 1) == b"late"


def test_inference_goes_on_where_it_cannot_be_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork", raising=False)
    assert type_of(read(batched()), "h") == TensorType("float32", ("batch", 3, "side", "side"))


def test_values_inside_of_functions_have_shapes() -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("f", 1)]
    block = helper.make_function(
        "f", "Block", ["a", "w"], ["c"],
        [node("MatMul", ["a", "w"], ["b"]), node("Relu", ["b"], ["c"])], opsets,
    )  # fmt: skip
    proto = model_of(
        [node("Block", ["x", "w"], ["y"], "block", domain="f")], [value("x")], [value("y", None)],
        [tensor("w", FLOAT, [4, 2], [0.0] * 8)], functions=[block], domains=["f"],
    )  # fmt: skip
    assert type_of(read(proto), "block/b") == TensorType("float32", (1, 2))


def test_symbols_that_inference_makes_up_are_not_shown() -> None:
    proto = model_of([node("NonZero", ["x"], ["y"])], [value("x", [4])], [value("y", None, INT64)])
    assert type_of(read(proto), "y") == TensorType("int64", (1, None))
    graph = graph_of(model_of([node("Relu", ["x"], ["y"])], [value("x", ["unk__0"])], []))
    assert graph.values["y"].type == TensorType("float32", ("unk__0",))
