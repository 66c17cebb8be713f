"""Checking pictures before they are printed."""

from __future__ import annotations

import io
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import small_model
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, StreamObject

from archviz import api
from archviz.errors import ImporterError, OptionError
from archviz.figure_check import FigureReport, check_figure

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="3in" height="2in" viewBox="0 0 216 144">'


def checked(tmp_path: Path, body: str, head: str = HEAD, **options: object) -> FigureReport:
    path = tmp_path / "a.svg"
    path.write_text(f"{head}{body}</svg>", encoding="utf-8")
    return check_figure(path, **options)  # type: ignore[arg-type]


def wrong(report: FigureReport) -> list[str]:
    return [found.check for found in report.findings if found.severity == "error"]


def test_our_own_picture_at_a_venue_s_width_is_clean(tmp_path: Path) -> None:
    for theme in ("light", "gray", "print"):
        drawn = api.render(small_model(), tmp_path / "a.svg", width="cvpr", theme=theme)
        report = check_figure(str(drawn), venue="cvpr", ignore=["text"])
        assert report.is_clean, report
        assert report.width == pytest.approx(3.25)
    inside = api.render(small_model(), tmp_path / "a.svg", width="cvpr", embed_fonts=True)
    assert not check_figure(str(inside), ignore=["text"]).findings


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('<text font-size="5.9">small</text>', ["text"]),
        ('<g font-size="12"><text transform="scale(0.4)">small</text></g>', ["text"]),
        ('<g style="font-size:4px"><text><tspan>small</tspan></text></g>', ["text"]),
        ("<style>.t{font-size:5px}</style><text class='a t'>small</text>", ["text"]),
        ('<text font-size="6">enough</text>', []),
        ('<path d="M0 0L9 9" stroke="#000" stroke-width="0.3"/>', ["line"]),
        ('<path d="M0 0L9 9" stroke="#000" stroke-width="0.35"/>', []),
        (
            '<g transform="matrix(.5 0 0 .5 1 1)"><line stroke="red" stroke-width=".5"/></g>',
            ["line"],
        ),
        ('<rect fill="#FF0000" fill-opacity="0.5"/>', ["opacity"]),
        ('<g opacity="50%"><rect fill="#FF0000"/></g>', ["opacity"]),
        ('<rect fill="#F08347"/><rect fill="#A67CCA"/>', []),
        ('<rect fill="#2F6DB5"/><rect fill="#D1600F"/>', []),
        ('<rect fill="#3C8C3C"/><rect fill="#D0502F"/>', ["gray"]),
        ('<rect fill="#808080"/><rect fill="#828282"/>', []),
        ('<image href="a.png"/>', ["pixels"]),
        ('<defs><rect fill-opacity="0.1"/></defs>', []),
        ("<style>@media (width>9px){.a{opacity:0.1}}</style><rect class='a'/>", []),
    ],
)
def test_what_a_printer_would_refuse_is_found(tmp_path: Path, body: str, found: list[str]) -> None:
    assert wrong(checked(tmp_path, body)) == found


def test_a_figure_wider_than_the_venue_is_told_what_becomes_of_it(tmp_path: Path) -> None:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="400">'
    report = checked(tmp_path, "", head, venue="cvpr")
    assert wrong(report) == ["width"]
    assert "shrunk to 82%" in report.findings[0].message
    assert "--width cvpr" in report.findings[0].advice
    assert not checked(tmp_path, "", head, width="9in").findings
    assert wrong(checked(tmp_path, "", head, venue="cvpr", width="84mm")) == ["width"]


def test_reports_are_json_as_well(tmp_path: Path) -> None:
    report = checked(tmp_path, '<text font-size="5">a</text>', ignore=["font"])
    told = json.loads(json.dumps(report.to_json()))
    assert told["smallest_text"] == 5
    assert [found["check"] for found in told["findings"]] == ["text"]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"solid", b"<svg", b"<html/>", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>",
        b"<svg width='1in' height='1in'>" + b"<g>" * 20000 + b"</g>" * 20000 + b"</svg>",
    ],
)  # fmt: skip
def test_what_is_no_picture_is_said_in_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(data)
    with pytest.raises(ImporterError):
        check_figure(path)


