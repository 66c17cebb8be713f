"""Pictures of real models, measured: nothing overlaps or is clipped, every operation is there.

The nine models come with the onnx package.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from scene_geometry import is_card, problems

import archviz
from archviz.api import prepare
from archviz.ir.walk import all_nodes
from archviz.scene import Group, Rect, Scene, Text
from archviz.views.node_link import draw

LIGHT = [
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
]


def light_model(name: str) -> Path:
    spec = importlib.util.find_spec("onnx")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "backend/test/data/light" / f"light_{name}.onnx"


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize("depth", ["auto", "all"])
@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("shapes", ["change", "all"])
def test_a_light_model_is_drawn_without_a_fault(
    name: str, depth: str, direction: str, shapes: str
) -> None:
    model = archviz.load(light_model(name))
    drawn = prepare(model, depth=depth)
    scene = draw(drawn, direction=direction, shapes=shapes)  # type: ignore[arg-type]
    assert problems(scene) == []


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize("depth", ["auto", "all"])
def test_every_operation_is_on_a_card(name: str, depth: str) -> None:
    model = archviz.load(light_model(name))
    scene = draw(prepare(model, depth=depth))
    told = [
        operation
        for mark in scene.marks
        if isinstance(mark, Group) and is_card(mark)
        for operation in mark.data.get("ops", "").split()
    ]
    expected = [node.id.replace(" ", "%20") for node in all_nodes(model.graph)]
    assert sorted(told) == sorted(expected)


def card(name: str, x: float, y: float, text: str = "Relu") -> Group:
    return Group(
        (Rect(x, y, 60, 24, "card"), Text(x + 10, y + 16, text, "title", 12, len(text) * 7.0)),
        "node op",
        name,
    )


@pytest.mark.parametrize(
    ("marks", "complaint"),
    [
        ((card("a", 10, 10), card("b", 50, 20)), "overlaps"),
        ((card("a", 10, 10, "ConvTranspose"),), "leaves its box"),
        ((card("a", 180, 10),), "leaves the page"),
        ((card("a", 10, 10), Text(40, 30, "1×3", "label", 10, 30)), "touches a"),
        ((card("a", 10, 10), card("a", 100, 10)), "two cards have the id"),
    ],
)
def test_the_measurements_find_faults(marks: tuple[Group, ...], complaint: str) -> None:
    found = problems(Scene(200, 100, marks))
    assert any(complaint in problem for problem in found), found
