"""drop-identity and fold-constants: what a reader need not see, and where it is accounted for."""

from archviz.ir import Graph, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.passes import drop_identity, fold_constants


def origins(graph: Graph) -> set[str]:
    return {origin for node in graph.nodes for origin in node.origins}


def test_identities_go_and_their_consumers_are_rejoined() -> None:
    b = GraphBuilder()
    x = b.value("x")
    b.inputs.append(x)
    a, i, d, y = (b.value(n) for n in ("a", "i", "d", "y"))
    b.node("Relu", (x,), (a,))
    b.node("Identity", (a,), (i,))
    b.node("Dropout", (i,), (d,))
    b.node("Tanh", (d,), (y,))
    b.outputs.append(y)
    graph = b.build()
    result = drop_identity.apply(graph)
    assert verify(result) == []
    assert [n.op for n in result.nodes] == ["Relu", "Tanh"]
    assert result.nodes[1].inputs == ("a",)
    assert origins(result) == {"Relu", "Identity", "Dropout", "Tanh"}


def test_a_dropout_whose_mask_is_used_stays() -> None:
    b = GraphBuilder()
    x, kept, mask, y = (b.value(n) for n in ("x", "kept", "mask", "y"))
    b.inputs.append(x)
    b.node("Dropout", (x,), (kept, mask))
    b.node("Where", (mask, kept), (y,))
    b.outputs.append(y)
    assert [n.op for n in drop_identity.apply(b.build()).nodes] == ["Dropout", "Where"]


def test_an_identity_that_is_the_whole_model_stays() -> None:
    b = GraphBuilder()
    x, y = b.value("x"), b.value("y")
    b.inputs.append(x)
    b.node("Identity", (x,), (y,))
    b.outputs.append(y)
    assert len(drop_identity.apply(b.build()).nodes) == 1


def test_of_two_identities_that_are_the_whole_model_one_stays() -> None:
    b = GraphBuilder()
    x, v, y = (b.value(n) for n in ("x", "v", "y"))
    b.inputs.append(x)
    b.node("Identity", (x,), (v,), label="first")
    b.node("Identity", (v,), (y,), label="second")
    b.outputs.append(y)
    result = drop_identity.apply(b.build())
    assert [(n.inputs, n.outputs) for n in result.nodes] == [((x,), (y,))]
    assert origins(result) == {"first", "second"}


def test_a_result_keeps_the_name_that_an_identity_gives_it() -> None:
    b = GraphBuilder()
    x = b.value("x")
    v = b.value("linear_3", TensorType("float32", (1, 8)))
    i, t, y = (b.value(n) for n in ("i", "t", "logits"))
    b.inputs.append(x)
    b.node("Relu", (x,), (v,))
    b.node("Identity", (v,), (i,), label="first")
    b.node("Identity", (i,), (y,), label="second")
    b.node("Tanh", (i,), (t,))
    b.outputs += [y, t]
    result = drop_identity.apply(b.build())
    assert verify(result) == []
    assert result.outputs == ("logits", "t")
    assert [(n.op, n.inputs, n.outputs) for n in result.nodes] == [
        ("Relu", ("x",), ("logits",)),
        ("Tanh", ("logits",), ("t",)),
    ]
    assert result.values["logits"].type == TensorType("float32", (1, 8))


def test_a_result_with_two_names_stays_two_results() -> None:
    b = GraphBuilder()
    x, v, y, z = (b.value(n) for n in ("x", "v", "y", "z"))
    b.inputs.append(x)
    b.node("Relu", (x,), (v,))
    b.node("Identity", (v,), (y,), label="first")
    b.node("Identity", (v,), (z,), label="second")
    b.outputs += [y, z]
    result = drop_identity.apply(b.build())
    assert verify(result) == []
    assert result.outputs == ("y", "z")
    assert [n.op for n in result.nodes] == ["Relu", "Identity"]


def test_an_identity_without_a_result_stays_in_sight() -> None:
    b = GraphBuilder()
    x, y = b.value("x"), b.value("y")
    b.inputs.append(x)
    b.node("Identity", (x,), (), label="first")
    b.node("Identity", (x,), (None,), label="second")
    b.node("Relu", (x,), (y,))
    b.outputs.append(y)
    assert len(drop_identity.apply(b.build()).nodes) == 3


def test_identities_in_a_cycle_do_not_hang_it() -> None:
    b = GraphBuilder()
    one, two, y = b.value("one"), b.value("two"), b.value("y")
    b.node("Identity", (two,), (one,), label="first")
    b.node("Identity", (one,), (two,), label="second")
    b.node("Relu", (one,), (y,))
    b.outputs.append(y)
    result = drop_identity.apply(b.build())
    assert [(n.op, n.inputs) for n in result.nodes] == [("Relu", (None,))]


