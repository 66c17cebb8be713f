"""What cards and frames are called: names that exporters and lists make up say little."""

from __future__ import annotations

import pytest

from archviz.ir import Graph, Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.layouts import Area
from archviz.passes import collapse_scopes, fuse
from archviz.scene import Group, Text, flatten
from archviz.text import text_width
from archviz.views.layered.words import window_of
from archviz.views.node_link import cards, draw, labels
from archviz.views.node_link.containers import Frames
from archviz.views.node_link.faces import Face
from archviz.views.node_link.frames import last_words, paint_frame


def weight(name: str, *shape: int, kind: str = "weight") -> Parameter:
    return Parameter(name, TensorType("float32", shape), kind)


def sequential() -> Graph:
    """A list of two layers in a module, beside one more operation."""
    b = GraphBuilder()
    x, y, z, out = (b.value(name) for name in ("x", "y", "z", "out"))
    b.inputs.append(x)
    for index, (before, after) in enumerate(((x, y), (y, z))):
        b.scope(("features", str(index)), "Block" if index else "")
        b.parameter(weight(f"val_{index}", 4, 4))
        uses = (ParameterUse(f"val_{index}", "B", 1),)
        scope = ("features", str(index))
        b.node("Mul", (before, None), (after,), scope=scope, parameters=uses)
        if index:
            b.node("Relu", (after,), (b.value("r"),), scope=scope)
    b.node("Softmax", (z,), (out,), scope=("features",))
    b.outputs.append(out)
    return b.build()


def test_a_name_that_is_a_number_stands_behind_what_it_counts() -> None:
    graph = sequential()
    assert Frames(graph).label(graph.nodes[0]) == "features.0"


def test_a_collapsed_module_without_a_class_is_called_by_what_its_number_counts() -> None:
    b = GraphBuilder()
    x, y, z = b.value("x"), b.value("y"), b.value("z")
    b.inputs.append(x)
    b.scope(("blocks", "0"))
    b.node("Relu", (x,), (y,), scope=("blocks", "0"))
    b.node("Tanh", (y,), (z,), scope=("blocks", "0"))
    b.outputs.append(z)
    (module,) = collapse_scopes.apply(b.build(), depth=1).nodes
    assert module.op == "blocks.0"


def test_a_weight_whose_name_was_made_up_is_called_a_weight() -> None:
    graph = sequential()
    found = labels.rows(graph.nodes[0], graph, "features.0")
    assert found == [("features.0", "16"), ("weight", "4×4")]


def test_a_join_says_what_it_joins_with() -> None:
    b = GraphBuilder()
    x, y = b.value("x"), b.value("y")
    b.parameter(Parameter("c", TensorType("int64", (1,)), "constant", value=(0,)))
    uses = (ParameterUse("c", "", 1),)
    node = b.node("Concat", (x, None), (y,), attributes={"axis": -1}, parameters=uses)
    assert labels.detail(node, b.build()) == "axis -1, with 0"


@pytest.mark.parametrize(
    ("op", "shape", "told", "window"),
    [
        ("Conv2D", (3, 5, 7, 64), "64 filters, 3×5, stride 2", (3, 5)),
        ("DepthwiseConv2dNative", (3, 3, 7, 1), "3×3, stride 2", (3, 3)),
        ("Conv3D", (2, 3, 4, 7, 64), "64 filters, 2×3×4, stride 2", (2, 3, 4)),
        ("CONV_2D", (64, 3, 5, 7), "64 filters, 3×5, stride 2", (3, 5)),
        ("DEPTHWISE_CONV_2D", (1, 3, 5, 7), "3×5, stride 2", (3, 5)),
        ("Conv2D", (1, 1, 7, 1), "1 filter, 1×1, stride 2", (1, 1)),
        ("Conv2D", (3, 5), "stride 2", ()),
        ("Conv", (64, 7, 3, 5), "stride 2", (3, 5)),
    ],
)
def test_a_convolution_says_what_its_kernels_shape_says_of_its_window(
    op: str, shape: tuple[int, ...], told: str, window: tuple[int, ...]
) -> None:
    b = GraphBuilder()
    x, y = b.value("x"), b.value("y")
    b.parameter(weight("k", *shape))
    node = b.node(
        op, (x, None), (y,), attributes={"strides": (2, 2)}, parameters=(ParameterUse("k", "", 1),)
    )
    graph = b.build()
    assert labels.detail(node, graph) == told
    assert window_of(node, graph) == window


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (("age", "job"), "age, job"),
        ((0, 1, 2), "0, 1, 2"),
        (tuple("abcdef"), "a, b, 4 more"),
        ("age", "age"),
    ],
)
def test_a_choice_of_columns_says_which(columns: tuple[str, ...], told: str) -> None:
    b = GraphBuilder()
    node = b.node("columns", (b.value("x"),), (b.value("y"),), attributes={"columns": columns})
    assert labels.detail(node, b.build()) == told


def test_a_pooling_of_tensorflow_says_its_window_first() -> None:
    b = GraphBuilder()
    node = b.node(
        "MaxPool", (b.value("x"),), (b.value("y"),),
        attributes={"ksize": (3, 3), "strides": (2, 2), "padding": "valid"},
    )  # fmt: skip
    assert labels.detail(node, b.build()) == "3×3, stride 2, valid"


def test_attention_says_how_wide_a_head_is() -> None:
    b = GraphBuilder()
    node = b.node(
        "MultiHeadAttention", (b.value("x"),), (b.value("y"),),
        attributes={"num_heads": 8, "key_dim": 32},
    )  # fmt: skip
    assert labels.detail(node, b.build()) == "8 heads, 32 per head"


