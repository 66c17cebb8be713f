"""PDF, PNG and TikZ, as their own readers see them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from conftest import HOSTILE, small_model
from pypdf import PdfReader
from samples import each_sample, loaded, samples_of

from archviz import api
from archviz.api import compose
from archviz.errors import OptionError, RendererError
from archviz.figure_check import check_figure
from archviz.font import face
from archviz.length import WIDTHS, parse_length
from archviz.preparing import prepared
from archviz.renderers.pdf import render as pdf
from archviz.renderers.pdf.truetype import TrueType
from archviz.renderers.png import render as png
from archviz.renderers.tex import escaped
from archviz.renderers.tex import render as tex
from archviz.scene import Path as Line
from archviz.scene import Rect, Scene, Text, flatten
from archviz.text import _CHARACTERS, FONTS, measured_in, text_width
from archviz.theme import theme_names
from archviz.views import VIEWS

needs_pdflatex = pytest.mark.skipif(
    not shutil.which("pdflatex"), reason="LaTeX (pdflatex) is not installed"
)

needs_poppler = pytest.mark.skipif(
    not (shutil.which("pdffonts") and shutil.which("pdftotext")),
    reason="Poppler (pdffonts, pdftotext) is not installed",
)


def scene_of(sample: Path, **options: object) -> Scene:
    return VIEWS.get("node-link").draw(api.prepare(loaded(sample)), **options)


def words(scene: Scene) -> list[str]:
    return sorted(mark.text for mark in flatten(scene.marks) if isinstance(mark, Text))


def page_of(data: bytes) -> PdfReader:
    return PdfReader(BytesIO(data), strict=True)


def shown_texts(reader: PdfReader) -> list[str]:
    """What each text operator of the page says, by the font's own map to Unicode."""
    content = reader.pages[0].get_contents()
    assert content is not None
    found: list[str] = []
    fonts = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    maps = {
        name: dict(
            re.findall(r"<(\w{4})> <(\w+)>", font.get_object()["/ToUnicode"].get_data().decode())
        )
        for name, font in fonts.items()
    }
    for name, codes in re.findall(r"BT (/F\d) .*? <(\w*)> Tj ET", content.get_data().decode()):
        glyphs = [codes[i : i + 4] for i in range(0, len(codes), 4)]
        text = "".join(bytes.fromhex(maps[name][glyph]).decode("utf-16-be") for glyph in glyphs)
        found.append(text)
    return sorted(found)


@each_sample
def test_a_pdf_says_every_label_in_fonts_of_its_own(sample: Path) -> None:
    scene = scene_of(sample)
    reader = page_of(pdf(scene))
    assert shown_texts(reader) == words(scene)
    for font in reader.pages[0]["/Resources"]["/Font"].values():  # type: ignore[index]
        below = font.get_object()["/DescendantFonts"][0].get_object()
        assert len(below["/FontDescriptor"]["/FontFile2"].get_data()) > 1000


@each_sample
def test_a_pdf_page_is_as_large_as_the_picture(sample: Path) -> None:
    for width, points in (("", None), ("84mm", 84 / 25.4 * 72)):
        made = api.render(loaded(sample), format="pdf", width=width, style="node-link")
        box = page_of(made).pages[0].mediabox  # type: ignore[arg-type]
        scene = scene_of(sample)
        assert abs(float(box.width) - (points or scene.width * 0.75)) < 0.1
        assert points or abs(float(box.height) - scene.height * 0.75) < 0.1


def test_a_pdf_tells_its_title_and_what_it_shows() -> None:
    scene = Scene(40, 30, (Rect(0, 0, 40, 30, "page"),), "A title – ∑", "A white page.")
    reader = page_of(pdf(scene))
    assert reader.metadata is not None
    assert reader.metadata.title == "A title – ∑"
    root = reader.trailer["/Root"]
    figure = root["/StructTreeRoot"]["/K"][0]["/K"][0]
    assert figure["/Alt"] == "A white page."


def test_a_pdf_draws_curves_of_both_kinds_where_they_are() -> None:
    line = Line((("M", 0, 0), ("Q", 30, 0, 30, 30), ("C", 1, 2, 3, 4, 5, 6)), "edge")
    content = page_of(pdf(Scene(40, 40, (line,)))).pages[0].get_contents()
    assert content is not None
    # A quadratic curve's control point is two thirds of the way from both ends.
    assert "0 0 m 20 0 30 10 30 30 c 1 2 3 4 5 6 c S" in content.get_data().decode()


@pytest.mark.parametrize("theme", theme_names())
def test_every_theme_is_written(theme: str) -> None:
    scene = VIEWS.get("node-link").draw(api.prepare(small_model()), legend=True)
    assert pdf(scene, theme=theme) == pdf(scene, theme=theme)
    assert png(scene, theme=theme) == png(scene, theme=theme)
    assert tex(scene, theme=theme) == tex(scene, theme=theme)


