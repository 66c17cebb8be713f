"""What the first page of a PDF draws: its size in print, its fonts, and each text, line and image.

Read as far as checking pictures needs, by the package pypdf (extra "pdf"), which opens the file,
its compressed objects and its content streams; here they are followed: the graphics state, text,
paths, and forms inside forms. Specification: Portable Document Format, ISO 32000-2:2020.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archviz.errors import ImporterError
from archviz.reading.svg import MAX_BYTES, Drawing, Drawn
from archviz.records import field, mutable, record, replace

if TYPE_CHECKING:
    from pypdf import PageObject

DEEPEST = 32
"""Forms inside each other that are followed."""
_HAIRLINE = 0.01
"""Points that a line of width 0 counts, which is drawn as thin as a device can."""
_INVISIBLE = (3, 7)
"""Modes of text that paint nothing."""
_STROKING = (b"S", b"s", b"B", b"B*", b"b", b"b*")
_FILLING = (b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*")
_SHOWING = (b"Tj", b"TJ", b"'", b'"')

Matrix = tuple[float, float, float, float, float, float]
_UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def read_pdf(data: bytes, name: str) -> Drawing:
    """The picture on the first page of a PDF file.

    Args:
        data: The file.
        name: What messages call it.

    Raises:
        ImporterError: pypdf is missing, or the file is damaged, locked or larger than 64 MiB.
    """
    if len(data) > MAX_BYTES:
        raise ImporterError(
            f"{name}: it has more than {MAX_BYTES >> 20} MiB, too much for a figure"
        )
    try:
        from pypdf import PdfReader
    except ImportError:
        raise ImporterError(
            f"{name}: looking into a PDF needs the package pypdf", "pip install 'archviz[pdf]'"
        ) from None
    try:
        reader = PdfReader(io.BytesIO(data))
        is_locked = reader.is_encrypted and not reader.decrypt("")
        pages = 0 if is_locked else len(reader.pages)
        drawing = _page(reader.pages[0], pages) if pages else None
    except Exception as error:  # pypdf fails in many ways on what is damaged
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImporterError(f"{name}: it is a damaged PDF ({what})", "write it again") from None
    if is_locked:
        raise ImporterError(f"{name}: it is locked with a password", "give it without one")
    if drawing is None:
        raise ImporterError(f"{name}: it is a PDF without pages", "write it again")
    return drawing


def _page(page: PageObject, pages: int) -> Drawing:
    box, unit = page.cropbox, float(page.user_unit)
    wide, high = float(box.width) * unit, float(box.height) * unit
    if page.rotation % 180:
        wide, high = high, wide
    painter = _Painter(page.pdf)
    contents = page.get_contents()
    resources = _resolved(page.get("/Resources")) or {}
    drawn: tuple[Drawn, ...] = ()
    if contents is not None:
        state = _State(matrix=(unit, 0.0, 0.0, unit, 0.0, 0.0))
        drawn = tuple(painter.paint(contents, resources, state, 0))
    fonts = painter.fonts
    return Drawing(
        wide,
        high,
        drawn,
        has_fonts=not any(kind == "outside" for kind in fonts.values()),
        has_images=bool(painter.resolutions),
        outside=tuple(name for name, kind in fonts.items() if kind == "outside"),
        type3=tuple(name for name, kind in fonts.items() if kind == "type3"),
        resolution=min(painter.resolutions, default=None),
        pages=pages,
    )


@record
class _State:
    """What operators change and q and Q keep."""

    matrix: Matrix = _UNIT
    width: float = 1.0
    fill: str = "#000000"
    stroke: str = "#000000"
    fill_opacity: float = 1.0
    stroke_opacity: float = 1.0
    size: float = 0.0
    mode: int = 0


@mutable
class _Painter:
    """Follows content streams.

    Attributes:
        pdf: The file.
        fonts: "inside", "outside" or "type3" by the name of each font that is at hand.
        resolutions: Pixels to the inch of each image in print.
    """

    pdf: Any
    fonts: dict[str, str] = field(default_factory=dict)
    resolutions: list[float] = field(default_factory=list)

    def paint(
        self, stream: Any, resources: Mapping[str, Any], state: _State, depth: int
    ) -> Iterator[Drawn]:
        """Texts and shapes of one content stream."""
        from pypdf.generic import ContentStream

        for key, font in _entries(resources, "/Font"):
            self._meet(key, font)
        forms = dict(_entries(resources, "/XObject"))
        looks = dict(_entries(resources, "/ExtGState"))
        kept: list[_State] = []
        text = _UNIT
        content = stream if isinstance(stream, ContentStream) else ContentStream(stream, self.pdf)
        for operands, operator in content.operations:
            if operator == b"q":
                kept.append(state)
            elif operator == b"Q":
                state = kept.pop() if kept else state
            elif operator == b"BT":
                text = _UNIT
            elif operator == b"Tm":
                text = _matrix(operands)
            elif operator == b"gs":
                state = _looked(state, looks.get(str(operands[0]), {}))
            elif operator in _SHOWING:
                if state.mode not in _INVISIBLE and _says(operands):
                    yield self._text(state, text)
            elif operator in _STROKING or operator in _FILLING:
                yield self._shape(state, operator)
            elif operator == b"INLINE IMAGE":
                settings = operands["settings"]
                self._image(settings, state, "/W", "/H")
            elif operator == b"Do":
                form = forms.get(str(operands[0]))
                if form is not None and form.get("/Subtype") == "/Image":
                    self._image(form, state, "/Width", "/Height")
                elif form is not None and depth < DEEPEST:
                    inner = _resolved(form.get("/Resources")) or resources
                    turned = _times(_matrix(form.get("/Matrix", _UNIT)), state.matrix)
                    yield from self.paint(form, inner, replace(state, matrix=turned), depth + 1)
            else:
                state = _changed(state, operator, operands)

    def _text(self, state: _State, text: Matrix) -> Drawn:
        return Drawn(
            kind="text",
            words="",
            size=abs(state.size) * _zoom(_times(text, state.matrix)),
            fill=state.fill,
            stroke="",
            line=0.0,
            opacity=state.fill_opacity,
            role="",
        )

    def _shape(self, state: _State, operator: bytes) -> Drawn:
        is_filled, is_stroked = operator in _FILLING, operator in _STROKING
        opacities = [
            *([state.fill_opacity] if is_filled else ()),
            *([state.stroke_opacity] if is_stroked else ()),
        ]
        width = max(state.width * _zoom(state.matrix), _HAIRLINE)
        return Drawn(
            kind="path",
            words="",
            size=0.0,
            fill=state.fill if is_filled else "",
            stroke=state.stroke if is_stroked else "",
            line=width if is_stroked else 0.0,
            opacity=min(opacities),
            role="",
        )

    def _image(self, image: Mapping[str, Any], state: _State, wide: str, high: str) -> None:
        """Notes how fine an image is, which fills the unit square of the coordinates."""
        a, b, c, d, _, _ = state.matrix
        for pixels, points in ((wide, math.hypot(a, b)), (high, math.hypot(c, d))):
            if points and image.get(pixels):
                self.resolutions.append(float(_resolved(image[pixels])) / points * 72)

    def _meet(self, key: str, font: Mapping[str, Any]) -> None:
        """Notes where the glyphs of a font are."""
        name = str(font.get("/BaseFont", font.get("/Name", key))).lstrip("/")
        if font.get("/Subtype") == "/Type3":
            self.fonts[name] = "type3"
            return
        below = _resolved(font.get("/DescendantFonts"))
        holder = _resolved(below[0]) if below else font
        found = _resolved(holder.get("/FontDescriptor")) or {}
        inside = any(part in found for part in ("/FontFile", "/FontFile2", "/FontFile3"))
        self.fonts[name] = "inside" if inside else "outside"


def _changed(state: _State, operator: bytes, operands: Sequence[Any]) -> _State:
    """The state behind an operator that paints nothing."""
    match operator:
        case b"cm":
            return replace(state, matrix=_times(_matrix(operands), state.matrix))
        case b"w":
            return replace(state, width=float(operands[0]))
        case b"Tf":
            return replace(state, size=float(operands[1]))
        case b"Tr":
            return replace(state, mode=int(operands[0]))
        case b"g" | b"rg" | b"k" | b"sc" | b"scn":
            return replace(state, fill=_color(operands))
        case b"G" | b"RG" | b"K" | b"SC" | b"SCN":
            return replace(state, stroke=_color(operands))
    return state


def _looked(state: _State, look: Mapping[str, Any]) -> _State:
    """The state under a dictionary of graphics state parameters."""
    fill = float(look.get("/ca", state.fill_opacity))
    stroke = float(look.get("/CA", state.stroke_opacity))
    width = float(look.get("/LW", state.width))
    size = _resolved(look.get("/Font"))
    return replace(
        state,
        fill_opacity=fill,
        stroke_opacity=stroke,
        width=width,
        size=float(size[1]) if size else state.size,
    )


def _says(operands: Sequence[Any]) -> bool:
    """Whether text is shown that is more than spaces."""
    parts = operands[-1] if isinstance(operands[-1], list) else operands[-1:]
    return any(part.strip() for part in parts if isinstance(part, str | bytes))


def _color(operands: Sequence[Any]) -> str:
    """One, three or four parts as "#RRGGBB"; "" for a pattern."""
    if not all(isinstance(part, int | float) for part in operands):
        return ""
    parts = [min(max(float(part), 0.0), 1.0) for part in operands]
    if len(parts) == 1:
        parts *= 3
    if len(parts) == 4:
        parts = [(1 - part) * (1 - parts[3]) for part in parts[:3]]
    return "#" + "".join(f"{round(part * 255):02X}" for part in parts) if len(parts) == 3 else ""


def _matrix(numbers: Sequence[Any]) -> Matrix:
    a, b, c, d, e, f = (float(number) for number in numbers)
    return a, b, c, d, e, f


def _times(one: Matrix, other: Matrix) -> Matrix:
    """First one, then the other."""
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        (e * q + f * s + u),
    )


def _zoom(matrix: Matrix) -> float:
    """How many times larger it makes lengths, on average of both directions."""
    a, b, c, d, _, _ = matrix
    return math.sqrt(abs(a * d - b * c))


def _entries(resources: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    for key, value in (_resolved(resources.get(name)) or {}).items():
        found = _resolved(value)
        if isinstance(found, Mapping):
            yield str(key), found


def _resolved(value: Any) -> Any:
    """What a reference leads to."""
    return value.get_object() if hasattr(value, "get_object") else value
