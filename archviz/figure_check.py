"""Checks of pictures before they are printed: what a venue, a printer or a reader would refuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

from archviz.errors import ImporterError, OptionError
from archviz.length import PIXELS, VENUES, Length, parse_length
from archviz.options import nearest
from archviz.reading.pdf import read_pdf
from archviz.reading.svg import Drawing, read_svg
from archviz.records import record
from archviz.theme import lightness, saturation

CHECKS = ("width", "text", "line", "opacity", "gray", "font", "pixels", "pages")
THINNEST = 0.35
"""Points of the thinnest line that printers keep."""
SMALLEST = 6.0
"""Points of the smallest text that venues take."""
COARSEST = 300.0
"""Pixels to the inch that images in print need at least."""
_GRAY_STEP = 3.0
"""Steps of lightness (CIE 1976 L*, 0 to 100) that neighbouring grays need to be told apart."""
_COLORED = 0.06
_SHOWN = 3


@record
class Finding:
    """What is wrong with a picture.

    Attributes:
        check: One of CHECKS.
        severity: "error", or "note" for what may be meant so.
        message: A sentence.
        advice: What to do about it.
    """

    check: str
    severity: str
    message: str
    advice: str


@record
class FigureReport:
    """What was looked at in one picture.

    Attributes:
        file: Its name.
        width: Inches in print.
        height: Inches in print.
        smallest_text: Points; None without text.
        thinnest_line: Points; None without lines.
        findings: What is wrong.
    """

    file: str
    width: float
    height: float
    smallest_text: float | None
    thinnest_line: float | None
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong that was not meant so."""
        return all(finding.severity == "note" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The report as a tree of JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        facts = [f"{self.width:.2f}in × {self.height:.2f}in"]
        if self.smallest_text is not None:
            facts.append(f"smallest text {self.smallest_text:.1f} pt")
        if self.thinnest_line is not None:
            facts.append(f"thinnest line {self.thinnest_line:.2f} pt")
        lines = [f"{self.file}: {', '.join(facts)}"]
        lines += [
            f"{self.file}: {found.severity}: {found.message} ({found.check}); {found.advice}"
            for found in self.findings
        ]
        return "\n".join(lines)


def check_figure(
    path: str | Path,
    *,
    venue: str = "",
    width: str = "",
    smallest_text: float = SMALLEST,
    ignore: Sequence[str] = (),
) -> FigureReport:
    """What would be wrong with a picture in print: an SVG, or the first page of a PDF.

    Args:
        path: The file.
        venue: One of :data:`archviz.length.VENUES`; "" when none is meant.
        width: The widest that it may be; "" for the venue's text, or anything.
        smallest_text: Points of the smallest text that is allowed.
        ignore: Checks to leave out.

    Raises:
        ImporterError: The file cannot be read, or is no SVG and no PDF, or it is a PDF and the
            package pypdf is missing.
        OptionError: There is no such venue, width or check.
    """
    for name in ignore:
        if name not in CHECKS:
            raise OptionError(f"there is no check {name!r}", nearest(name, CHECKS))
    if venue and venue.lower() not in VENUES:
        raise OptionError(f"there is no venue {venue!r}", nearest(venue.lower(), VENUES))
    widest = parse_length(width, "--width") if width else _text_width(venue.lower())
    owner = venue.lower() if venue and not width else "the page"
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ImporterError(f"{path}: it cannot be read ({reason})", "check the path") from None
    is_pdf = data[:5] == b"%PDF-"
    drawing = read_pdf(data, str(path)) if is_pdf else read_svg(data, str(path))
    found = [
        *_pages(drawing),
        *_width(drawing, widest, owner),
        *_texts(drawing, smallest_text),
        *_lines(drawing),
        *_opacity(drawing),
        *_gray(drawing),
        *(_fonts_inside(drawing) if is_pdf else _fonts(drawing)),
        *_pixels(drawing),
    ]
    texts = [one.size for one in drawing.drawn if one.kind == "text"]
    lines = [one.line for one in drawing.drawn if one.line]
    return FigureReport(
        file=str(path),
        width=round(drawing.width / 72, 3),
        height=round(drawing.height / 72, 3),
        smallest_text=round(min(texts), 2) if texts else None,
        thinnest_line=round(min(lines), 3) if lines else None,
        findings=tuple(one for one in found if one.check not in ignore),
    )


def _text_width(venue: str) -> Length | None:
    column, text = VENUES.get(venue, (None, None))
    return text or column


def _width(drawing: Drawing, widest: Length | None, owner: str) -> Iterator[Finding]:
    if widest is None:
        return
    room = widest.pixels / PIXELS["pt"]
    if drawing.width > room + 0.1:
        value, unit = widest
        yield Finding(
            "width",
            "error",
            f"it is {drawing.width / 72:.2f}in wide, and {owner} has {value:g}{unit}; it would be "
            f"shrunk to {room / drawing.width:.0%}, its text with it",
            f"draw it with --width {owner if owner in VENUES else f'{value:g}{unit}'}",
        )


def _texts(drawing: Drawing, smallest: float) -> Iterator[Finding]:
    small = [one for one in drawing.drawn if one.kind == "text" and one.size < smallest - 0.005]
    if small:
        least = min(one.size for one in small)
        said = _some([one.words for one in small if one.words])
        yield Finding(
            "text",
            "error",
            f"{_counted(len(small), 'label')} below {smallest:g} pt, the smallest {least:.1f} pt"
            + (f": {said}" if said else ""),
            "draw it wider, or less of the model with --depth",
        )


def _lines(drawing: Drawing) -> Iterator[Finding]:
    thin = [one for one in drawing.drawn if 0 < one.line < THINNEST - 0.0005]
    if thin:
        yield Finding(
            "line",
            "error",
            f"{_counted(len(thin), 'line')} below {THINNEST} pt, the thinnest "
            f"{min(one.line for one in thin):.2f} pt",
            "draw it wider, or with thicker lines in a theme of your own",
        )


def _opacity(drawing: Drawing) -> Iterator[Finding]:
    clear = [one for one in drawing.drawn if one.opacity < 1]
    if clear:
        yield Finding(
            "opacity",
            "error",
            f"{_counted(len(clear), 'mark')} transparent, which printers flatten each in their way",
            "use opaque colours",
        )


def _gray(drawing: Drawing) -> Iterator[Finding]:
    colors = dict.fromkeys(
        one.fill
        for one in drawing.drawn
        if one.kind != "text" and len(one.fill) == 7 and one.fill.startswith("#")
    )
    colored = [color for color in colors if saturation(color) > _COLORED]
    same = [
        f"{one} and {other}"
        for one, other in combinations(colored, 2)
        if abs(lightness(one) - lightness(other)) < _GRAY_STEP and _apart(one, other) > 0.25
    ]
    if same:
        yield Finding(
            "gray",
            "error",
            f"{_counted(len(same), 'pair')} of colours that one gray stands for: {_some(same)}",
            "draw it with --theme gray, or leave this out with --ignore gray",
        )


def _apart(one: str, other: str) -> float:
    """How far two colours are apart, from 0 to 3."""
    return sum(abs(a - b) for a, b in zip(_parts(one), _parts(other), strict=True)) / 255


def _parts(color: str) -> list[int]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]


