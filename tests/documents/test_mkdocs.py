"""The fence for Markdown, in MkDocs itself and in what it is made of."""

from __future__ import annotations

import re
from base64 import b64decode
from html import unescape
from pathlib import Path

import pytest
from sites import copied, python

from archviz.errors import OptionError
from archviz.mkdocs import fence, parse

pytest.importorskip("mkdocs", reason="MkDocs comes with the extra dev")


def test_a_site_is_built_without_frameworks_and_again_without_drawing(tmp_path: Path) -> None:
    site = copied("mkdocs_site", tmp_path)
    for _ in range(2):
        done = python("-m", "mkdocs", "build", "--strict", "-d", tmp_path / "out", folder=site)
        assert done.returncode == 0, done.stderr
        kept = {path: path.stat().st_mtime_ns for path in site.rglob("figure.json")}
    assert len(kept) == 3
    assert all(path.is_relative_to(site / ".cache" / "archviz") for path in kept)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<img ([^>]*) src="data:image/svg\+xml;base64,([^"]+)">', page)
    drawn = [b64decode(data).decode() for _, data in pictures]
    assert "Node-link diagram of resnet_block.onnx: 6 boxes" in drawn[0]
    assert "models:build" in drawn[1]
    assert 'alt="Two blocks of one kind"' in pictures[1][0]
    assert "width:50%" in pictures[1][0]
    assert '<figure class="archviz" id="block">' in page
    assert "<figcaption>A residual block before its head</figcaption>" in page
    assert re.search(r"<li>\s*<p>In a list.*?<img", page, re.DOTALL)
    assert "<svg" not in page
    (frame,) = re.findall(r'height:30em[^>]*><iframe [^>]*sandbox="allow-scripts[^>]*>', page)
    assert "&lt;script&gt;" in frame


def test_what_cannot_be_drawn_fails_a_strict_build_alone(tmp_path: Path) -> None:
    site = copied("mkdocs_site", tmp_path)
    (site / "docs" / "index.md").write_text("```archviz\nnothing<b>.onnx\n```\n\nThe rest.\n")
    command = ("-m", "mkdocs", "build", "-d", tmp_path / "out")
    done = python(*command, folder=site)
    assert done.returncode == 0
    assert "nothing<b>.onnx: there is no such file; check the path" in done.stderr
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert '<pre class="archviz"><code>nothing&lt;b&gt;.onnx: there is no such file' in page
    assert "<p>The rest.</p>" in page
    done = python(*command, "--strict", folder=site)
    assert (done.returncode, "Aborted with 1 warnings" in done.stdout) == (1, True)


def test_a_fence_names_its_target_and_then_options() -> None:
    source = "net.onnx\ndepth: 2\n:hide: Relu\nhide: Drop: out\n\nraw:\n"
    assert parse(source, {"theme": "dark"}) == (
        "net.onnx",
        {"theme": ("dark",), "depth": ("2",), "hide": ("Relu", "Drop: out"), "raw": ("",)},
    )
    with pytest.raises(OptionError, match="names no model"):
        parse("\n")
    with pytest.raises(OptionError, match="'depth 2' is no option; write one a line: depth: 2"):
        parse("net.onnx\ndepth 2")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "a figure names no model"),
        ("a.onnx\ndpeth: 1", "figures have no option 'dpeth'; did you mean 'depth'?"),
        ("a.onnx\nalt: a\nalt: b", "the option 'alt' is given 2 times"),
    ],
)
def test_a_fence_that_is_wrong_says_why_where_it_stands(
    source: str, sentence: str, tmp_path: Path
) -> None:
    made = fence(source, "archviz", "archviz", {}, None, cache=str(tmp_path))
    assert made.startswith('<pre class="archviz"><code>')
    assert sentence in unescape(made)
