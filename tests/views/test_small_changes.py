"""A small change of a model is a small change of its picture's file, line by line."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path

import pytest

import archviz
from archviz.api import prepare
from archviz.ir import Model, Node

MODELS = ("resnet50", "squeezenet", "vgg19", "inception_v1", "shufflenet")
MOST_LINES = 5


def light_model(name: str) -> Model:
    spec = importlib.util.find_spec("onnx")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "backend" / "test" / "data" / "light"
    return archviz.load(folder / f"light_{name}.onnx")


def widened(model: Model, node: Node) -> Model:
    """The model with a kernel two larger in one convolution, whose output keeps its size."""
    attributes = dict(node.attributes)
    attributes["kernel_shape"] = tuple(int(k) + 2 for k in attributes["kernel_shape"])  # type: ignore[union-attr]
    if any(attributes.get("pads") or ()):  # type: ignore[arg-type]
        attributes["pads"] = tuple(int(p) + 1 for p in attributes["pads"])  # type: ignore[union-attr]
    graph = model.body
    used = {use.parameter for use in node.parameters}
    parameters = {
        name: replace(
            p, type=replace(p.type, shape=(*p.type.shape[:2], *(s + 2 for s in p.type.shape[2:])))
        )
        if name in used and p.type.shape is not None and len(p.type.shape) == 4
        else p
        for name, p in graph.parameters.items()
    }
    nodes = tuple(replace(n, attributes=attributes) if n is node else n for n in graph.nodes)
    return replace(model, body=replace(graph, nodes=nodes, parameters=parameters))


def changed_lines(before: str, after: str) -> int:
    """Lines of the new file that the old one does not have there."""
    found = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return sum(line.startswith("+") for line in found) - 1


def convolutions(model: Model) -> list[Node]:
    return [node for node in model.body.nodes if node.op == "Conv"]


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