def test_names_that_do_not_exist_are_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="did you mean 'cvpr'"):
        check_figure(tmp_path / "a.svg", venue="cvprr")
    with pytest.raises(OptionError, match="did you mean 'gray'"):
        check_figure(tmp_path / "a.svg", ignore=["grey"])


def page(content: str, resources: dict[str, Any] | None = None, **settings: Any) -> bytes:
    """A PDF of one page of 3 by 2 inches that draws ``content``."""
    writer = PdfWriter()
    sheet = writer.add_blank_page(216, 144)
    stream = StreamObject()
    stream.set_data(content.encode())
    sheet[NameObject("/Contents")] = writer._add_object(stream)
    sheet[NameObject("/Resources")] = written(writer, resources or {})
    sheet.update({NameObject(f"/{key}"): written(writer, value) for key, value in settings.items()})
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def written(writer: PdfWriter, value: Any) -> Any:
    """Plain values as those of a PDF; a pair is a stream, its dictionary and its bytes."""
    match value:
        case {}:
            return DictionaryObject(
                {NameObject(f"/{key}"): written(writer, item) for key, item in value.items()}
            )
        case (dict() as head, bytes() as data):
            stream = StreamObject()
            stream.set_data(data)
            stream.update(written(writer, head))
            return writer._add_object(stream)
        case list():
            return ArrayObject(written(writer, item) for item in value)
        case str():
            return NameObject(value)
    return FloatObject(value)


HELVETICA = {"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Helvetica"}
DRAWN = {"Type": "/Font", "Subtype": "/Type3", "Name": "/Squares"}
DESCRIBED = {"Type": "/FontDescriptor", "FontName": "/Own", "FontFile2": ({}, b"glyphs")}
INSIDE = {
    "Type": "/Font", "Subtype": "/Type0", "BaseFont": "/Own",
    "DescendantFonts": [{"Subtype": "/CIDFontType2", "FontDescriptor": DESCRIBED}],
}  # fmt: skip
PHOTO = ({"Subtype": "/Image", "Width": 100, "Height": 50}, b"")
FORM = ({"Subtype": "/Form", "Matrix": [0.5, 0, 0, 0.5, 0, 0]}, b"BT /F 10 Tf (small) Tj ET")
FONT = {"Font": {"F": INSIDE}}


