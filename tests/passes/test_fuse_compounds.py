"""fuse: subgraphs that readers take for one operation become one card, and no others do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from steps import growth

from archviz.ir import Attribute, Graph, Node, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.ir.walk import leaves
from archviz.passes.fuse import apply

Operand = str | float | tuple[int, ...] | None
Path = tuple[str, ...]


class Net:
    """A graph in the making: a number is a constant, a shape a weight, a text a value."""

    def __init__(self, *inputs: str) -> None:
        self.b = GraphBuilder()
        for name in inputs:
            self.b.inputs.append(self.b.value(name, TensorType("float32", (1, 4, 8, 8))))

    def __call__(
        self,
        op: str,
        *operands: Operand,
        scope: Path = (),
        results: int = 1,
        **settings: Attribute,
    ) -> str:
        self.b.scope(scope)
        inputs: list[str | None] = []
        uses = []
        for index, operand in enumerate(operands):
            if isinstance(operand, str):
                inputs.append(operand)
                continue
            inputs.append(None)
            if operand is not None:
                name = f"p{len(self.b.parameters)}"
                self.b.parameter(
                    Parameter(name, TensorType("float32", operand))
                    if isinstance(operand, tuple)
                    else Parameter(name, TensorType("float32", ()), "constant", value=(operand,))
                )
                uses.append(ParameterUse(name, "weight" if index else "A", index))
        made = [self.b.value("v", TensorType("float32", (1, 4, 8, 8))) for _ in range(results)]
        self.b.node(
            op,
            tuple(inputs),
            tuple(made),
            scope=scope,
            parameters=tuple(uses),
            attributes=settings,
        )
        return made[0]

    def graph(self, *outputs: str) -> Graph:
        self.b.outputs += outputs
        return self.b.build()


def fused(graph: Graph) -> list[str]:
    """The operators after fusing; nothing is lost on the way."""
    assert verify(graph) == []
    result = apply(graph)
    assert verify(result) == []
    kept = [origin for node in result.nodes for origin in node.origins]
    assert sorted(kept) == sorted(node.id for node in graph.nodes)
    assert sorted(leaf.id for node in result.nodes for leaf in leaves(node)) == sorted(kept)
    return [node.op for node in result.nodes]


def only(graph: Graph) -> Node:
    (node,) = apply(graph).nodes
    return node


def gelu(n: Net, x: str, scope: Path = ()) -> str:
    erf = n("Erf", n("Div", x, 1.4142135, scope=scope), scope=scope)
    return n("Mul", n("Mul", x, n("Add", erf, 1.0, scope=scope), scope=scope), 0.5, scope=scope)


def tanh_gelu(n: Net, x: str) -> str:
    cube = n("Mul", n("Pow", x, 3.0), 0.044715)
    tanh = n("Tanh", n("Mul", n("Add", x, cube), 0.7978845608))
    return n("Mul", n("Mul", x, 0.5), n("Add", 1.0, tanh))


def rms_norm(n: Net, x: str, root: str = "Reciprocal") -> str:
    deviation = n("Sqrt", n("Add", n("ReduceMean", n("Pow", x, 2.0), None), 1e-6))
    if root == "Reciprocal":
        return n("Mul", (8,), n("Mul", x, n("Reciprocal", deviation)))
    return n("Mul", n("Div", x, deviation), (8,))


def layer_norm(n: Net, x: str) -> str:
    centred = n("Sub", x, n("ReduceMean", x))
    variance = n("Add", n("ReduceMean", n("Pow", centred, 2.0)), 1e-5)
    return n("Add", n("Mul", n("Div", centred, n("Sqrt", variance)), (8,)), (8,))


def rotary(n: Net, x: str, cos: Operand, sin: Operand) -> str:
    turned = n("Concat", n("Neg", n("Slice", x, None, None)), n("Slice", x, None, None))
    return n("Add", n("Mul", x, cos), n("Mul", turned, sin))


def torch_rms_norm(n: Net, x: str) -> str:
    variance = n("mean", n("pow", x, exponent=2), dim=-1)
    return n("mul", (8,), n("mul", x, n("rsqrt", n("add", variance, other=1e-6))))


def torch_gelu(n: Net, x: str) -> str:
    cube = n("mul", n("pow", x, exponent=3.0), other=0.044715)
    tanh = n("tanh", n("mul", n("add", x, cube), other=0.7978845608))
    return n("mul", n("mul", x, other=0.5), n("add", tanh, other=1.0))


def torch_rotary(n: Net, x: str, cos: Operand, sin: Operand) -> str:
    turned = n("cat", n("neg", n("getitem", x, index="..., 4:")), n("getitem", x, index="..., :4"))
    return n("add", n("mul", x, cos), n("mul", turned, sin))


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (torch_rms_norm, "RMSNormalization"),
        (torch_gelu, "Gelu"),
        (lambda n, x: torch_rotary(n, x, (8, 8), (8, 8)), "RotaryEmbedding"),
        (lambda n, x: n("view", n("addmm", (8,), n("view", x), (8, 8))), "addmm"),
        (gelu, "Gelu"),
        (tanh_gelu, "Gelu"),
        (lambda n, x: n("Mul", n("Mul", x, 0.5), n("Add", n("Erf", n("Div", x, 1.41421)), 1.0)),
         "Gelu"),
        (lambda n, x: n("Mul", x, n("Sigmoid", n("Mul", x, 1.702))), "QuickGelu"),
        (lambda n, x: n("Mul", n("Sigmoid", x), x), "Swish"),
        (lambda n, x: n("Mul", x, n("Tanh", n("Softplus", x))), "Mish"),
        (lambda n, x: n("Div", n("Mul", x, n("Clip", n("Add", x, 3.0), 0.0, 6.0)), 6.0),
         "HardSwish"),
        (rms_norm, "RMSNormalization"),
        (lambda n, x: rms_norm(n, x, "Div"), "RMSNormalization"),
        (lambda n, x: rms_norm(n, n("Cast", x)), "RMSNormalization"),
        (layer_norm, "LayerNormalization"),
        (lambda n, x: rotary(n, x, (8, 8), (8, 8)), "RotaryEmbedding"),
    ],
)  # fmt: skip
def test_a_decomposed_operation_is_one_again(build: Callable[[Net, str], str], name: str) -> None:
    n = Net("x")
    graph = n.graph(build(n, "x"))
    assert fused(graph) == [name]
    assert only(graph).inputs == ("x",)


def test_other_constants_make_another_function() -> None:
    n = Net("x")
    graph = n.graph(n("Mul", n("Mul", "x", n("Add", n("Erf", n("Div", "x", 3.0)), 1.0)), 0.5))
    assert "Gelu" not in fused(graph)


def test_a_product_with_another_values_sigmoid_is_a_gate_and_no_swish() -> None:
    n = Net("x", "y")
    assert fused(n.graph(n("Mul", "x", n("Sigmoid", "y")))) == ["Sigmoid", "Mul"]


def attention(n: Net, q: str, k: str, v: str, *, mask: Operand = None, scope: Path = ()) -> str:
    def op(name: str, *operands: Operand) -> str:
        return n(name, *operands, scope=scope)

    turned = op("Transpose", op("Reshape", k, None))
    scores = op("Div", op("MatMul", op("Transpose", op("Reshape", q, None)), turned), 8.0)
    if mask is not None:
        scores = op("Add", scores, mask)
    heads = op("Transpose", op("Reshape", v, None))
    mixed = op("MatMul", op("Softmax", scores), heads)
    return op("Reshape", op("Transpose", mixed), None)


@pytest.mark.parametrize("mask", [None, "mask", (1, 1, 8, 8)])
def test_attention_is_one_card_with_query_key_and_value_first(mask: Operand) -> None:
    n = Net("v", "k", "q", "mask")
    node = only(n.graph(attention(n, "q", "k", "v", mask=mask)))
    assert node.op == "Attention"
    assert node.inputs == ("q", "k", "v", *(["mask"] if mask == "mask" else []))
    assert node.attributes == {"num_heads": 4}


def test_attention_on_one_value_takes_it_once() -> None:
    n = Net("x")
    assert only(n.graph(attention(n, "x", "x", "x"))).inputs == ("x",)


def test_rotary_tables_go_into_the_attention_that_they_turn() -> None:
    n = Net("q", "k", "v", "cos", "sin")
    q, k = (rotary(n, name, "cos", "sin") for name in ("q", "k"))
    node = only(n.graph(attention(n, q, k, "v")))
    assert node.inputs == ("q", "k", "v", "cos", "sin")
    assert [part.op for part in node.parts].count("RotaryEmbedding") == 2


def test_a_call_of_attention_goes_with_what_brings_heads_into_order() -> None:
    n = Net("q", "k", "v", "cos", "sin")
    q, k, v = (n("transpose", n("view", name)) for name in ("q", "k", "v"))
    q, k = (torch_rotary(n, name, "cos", "sin") for name in (q, k))
    made = n("scaled_dot_product_attention", q, k, v, is_causal=True)
    graph = n.graph(n("reshape", n("transpose", made)))
    assert fused(graph) == ["Attention"]
    node = only(graph)
    assert node.inputs == ("q", "k", "v", "cos", "sin")
    assert node.attributes == {"num_heads": 4, "is_causal": True}


def test_a_layer_of_pytorch_is_as_few_cards_as_one_of_onnx() -> None:
    n = Net("x")
    normed = torch_rms_norm(n, "x")
    q, k, v = (n("linear", normed, (8, 8)) for _ in range(3))
    attended = n("scaled_dot_product_attention", *(n("view", value) for value in (q, k, v)))
    x = n("add", "x", n("linear", n("reshape", attended), (8, 8)))
    normed = torch_rms_norm(n, x)
    gate, up = n("silu", n("linear", normed, (16, 8))), n("linear", normed, (16, 8))
    graph = n.graph(n("add", x, n("linear", n("mul", gate, up), (8, 16))))
    assert fused(graph) == [
        "RMSNormalization", "linear", "linear", "linear", "Attention", "linear", "add",
        "RMSNormalization", "Feed forward", "add",
    ]  # fmt: skip


def test_the_guard_against_rows_without_any_key_is_part_of_attention() -> None:
    n = Net("q", "k", "v")
    weights = n("Softmax", n("MatMul", "q", n("Transpose", "k")))
    guarded = n("Where", n("IsNaN", weights), 0.0, weights)
    assert fused(n.graph(n("MatMul", guarded, "v"))) == ["Attention"]


def test_weights_of_attention_that_the_model_returns_stay_visible() -> None:
    n = Net("q", "k", "v")
    weights = n("Softmax", n("MatMul", "q", "k"))
    assert "Attention" not in fused(n.graph(n("MatMul", weights, "v"), weights))


def test_scores_that_something_else_uses_stay_visible() -> None:
    n = Net("q", "k", "v")
    scores = n("MatMul", "q", "k")
    graph = n.graph(n("MatMul", n("Softmax", scores), "v"), n("ReduceMax", scores))
    assert "Attention" not in fused(graph)


def test_keys_that_are_kept_for_the_next_call_are_left_before_the_attention() -> None:
    n = Net("q", "k", "v")
    kept = n("Transpose", n("Reshape", "k", None))
    mixed = n("MatMul", n("Softmax", n("MatMul", "q", n("Transpose", kept))), "v")
    assert fused(n.graph(mixed, kept)) == ["Reshape", "Transpose", "Attention"]


def test_attention_is_not_put_together_across_modules_that_hold_more() -> None:
    n = Net("q", "k", "v")
    scores = n("MatMul", "q", "k", scope=("score",))
    n("ReduceMax", "q", scope=("score",))
    weights = n("Softmax", scores, scope=("mix",))
    n("ReduceMax", "k", scope=("mix",))
    assert "Attention" not in fused(n.graph(n("MatMul", weights, "v", scope=("mix",))))


def test_whole_modules_go_into_the_card_of_the_module_around_them() -> None:
    n = Net("x")
    hidden = n("Add", n("MatMul", "x", (8, 32), scope=("mlp", "up")), (32,), scope=("mlp", "up"))
    active = gelu(n, hidden, ("mlp", "act"))
    down = n("MatMul", active, (32, 8), scope=("mlp", "down"))
    result = apply(n.graph(n("Add", "x", down)))
    assert [node.op for node in result.nodes] == ["Feed forward", "Add"]
    assert (result.nodes[0].scope, result.nodes[0].name) == (("mlp",), "up – down")
    assert [part.op for part in result.nodes[0].parts] == ["MatMul", "Add", "Gelu", "MatMul"]


def test_a_gate_is_part_of_the_feed_forward() -> None:
    n = Net("x")
    gate = n("MatMul", "x", (8, 32))
    active = n("Mul", gate, n("Sigmoid", gate))
    product = n("Mul", active, n("MatMul", "x", (8, 32)))
    assert fused(n.graph(n("MatMul", product, (32, 8)))) == ["Feed forward"]


def test_a_gate_that_shares_a_matrix_with_what_it_lets_through_is_part_of_the_feed_forward() -> (
    None
):
    n = Net("x")
    gate = n("chunk", n("linear", "x", (32, 8)), results=2, chunks=2)
    (_, up) = n.b.build().nodes[-1].outputs
    assert up is not None
    assert fused(n.graph(n("linear", n("mul", up, n("silu", gate)), (8, 16)))) == ["Feed forward"]


def test_experts_that_run_at_once_are_one_feed_forward() -> None:
    def experts(ends: tuple[str, str]) -> list[str]:
        n = Net("x", "ends", "others")
        gate = n("chunk", n("_grouped_mm", "x", (4, 8, 32), ends[0]), results=2, chunks=2)
        (_, up) = n.b.build().nodes[-1].outputs
        assert up is not None
        product = n("mul", n("silu", gate), up)
        return fused(n.graph(n("_grouped_mm", product, (4, 16, 8), ends[1])))

    assert experts(("ends", "ends")) == ["Feed forward"]
    assert len(experts(("ends", "others"))) == 5


def test_layers_of_a_classifier_are_no_feed_forward() -> None:
    n = Net("x")
    x = "x"
    for width in (32, 32, 10):
        x = n("Gemm", n("Relu", x), (8, width), (width,))
    assert fused(n.graph(x)) == ["Relu", "Gemm", "Gemm", "Gemm"]


def test_add_and_norm_are_one_only_where_nothing_else_takes_the_sum() -> None:
    n = Net("x", "y")
    post = n("LayerNormalization", n("Add", "x", "y"), (8,), (8,))
    assert fused(n.graph(post)) == ["Add & Norm"]
    n = Net("x", "y")
    total = n("Add", "x", "y")
    pre = n("LayerNormalization", total, (8,), (8,))
    assert fused(n.graph(n("Add", total, pre))) == ["Add", "LayerNormalization", "Add"]


def test_a_mask_is_no_bias_of_the_product_before_it() -> None:
    n = Net("q", "k")
    scores = n("Softmax", n("Add", n("MatMul", "q", "k"), (1, 1, 8, 8)))
    assert fused(n.graph(scores)) == ["MatMul", "Add", "Softmax"]


def test_everything_drawn_keeps_chains_and_opens_subgraphs() -> None:
    n = Net("x")
    graph = n.graph(gelu(n, n("Add", n("MatMul", "x", (8, 8)), (8,))))
    assert [node.op for node in apply(graph).nodes] == ["MatMul"]
    opened = apply(graph, compound=False)
    assert [node.op for node in opened.nodes] == ["MatMul", "Div", "Erf", "Add", "Mul", "Mul"]


def layers(count: int) -> Graph:
    n = Net("x", "mask")
    x = "x"
    for _ in range(count):
        x = n("Add", x, attention(n, x, x, rms_norm(n, x), mask="mask"))
        x = n("Add", x, n("MatMul", gelu(n, n("MatMul", x, (8, 32))), (32, 8)))
    return n.graph(x)


def test_the_work_grows_with_the_graph() -> None:
    assert fused(layers(3)).count("Attention") == 3

    def run(count: int) -> Callable[[], object]:
        graph = layers(count)
        return lambda: apply(graph)

    assert growth(run, 10) < 1.1


def test_a_long_row_of_reshapes_costs_no_more_than_its_length() -> None:
    def run(count: int) -> Callable[[], object]:
        n = Net("x")
        x = "x"
        for _ in range(count):
            x = n("Reshape", n("Add", x, x), None)
        graph = n.graph(n("MatMul", n("Softmax", n("MatMul", x, "x")), x))
        return lambda: apply(graph)

    assert growth(run, 100) < 1.1