def test_a_coordinate_that_is_no_number_is_refused() -> None:
    for value in (float("nan"), float("inf"), 1e9):
        scene = Scene(10, 10, (Rect(value, 0, 1, 1, "card"),))
        for render in (pdf, tex):
            with pytest.raises(RendererError, match="cannot be drawn"):
                render(scene)


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("name", FONTS)
def test_the_bundled_fonts_have_the_widths_that_labels_are_measured_with(
    name: str, bold: bool
) -> None:
    font = TrueType(face(name, bold=bold))
    with measured_in(name):
        wrong = [
            char
            for char in _CHARACTERS
            if not font.glyph(char)
            or font.advance(font.glyph(char)) != text_width(char, font.units_per_em, bold=bold)
        ]
    assert not wrong


def test_a_font_is_measured_in_for_one_picture_alone() -> None:
    sans = text_width("fill 12", 10)
    with measured_in("serif"):
        assert text_width("fill 12", 10) != sans
    assert text_width("fill 12", 10) == sans


def test_a_picture_in_serif_is_set_and_measured_in_it_everywhere() -> None:
    sans, serif = (compose(small_model(), font=font) for font in ("sans", "serif"))
    assert "'Times New Roman'" in str(serif.content)
    assert "'Times New Roman'" not in str(sans.content)
    inside = str(api.render(small_model(), font="serif", embed_fonts=True))
    assert inside.count("font-family:'Archviz Serif'") == 2
    made = api.render(small_model(), font="serif", format="pdf")
    fonts = page_of(made).pages[0]["/Resources"]["/Font"]  # type: ignore[arg-type,index]
    names = [font.get_object()["/BaseFont"] for font in fonts.values()]
    assert names
    assert all("ArchvizSerif" in name for name in names)
    pictures = {api.render(small_model(), font=font, format="png") for font in ("sans", "serif")}
    assert len(pictures) == 2
    assert r"familydefault{\rmdefault}" in str(
        api.render(small_model(), font="serif", format="tex")
    )
    with pytest.raises(OptionError, match="sans, serif"):
        compose(small_model(), font="serife")


@needs_poppler
@pytest.mark.parametrize("font", FONTS)
def test_poppler_reads_the_labels_and_the_fonts_of_a_pdf(font: str, tmp_path: Path) -> None:
    scene = scene_of(next(iter(samples_of("onnx"))))
    made = api.render(
        loaded(next(iter(samples_of("onnx")))), tmp_path / "a.pdf", font=font, style="node-link"
    )
    listed = subprocess.run(["pdffonts", str(made)], capture_output=True, text=True, check=True)
    rows = listed.stdout.splitlines()[2:]
    assert rows
    assert all(row.split()[-5:-2] == ["yes", "yes", "yes"] for row in rows)
    told = subprocess.run(["pdftotext", str(made), "-"], capture_output=True, text=True, check=True)
    assert sorted("".join(told.stdout.split())) == sorted("".join("".join(words(scene)).split()))


@pytest.mark.parametrize("name", sorted(WIDTHS))
def test_a_picture_is_as_wide_as_a_venue_asks(name: str, tmp_path: Path) -> None:
    points = WIDTHS[name].pixels * 0.75
    made = api.render(small_model(), format="pdf", width=name)
    assert abs(float(page_of(made).pages[0].mediabox.width) - points) < 0.1  # type: ignore[arg-type]
    file = api.render(small_model(), tmp_path / "a.svg", width=name)
    assert abs(check_figure(str(file)).width * 72 - points) < 0.1


def test_a_width_that_is_nearly_a_venue_is_told_which() -> None:
    with pytest.raises(OptionError, match="did you mean neurips"):
        parse_length("neurps", "--width")


def test_a_caption_is_what_the_picture_says_of_itself(tmp_path: Path) -> None:
    for suffix in (".txt", ".md", ".tex"):
        drawn = str(api.render(small_model(), caption_file=tmp_path / f"caption{suffix}"))
        text = (tmp_path / f"caption{suffix}").read_text(encoding="utf-8").strip()
        if suffix == ".txt":
            assert f">{text}</desc>" in drawn
        assert re.sub(r"[\\{}]", "", text).startswith("Node-link diagram of ")
    with pytest.raises(OptionError, match="end it with"):
        api.render(small_model(), caption_file=tmp_path / "caption.doc")
    with pytest.raises(OptionError, match="no picture"):
        api.render(small_model(), format="dot", caption_file=tmp_path / "caption.txt")


def test_a_subset_keeps_the_parts_of_composed_glyphs() -> None:
    font = TrueType(face())
    whole, accented = len(face()), font.glyph("é")
    small = font.subset([accented])
    alone = font.subset([font.glyph("e")])
    assert len(alone) < len(small) < whole / 2
    assert small != alone


def pixels(data: bytes) -> Iterator[int]:
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))


