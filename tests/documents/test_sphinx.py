"""The Sphinx extension, by building sites with Sphinx itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sites import copied, python

pytest.importorskip("sphinx", reason="Sphinx comes with the extra dev")


def built(site: Path, builder: str, *options: str) -> tuple[Path, str]:
    """Where the site was built, and what was said; the build must succeed."""
    output = site / "_build" / builder
    arguments = ("-q", "-b", builder, "-d", site / "_build" / "doctrees", *options, site, output)
    done = python("-m", "sphinx", *arguments, folder=site.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    return output, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied("sphinx_site", tmp_path_factory.mktemp("sphinx"))


def test_pages_have_numbered_figures_as_pictures_of_their_own(site: Path) -> None:
    output, said = built(site, "html", "-W", "-j", "2")
    assert not said
    page = (output / "index.html").read_text(encoding="utf-8")
    figures = re.findall(r'<figure [^>]*id="(\w+)">\s*<img alt="([^"]*)"[^>]* src="([^"]+)"', page)
    assert [(name, alt.partition(":")[0]) for name, alt, _ in figures] == [
        ("block", "Node-link diagram of resnet_block.onnx"),
        ("live", "A convolution, two residual blocks, and a pooling"),
    ]
    (frame,) = re.findall(
        r'id="open">\s*(?:<div[^>]*>)*<div[^>]*height:420px[^>]*><iframe[^>]*>', page
    )
    assert 'sandbox="allow-scripts' in frame
    assert "&lt;script&gt;" in frame
    sources = [source for _, _, source in figures]
    assert "models:build" in (output / sources[1]).read_text(encoding="utf-8")
    assert ' width="84mm"' in (output / sources[1]).read_text(encoding="utf-8")
    assert '<span class="std std-numref">Fig. 1</span>' in page
    assert re.search(r"Two blocks of <em>one</em> kind</span>", page)
    assert "<p>What stands below the caption is the legend.</p>" in page
    assert re.search(r'<img [^>]*style="width: 50%;?"', page)
    assert "<svg" not in page
    drawn = re.findall(r'src="(_images/resnet-block-\w+\.svg)"', page)[1]
    assert "MaxPool" not in (output / drawn).read_text(encoding="utf-8")
    assert "MaxPool" in (output / sources[0]).read_text(encoding="utf-8")


def test_a_second_build_draws_nothing(site: Path) -> None:
    built(site, "html")
    before = {path: path.stat().st_mtime_ns for path in site.rglob("figure.json")}
    built(site, "html", "-E", "-W")
    assert len(before) == 4
    assert {path: path.stat().st_mtime_ns for path in site.rglob("figure.json")} == before


def test_paper_has_the_figures_as_pdf(site: Path) -> None:
    output, said = built(site, "latex", "-W")
    assert not said
    text = (output / "networks.tex").read_text(encoding="utf-8")
    included = re.findall(r"\\sphinxincludegraphics(?:\[[^]]*\])?\{\{([^}]+)\}\.pdf\}", text)
    assert len(included) == 4
    assert all((output / f"{name}.pdf").read_bytes().startswith(b"%PDF-") for name in included)
    assert r"\caption{Two blocks of \sphinxstyleemphasis{one} kind}" in text
    if not shutil.which("pdflatex"):
        pytest.skip("pdflatex is not installed, so that nothing was typeset")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "networks.tex"],
        cwd=output,
        capture_output=True,
        timeout=120,
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    if "not found" in said:
        pytest.skip("LaTeX lacks packages that Sphinx needs, so that nothing was typeset")
    assert done.returncode == 0, said[-2000:]
    assert (output / "networks.pdf").stat().st_size > 20_000


def test_text_has_the_words_of_the_figures(site: Path) -> None:
    output, said = built(site, "text", "-W")
    assert not said
    text = (output / "index.txt").read_text(encoding="utf-8")
    assert "- Step 1: Conv + BatchNormalization + Relu – conv1, from image" in text
    assert "models:build" in text
    assert "node_view" in text, "no marks of Markdown are left"
    assert "[image" not in text


BROKEN = """
Broken
======

.. archviz:: nothing.onnx
   :caption: There is none
   :name: none

.. archviz:: resnet_block.onnx
   :dpeth: 1

.. archviz:: broken:build
"""


def test_what_cannot_be_drawn_is_a_warning_and_its_sentence_on_the_page(tmp_path: Path) -> None:
    site = copied("sphinx_site", tmp_path)
    (site / "index.rst").write_text(BROKEN, encoding="utf-8")
    (site / "broken.py").write_text("raise ValueError('kernel_size has to be odd')\n")
    output, said = built(site, "html")
    page = (output / "index.html").read_text(encoding="utf-8")
    sentence = "nothing.onnx: there is no such file"
    assert re.search(rf"index.rst:5: WARNING: {site.name}/{sentence}", said)
    assert re.search(rf'<figure [^>]*id="none">\s*<div[^>]*>.*{sentence}', page)
    assert "there is no such option: did you mean 'depth'?" in said
    assert "importing broken raised ValueError: kernel_size has to be odd" in said
    assert "kernel_size has to be odd" in page

    done = python("-m", "sphinx", "-q", "-W", "-b", "html", site, tmp_path / "o", folder=tmp_path)
    assert done.returncode == 1
    (site / "index.rst").write_text("Broken\n======\n\n.. archviz:: resnet_block.onnx\n")
    assert built(site, "html", "-W")[1] == ""
