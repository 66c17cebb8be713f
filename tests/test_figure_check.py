"""Checking pictures before they are printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import small_model

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
