"""A Scene's marks as the operators of a PDF page (ISO 32000-1:2008, clauses 8 and 9)."""

from __future__ import annotations

from math import cos, radians, sin

from archviz.errors import RendererError
from archviz.hatch import hatch
from archviz.renderers.pdf.fonts import Face
from archviz.scene import Path, Rect, Scene, Segment, Text, flatten
from archviz.theme import Style, Theme

_ROUND = 0.5522847498
"""How far the control points of a quarter circle are from its ends, in radii."""
_FARTHEST = 1e7


class Content:
    """The operators of one page.

    Args:
        theme: What the roles look like.
        font: What texts are set in.
    """

    def __init__(self, theme: Theme, font: str) -> None:
        self.theme = theme
        self.faces = {bold: Face(font, bold) for bold in (False, True)}
        self._lines: list[str] = []
        self._state: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The content stream."""
        return "\n".join(self._lines) + "\n"

    def page(self, scene: Scene, scale: float) -> None:
        """Draws the whole scene as one marked figure, y up, ``scale`` points to the pixel."""
        height = max(1.0, scene.height) * scale
        self._lines.append("/Figure << /MCID 0 >> BDC")
        self._lines.append(f"q {_number(scale)} 0 0 {_number(-scale)} 0 {_number(height)} cm")
        for mark in flatten(scene.marks):
            match mark:
                case Rect():
                    self._shape(_outline(mark), self.theme.style(mark.role))
                    self._hatch(mark)
                case Path():
                    self._shape(_operators(mark.outline), self.theme.style(mark.role))
                    self._hatch(mark)
                case Text():
                    self._write(mark)
        self._lines.append("Q EMC")

    def _shape(self, path: str, style: Style) -> None:
        if not path or not (style.fill or style.stroke):
            return
        state = []
        fill, stroke = self._color(style.fill), self._color(style.stroke)
        if fill:
            state.append(f"{fill} rg")
        if stroke:
            state.append(f"{stroke} RG {_number(style.stroke_width)} w [{style.dash}] 0 d")
        if fill or stroke:
            self._set(tuple(state))
            self._lines.append(path + (" B" if fill and stroke else " f" if fill else " S"))

    def _hatch(self, mark: Rect | Path) -> None:
        kind = self.theme.hatching(mark.role)
        lines = hatch(mark, kind) if kind else ()
        if lines:
            self._set((f"{self._color('hatch')} RG 0.6 w [] 0 d",))
            self._lines.append(_operators(lines) + " S")

    def _write(self, text: Text) -> None:
        style = self.theme.style(text.role)
        color = self._color(style.fill)
        if not text.text or not color:
            return
        bold = style.weight == "bold"
        self._set((f"{color} rg",))
        turn = radians(text.rotation)
        along, across = cos(turn), sin(turn)
        shift = text.width * {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor]
        x, y = text.x - shift * along, text.y - shift * across
        # The page's y points up again inside text, or letters would stand on their heads.
        matrix = " ".join(map(_number, (along, across, across, -along, x, y)))
        self._lines.append(
            f"BT /F{int(bold)} {_number(text.size)} Tf {matrix} Tm "
            f"<{self.faces[bold].encode(text.text)}> Tj ET"
        )

    def _set(self, state: tuple[str, ...]) -> None:
        """Writes the operators of ``state`` unless they are the last that were written."""
        if state != self._state:
            self._lines.append(" ".join(state))
            self._state = state

    def _color(self, name: str) -> str:
        """The colour of that name as three numbers; "" for none."""
        value = self.theme.color(name) if name else "none"
        if value == "none":
            return ""
        if value == "currentColor":
            value = "#000000"
        return " ".join(_number(int(value[i : i + 2], 16) / 255, 3) for i in (1, 3, 5))


def _number(value: float, decimals: int = 2) -> str:
    if not -_FARTHEST < value < _FARTHEST:
        raise RendererError(f"a coordinate is {value}, which cannot be drawn")
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _outline(rect: Rect) -> str:
    radius = min(rect.radius, rect.width / 2, rect.height / 2)
    if radius <= 0:
        return " ".join(map(_number, (rect.x, rect.y, rect.width, rect.height))) + " re"
    left, top, right, bottom = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height
    near = radius * (1 - _ROUND)
    segments: list[Segment] = [
        ("M", left + radius, top),
        ("L", right - radius, top),
        ("C", right - near, top, right, top + near, right, top + radius),
        ("L", right, bottom - radius),
        ("C", right, bottom - near, right - near, bottom, right - radius, bottom),
        ("L", left + radius, bottom),
        ("C", left + near, bottom, left, bottom - near, left, bottom - radius),
        ("L", left, top + radius),
        ("C", left, top + near, left + near, top, left + radius, top),
        ("Z",),
    ]
    return _operators(tuple(segments))


def _operators(segments: tuple[Segment, ...]) -> str:
    written: list[str] = []
    x = y = 0.0
    for command, *numbers in segments:
        if command == "Q":  # PDF has cubic curves alone
            ax, ay, bx, by = numbers
            numbers = [
                x + (ax - x) * 2 / 3,
                y + (ay - y) * 2 / 3,
                bx + (ax - bx) * 2 / 3,
                by + (ay - by) * 2 / 3,
                bx,
                by,
            ]
            command = "C"
        written += [*map(_number, numbers), {"M": "m", "L": "l", "C": "c", "Z": "h"}[command]]
        if numbers:
            x, y = numbers[-2:]
    return " ".join(written)
