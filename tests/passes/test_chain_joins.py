"""chain-joins: what was joined before is not joined again."""

from __future__ import annotations

from archviz.ir import Graph, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.passes.chain_joins import apply
from archviz.passes.fold_repeats import apply as fold

LAYERS = 5


def image(channels: int) -> TensorType:
    return TensorType("float32", (1, channels, 7, 7))


def dense(layers: int = LAYERS, axis: tuple[int, ...] = (1,)) -> Graph:
    """Layers that each join the input and what all before them made."""
    builder = GraphBuilder()
    made = [builder.value("x", image(8))]
    builder.inputs.append(made[0])
    for index in range(layers):
        taken = made[0]
        if index:
            taken = builder.value(f"joined{index}", image(8 + 4 * index))
            attributes = {"axis": axis[index % len(axis)]}
            builder.node("Concat", tuple(made), (taken,), attributes=attributes)
        made.append(builder.value(f"made{index}", image(4)))
        builder.node("Conv", (taken,), (made[-1],))
    builder.outputs.append(builder.value("all", image(8 + 4 * layers)))
    builder.node("Concat", tuple(made), ("all",), attributes={"axis": axis[0]})
    return builder.build()


def test_a_join_goes_on_from_the_one_before() -> None:
    chained = apply(dense())
    assert verify(chained) == []
    joins = [node.inputs for node in chained.nodes if node.op == "Concat"]
    assert joins == [
        ("x", "made0"),
        ("joined1", "made1"),
        ("joined2", "made2"),
        ("joined3", "made3"),
        ("joined4", "made4"),
    ]


def test_layers_that_take_all_before_them_fold() -> None:
    folded = fold(apply(dense(9)))
    assert [scope.repeat for scope in folded.scopes.values()] == [9]
    assert len(folded.nodes) == 2
    assert len(fold(dense(9)).nodes) == 18


def test_joins_along_other_axes_stay() -> None:
    graph = dense(axis=(1, 2, 3))
    assert apply(graph) == graph


def test_two_joins_that_begin_alike_stay() -> None:
    graph = dense(2)
    assert apply(graph) == graph


def test_joins_of_the_same_values_stay() -> None:
    builder = GraphBuilder()
    builder.inputs += [builder.value("a", image(4)), builder.value("b", image(4))]
    for index in range(4):
        builder.outputs.append(builder.value(f"joined{index}", image(8)))
        builder.node("Concat", ("a", "b"), (builder.outputs[-1],), attributes={"axis": 1})
    graph = builder.build()
    assert apply(graph) == graph
