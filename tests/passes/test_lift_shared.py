"""lift-shared: what the exporter wrote once for all layers is not part of the first."""

from __future__ import annotations

from steps import growth

from archviz.ir import Graph, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.passes import fold_repeats
from archviz.passes.lift_shared import apply


def layers(count: int, *, weight: bool = False, kinds: tuple[str, ...] = ("Layer",)) -> Graph:
    """Layers that add a mask, which the first of them makes of two operations."""
    b = GraphBuilder()
    x, mask = b.value("x"), b.value("mask")
    b.inputs += [x, mask]
    b.parameter(Parameter("w", TensorType("float32", (4,))))
    ready = mask
    for index in range(count):
        scope = ("layers", str(index))
        b.scope(scope, kinds[index % len(kinds)])
        b.node("Neg", (x,), (before := b.value("n"),), scope=scope)
        x = before
        if not index:
            for op in ("Cast", "Where"):
                made = b.value(op)
                uses = (ParameterUse("w", "weight", 1),) if weight else ()
                b.node(op, (ready, *(None for _ in uses)), (made,), scope=scope, parameters=uses)
                ready = made
        y, z = b.value("y"), b.value("z")
        b.node("Add", (x, ready), (y,), scope=scope)
        b.node("Relu", (y,), (z,), scope=scope)
        x = z
    b.outputs.append(x)
    return b.build()


def test_what_all_layers_share_leaves_the_first_which_is_then_like_the_others() -> None:
    lifted = apply(layers(6))
    assert verify(lifted) == []
    assert [n.scope for n in lifted.nodes if n.op in ("Cast", "Where")] == [("layers",)] * 2
    folded = fold_repeats.apply(lifted)
    assert [n.op for n in folded.nodes] == ["Cast", "Where", "Neg", "Add", "Relu"]
    assert folded.scopes["layers", "0"].repeat == 6


def test_weights_stay_in_their_module() -> None:
    graph = layers(3, weight=True)
    assert apply(graph) == graph


def test_a_result_for_a_module_of_another_kind_stays_where_it_is_made() -> None:
    graph = layers(3, kinds=("Encoder", "Decoder"))
    assert apply(graph) == graph


def test_what_a_layer_hands_on_is_not_shared() -> None:
    graph = layers(1)
    assert apply(graph) == graph


def test_the_work_grows_with_the_graph() -> None:
    def run(count: int) -> object:
        graph = layers(count)
        return lambda: apply(graph)

    assert growth(run, 20) < 1.1  # type: ignore[arg-type]
