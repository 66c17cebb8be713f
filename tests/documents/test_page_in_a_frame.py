"""The interactive page inside another page, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conftest import small_model

from archviz import api
from archviz.figure.page import framed


def test_a_page_whose_frame_gets_its_size_late_is_drawn_in_the_middle(
    browser: Any, tmp_path: Path
) -> None:
    frame = framed(str(api.render(small_model(), format="html")), "<img alt=''>", "a model")
    path = tmp_path / "outer.html"
    path.write_text(f"<div id=late hidden>{frame}</div>", encoding="utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_timeout(500)
    page.evaluate("document.getElementById('late').hidden = false")
    inner = page.frame_locator("iframe")
    inner.locator("svg text").first.wait_for(timeout=20_000)
    page.wait_for_timeout(500)
    outer = page.locator("iframe").bounding_box()
    boxes = [item.bounding_box() for item in inner.locator("svg text").all()]
    page.close()
    assert not problems
    assert outer
    shown = [box for box in boxes if box]
    left, right = min(b["x"] for b in shown), max(b["x"] + b["width"] for b in shown)
    middle = outer["x"] + outer["width"] / 2
    assert left > outer["x"]
    assert abs((left + right) / 2 - middle) < outer["width"] / 4
