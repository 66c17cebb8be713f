"""What a page is, before any browser opens it."""

from __future__ import annotations

import hashlib
import re
import sys
from base64 import b64encode
from html import unescape
from importlib.resources import files
from pathlib import Path

import pytest
from samples import samples_of

from archviz import api
from archviz.errors import OptionError
from archviz.renderers.html.assembly import unpacked

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def page() -> str:
    sample = next(path for path in samples_of("onnx") if path.name == "resnet_block.onnx")
    return str(api.render(sample, format="html"))


def test_the_packed_scripts_are_those_of_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "templates"))
    import make_page

    packed = (files("archviz_templates") / "html" / "scripts.txt").read_text(encoding="ascii")
    assert unpacked(packed) == make_page.joined(), "run: python templates/make_page.py"
    assert unpacked(make_page.pack(make_page.joined())) == make_page.joined()
    sys.modules.pop("make_page")


def test_nothing_is_asked_of_a_network(page: str) -> None:
    text = page + unpacked((files("archviz_templates") / "html" / "scripts.txt").read_text())
    found = set(re.findall(r"https?://[^\"'\s<)]+", text))
    assert found <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(src|href)=[\"'](?!#)", page)


def test_the_policy_allows_this_style_and_these_scripts_alone(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    rules = unescape(policy[1])
    assert rules.startswith("default-src 'none'; ")
    assert "unsafe" not in rules
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    start = re.search(r"<script>(.*?)</script>", page, re.S)
    packed = re.search(r'id="scripts">(.*?)</script>', page, re.S)
    assert style
    assert start
    assert packed
    for text in (style[1], start[1], unpacked(packed[1])):
        assert b64encode(hashlib.sha256(text.encode()).digest()).decode() in rules


def test_a_small_page_is_small(page: str) -> None:
    assert len(page.encode()) < 60_000


def test_equal_layers_cost_a_page_their_number_alone() -> None:
    from test_page import network

    one = len(str(api.render(network(4, 6), format="html", depth="all")))
    ten = len(str(api.render(network(40, 6), format="html", depth="all")))
    assert (ten - one) / (36 * 6 * 2) < 130


def test_a_forest_that_is_too_large_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archviz.renderers.html.MOST_TREE_NODES", 10)
    sample = ROOT / "tests" / "samples" / "sklearn" / "iris_forest.joblib"
    with pytest.raises(OptionError, match="more than a page shows well; say which with --tree N"):
        api.render(sample, format="html")
    assert api.render(sample, format="html", tree=0, max_nodes=5)
