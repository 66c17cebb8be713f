"""Models with pages, and a browser that opens them, for tests of the interactive page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import pytest

from archviz.ir import Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.layouts.sugiyama.states import StatePlacement
from archviz.renderers.html.contents import Contents

CHROMIUM = os.environ.get("ARCHVIZ_CHROMIUM") or shutil.which("chromium") or ""
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


def needs_browser() -> None:
    """Skips where there is no browser; fails there when ``ARCHVIZ_BROWSER`` says there must be."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        missing = "playwright is not installed"
    else:
        missing = "" if CHROMIUM else "there is no chromium"
    if missing and os.environ.get("ARCHVIZ_BROWSER"):
        pytest.fail(f"{missing}, and ARCHVIZ_BROWSER asks for it")
    if missing:
        pytest.skip(missing)


PATIENCE = 30.0
"""Seconds after which a page that does not come to rest has failed."""


class Opened:
    """A page in a browser without a network.

    Attributes:
        page: Playwright's page.
        requests: Addresses that the page asked for.
        problems: What the console and the page complained about.
    """

    def __init__(self, context: Any, path: Path, anchor: str) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.page = context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda m: self.problems.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))
        self.page.goto(path.as_uri() + anchor)
        self.settle()

    def settle(self) -> None:
        """Waits until nothing moves, by asking: the page's policy lets no test poll in it."""
        end = monotonic() + PATIENCE
        while not self.run("Boolean(window.archviz && archviz.isSettled())"):
            assert monotonic() < end, self.problems or "the page does not come to rest"
            self.page.wait_for_timeout(20)

    def run(self, script: str, *args: Any) -> Any:
        return self.page.evaluate(script, *args)

    def names(self, selector: str) -> list[str]:
        """Texts of what is shown."""
        return [str(text) for text in self.page.locator(selector).all_inner_texts()]


@contextmanager
def opened(browser: Any, path: Path, anchor: str = "", **settings: Any) -> Iterator[Opened]:
    settings = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **settings}
    context = browser.new_context(offline=True, **settings)
    try:
        found = Opened(context, path, anchor)
        yield found
        assert found.problems == []
        asked = [url.partition("#")[0] for url in found.requests if not url.startswith("blob:")]
        assert asked == [path.as_uri()]
    finally:
        context.close()


def geometry_of(contents: Contents, placed: StatePlacement) -> dict[str, dict[str, Any]]:
    """A placement as the page's ``archviz.geometry()`` tells it."""
    cells = contents.states.cells
    root = len(cells) - 1
    places = {root: ""}
    pending = [root]
    while pending:
        index = pending.pop()
        for number, child in enumerate(cells[index].children):
            around = places[index]
            places[child] = f"{around}.{number}" if around else str(number)
            pending.append(child)
    return {
        "areas": {places[index]: list(area) for index, area in placed.areas.items()},
        "routes": {
            f"{places[cell]}:{arc}": [list(point) for point in points]
            for (cell, arc), points in placed.routes.items()
        },
        "labels": {
            f"{places[cell]}:{arc}": list(area) for (cell, arc), area in placed.labels.items()
        },
        "places": {str(index): place for index, place in places.items()},
    }


def tangled_model(seed: int, size: int = 60) -> Model:
    """Nested modules with skips, side inputs, values that go back, and parts without links."""
    random = Random(seed)
    b = GraphBuilder(f"tangled {seed}")
    shapes = [(1, 4 + i, 8, 8) for i in range(4)]

    def value(name: str) -> str:
        return b.value(name, TensorType("float32", random.choice(shapes)))

    b.parameter(Parameter("weight", TensorType("float32", (4, 4, 3, 3))))
    made = [value("image"), value("mask")]
    b.inputs.extend(made)
    scope: tuple[str, ...] = ()
    known: set[tuple[str, ...]] = set()
    late = value("late")
    for number in range(size):
        if random.random() < 0.3 and len(scope) < 4:
            scope = (*scope, f"part{number}")
        elif random.random() < 0.3 and scope:
            scope = scope[:-1]
        for length in range(1, len(scope) + 1):
            if scope[:length] not in known:
                known.add(scope[:length])
                b.scope(scope[:length], random.choice(("Block", "Layer", "")))
        near = made[-6:] if random.random() < 0.8 else made
        inputs = [random.choice(near) for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4)))]
        if number == 7:
            inputs.append(late)
        if number == 11:
            inputs = []
        op = random.choice(("Conv", "Relu", "Add", "Concat", "MatMul", "Softmax", "Norm"))
        outputs = [value(f"v{number}") for _ in range(random.choice((1, 1, 1, 2)))]
        if number == size - 5:
            outputs.append(late)
        uses = (ParameterUse("weight", "W", -1),) if op == "Conv" else ()
        b.node(op, tuple(inputs), tuple(outputs), parameters=uses, scope=scope)
        made += [output for output in outputs if output != late]
    b.outputs.extend(made[-2:])
    return Model(b.build(), "test", f"tangled {seed}")
