"""Makes control_flow.onnx, functions.onnx and quantized.onnx with the official package."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

HERE = Path(__file__).resolve().parent
FLOAT, INT64, BOOL, INT8, INT32 = (
    TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.INT8, TensorProto.INT32,
)  # fmt: skip
node, value, tensor = helper.make_node, helper.make_tensor_value_info, helper.make_tensor


def control_flow() -> onnx.ModelProto:
    """A loop around a branch; both take values from around them."""
    then_branch = helper.make_graph(
        [node("MatMul", ["state", "weight"], ["grown"], name="grow")],
        "then", [], [value("grown", FLOAT, ["batch", 4])],
    )  # fmt: skip
    else_branch = helper.make_graph(
        [node("Sub", ["state", "shift"], ["shrunk"], name="shrink")],
        "else", [], [value("shrunk", FLOAT, ["batch", 4])],
        [tensor("shift", FLOAT, [], [0.5])],
    )  # fmt: skip
    body = helper.make_graph(
        [
            node("ReduceSum", ["state"], ["total"], name="sum", keepdims=0),
            node("Less", ["total", "limit"], ["is_small"], name="compare"),
            node(
                "If", ["is_small"], ["next"], name="choose",
                then_branch=then_branch, else_branch=else_branch,
            ),
            node("Identity", ["condition"], ["again"], name="again"),
        ],
        "step",
        [value("iteration", INT64, []), value("condition", BOOL, []),
         value("state", FLOAT, ["batch", 4])],
        [value("again", BOOL, []), value("next", FLOAT, ["batch", 4])],
    )  # fmt: skip
    graph = helper.make_graph(
        [
            node("Relu", ["x"], ["start"], name="start"),
            node("Loop", ["steps", "", "start"], ["y"], name="loop", body=body),
        ],
        "control_flow",
        [value("x", FLOAT, ["batch", 4])],
        [value("y", FLOAT, ["batch", 4])],
        [
            tensor("steps", INT64, [], [3]),
            tensor("limit", FLOAT, [], [100.0]),
            tensor("weight", FLOAT, [4, 4], [0.1] * 16),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def functions() -> onnx.ModelProto:
    """A block function that calls a function with an attribute, used twice."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("sample", 1)]
    activate = helper.make_function(
        "sample", "Activate", ["x"], ["y"],
        [node("LeakyRelu", ["x"], ["y"])], opsets, ["alpha"],
    )  # fmt: skip
    reference = activate.node[0].attribute.add()
    reference.name = reference.ref_attr_name = "alpha"
    reference.type = onnx.AttributeProto.FLOAT
    block = helper.make_function(
        "sample", "Block", ["x", "weight", "bias"], ["y"],
        [
            node("Gemm", ["x", "weight", "bias"], ["hidden"]),
            node("Activate", ["hidden"], ["active"], domain="sample", alpha=0.1),
            node("Add", ["x", "active"], ["y"]),
        ],
        opsets,
    )  # fmt: skip
    weights = [tensor(f"block{i}.weight", FLOAT, [4, 4], [0.1] * 16) for i in (1, 2)]
    graph = helper.make_graph(
        [
            node("Block", ["x", "block1.weight", "bias"], ["h"], "block1", domain="sample"),
            node("Block", ["h", "block2.weight", ""], ["y"], "block2", domain="sample"),
        ],
        "functions",
        [value("x", FLOAT, ["batch", 4])],
        [value("y", FLOAT, ["batch", 4])],
        [*weights, tensor("bias", FLOAT, [4], [0.0] * 4)],
    )
    return helper.make_model(graph, functions=[activate, block], opset_imports=opsets, ir_version=8)


def quantized() -> onnx.ModelProto:
    """A convolution in 8 bits between quantizing and dequantizing, as ONNX Runtime writes it."""
    graph = helper.make_graph(
        [
            node("QuantizeLinear", ["x", "x_scale", "x_zero"], ["x_q"], name="quantize"),
            node(
                "QLinearConv",
                ["x_q", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero", "b"],
                ["y_q"], name="conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1],
            ),
            node("DequantizeLinear", ["y_q", "y_scale", "y_zero"], ["y"], name="dequantize"),
        ],
        "quantized",
        [value("x", FLOAT, ["batch", 3, 8, 8])],
        [value("y", FLOAT, ["batch", 4, 8, 8])],
        [
            *(tensor(f"{name}_scale", FLOAT, [], [0.02]) for name in "xwy"),
            *(tensor(f"{name}_zero", INT8, [], [0]) for name in "xwy"),
            tensor("w", INT8, [4, 3, 3, 3], [1] * 108),
            tensor("b", INT32, [4], [0] * 4),
        ],
    )  # fmt: skip
    annotation = graph.quantization_annotation.add(tensor_name="x_q")
    annotation.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="x_scale")
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main() -> None:
    """Writes the files beside this one."""
    for make in (control_flow, functions, quantized):
        model = make()
        onnx.checker.check_model(model)
        onnx.save(model, HERE / f"{make.__name__}.onnx")


if __name__ == "__main__":
    main()
