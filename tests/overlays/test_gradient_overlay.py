"""The overlay of gradients: what it says, that the check says the same, and how it is drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import archviz
from archviz.annotation import Annotation
from archviz.api import prepare
from archviz.covering import cover
from archviz.errors import OptionError
from archviz.ir import Model, Node
from archviz.overlays import OVERLAYS, Prepared, Subject
from archviz.scene import Group, Scene
from archviz.source import Source
from archviz.theme import load_theme
from archviz.views.node_link import draw

torch = pytest.importorskip("torch", reason="the gradient overlay needs PyTorch")
sys.path.insert(0, str(Path(__file__).parents[1] / "views"))

from overlay_models import Read, Stack  # noqa: E402
from scene_geometry import problems  # noqa: E402


def prepared(model: Any, **options: Any) -> Prepared:
    subject = {"args": (torch.randn(2, 8),)}
    return cover(OVERLAYS.get("gradient"), options, model, lambda: Model(...), subject)  # type: ignore[arg-type]


def drawn(model: Any, depth: Any = "auto", **options: Any) -> tuple[Model, Annotation]:
    found = prepared(model, **options)
    shown = prepare(found.model, depth=depth, covered=found)
    return shown, found.annotate(shown.graph)


def node_with(model: Model, parameter: str) -> Node:
    return next(
        node
        for node in model.graph.nodes
        if any(use.parameter == parameter for use in node.parameters)
    )


def test_gradient_flows_through_everything_that_is_well() -> None:
    model, said = drawn(Stack(2), "all")
    assert set(said.edges.values()) == {"good"}
    assert set(said.rings.values()) == {"good"}
    assert not said.remarks
    assert not said.badges
    assert said.summary == "14 of 14 parameters get gradient"
    consumers = [n.id for n in model.graph.nodes if set(n.inputs) & set(model.graph.inputs)]
    # Nobody asks for the gradient of the input.
    assert not [key for key in said.edges if key[1] in consumers and key[0] in model.graph.inputs]


def test_what_lies_before_a_cut_is_starved_and_the_cut_says_its_line() -> None:
    found = prepared(Stack(2, cut=0))
    graph = found.model.graph
    said = found.annotate(graph)
    norm, head = (
        node_with(found.model, "layers.0.norm.weight"),
        node_with(found.model, "head.weight"),
    )
    assert said.rings[norm.id] == "bad"
    assert said.rings[head.id] == "good"
    assert said.edges[norm.inputs[0] or "", norm.id] == "bad"
    assert said.edges[head.inputs[0] or "", head.id] == "good"
    (badge,) = said.badges
    assert next(node for node in graph.nodes if node.id == badge).op == "detach"
    assert said.remarks[badge][0].text == "gradient cut: detach"
    assert "h = h.detach()" in said.remarks[badge][1].text


def test_the_picture_and_the_check_speak_of_the_same_parameters_and_lines() -> None:
    x = torch.randn(2, 8)
    report = archviz.check_gradients(Read(), (x,))
    _, said = drawn(Read())
    bad = sum(not item.is_healthy for item in report.parameters.values())
    assert f"{bad} get none" in said.summary
    for culprit, _ in report.groups():
        assert f"{Path(culprit.location.file).name}:{culprit.location.line}" in said.summary


def test_a_read_parameter_and_one_that_nothing_uses_are_told_under_the_picture() -> None:
    _, said = drawn(Read())
    notes = [note.text for note in said.notes]
    assert "gradient cut: item" in notes
    assert "never used: spare" in notes


def test_equal_blocks_are_drawn_as_one_only_where_gradient_does_the_same() -> None:
    whole, _ = drawn(Stack(9))
    assert {scope.repeat for scope in whole.graph.scopes.values()} >= {9}
    model, said = drawn(Stack(9, cut=4))
    repeats = [scope.repeat for scope in model.graph.scopes.values() if scope.repeat > 1]
    assert repeats == [4, 4]
    first = node_with(model, "layers.0.norm.weight")
    assert [line.note for line in said.remarks[first.id]] == ["8 of 8 parameters"]
    assert said.rings[node_with(model, "layers.5.norm.weight").id] == "good"


def test_a_collapsed_module_says_how_many_of_its_parameters_are_starved() -> None:
    model, said = drawn(Stack(3, cut=1), 0)
    module = next(node for node in model.graph.nodes if node.kind == "module")
    assert said.rings[module.id] == "bad"
    assert said.remarks[module.id][0].note == "12 of 18 parameters"
    assert said.badges[module.id] == "scissors"


def test_frozen_parameters_are_frozen_and_expected_cuts_are_no_fault() -> None:
    model = Stack(2)
    model.layers[0].requires_grad_(False)
    shown, said = drawn(model, "all")
    frozen = node_with(shown, "layers.0.first.weight")
    assert said.rings[frozen.id] == "off"
    assert said.remarks[frozen.id][0].sign == "lock"
    shown, said = drawn(Stack(1, cut=0), "all", expect_cut=("layers.*",))
    assert said.rings[node_with(shown, "layers.0.norm.weight").id] == "off"


def test_the_loss_is_part_of_the_picture() -> None:
    def loss(y: Any) -> Any:
        return (y.argmax(-1).float() - 1).abs().mean()

    shown, said = drawn(Stack(1), "all", loss=loss)
    cut = next(node for node in shown.graph.nodes if node.id in said.badges)
    assert cut.op == "argmax"
    assert set(said.rings.values()) == {"bad"}


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("depth", ["auto", "all", 0])
def test_pictures_with_an_overlay_have_no_geometric_fault(depth: Any, direction: Any) -> None:
    for module in (Stack(7, cut=3), Read()):
        shown, said = drawn(module, depth)
        assert problems(draw(shown, said, direction=direction)) == []


def test_no_state_is_told_by_colour_alone() -> None:
    for name in ("light", "dark", "print", "gray"):
        theme = load_theme(name)
        for kind in ("ring", "edge"):
            looks = [theme.style(f"{kind}-{state}") for state in ("good", "bad")]
            assert len({look.dash for look in looks}) == 2
        assert len({theme.style(f"ring-{state}").dash for state in ("good", "bad", "off")}) == 3


def test_the_legend_explains_what_is_there_and_can_be_left_out(tmp_path: Path) -> None:
    picture = str(archviz.render(Read(), overlay="gradient", args=(torch.randn(2, 8),)))
    assert "cut, with its source line" in picture
    assert "frozen" not in picture
    bare = archviz.render(Read(), overlay="gradient", args=(torch.randn(2, 8),), legend=False)
    assert "gradient flows" not in str(bare)


def test_a_file_has_no_gradient_to_follow_and_a_tree_no_overlay() -> None:
    sample = Path(__file__).parents[1] / "samples" / "onnx" / "resnet_block.onnx"
    with pytest.raises(OptionError, match="live PyTorch modules"):
        archviz.render(sample, overlay="gradient")
    with pytest.raises(OptionError, match="shows no overlay"):
        archviz.render(Read(), format="dot", overlay="gradient", args=(torch.randn(2, 8),))
    with pytest.raises(OptionError, match="gradient"):
        archviz.render(sample, overlay="gradients")


def test_the_model_is_untouched_by_being_drawn() -> None:
    model = Stack(2, cut=0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    source = Source.of(model)
    subject = Subject(source, lambda: Model(...), {"args": (torch.randn(2, 8),)})  # type: ignore[arg-type]
    OVERLAYS.get("gradient").prepare(subject)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def groups(scene: Scene, role: str) -> list[Group]:
    return [mark for mark in scene.marks if isinstance(mark, Group) and mark.role == role]


def test_signs_stand_on_the_cards_that_cut() -> None:
    shown, said = drawn(Stack(1, cut=0))
    assert len(groups(draw(shown, said), "badge")) == len(said.badges) > 0
