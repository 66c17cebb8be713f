"""What every renderer must do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import HOSTILE, small_model
from pypdf import PdfReader
from samples import each_sample, loaded

from archviz import api
from archviz.ir import Graph, Model
from archviz.options import options_of
from archviz.output import encode, format_of
from archviz.renderers import RENDERERS, Renderer

each_renderer = pytest.mark.parametrize(
    "renderer", list(RENDERERS.builtin()), ids=lambda renderer: renderer.name
)


def assert_well_formed(name: str, content: str | bytes) -> None:
    """Checks the output with the format's own reader, where there is one here."""
    data = encode(content)
    if name == "svg":
        assert ElementTree.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg"
    elif name == "json":
        assert json.loads(data)["archviz"]
    elif name == "dot" and shutil.which("dot"):
        done = subprocess.run(
            ["dot", "-Tcanon"], input=data, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
    elif name == "pdf":
        (page,) = PdfReader(BytesIO(data), strict=True).pages
        assert page.mediabox.width > 0
    elif name == "html":
        assert data.startswith(b"<!DOCTYPE html>")
        found = re.search(rb'<script type="application/json" id="model">(.*?)</script>', data, re.S)
        assert found
        assert json.loads(found[1])["cells"]
        assert data.count(b"<script") == 3
    elif name == "png":
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
    elif name == "tex":
        text = re.sub(r"%.*|\\[\\{}%]", "", data.decode())
        assert text.count("{") == text.count("}")
    elif name == "text":
        allowed = {"\n"}
        assert all(char.isprintable() or char in allowed for char in data.decode())


@each_renderer
def test_options_have_types_that_text_can_be_read_as(renderer: Renderer) -> None:
    assert all(option.annotation is not None for option in options_of(renderer.render).values())


def test_no_two_renderers_write_files_of_one_suffix() -> None:
    suffixes = Counter(s for renderer in RENDERERS.all() for s in renderer.suffixes)
    assert suffixes
    assert set(suffixes.values()) == {1}


@each_renderer
def test_a_file_of_its_first_suffix_is_its_own(renderer: Renderer) -> None:
    assert renderer.suffixes[0].startswith(".")
    for suffix in renderer.suffixes:
        assert format_of(f"model{suffix}") == renderer.name


@each_sample
@each_renderer
def test_a_sample_comes_out_well_formed_and_twice_the_same(
    renderer: Renderer, sample: Path
) -> None:
    first = api.render(loaded(sample), format=renderer.name)
    assert first == api.render(loaded(sample), format=renderer.name)
    assert isinstance(first, str | bytes)
    assert len(first) > 50
    assert_well_formed(renderer.name, first)


@each_renderer
def test_hostile_names_stay_text(renderer: Renderer) -> None:
    for depth in ("auto", 1, "all"):
        content = api.render(
            small_model(HOSTILE, f"weight {HOSTILE}"), format=renderer.name, depth=depth
        )
        assert_well_formed(renderer.name, content)  # type: ignore[arg-type]
        if renderer.name == "svg":
            assert b"<script" not in encode(content)  # type: ignore[arg-type]


@each_renderer
def test_an_empty_model_has_an_output_too(renderer: Renderer) -> None:
    content = api.render(Model(Graph()), format=renderer.name)
    assert_well_formed(renderer.name, content)  # type: ignore[arg-type]
