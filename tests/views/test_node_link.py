"""What cards, frames and edges of the node-link style say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archviz.errors import OptionError
from archviz.ir import Graph, Model, Node, Parameter, ParameterUse, Scope, TensorType
from archviz.ir.build import GraphBuilder
from archviz.layouts import Area, Point, Route
from archviz.scene import Group, Rect, Text, flatten
from archviz.views.node_link import cards, draw, edges, faces, labels, weights
from archviz.views.node_link.containers import Frames
from archviz.views.node_link.pills import grouped


def tensor(*shape: int | str) -> TensorType:
    return TensorType("float32", shape)


def convolution(**attributes: object) -> tuple[Node, Graph]:
    b = GraphBuilder()
    x, y = b.value("x", tensor(1, 64, 56, 56)), b.value("y", tensor(1, 128, 28, 28))
    b.inputs.append(x)
    b.parameter(Parameter("conv.weight", tensor(128, 64, 3, 3)))
    b.parameter(Parameter("conv.bias", tensor(128)))
    uses = (ParameterUse("conv.weight", "W", 1), ParameterUse("conv.bias", "B", 2))
    node = b.node(
        "Conv",
        (x, None, None),
        (y,),
        label="conv",
        parameters=uses,
        attributes=attributes,  # type: ignore[arg-type]
    )
    b.outputs.append(y)
    return node, b.build()


def said(marks: Group) -> list[str]:
    return [mark.text for mark in flatten(marks.marks) if isinstance(mark, Text)]


def test_a_convolution_says_its_kernel_and_what_is_not_default() -> None:
    node, graph = convolution(
        kernel_shape=(3, 3), strides=(2, 2), pads=(1, 1, 1, 1), dilations=(1, 1), group=1
    )
    assert labels.detail(node, graph) == "3×3, stride 2, pad 1"
    assert labels.rows(node, graph, "conv") == [
        ("conv", "73,856"),
        ("weight", "128×64×3×3"),
        ("bias", "128"),
    ]


def test_a_cast_says_the_type_and_not_its_number() -> None:
    b = GraphBuilder()
    x, y, z = b.value("x", tensor(1, 8)), b.value("y", TensorType("int32", (1, 8))), b.value("z")
    known = b.node("Cast", (x,), (y,), attributes={"to": 6})
    unknown = b.node("Cast", (x,), (z,), attributes={"to": 6})
    graph = b.build()
    assert labels.detail(known, graph) == "int32"
    assert labels.detail(unknown, graph) == "6"


def test_uneven_settings_are_spelt_out() -> None:
    node, graph = convolution(
        kernel_shape=(1, 7), strides=(1, 2), pads=(0, 3, 0, 3), dilations=(2, 2), group=64
    )
    assert labels.detail(node, graph) == "1×7, stride 1×2, pad 0×3, dilation 2, groups 64"


def test_settings_that_leave_no_room_go_on_below_the_header_and_none_is_cut() -> None:
    node, graph = convolution(
        kernel_shape=(3, 3), strides=(2, 2), pads=(0, 0, 1, 1), dilations=(2, 2), group=288
    )
    card = cards.measure(node, graph, "conv")
    assert card.face.width <= cards.WIDEST
    painted = cards.paint(card, Area(0, 0, card.face.width, card.face.height))
    header = "3×3, stride 2, pad 0×0×1×1, dilation 2"
    assert said(painted)[:4] == ["Conv", header, "groups 288", "conv"]
    bare, _ = convolution(kernel_shape=(3, 3))
    assert card.face.height == cards.measure(bare, graph, "conv").face.height + cards.ROW


def test_a_window_of_one_number_is_as_wide_along_each_axis() -> None:
    b = GraphBuilder()
    x = b.value("x", tensor(1, 64, 56, 56))
    pool, adaptive, line = (
        b.node(op, (x,), (), attributes=attributes)
        for op, attributes in (
            ("max_pool2d", {"kernel_size": 3, "stride": 2}),
            ("adaptive_avg_pool2d", {"output_size": (1, 1)}),
            ("max_pool1d", {"kernel_size": 3}),
        )
    )
    graph = b.build()
    assert labels.detail(pool, graph) == "3×3, stride 2"
    assert labels.detail(adaptive, graph) == "to 1×1"
    assert labels.detail(line, graph) == "3"


@pytest.mark.parametrize("op", ["addmm", "mm", "matmul", "linear"])
def test_products_one_behind_the_other_say_the_width_between(op: str) -> None:
    b = GraphBuilder()
    x, h, y = (b.value(n, tensor(16, w)) for n, w in zip("xhy", (768, 3072, 768), strict=True))
    index = 2 if op == "addmm" else 1
    parts = []
    for before, after, widths in ((x, h, (768, 3072)), (h, y, (3072, 768))):
        b.parameter(Parameter(f"{after}.w", tensor(*(widths[::-1] if op == "linear" else widths))))
        inputs = (None, before, None) if op == "addmm" else (before, None)
        uses = (ParameterUse(f"{after}.w", "weight", index),)
        parts.append(b.node(op, inputs, (after,), parameters=uses))
    graph = b.build()
    whole = replace(parts[0], op="Feed forward", outputs=(y,), parts=tuple(parts))
    assert labels.detail(whole, graph) == "768 → 3072 → 768"


def test_a_feed_forward_of_several_experts_says_its_widths_and_how_many_they_are() -> None:
    b = GraphBuilder()
    x, h, y = (b.value(n, tensor(16, w)) for n, w in zip("xhy", (64, 96, 64), strict=True))
    b.parameter(Parameter("up", tensor(8, 192, 64)))
    b.parameter(Parameter("down", tensor(8, 64, 96)))
    parts = tuple(
        b.node("_grouped_mm", (before, None), (after,), parameters=(ParameterUse(name, "", 1),))
        for before, name, after in ((x, "up", b.value("inside")), (h, "down", y))
    )
    graph = b.build()
    whole = replace(parts[0], op="Feed forward", outputs=(y,), parts=parts)
    assert labels.detail(whole, graph) == "64 → 192 → 64"
    assert ("experts", "8") in labels.rows(whole, graph, "experts")


def test_a_product_with_a_computed_matrix_says_its_widths_and_counts_no_bias_alone() -> None:
    b = GraphBuilder()
    b.parameter(Parameter("w", tensor(32, 8), "constant"))
    b.parameter(Parameter("b", tensor(32)))
    uses = (ParameterUse("w", "weight", 1), ParameterUse("b", "bias", 2))
    node = b.node("Gemm", (b.value("x"), None, None), (), parameters=uses, attributes={"transB": 1})
    graph = b.build()
    assert labels.detail(node, graph) == "8 → 32"
    assert labels.rows(node, graph, "") == [("weight", "32×8"), ("bias", "32")]


def test_the_matrices_of_a_recurrent_operator_have_different_names() -> None:
    b = GraphBuilder()
    shapes = {"W": (2, 192, 32), "R": (2, 192, 48), "B": (2, 384)}
    for name, shape in shapes.items():
        b.parameter(Parameter(f"val_{name}", tensor(*shape)))
    uses = tuple(ParameterUse(f"val_{n}", n, i) for i, n in enumerate(shapes, 1))
    node = b.node("LSTM", (b.value("x"), None, None, None), (), parameters=uses)
    names = [name for name, _ in labels.rows(node, b.build(), "lstm")]
    assert names == ["lstm", "input weight", "recurrent weight", "bias"]


def test_a_recurrent_layer_says_how_wide_its_state_is() -> None:
    b = GraphBuilder()
    b.parameter(Parameter("lstm.weight_ih_l0", tensor(512, 100)))
    b.parameter(Parameter("lstm.weight_hh_l0", tensor(512, 128)))
    uses = tuple(ParameterUse(f"lstm.{r}", r, 3) for r in ("weight_ih_l0", "weight_hh_l0"))
    node = b.node("lstm", (b.value("x"), None), (), parameters=uses, attributes={"num_layers": 2})
    graph = b.build()
    assert labels.detail(node, graph) == "size 128, layers 2"
    told = replace(node, attributes={"hidden_size": 128, "num_layers": 2})
    assert labels.detail(told, graph).count("128") == 1


def test_a_card_holds_all_it_says() -> None:
    node, graph = convolution(kernel_shape=(3, 3))
    card = cards.measure(node, graph, "conv")
    assert (card.face.kind, card.face.category) == ("op", "conv")
    painted = cards.paint(card, Area(0, 0, card.face.width, card.face.height))
    assert said(painted) == [
        "Conv", "3×3", "conv", "73,856", "weight", "128×64×3×3", "bias", "128",
    ]  # fmt: skip
    assert painted.data == {"ops": "conv"}


def test_a_matrix_product_says_its_widths() -> None:
    b = GraphBuilder()
    x, y = b.value("x", tensor("batch", 512)), b.value("y", tensor("batch", 2048))
    b.parameter(Parameter("fc", tensor(2048, 512)))
    node = b.node("Gemm", (x, None), (y,), parameters=(ParameterUse("fc", "B", 1),))
    assert labels.detail(node, b.build()) == "512 → 2048"


def test_short_constants_go_into_the_header_and_long_ones_into_rows() -> None:
    b = GraphBuilder()
    x, y = b.value("x"), b.value("y")
    b.parameter(Parameter("low", TensorType("float32", ()), "constant", value=(0.0,)))
    b.parameter(Parameter("high", TensorType("float32", ()), "constant", value=(6.0,)))
    b.parameter(Parameter("table", TensorType("int64", (3, 40)), "constant"))
    clip = b.node(
        "Clip",
        (x, None, None),
        (y,),
        parameters=(ParameterUse("low", "min", 1), ParameterUse("high", "max", 2)),
    )
    pad = b.node("Pad", (x, None), (), parameters=(ParameterUse("table", "pads", 1),))
    graph = b.build()
    assert labels.detail(clip, graph) == "min 0, max 6"
    assert labels.rows(clip, graph, "") == []
    assert labels.detail(pad, graph) == ""
    assert labels.rows(pad, graph, "") == [("pads", "3×40")]


def test_many_parameters_are_counted_in_a_last_row() -> None:
    b = GraphBuilder()
    uses = []
    for index in range(9):
        b.parameter(Parameter(f"w{index}", tensor(2)))
        uses.append(ParameterUse(f"w{index}", f"w{index}"))
    node = b.node("LSTM", parameters=tuple(uses))
    lines = labels.rows(node, b.build(), "rnn")
    assert lines[0] == ("rnn", "18")
    assert lines[-1] == ("5 more", "")
    assert len(lines) == 6


def test_a_layer_counts_its_bias_though_another_operation_adds_it() -> None:
    b = GraphBuilder()
    v = [b.value(f"v{i}", tensor(1, 64)) for i in range(4)]
    b.inputs.append(v[0])
    for path in (("query",), ("norm",)):
        b.scope(path, "Module")
    for name in ("weight", "bias", "scale"):
        b.parameter(Parameter(name, tensor(64, 64) if name == "weight" else tensor(64)))
    steps = (("MatMul", "query", "weight"), ("Add", "query", "bias"), ("Mul", "norm", "scale"))
    parts = tuple(
        b.node(op, (v[i], None), (v[i + 1],), scope=(scope,), parameters=(ParameterUse(w, "B", 1),))
        for i, (op, scope, w) in enumerate(steps)
    )
    lines = labels.rows(parts[0], b.build(), "query", parts[1:])
    assert lines[0] == ("query", "4,160")
    assert lines[1][1] == "64×64"


def test_tied_weights_count_once() -> None:
    tied = Parameter("embedding", tensor(10, 4))
    assert weights.weight_count([tied, tied, Parameter("b", tensor(4), "buffer")]) == "40"


@pytest.mark.parametrize(("op", "symbol"), [("Add", "plus"), ("Mul", "times"), ("Concat", "join")])
def test_joins_of_values_are_circles(op: str, symbol: str) -> None:
    b = GraphBuilder()
    node = b.node(op, (b.value("a"), b.value("b")), (b.value("c"),))
    card = cards.measure(node, b.build(), "")
    assert (card.face.kind, card.face.category, card.face.width, card.face.height) == (
        "merge",
        symbol,
        24.0,
        24.0,
    )


def test_an_addition_of_a_parameter_is_a_card() -> None:
    b = GraphBuilder()
    b.parameter(Parameter("bias", tensor(4)))
    node = b.node(
        "Add", (b.value("a"), None), (b.value("c"),), parameters=(ParameterUse("bias", "B", 1),)
    )
    assert cards.measure(node, b.build(), "").face.kind == "op"


def test_long_names_are_shortened_inside_their_card() -> None:
    b = GraphBuilder()
    b.parameter(Parameter("w", tensor(123456789, 987654321, 55555555, 44444444)))
    node = b.node("VeryLongOperatorName" * 9, parameters=(ParameterUse("w", "role" * 30),))
    card = cards.measure(node, b.build(), "x" * 500)
    assert card.face.width == faces.WIDEST
    for mark in flatten(cards.paint(card, Area(0, 0, card.face.width, card.face.height)).marks):
        if isinstance(mark, Text):
            assert mark.left >= 0
            assert mark.left + mark.width <= card.face.width


def test_a_scope_around_one_thing_gets_no_frame_but_names_it() -> None:
    b = GraphBuilder()
    for index in ("0", "1"):
        scope = ("model", "layer", index)
        b.scope((*scope, "conv"), "Conv2d")
        b.node("Conv", (), (b.value("c"),), label="Conv", scope=(*scope, "conv"))
        b.node("Relu", (), (b.value("r"),), label="Relu", scope=scope)
    graph = b.build()
    frames = Frames(graph)
    assert frames.frame_of(("model",)) == ()
    assert frames.frame_of(("model", "layer", "0", "conv")) == ("model", "layer", "0")
    assert frames.title(("model", "layer")) == "model.layer"
    assert frames.title(("model", "layer", "0")) == "0"
    assert frames.label(graph.nodes[0]) == "conv"
    assert frames.label(graph.nodes[1]) == ""


def test_a_list_whose_members_take_turns_with_what_is_outside_gets_no_frame() -> None:
    b = GraphBuilder()
    value = b.value("x")
    for index in ("0", "1"):
        scope = ("blocks", index)
        b.scope(scope)
        for op in ("Conv", "Relu"):
            made = b.value("v")
            b.node(op, (value,), (made,), scope=scope)
            value = made
        after = b.value("v")
        b.node("Add", (value, "x"), (after,), scope=())
        value = after
    frames = Frames(b.build())
    assert frames.frame_of(("blocks", "0")) == ("blocks", "0")
    assert frames.frame_of(("blocks",)) == ()
    assert frames.title(("blocks", "0")) == "blocks.0"


def test_a_frame_counts_the_weights_inside_once() -> None:
    b = GraphBuilder()
    b.parameter(Parameter("w", tensor(1000, 4)))
    b.scope(("block",), "Block")
    for _ in range(2):
        uses = (ParameterUse("w", "weight"),)
        b.node("MatMul", (), (b.value("y"),), parameters=uses, scope=("block",))
    assert Frames(b.build()).note(("block",)) == "4,000 params"


def test_a_module_called_twice_says_that_its_weights_are_the_same() -> None:
    b = GraphBuilder()
    scopes = [("encoder",), ("encoder@2",), ("head",), ("head", "inner")]
    for name in ("a", "b", "c", "d"):
        b.parameter(Parameter(name, tensor(10)))
    for scope, names in zip(scopes, ("ab", "ab", "c", "cd"), strict=True):
        b.scope(scope, "")
        for name in names:
            uses = (ParameterUse(name, "weight"),)
            b.node("MatMul", (), (b.value("y"),), parameters=uses, scope=scope)
    frames = Frames(b.build())
    assert [frames.note(scope) for scope in scopes] == [
        "20 params", "same weights", "20 params", "20 params",
    ]  # fmt: skip


def test_names_that_exporters_make_up_are_not_shown() -> None:
    b = GraphBuilder()
    shown = {}
    for label in ("Conv_12", "node_conv2d_3", "n0", "Conv", "gpu_0/conv1_1", "Conv1x1"):
        node = b.node("Conv", label=label)
        shown[label] = Frames(b.build()).label(node)
    assert shown == {
        "Conv_12": "",
        "node_conv2d_3": "",
        "n0": "",
        "Conv": "",
        "gpu_0/conv1_1": "conv1_1",
        "Conv1x1": "Conv1x1",
    }


def test_many_inputs_alike_share_a_pill() -> None:
    b = GraphBuilder()
    names = [f"past.{i}.{part}" for i in range(12) for part in ("key", "value")]
    for name in ("ids", *names):
        b.inputs.append(b.value(name, tensor(1, 8)))
    pills = grouped(b.inputs, b.build())
    assert [title for title, _ in pills] == ["ids", "past.0–11.key ×12", "past.0–11.value ×12"]
    assert sum(len(ids) for _, ids in pills) == 25


def test_corners_are_round_and_the_ends_stay() -> None:
    path = edges.rounded([Point(0, 0), Point(0, 40), Point(30, 40)])
    assert path == (
        ("M", 0, 0),
        ("L", 0, 31),
        ("Q", 0, 40, 9, 40),
        ("L", 30, 40),
    )


def test_an_edge_ends_on_the_circle_of_a_merge() -> None:
    area = Area(100, 100, 24, 24)
    assert edges.onto_circle(Point(112, 100), area) == Point(112, 100)
    for near in (Point(118, 100), Point(100, 106)):
        x, y = edges.onto_circle(near, area)
        assert (x - 112) ** 2 + (y - 112) ** 2 == pytest.approx(144)


def test_an_arrow_points_where_the_edge_ends() -> None:
    points = (Point(10, 0), Point(10, 50))
    painted = edges.Painted()
    painted.add(Route(points), "")
    line, head = flatten(tuple(painted.marks()))
    assert line.outline[-1] == ("L", 10, 50 - 5.6)  # type: ignore[union-attr]
    assert head.outline[0] == ("M", 10, 50)  # type: ignore[union-attr]


def texts_of(model: Model, shapes: str) -> list[str]:
    scene = draw(model, shapes=shapes)  # type: ignore[arg-type]
    return [m.text for m in flatten(scene.marks) if isinstance(m, Text) and m.role == "label"]


def test_shapes_are_said_where_they_change_everywhere_or_nowhere() -> None:
    b = GraphBuilder()
    x = b.value("x", tensor(1, 3, 8, 8))
    a, c, y = b.value("a", tensor(1, 3, 8, 8)), b.value("c", tensor(1, 3, 4, 4)), b.value("y")
    b.inputs.append(x)
    b.node("Relu", (x,), (a,))
    b.node("MaxPool", (a,), (c,))
    b.node("Tanh", (c,), (y,))
    b.outputs.append(y)
    model = Model(b.build())
    assert texts_of(model, "change") == ["1×3×4×4"]
    assert texts_of(model, "all") == ["1×3×8×8", "1×3×4×4"]
    assert texts_of(model, "none") == []


def test_a_model_without_operations_says_so() -> None:
    scene = draw(Model(Graph()))
    assert [m.text for m in scene.marks if isinstance(m, Text)] == ["The model has no operations."]
    assert scene.width > 0


def legend_of(model: Model, **options: object) -> list[str]:
    scene = draw(model, legend=True, **options)  # type: ignore[arg-type]
    (legend,) = [m for m in scene.marks if isinstance(m, Group) and m.role == "legend"]
    assert all(t.left >= 0 and t.left + t.width <= scene.width for t in flatten_texts(legend))
    assert all(t.y < scene.height for t in flatten_texts(legend))
    return [t.text for t in flatten_texts(legend)]


def flatten_texts(group: Group) -> list[Text]:
    return [mark for mark in flatten(group.marks) if isinstance(mark, Text)]


def test_a_legend_names_the_colours_that_occur_in_order() -> None:
    b = GraphBuilder()
    value = b.value("x")
    b.inputs.append(value)
    for op in ("MaxPool", "Conv", "Relu", "MaxPool", "Gemm"):
        made = b.value("v")
        b.node(op, (value,), (made,))
        value = made
    b.outputs.append(value)
    model = Model(b.build())
    assert legend_of(model) == ["pooling", "convolution", "activation", "linear"]
    groups = [m.role for m in draw(model).marks if isinstance(m, Group)]
    assert "legend" not in groups


def test_what_is_highlighted_gets_a_ring_behind_its_card() -> None:
    node, graph = convolution(kernel_shape=(3, 3))
    marks = draw(Model(graph), highlight=("type:Conv",)).marks
    (ring,) = [m for m in marks if isinstance(m, Rect) and m.role == "ring"]
    (card,) = [m for m in marks if isinstance(m, Group) and m.id == node.id]
    assert marks.index(ring) < marks.index(card)
    box = next(m for m in flatten((card,)) if isinstance(m, Rect))
    assert (ring.x + ring.width / 2, ring.y + ring.height / 2) == (
        box.x + box.width / 2,
        box.y + box.height / 2,
    )
    assert box.width < ring.width < box.width + 10
    with pytest.raises(OptionError, match="matches nothing that is drawn"):
        draw(Model(graph), highlight=("Softmax",))


def test_a_module_far_inside_others_has_the_page_around_it() -> None:
    path = tuple(map(str, range(1500)))
    scopes = {path[:length]: Scope(path[:length]) for length in range(1, len(path) + 1)}
    graph = Graph(nodes=(Node("a", "Relu", scope=path),), scopes=scopes)
    assert Frames(graph).frame_of(path) == ()