def test_a_bias_that_another_operation_adds_is_a_row_and_no_strip() -> None:
    b = GraphBuilder()
    x, y, z = b.value("x"), b.value("y"), b.value("z")
    b.inputs.append(x)
    b.parameter(weight("w", 4, 8))
    b.parameter(weight("b", 8))
    b.node("MatMul", (x, None), (y,), parameters=(ParameterUse("w", "B", 1),))
    b.node("Add", (y, None), (z,), parameters=(ParameterUse("b", "B", 1),))
    b.outputs.append(z)
    graph = fuse.apply(b.build())
    card = cards.measure(graph.nodes[0], graph, "fc")
    assert card.face.rows == (("fc", "40"), ("weight", "4×8"), ("bias", "8"))
    assert card.face.strips == ()
    assert card.face.note == "4 → 8"


def test_an_attention_says_its_heads_and_shows_its_steps_in_order() -> None:
    b = GraphBuilder()
    heads = TensorType("float32", (1, 2, 5, 5))
    q, k, v, mask = (b.value(name) for name in ("q", "k", "v", "mask"))
    b.inputs += [q, k, v, mask]
    made = q
    for op, other in (("MatMul", k), ("Add", mask), ("Softmax", ""), ("MatMul", v)):
        after = b.value(op, heads)
        b.node(op, (made, other) if other else (made,), (after,))
        made = after
    b.outputs.append(made)
    graph = fuse.apply(b.build())
    card = cards.measure(graph.nodes[0], graph, "")
    assert (card.face.title, card.face.note, card.face.category) == (
        "Attention",
        "2 heads",
        "attention",
    )
    assert [name for _, name, _ in card.face.strips] == ["MatMul", "Add", "Softmax", "MatMul"]
    assert card.tooltip == "Attention MatMul: MatMul, Add, Softmax, MatMul"
    assert card.ops == ("MatMul", "Add", "Softmax", "MatMul#2")


def texts(group: Group) -> list[str]:
    return [mark.text for mark in flatten(group.marks) if isinstance(mark, Text)]


def test_a_frames_parameters_are_counted_beside_an_edge_that_crosses_its_header() -> None:
    frames = Frames(sequential())
    path = ("features",)
    for crossings in ([], [270.0]):
        _, tallies = paint_frame(path, Area(0, 0, 300, 90), frames, 0, crossings)
        assert [text.text for text in tallies] == ["32 params"]


@pytest.mark.parametrize(
    ("name", "shortened"),
    [
        (
            "SegformerOverlapPatchEmbeddings",
            ["…OverlapPatchEmbeddings", "…PatchEmbeddings", "…Embeddings", ""],
        ),
        ("MyModelVQGANConv2d", ["…ModelVQGANConv2d", "…VQGANConv2d", "…Conv2d", ""]),
        ("my_block", ["…block", ""]),
    ],
)
def test_a_class_gives_way_by_whole_words_from_its_start(name: str, shortened: list[str]) -> None:
    shown = name
    for shorter in shortened:
        room = text_width(shown, 10.5)
        assert last_words(name, 10.5, room) == shown
        assert last_words(name, 10.5, room - 1) == shorter
        shown = shorter


def test_a_frames_tooltip_holds_no_characters_that_turn_text_around() -> None:
    b = GraphBuilder()
    x, y, z = b.value("x"), b.value("y"), b.value("z")
    b.inputs.append(x)
    b.scope(("a\u202eb",), "T")
    b.node("Relu", (x,), (y,), scope=("a\u202eb",))
    b.node("Tanh", (y,), (z,), scope=("a\u202eb",))
    b.outputs.append(z)
    (frame,) = [m for m in draw(Model(b.build())).marks if getattr(m, "role", "") == "scope"]
    assert isinstance(frame, Group)
    assert "\u202e" not in frame.title


def test_the_end_of_an_axis_is_no_number() -> None:
    b = GraphBuilder()
    x, y = b.value("x"), b.value("y")
    names = ("starts", "ends")
    for name, value in zip(names, (1, 2**63 - 1), strict=True):
        b.parameter(Parameter(name, TensorType("int64", (1,)), "constant", value=(value,)))
    uses = tuple(ParameterUse(name, name, index) for index, name in enumerate(names, 1))
    node = b.node("Slice", (x, None, None), (y,), parameters=uses)
    assert labels.detail(node, b.build()) == "1, end"


def test_a_frame_has_room_for_what_it_says_and_for_a_count_of_six_digits() -> None:
    frames = Frames(sequential())
    assert frames.note(("features",)) == "32 params"
    assert frames.note_room(("features",)) == "999,999 params"


def test_nodes_that_say_the_same_share_a_face_and_others_do_not() -> None:
    b = GraphBuilder()
    x = b.value("x", TensorType("float32", (1, 8)))
    for number, alpha in enumerate((2, 2, 2.0, True, 3)):
        y = b.value(f"y{number}", TensorType("float32", (1, 8)))
        b.node("LeakyRelu", (x,), (y,), attributes={"alpha": alpha})
    graph = b.build()
    faces: dict[object, Face] = {}
    drawn = [cards.measure(node, graph, "", faces=faces) for node in graph.nodes]
    assert len({id(card.face) for card in drawn}) == len({card.face for card in drawn}) == 3
    assert [card.face for card in drawn] == [
        cards.measure(node, graph, "").face for node in graph.nodes
    ]