def test_a_png_has_the_pixels_that_were_asked_for() -> None:
    scene = Scene(40, 30, (Rect(0, 0, 40, 30, "page"),))
    assert tuple(pixels(png(scene))) == (80, 60)
    assert tuple(pixels(png(scene, scale=0.5))) == (20, 15)
    with pytest.raises(RendererError, match="100,000,000"):
        png(scene, scale=900)
    with pytest.raises(OptionError, match="above 0"):
        png(scene, scale=0)


def test_a_png_is_drawn_with_the_bundled_font() -> None:
    blank = Scene(40, 30, (Rect(0, 0, 40, 30, "page"),))
    written = Scene(40, 30, (*blank.marks, Text(2, 20, "Wg", "title", 12, 20)))
    assert len(png(written)) > len(png(blank)) + 100


def test_fonts_go_into_an_svg_when_asked() -> None:
    plain, with_fonts = (
        str(api.render(small_model(), embed_fonts=asked)) for asked in (False, True)
    )
    assert "base64" not in plain
    assert with_fonts.count("@font-face") == 2
    assert "font-family=\"'Archviz Sans', Helvetica" in with_fonts
    assert len(with_fonts) - len(plain) < 60_000


def compiled(folder: Path, name: str, text: str) -> str:
    """The log of pdflatex, which did not stop."""
    (folder / f"{name}.tex").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
        cwd=folder,
        capture_output=True,
        timeout=120,
        check=False,
    )
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    return log


@needs_pdflatex
@each_sample
def test_latex_compiles_the_picture_alone_and_inside_a_document(
    sample: Path, tmp_path: Path
) -> None:
    scene = scene_of(sample)
    log = compiled(tmp_path, "picture", tex(scene))
    assert "Overfull" not in log
    assert "(1 page," in log
    outer = r"\documentclass{article}\usepackage{tikz}\textheight=90in\pdfpageheight=99in"
    outer += r"\textwidth=90in\pdfpagewidth=99in\hoffset=0pt"
    outer += r"\begin{document}\noindent\input{picture.tex}\end{document}"
    log = compiled(tmp_path, "document", outer)
    assert "Overfull" not in log
    assert "(1 page," in log


FIGURES = ("resnet_block.onnx", "encoder_dynamo.onnx")


@needs_pdflatex
@needs_poppler
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("theme", ["print", "gray"])
def test_a_figure_is_set_by_latex_and_its_pdf_says_its_labels(
    name: str, theme: str, tmp_path: Path
) -> None:
    sample = next(one for one in samples_of("onnx") if one.name == name)
    ready, _ = prepared(loaded(sample), "auto", "", (), False, (), merges=False)
    scene = VIEWS.get("layered").draw(ready)
    log = compiled(tmp_path, "figure", tex(scene, theme=theme))
    assert "Overfull" not in log
    made = pdf(scene, theme=theme)
    assert made == pdf(scene, theme=theme)
    assert shown_texts(page_of(made)) == words(scene)
    assert scene.shown_width is not None
    larger = scene.shown_width.pixels * 0.75 / scene.width
    box = page_of(made).pages[0].mediabox
    assert abs(float(box.width) - scene.width * larger) < 0.1
    assert abs(float(box.height) - scene.height * larger) < 0.1
    (tmp_path / "a.pdf").write_bytes(made)
    listed = subprocess.run(
        ["pdffonts", str(tmp_path / "a.pdf")], capture_output=True, text=True, check=True
    )
    rows = listed.stdout.splitlines()[2:]
    assert rows
    assert all(row.split()[-5:-2] == ["yes", "yes", "yes"] for row in rows)


@needs_pdflatex
def test_latex_sets_hostile_labels_as_text(tmp_path: Path) -> None:
    labels = [HOSTILE, r"\input{/etc/passwd}", "$x^2$ & 50% #1 {~}", "é ü ß α Ω → × ≤ …", "中文 ✂"]
    marks = tuple(Text(4, 20 * row, label, "title", 11, 150) for row, label in enumerate(labels, 1))
    compiled(tmp_path, "hostile", tex(Scene(200, 120, marks)))


def test_what_latex_has_no_letter_for_is_a_question_mark() -> None:
    assert escaped("a_b-中") == r"a\_b{-}?"


@needs_pdflatex
@pytest.mark.parametrize("width", ["neurips", "cvpr"])
def test_latex_sets_a_figure_in_a_column_that_is_as_wide(width: str, tmp_path: Path) -> None:
    drawn = api.render(small_model(), format="tex", width=width)
    (tmp_path / "picture.tex").write_text(str(drawn), encoding="utf-8")
    points = WIDTHS[width].pixels * 0.75
    outer = rf"\documentclass{{article}}\usepackage{{tikz}}\textwidth={points}bp\textheight=40in"
    outer += r"\pdfpageheight=45in\begin{document}\noindent\input{picture.tex}\end{document}"
    assert "Overfull" not in compiled(tmp_path, "column", outer)
