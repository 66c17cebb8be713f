"""Models in notebooks, as nbconvert runs and converts them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import HOSTILE, small_model

import archviz
from archviz import notebook
from archviz.errors import OptionError
from archviz.ir import Graph, Model, Node
from archviz.notebook import Picture


def test_a_model_offers_what_pages_paper_and_terminals_show() -> None:
    data, facts = small_model()._repr_mimebundle_()
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', data["text/html"])
    assert picture
    assert b64decode(picture[1]).startswith(b"<svg ")
    assert 'alt="Node-link diagram of conv1.test' in data["text/html"]
    assert b64decode(data["application/pdf"]).startswith(b"%PDF-")
    assert data["text/plain"] == str(archviz.summary(small_model()))
    pixels = b64decode(data["image/png"])
    assert pixels.startswith(b"\x89PNG")
    assert int.from_bytes(pixels[16:20], "big") == 2 * facts["image/png"]["width"]
    # Where both are there, Quarto and nbconvert show words instead of the picture.
    assert not data.keys() & {"text/markdown", "image/svg+xml"}


def test_pages_are_interactive_in_a_frame_unless_the_picture_has_a_style_or_is_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def html(**settings: object) -> str:
        picture = archviz.show(small_model(), **settings)  # type: ignore[arg-type]
        assert picture is not None
        return str(picture._repr_mimebundle_()[0]["text/html"])

    assert '<iframe title="Node-link' in html(depth=0)
    assert 'sandbox="allow-scripts allow-downloads"' in html()
    assert "<iframe" not in html(direction="LR")
    assert "<iframe" in html(direction="LR", interactive=True)
    assert "<iframe" not in html(interactive=False)
    monkeypatch.setattr(notebook, "MOST_BYTES", 10)
    assert "<iframe" not in html()


def test_other_forms_are_made_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = small_model()._repr_mimebundle_(include={"text/markdown", "image/svg+xml"})
    assert set(data) == {"text/markdown", "image/svg+xml"}
    assert "- Step 1" in data["text/markdown"]
    data, _ = small_model()._repr_mimebundle_(exclude={"image/png", "application/pdf"})
    assert set(data) == {"text/html", "text/plain"}
    monkeypatch.setattr(notebook, "find_spec", lambda name: None)
    data, _ = small_model()._repr_mimebundle_()
    assert set(data) == {"text/html", "image/svg+xml", "application/pdf", "text/plain"}


def test_something_is_shown_whatever_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(notebook, "compose", fail)
    assert set(small_model()._repr_mimebundle_()[0]) == {"text/plain"}
    monkeypatch.setattr(notebook, "summary", fail)
    assert small_model()._repr_mimebundle_()[0] == {"text/plain": "Model 'conv1.test'"}


def test_a_big_model_shows_its_summary_alone() -> None:
    nodes = tuple(Node(str(number), "Relu") for number in range(notebook.MOST_NODES + 1))
    assert set(Model(Graph(nodes=nodes))._repr_mimebundle_()[0]) == {"text/plain"}


def test_show_takes_the_options_of_render() -> None:
    picture = archviz.show(small_model(), depth=0, theme="light", scale=1)
    assert isinstance(picture, Picture)
    assert str(picture.svg.content) == archviz.render(small_model(), depth=0, theme="light")
    assert picture._repr_mimebundle_()[1]["image/png"]["height"] > 100
    with pytest.raises(OptionError, match="no option 'dpeth'; did you mean 'depth'"):
        archviz.show(small_model(), dpeth=1)
    with pytest.raises(OptionError, match="no theme 'drak'"):
        archviz.show(small_model(), theme="drak")


def test_hostile_names_are_text_on_the_page() -> None:
    model = small_model(HOSTILE, f'w"><script>{HOSTILE}')
    data, _ = replace(model, source=HOSTILE)._repr_mimebundle_()
    html = data["text/html"]
    tags = re.findall(r"</?(\w+)", re.sub(r'"[^"]*"', '""', html))
    assert tags == ["div", "iframe", "iframe", "img", "div"]


CELLS = [
    "import archviz\nfrom conftest import small_model\nmodel = small_model()\nmodel",
    "for depth in 0, 1:\n    archviz.show(model, depth=depth)",
]


def test_a_notebook_is_run_and_converted_to_a_page_and_to_latex(tmp_path: Path) -> None:
    pytest.importorskip("nbconvert", reason="nbconvert comes with the extra dev")
    pytest.importorskip("ipykernel", reason="ipykernel comes with the extra dev")
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    book = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        "cells": [{**cell, "id": str(n), "source": source} for n, source in enumerate(CELLS)],
    }
    (tmp_path / "book.ipynb").write_text(json.dumps(book))
    script = (
        "import nbconvert, nbformat\n"
        "from nbconvert.preprocessors import ExecutePreprocessor\n"
        "book = nbformat.read('book.ipynb', 4)\n"
        "ExecutePreprocessor(timeout=120, kernel_name='python3').preprocess(book)\n"
        "nbformat.write(book, 'run.ipynb')\n"
        "open('book.html', 'w').write(nbconvert.HTMLExporter().from_notebook_node(book)[0])\n"
        "text, found = nbconvert.LatexExporter().from_notebook_node(book)\n"
        "open('book.tex', 'w').write(text)\n"
        "for name, data in found['outputs'].items(): open(name, 'wb').write(data)\n"
    )
    tests = str(Path(__file__).parents[1])
    place = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": place, "JUPYTER_PLATFORM_DIRS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outputs = [
        output["data"]
        for cell in json.loads((tmp_path / "run.ipynb").read_text())["cells"]
        for output in cell["outputs"]
    ]
    assert len(outputs) == 3
    page = (tmp_path / "book.html").read_text()
    assert page.count('src="data:image/svg+xml;base64,') == 3
    paper = (tmp_path / "book.tex").read_text()
    drawn = re.findall(r"\{((?:output)[^}]*\.pdf)\}", paper)
    assert len(drawn) == 3
    assert all((tmp_path / name).read_bytes().startswith(b"%PDF-") for name in drawn)