def _fonts(drawing: Drawing) -> Iterator[Finding]:
    if not drawing.has_fonts and any(one.kind == "text" for one in drawing.drawn):
        yield Finding(
            "font",
            "note",
            "its fonts are not inside, so that another machine may set its text in others",
            "give the venue the .pdf, which has them, or draw it with --embed-fonts",
        )


def _fonts_inside(drawing: Drawing) -> Iterator[Finding]:
    if drawing.outside:
        yield Finding(
            "font",
            "error",
            f"{_counted(len(drawing.outside), 'font')} not inside: {', '.join(drawing.outside)}",
            "write it again with its fonts embedded",
        )
    if drawing.type3:
        yield Finding(
            "font",
            "error",
            f"{_counted(len(drawing.type3), 'font')} of Type 3, which IEEE and ACM refuse: "
            + ", ".join(drawing.type3),
            "write it with TrueType or Type 1 fonts; in Matplotlib, set pdf.fonttype to 42",
        )


def _pixels(drawing: Drawing) -> Iterator[Finding]:
    if not drawing.has_images:
        return
    fine = drawing.resolution
    if fine is None:
        yield Finding("pixels", "error", "there are pixels in it", "draw them as vectors")
    elif fine < COARSEST - 0.5:
        yield Finding(
            "pixels",
            "error",
            f"the coarsest image in it has {fine:.0f} pixels to the inch, less than {COARSEST:.0f}",
            "put it in with more pixels, or draw it as vectors",
        )
    else:
        yield Finding(
            "pixels",
            "note",
            f"there are pixels in it, {fine:.0f} to the inch at the coarsest",
            "draw them as vectors where they can be",
        )


def _pages(drawing: Drawing) -> Iterator[Finding]:
    if drawing.pages > 1:
        yield Finding(
            "pages",
            "note",
            f"it has {drawing.pages:,} pages, and the first was looked at",
            "give each figure in a file of its own",
        )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun} is" if number == 1 else f"{number:,} {noun}s are"


def _some(texts: Sequence[str]) -> str:
    shown = ", ".join(repr(text) if "#" not in text else text for text in texts[:_SHOWN])
    return shown + (", …" if len(texts) > _SHOWN else "")