@pytest.mark.parametrize(
    ("content", "resources", "found"),
    [
        ("BT /F 5.9 Tf (small) Tj ET", FONT, ["text"]),
        ("BT /F 12 Tf 0.4 0 0 0.4 9 9 Tm [(sm) -9 (all)] TJ ET", FONT, ["text"]),
        ("q 0.5 0 0 0.5 0 0 cm BT /F 8 Tf (small) Tj ET Q BT (no) Tj ET", FONT, ["text"]),
        ("/X Do", {"XObject": {"X": FORM}, **FONT}, ["text"]),
        ("BT /F 6 Tf (enough) Tj ET", FONT, []),
        ("BT /F 5 Tf (  ) Tj 3 Tr (hidden) Tj ET", FONT, []),
        ("0.3 w 0 0 m 9 9 l S", {}, ["line"]),
        ("0 w 0 0 m 9 9 l S", {}, ["line"]),
        ("q 4 w 0.1 0 0 0.1 0 0 cm 0 0 m 9 9 l S Q", {}, []),
        ("/E gs 0 0 9 9 re f", {"ExtGState": {"E": {"ca": 0.5}}}, ["opacity"]),
        ("/E gs 0 0 9 9 re f", {"ExtGState": {"E": {"CA": 0.5}}}, []),
        (".235 .549 .235 rg 0 0 9 9 re f .816 .314 .184 rg 9 9 9 9 re f", {}, ["gray"]),
        (".5 g 0 0 9 9 re f 0 0 0 0.49 k 9 9 9 9 re f", {}, []),
        ("BT /F 9 Tf (a) Tj ET", {"Font": {"F": HELVETICA}}, ["font"]),
        ("BT /F 9 Tf (a) Tj ET", {"Font": {"F": DRAWN}}, ["font"]),
        ("72 0 0 36 0 0 cm /X Do", {"XObject": {"X": PHOTO}}, ["pixels"]),
        ("18 0 0 9 0 0 cm /X Do", {"XObject": {"X": PHOTO}}, []),
        ("q 72 0 0 72 0 0 cm BI /W 9 /H 9 /BPC 8 /CS /G ID " + "x" * 81 + " EI Q", {}, ["pixels"]),
    ],
)
def test_what_a_printer_would_refuse_of_a_pdf_is_found(
    tmp_path: Path, content: str, resources: dict[str, Any], found: list[str]
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(page(content, resources))
    report = check_figure(path)
    assert wrong(report) == found
    assert (report.width, report.height) == (3, 2)


def test_pages_of_a_pdf_are_as_large_as_they_are_printed(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    line = "1 w 0 0 m 9 9 l S"
    for settings, size, thinnest in (
        ({"Rotate": 90}, (2, 3), 1),
        ({"UserUnit": 2}, (6, 4), 2),
        ({"CropBox": [0, 0, 72, 36]}, (1, 0.5), 1),
    ):
        path.write_bytes(page(line, **settings))
        report = check_figure(path)
        assert (report.width, report.height, report.thinnest_line) == (*size, thinnest)
    writer = PdfWriter()
    for _ in range(2):
        writer.add_blank_page(72, 72)
    writer.write(path)
    assert [found.check for found in check_figure(path).findings] == ["pages"]


@pytest.mark.parametrize("font", ["sans", "serif"])
def test_our_own_pdf_is_what_our_svg_is(tmp_path: Path, font: str) -> None:
    drawing = {"width": "cvpr", "theme": "gray", "font": font}
    made = [api.render(small_model(), tmp_path / f"a.{f}", **drawing) for f in ("svg", "pdf")]
    svg, pdf = (check_figure(str(path), venue="cvpr", ignore=["text"]) for path in made)
    assert not pdf.findings
    assert (pdf.width, pdf.height) == (svg.width, svg.height)
    assert pdf.smallest_text == pytest.approx(svg.smallest_text, abs=0.06)
    assert pdf.thinnest_line == pytest.approx(svg.thinnest_line, abs=0.01)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_a_figure_of_latex_is_read_through_its_compressed_objects(tmp_path: Path) -> None:
    source = r"""\documentclass[tikz]{standalone}\begin{document}\begin{tikzpicture}
        \draw[line width=0.2pt] (0,0) -- (2,1); \node at (1,1) {\tiny small};
        \end{tikzpicture}\end{document}"""
    (tmp_path / "a.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "a.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert b"/ObjStm" in (tmp_path / "a.pdf").read_bytes()
    report = check_figure(tmp_path / "a.pdf")
    assert wrong(report) == ["text", "line"]
    assert report.smallest_text == pytest.approx(5, abs=0.03)
    assert report.thinnest_line == pytest.approx(0.2, abs=0.01)


def test_a_damaged_pdf_is_refused_or_read(tmp_path: Path) -> None:
    whole = page("BT /F 9 Tf (a) Tj ET", {"Font": {"F": INSIDE}, "XObject": {"X": FORM}})
    path = tmp_path / "a.pdf"
    chance = random.Random(0)
    cut = [whole[:at] for at in range(8, len(whole), 61)]
    for _ in range(60):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            changed[chance.randrange(8, len(whole))] = chance.randrange(256)
        cut.append(bytes(changed))
    refused: list[str] = []
    for data in cut:
        path.write_bytes(data)
        try:
            check_figure(path)
        except ImporterError as error:
            refused.append(str(error))
    assert len(refused) > 5
    assert not any("\n" in sentence for sentence in refused)


def test_a_locked_pdf_and_a_missing_package_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.encrypt("secret", algorithm="RC4-128")
    path = tmp_path / "a.pdf"
    writer.write(path)
    with pytest.raises(ImporterError, match="locked with a password"):
        check_figure(path)
    monkeypatch.setitem(sys.modules, "pypdf", None)
    with pytest.raises(ImporterError, match=r"needs the package pypdf.*archviz\[pdf\]"):
        check_figure(path)
