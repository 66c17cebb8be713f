"""Fixtures for every test, and the models that tests draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archviz.ir import Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept",
        action="store_true",
        help="rewrite the goldens with what archviz now makes, and write old beside new",
    )


ROWS = pytest.StashKey[list[str]]()
SHEET = pytest.StashKey[Path]()
"""The page that compares old goldens with accepted ones, and its rows."""


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    sheet = config.stash.get(SHEET, None)
    if sheet:
        terminalreporter.write_line(f"goldens rewritten; old beside new: {sheet}")


HOSTILE = 'a"b\\<script>alert(1)</script>&amp;\n\x00\x1b[31m\u202e]]>\ud800'
"""A name with everything that a careless writer lets through."""


def small_model(name: str = "conv1", weight: str = "conv1.weight") -> Model:
    """Two blocks that share a weight, a side branch, and a buffer."""
    b = GraphBuilder("net")

    def tensor(*shape: int | str) -> TensorType:
        return TensorType("float32", shape)

    b.scope(("block1",), "Block")
    b.scope(("block1", name), "Conv2d")
    b.scope(("block2",), "Block")
    b.parameter(Parameter(weight, tensor(4, 4, 3, 3), trainable=True))
    b.parameter(Parameter("block2.bias", tensor(4), trainable=False))
    b.parameter(Parameter("block2.mean", tensor(4), kind="buffer"))
    image = b.value("image", tensor("batch", 4, 8, 8))
    b.inputs.append(image)
    first = b.value("first", tensor("batch", 4, 8, 8))
    b.node(
        "Conv",
        (image, None),
        (first,),
        parameters=(ParameterUse(weight, "W", 1),),
        attributes={"strides": (1, 1), "group": 1, "note": name},
        scope=("block1", name),
    )
    active = b.value("active", tensor("batch", 4, 8, 8))
    b.node("Relu", (first,), (active,), scope=("block1",), label=name)
    second = b.value("second", tensor("batch", 4, 4, 4))
    b.node(
        "Conv",
        (active, None, None),
        (second,),
        parameters=(ParameterUse(weight, "W", 1), ParameterUse("block2.bias", "B", 2)),
        scope=("block2",),
    )
    result = b.value("result", tensor("batch", 4, 4, 4))
    b.node(
        "Norm",
        (second, None),
        (result,),
        parameters=(ParameterUse("block2.mean", "mean", 1),),
        scope=("block2",),
    )
    b.outputs.append(result)
    return Model(b.build(), "test", f"{name}.test", {"producer": "tests"})


@pytest.fixture
def model() -> Model:
    """A small model with scopes, a shared weight and a symbolic dimension."""
    return small_model()


@pytest.fixture
def hostile_model() -> Model:
    """The small model with a name that breaks careless writers."""
    return small_model(HOSTILE, f"weight {HOSTILE}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium; tests that need it skip, and say so, where there is none."""
    from pages import CHROMIUM, FLAGS, needs_browser

    needs_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a model's interactive page."""
    from archviz import api

    def write(model: Model, **settings: Any) -> Path:
        path = tmp_path / "model.html"
        api.render(model, path, **settings)
        return path

    return write
