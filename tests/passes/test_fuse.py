"""fuse: chains that readers take for one operation become one card."""

from archviz.ir import Graph, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.passes.fuse import apply

Step = tuple[str, tuple[str, ...]]


def chain(*steps: Step, extra_use_of: int = -1) -> Graph:
    """Operations in a row with their scopes; one result may be an output as well."""
    b = GraphBuilder()
    value = b.value("x")
    b.inputs.append(value)
    for index, (op, scope) in enumerate(steps):
        b.scope(scope)
        following = b.value("v")
        uses: tuple[ParameterUse, ...] = ()
        inputs: tuple[str | None, ...] = (value,)
        if op in ("Add", "Mul", "Conv"):
            b.parameter(Parameter(f"p{index}", TensorType("float32", (4,))))
            uses, inputs = (ParameterUse(f"p{index}", "weight", 1),), (value, None)
        b.node(op, inputs, (following,), scope=scope, parameters=uses)
        value = following
        if index == extra_use_of:
            b.outputs.append(value)
    b.outputs.append(value)
    return b.build()


def shapes(graph: Graph) -> list[tuple[str, ...]]:
    return [tuple(part.op for part in node.parts) or (node.op,) for node in graph.nodes]


def test_convolution_normalisation_and_activation_become_one() -> None:
    graph = chain(("Conv", ()), ("BatchNormalization", ()), ("Relu", ()), ("MaxPool", ()))
    result = apply(graph)
    assert verify(result) == []
    assert shapes(result) == [("Conv", "BatchNormalization", "Relu"), ("MaxPool",)]
    fused = result.nodes[0]
    assert (fused.kind, fused.op, fused.id) == ("fused", "Conv", "Conv")
    assert fused.origin == ("Conv", "BatchNormalization", "Relu")
    assert fused.inputs == ("x",)
    assert result.nodes[1].inputs == fused.outputs
    assert {use.parameter for use in fused.parameters} == {"p0"}


def test_scale_and_bias_belong_to_the_normalisation() -> None:
    steps = [(op, ()) for op in ("BatchNormalization", "Mul", "Add", "Relu")]
    assert shapes(apply(chain(*steps))) == [("BatchNormalization", "Mul", "Add", "Relu")]


def test_a_value_that_something_else_uses_ends_the_chain() -> None:
    steps = [(op, ()) for op in ("Conv", "BatchNormalization", "Relu")]
    assert shapes(apply(chain(*steps, extra_use_of=1))) == [
        ("Conv", "BatchNormalization"),
        ("Relu",),
    ]


def test_a_sum_of_two_values_is_no_bias() -> None:
    b = GraphBuilder()
    x, a, c, y = (b.value(n) for n in ("x", "a", "c", "y"))
    b.inputs.append(x)
    b.node("Conv", (x, None), (a,))
    b.node("Add", (a, x), (c,))
    b.node("Relu", (c,), (y,))
    b.outputs.append(y)
    assert shapes(apply(b.build())) == [("Conv",), ("Add",), ("Relu",)]


def test_a_chain_of_leaf_modules_becomes_one_card_in_the_module_around_them() -> None:
    block = ("layer", "0")
    steps = [("Conv", (*block, "conv1")), ("BatchNormalization", (*block, "bn1"))]
    result = apply(chain(*steps, ("Relu", (*block, "act"))))
    assert verify(result) == []
    (fused,) = result.nodes
    assert (fused.scope, fused.name) == (block, "conv1")
    modules = {(*block, name) for name in ("conv1", "bn1", "act")}
    assert set(result.scopes) == {("layer",), block, *modules}


def test_a_part_never_leaves_a_module_that_holds_more() -> None:
    steps = [("Conv", ("a",)), ("Relu", ("b",)), ("MaxPool", ("b",))]
    assert shapes(apply(chain(*steps))) == [("Conv",), ("Relu",), ("MaxPool",)]


def test_a_module_called_twice_lends_a_call_to_each_chain() -> None:
    steps = [("Conv", ("c1",)), ("Relu", ("relu",)), ("Conv", ("c2",)), ("Relu", ("relu",))]
    assert shapes(apply(chain(*steps))) == [("Conv", "Relu"), ("Conv", "Relu")]


def test_a_lone_activation_stays() -> None:
    graph = chain(("Relu", ()), ("MaxPool", ()))
    assert shapes(apply(graph)) == [("Relu",), ("MaxPool",)]
