"""Whatever a model calls its parts stays text on its page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import HOSTILE, small_model
from pages import opened

from archviz import api
from archviz.ir import Model, SourceLocation, TensorType
from archviz.ir.build import GraphBuilder

NAMES = [
    HOSTILE,
    "</script><script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    "\u202eevil\u202c\u2066\u200b\u2028\u2029",
    "x" * 10_000,
    "a/b\\c'\"`${document.title='ran'}\x00\x07\x1b",
    "{{model}}{{script}}",
    "__proto__",
    "constructor",
]


def named(name: str) -> Model:
    """A model whose every name, class, attribute and place is ``name``."""
    b = GraphBuilder(name)
    b.scope((name,), name)
    b.scope((name, name), name)
    type_ = TensorType("float32", (name, 4))
    value = b.value(name, type_)
    b.inputs.append(value)
    for number in range(4):
        following = b.value(f"{name}{number}", type_)
        b.node(
            name,
            (value,),
            (following,),
            attributes={name: name, "list": (name, name)},
            scope=(name, name) if number % 2 else (name,),
            label=name,
            location=SourceLocation(name, 3, name, text=name),
        )
        value = following
    b.outputs.append(value)
    return Model(b.build(), name, name, {name: name})


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_data_of_a_page_is_json_that_nothing_can_break_out_of(name: str) -> None:
    page = str(api.render(named(name), format="html"))
    data = re.findall(r'<script type="application/json" id="model">(.*?)</script>', page, re.S)
    assert len(data) == 1
    assert json.loads(data[0])["cells"]
    assert "<" not in data[0]
    assert page.count("<script") == page.count("</script>") == 3
    assert re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069]", page) is None
    assert len(page) < 250_000


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_runs_or_breaks_anything(
    browser: Any, written: Callable[..., Path], name: str
) -> None:
    with opened(browser, written(named(name))) as shown:
        title = shown.page.title()
        shown.page.keyboard.press("e")
        shown.page.keyboard.press("End")
        for _ in range(4):
            shown.page.keyboard.press("ArrowUp")
        shown.page.keyboard.press("p")
        shown.page.fill("#query", name[:50].replace("\x00", ""))
        with shown.page.expect_download() as saved:
            shown.page.click("button[title^='Save the picture as SVG']")
        text = Path(saved.value.path()).read_text(encoding="utf-8")
        assert "<script" not in text
        assert shown.page.title() == title != "ran"
        assert shown.page.locator("img, iframe, object, #details script").count() == 0
        assert shown.page.evaluate("document.body.scrollWidth <= innerWidth")


def test_the_hostile_sample_is_drawn(browser: Any, written: Callable[..., Path]) -> None:
    with opened(browser, written(small_model(HOSTILE, f"weight {HOSTILE}"))) as shown:
        assert shown.page.locator(".item").count() >= 4