def shape_arithmetic() -> Graph:
    """Reshape(x, Concat(Gather(Shape(x), 0), -1)), as exporters write a flatten."""
    b = GraphBuilder()
    x = b.value("x", TensorType("float32", ("batch", 8, 4)))
    b.inputs.append(x)
    b.parameter(Parameter("zero", TensorType("int64", ()), "constant", value=(0,)))
    b.parameter(Parameter("rest", TensorType("int64", (1,)), "constant", value=(-1,)))
    names = ("shape", "index", "batch", "minus", "target", "y")
    shape, index, batch, minus, target, y = (b.value(n) for n in names)
    b.node("Shape", (x,), (shape,))
    b.node("Constant", (), (index,), label="c0", parameters=(ParameterUse("zero", "value"),))
    b.node("Gather", (shape, index), (batch,))
    b.node("Constant", (), (minus,), label="c1", parameters=(ParameterUse("rest", "value"),))
    b.node("Concat", (batch, minus), (target,))
    b.node("Reshape", (x, target), (y,))
    b.outputs.append(y)
    return b.build()


def test_shape_arithmetic_is_hidden_and_accounted_for() -> None:
    graph = shape_arithmetic()
    result = fold_constants.apply(graph)
    assert verify(result) == []
    assert [n.op for n in result.nodes] == ["Reshape"]
    assert result.nodes[0].inputs == ("x", None)
    assert origins(result) == {n.id for n in graph.nodes}
    assert set(result.parameters) == set()


def test_a_constant_becomes_a_row_with_the_name_of_its_input() -> None:
    b = GraphBuilder()
    x, target, y = b.value("x"), b.value("target"), b.value("y")
    b.inputs.append(x)
    b.parameter(Parameter("t", TensorType("int64", (2,)), "constant", value=(1, -1)))
    b.node("Constant", (), (target,), parameters=(ParameterUse("t", "value"),))
    b.node("Reshape", (x, target), (y,))
    b.outputs.append(y)
    result = fold_constants.apply(b.build())
    assert verify(result) == []
    assert result.nodes[0].parameters == (ParameterUse("t", "shape", 1),)


def test_weights_made_ready_by_other_operations_become_rows() -> None:
    b = GraphBuilder()
    x, ready, turned, y = (b.value(n) for n in ("x", "ready", "turned", "y"))
    b.inputs.append(x)
    b.parameter(Parameter("w", TensorType("int8", (4, 8))))
    b.node("DequantizeLinear", (None,), (ready,), parameters=(ParameterUse("w", "x", 0),))
    b.node("Transpose", (ready,), (turned,))
    b.node("MatMul", (x, turned), (y,))
    b.outputs.append(y)
    result = fold_constants.apply(b.build())
    assert verify(result) == []
    assert [n.op for n in result.nodes] == ["MatMul"]
    assert result.nodes[0].parameters == (ParameterUse("w", "weight", 1),)


def test_a_lookup_in_a_table_of_weights_by_a_computed_index_stays() -> None:
    b = GraphBuilder()
    x, shape, index, found, y = (b.value(n) for n in ("x", "shape", "index", "found", "y"))
    b.inputs.append(x)
    b.parameter(Parameter("positions", TensorType("float32", (512, 64))))
    b.node("Shape", (x,), (shape,))
    b.node("Range", (shape,), (index,))
    b.node("Gather", (None, index), (found,), parameters=(ParameterUse("positions", "data", 0),))
    b.node("Add", (x, found), (y,))
    b.outputs.append(y)
    result = fold_constants.apply(b.build())
    assert verify(result) == []
    assert [n.op for n in result.nodes] == ["Gather", "Add"]
    assert result.nodes[0].inputs == (None, None)


def test_what_a_result_needs_is_never_folded() -> None:
    b = GraphBuilder()
    x, shape, double = b.value("x"), b.value("shape"), b.value("double")
    b.inputs.append(x)
    b.node("Shape", (x,), (shape,))
    b.node("Add", (shape, shape), (double,))
    b.outputs.append(double)
    assert [n.op for n in fold_constants.apply(b.build()).nodes] == ["Shape", "Add"]


def test_random_operations_are_not_constant() -> None:
    b = GraphBuilder()
    x, noise, y = b.value("x"), b.value("noise"), b.value("y")
    b.inputs.append(x)
    b.node("RandomNormal", (), (noise,))
    b.node("Add", (x, noise), (y,))
    b.outputs.append(y)
    assert [n.op for n in fold_constants.apply(b.build()).nodes] == ["RandomNormal", "Add"]


def test_constants_that_nothing_uses_account_in_what_follows_them() -> None:
    b = GraphBuilder()
    x, positions, steps, y = (b.value(n) for n in ("x", "positions", "steps", "y"))
    b.inputs.append(x)
    b.node("Constant", (), (positions,))
    b.node("CumSum", (positions,), (steps,))
    b.node("Relu", (x,), (y,))
    b.outputs.append(y)
    result = fold_constants.apply(b.build())
    assert verify(result) == []
    assert [node.op for node in result.nodes] == ["Relu"]
    assert origins(result) == {"Constant", "CumSum", "Relu"}
