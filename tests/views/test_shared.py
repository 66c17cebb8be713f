"""Values that many layers take beside their main one are drawn as stubs."""

from __future__ import annotations

import pytest
from scene_geometry import edges, problems

from archviz.ir import Model
from archviz.ir.build import GraphBuilder
from archviz.scene import Group, Scene
from archviz.views.node_link import draw
from archviz.views.node_link.shared import MOST_DEPTHS, name_of, shared_values


def layers(count: int, *, beside: bool = True, op: str = "Add") -> Model:
    """Layers one behind the other, or beside one another, that all take a mask."""
    b = GraphBuilder()
    x, given = b.value("x"), b.value("mask")
    b.inputs += [x, given]
    mask = b.value("ready")
    b.node("Cast", (given,), (mask,))
    ends = []
    for index in range(count):
        scope = ("layers", str(index))
        b.scope(scope, "Layer")
        y, z = b.value("y"), b.value("z")
        b.node(op, (x, mask) if beside else (mask,), (y,), scope=scope)
        b.node("Relu", (y,), (z,), scope=scope)
        ends.append(z)
        if beside:
            x = z
    if not beside:
        x = b.value("joined")
        b.node("Concat", tuple(ends), (x,))
    b.outputs.append(x)
    return Model(b.build())


def stubs(scene: Scene) -> list[Group]:
    groups = [mark for mark in scene.marks if isinstance(mark, Group)]
    return [group for group in groups if group.role == "node stub"]


def test_a_mask_of_many_layers_is_a_stub_in_each_and_one_where_it_is_made() -> None:
    scene = draw(layers(12))
    assert problems(scene) == []
    (source,) = [stub for stub in stubs(scene) if not stub.data]
    assert source.title == "ready, used in 12 places"
    inside = [stub for stub in stubs(scene) if stub.data]
    assert {stub.title for stub in inside} == {"ready, from Cast"}
    assert {stub.data["source"] for stub in inside} == {"Cast"}
    assert len(inside) == 12
    assert len(edges(scene)) == 12 * 3 + 1 + 2  # within layers, between, mask, into its stub, out


def test_an_input_of_the_model_is_its_own_stub() -> None:
    model = layers(12)
    scene = draw(model)
    assert not any(stub.id == "reference:mask" for stub in stubs(scene))


def test_a_few_layers_keep_their_edges() -> None:
    assert shared_values(layers(MOST_DEPTHS).body) == {}
    assert shared_values(layers(MOST_DEPTHS + 1).body) == {"ready": MOST_DEPTHS + 1}


def test_experts_side_by_side_keep_the_edges_that_fan_out_to_them() -> None:
    assert shared_values(layers(20, beside=False).body) == {}


def test_what_dense_blocks_join_again_and_again_keeps_its_edges() -> None:
    assert shared_values(layers(20, op="Concat").body) == {}


@pytest.mark.parametrize(
    ("value", "name"),
    [("attention_mask", "attention_mask"), ("val_123", "Cast"), ("/m/Cast_output_0", "Cast"),
     ("m/rotary.cos", "rotary.cos")],
)  # fmt: skip
def test_a_made_up_name_gives_way_to_the_operation(value: str, name: str) -> None:
    (cast,) = [node for node in layers(1).body.nodes if node.op == "Cast"]
    assert name_of(value, cast) == name
