"""An overlay on the interactive page: what it marks, and what a reader finds by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import Opened, opened

import archviz
from archviz.renderers.html.overlaid import arc_states
from archviz_cli.main import run

torch = pytest.importorskip("torch", reason="the gradient overlay needs PyTorch")

from overlay_models import Read, Stack  # noqa: E402


def page(model: Any, folder: Path, **settings: Any) -> Path:
    path = folder / "model.html"
    archviz.render(model, path, overlay="gradient", args=(torch.randn(2, 8),), **settings)
    return path


@pytest.fixture
def stack(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    with opened(browser, page(Stack(3, cut=1), tmp_path, depth=0)) as found:
        yield found


def count(shown: Opened, selector: str) -> int:
    return int(shown.page.locator(selector).count())


def test_a_closed_module_is_marked_by_what_is_inside(stack: Opened) -> None:
    module = stack.page.get_by_role("treeitem", name="layers, ")
    assert "no gradient" in (module.get_attribute("aria-label") or "")
    assert module.locator(".ring-bad").count() == 1
    assert module.locator(".badge-bad").count() == 1
    assert "of 18 parameters" in (module.text_content() or "")
    # Behind the cut everything is well: the head has a ring of its own.
    assert count(stack, ".ring-good") == 1
    assert count(stack, "#picture .edge-good") == 2
    assert count(stack, "#picture .edge-bad") == 1


def test_opened_the_marks_are_those_of_the_operations(stack: Opened) -> None:
    stack.page.get_by_role("treeitem", name="layers, ").click()
    stack.settle()
    stack.page.keyboard.press("e")
    stack.settle()
    assert count(stack, ".badge-bad") == 2
    assert "x = x.detach()" in stack.page.locator("#picture").text_content()
    assert count(stack, ".ring-bad") == count(stack, ".item.op > .handle .ring-bad") == 7


def test_the_legend_is_on_the_page_and_the_details_lead_to_the_cut(stack: Opened) -> None:
    assert stack.page.inner_text("#legend").split("\n") == [
        "gradient flows", "no gradient", "cut, with its source line",
    ]  # fmt: skip
    stack.page.locator("#details button", has_text="✂").first.click()
    stack.settle()
    assert stack.page.inner_text("#details h2") == "detach"
    shown = stack.page.locator(".item.chosen .badge-bad")
    assert shown.count() == 1
    assert "overlay_models.py" in stack.page.inner_text("#details")


def test_the_saved_picture_keeps_the_marks(stack: Opened) -> None:
    with stack.page.expect_download() as download:
        stack.page.keyboard.press("s")
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert 'stroke-dasharray="2.2, 2.6"' in text or 'stroke-dasharray="2.2 2.6"' in text


def test_what_has_no_operation_is_told_in_words(browser: Any, tmp_path: Path) -> None:
    with opened(browser, page(Read(), tmp_path), color_scheme="dark") as shown:
        told = shown.page.inner_text("#details")
        assert "never used: spare" in told
        assert "starves temperature" in told


def test_a_page_without_an_overlay_says_nothing_of_one(tmp_path: Path) -> None:
    text = str(archviz.render(Stack(2), format="html", args=(torch.randn(2, 8),)))
    assert "ring-bad" not in text.partition("<body>")[0]
    assert '"legend"' not in text


def test_the_worst_state_along_an_arc_counts() -> None:
    pieces = (((0, 0), (1, 0)), ((0, 0),), ((1, 1),))
    assert arc_states(pieces, ("good", "bad", "")) == {(0, 0): ("bad",), (1, 0): ("good",)}


def test_view_follows_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\ndef build():\n    return nn.Linear(8, 3)\n\n"
        "def loss(y):\n    return y.detach().sum() + 0 * y.sum()\n"
    )
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "kept.html"
    arguments = ["view", "net:build", "--input", "2x8", "-o", str(kept), "--no-browser"]
    assert run([*arguments, "--loss", "net:loss"]) == 2
    assert "add --overlay gradient" in capsys.readouterr().err
    assert run([*arguments, "--overlay", "gradient", "--loss", "net:loss"]) == 0
    assert "zero gradient" in kept.read_text(encoding="utf-8")
