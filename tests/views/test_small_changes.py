"""A small change of a model is a small change of its picture's file, line by line."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from line_changes import MOST_LINES, changed_lines, convolutions, widened

import archviz
from archviz.api import prepare
from archviz.ir import Model

MODELS = ("resnet50", "squeezenet", "vgg19", "inception_v1", "shufflenet")


def light_model(name: str) -> Model:
    spec = importlib.util.find_spec("onnx")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "backend" / "test" / "data" / "light"
    return archviz.load(folder / f"light_{name}.onnx")


def draw(model: Model, depth: str, direction: str) -> str:
    return str(archviz.render(model, depth=depth, direction=direction))


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", MODELS)
def test_one_kernel_changes_at_most_five_lines_of_a_real_network(name: str, direction: str) -> None:
    model = light_model(name)
    found = convolutions(model)
    before = draw(model, "all", direction)
    for node in found[:: max(1, len(found) // 6)]:
        after = draw(widened(model, node), "all", direction)
        assert 1 <= changed_lines(before, after) <= MOST_LINES, node.id


@pytest.mark.parametrize("name", MODELS)
def test_one_kernel_outside_equal_blocks_changes_at_most_five_lines(name: str) -> None:
    model = light_model(name)
    boxes = len(prepare(model).body.nodes)
    before = draw(model, "auto", "TB")
    tried = 0
    for node in convolutions(model):
        other = widened(model, node)
        # A kernel in a run of equal blocks makes one of them unlike the others, and a box of it.
        if len(prepare(other).body.nodes) == boxes:
            assert 1 <= changed_lines(before, draw(other, "auto", "TB")) <= MOST_LINES, node.id
            tried += 1
            if tried == 6:
                break
    assert tried
