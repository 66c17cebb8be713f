r"""TikZ from a Scene: a figure in the document's own font, whose text stays text.

The same file compiles alone, with the class standalone, and is read by ``\input`` inside a
document that loads tikz; it uses no TikZ library. T. Tantau, "The TikZ and PGF Packages", manual
for version 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archviz.errors import RendererError
from archviz.hatch import hatch
from archviz.renderers import Renderer
from archviz.scene import Group, Mark, Path, Rect, Scene, Segment, Text, flatten
from archviz.theme import AUTO, Style, Theme, load_theme

POINTS = 0.75
"""Big points, of which an inch has 72, to the CSS pixel."""
_FARTHEST = 1e7

_HEAD = r"""% A picture by archviz. Compile it alone, or \input it where tikz is loaded.
\expandafter\ifx\csname @nodocument\endcsname\relax\else
  \documentclass[tikz,border=0pt]{standalone}
  \renewcommand\familydefault{FAMILY}
  \def\avend{\end{document}}
  \begin{document}
\fi
\begingroup%
\providecommand\avfit[2]{\setbox0\hbox{#2}\ifdim\wd0>#1\resizebox{#1}{\height}{\box0}\else\box0\fi}%
"""
_FAMILIES = {"sans": r"\sfdefault", "serif": r"\rmdefault"}
_FOOT = r"""\endgroup%
\ifdefined\avend\expandafter\avend\fi
"""

_SPECIAL = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "{''}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",
    "×": r"\ensuremath{{\times}}",
    "·": r"\ensuremath{{\cdot}}",
    "±": r"\ensuremath{{\pm}}",
    "°": r"\ensuremath{{}^\circ}",
    "²": r"\ensuremath{{}^2}",
    "³": r"\ensuremath{{}^3}",
    "µ": r"\ensuremath{\mu}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\ldots{}",
    "•": r"\textbullet{}",
    "−": r"\ensuremath{{-}}",
    "√": r"\ensuremath{\surd}",
    "∞": r"\ensuremath{\infty}",
    "≈": r"\ensuremath{{\approx}}",
    "≠": r"\ensuremath{{\neq}}",
    "≤": r"\ensuremath{{\leq}}",
    "≥": r"\ensuremath{{\geq}}",
    "←": r"\ensuremath{{\leftarrow}}",
    "↑": r"\ensuremath{{\uparrow}}",
    "→": r"\ensuremath{{\rightarrow}}",
    "↓": r"\ensuremath{{\downarrow}}",
    "∂": r"\ensuremath{\partial}",
    "∆": r"\ensuremath{\Delta}",
    "Ω": r"\ensuremath{\Omega}",
    "∏": r"\ensuremath{\prod}",
    "∑": r"\ensuremath{\sum}",
    "∫": r"\ensuremath{\int}",
    "ο": "o",
}
_GREEK = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi - pi rho varsigma
    sigma tau upsilon phi chi psi omega
"""
_SPECIAL |= {
    chr(ord("α") + index): rf"\ensuremath{{\{name}}}"
    for index, name in enumerate(_GREEK.split())
    if name != "-"
}


def render(scene: Scene, *, theme: str = AUTO) -> str:
    """The scene as a LaTeX file.

    Args:
        scene: What to draw.
        theme: A theme's name or a TOML file; "auto" is light, as paper does not change.

    Raises:
        OptionError: The theme does not exist or lacks a role.
        RendererError: A coordinate is not a finite number.
    """
    writer = _Writer(load_theme(theme).with_colors(scene.palette), POINTS * scene.scale)
    writer.marks(scene.marks, "  ")
    unit = _number(POINTS * scene.scale, 5)
    colors = (
        rf"\definecolor{{av{name}}}{{HTML}}{{{code[1:]}}}%" for name, code in writer.colors.items()
    )
    size = rf"(0,0) rectangle ({_number(scene.width)},{_number(scene.height)})"
    return "\n".join(
        [
            _HEAD.replace("FAMILY", _FAMILIES[scene.font]) + "\n".join(colors),
            rf"\begin{{tikzpicture}}[x={unit}bp,y=-{unit}bp,inner sep=0pt,outer sep=0pt]",
            rf"  \useasboundingbox {size};",
            *writer.lines,
            r"\end{tikzpicture}%",
            _FOOT,
        ]
    )


class _Writer:
    def __init__(self, theme: Theme, points: float) -> None:
        self.theme = theme
        self.points = points
        self.lines: list[str] = []
        self.colors: dict[str, str] = {}

    def marks(self, marks: tuple[Mark, ...], indent: str) -> None:
        for mark in marks:
            match mark:
                case Group():
                    if mark.id:
                        self.lines.append(f"{indent}% {_comment(mark.id)}")
                    inner = mark.marks if not (mark.x or mark.y) else tuple(flatten((mark,)))
                    self.marks(inner, indent + "  " if mark.id else indent)
                case Rect():
                    corner = f"rounded corners={self._length(mark.radius)}" if mark.radius else ""
                    start = f"({_number(mark.x)},{_number(mark.y)})"
                    end = f"({_number(mark.x + mark.width)},{_number(mark.y + mark.height)})"
                    self._shape(f"{start} rectangle {end}", mark.role, indent, corner)
                    self._hatch(mark, indent)
                case Path():
                    self._shape(_operations(mark.outline), mark.role, indent)
                    self._hatch(mark, indent)
                case Text():
                    self._write(mark, indent)

    def _shape(self, path: str, role: str, indent: str, extra: str = "") -> None:
        style = self.theme.style(role)
        options = [option for option in (*self._look(style), extra) if option]
        if path and (style.fill or style.stroke):
            self.lines.append(rf"{indent}\path[{','.join(options)}] {path};")

    def _look(self, style: Style) -> Iterator[str]:
        fill, stroke = self._color(style.fill), self._color(style.stroke)
        if fill:
            yield f"fill={fill}"
        if stroke:
            yield f"draw={stroke}"
            yield f"line width={self._length(style.stroke_width)}"
            lengths = [self._length(float(part)) for part in style.dash.split()]
            if lengths:
                pairs = zip(("on", "off") * len(lengths), lengths, strict=False)
                yield "dash pattern=" + " ".join(f"{word} {length}" for word, length in pairs)

    def _hatch(self, mark: Rect | Path, indent: str) -> None:
        kind = self.theme.hatching(mark.role)
        lines = hatch(mark, kind) if kind else ()
        if lines:
            look = f"draw={self._color('hatch')},line width={self._length(0.6)}"
            self.lines.append(rf"{indent}\path[{look}] {_operations(lines)};")

    def _write(self, text: Text, indent: str) -> None:
        style = self.theme.style(text.role)
        color = self._color(style.fill)
        if not text.text or not color:
            return
        anchor = {"start": "base west", "middle": "base", "end": "base east"}[text.anchor]
        turn = f",rotate={_number(-text.rotation)}" if text.rotation else ""
        size = _number(text.size * self.points * 72.27 / 72)
        bold = r"\bfseries" if style.weight == "bold" else ""
        self.lines.append(
            rf"{indent}\node[anchor={anchor},text={color}{turn},"
            rf"font=\fontsize{{{size}}}{{{size}}}\selectfont{bold}] "
            rf"at ({_number(text.x)},{_number(text.y)}) "
            rf"{{\avfit{{{self._length(text.width)}}}{{{escaped(text.text)}}}}};"
        )

    def _length(self, pixels: float) -> str:
        return f"{_number(pixels * self.points)}bp"

    def _color(self, name: str) -> str:
        value = self.theme.color(name) if name else "none"
        if value == "none":
            return ""
        if value == "currentColor":
            return "."
        self.colors[name] = value
        return f"av{name}"


def escaped(text: str) -> str:
    """``text`` so that LaTeX sets it as it is, with "?" for what its usual fonts lack."""
    return "".join(_SPECIAL.get(char) or (char if _is_set(char) else "?") for char in text)


def _is_set(char: str) -> bool:
    return char.isprintable() and (char.isascii() or "\u00c0" <= char <= "\u017f")


def _comment(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text)


def _number(value: float, decimals: int = 2) -> str:
    if not -_FARTHEST < value < _FARTHEST:
        raise RendererError(f"a coordinate is {value}, which cannot be drawn")
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _operations(segments: tuple[Segment, ...]) -> str:
    written: list[str] = []
    x = y = 0.0
    for command, *numbers in segments:
        points = [f"({_number(a)},{_number(b)})" for a, b in zip(*[iter(numbers)] * 2, strict=True)]
        if command == "M":
            written.append(points[0])
        elif command == "L":
            written.append(f"-- {points[0]}")
        elif command == "Z":
            written.append("-- cycle")
        else:
            if command == "Q":  # TikZ has cubic curves alone
                ax, ay, bx, by = numbers
                first = (x + (ax - x) * 2 / 3, y + (ay - y) * 2 / 3)
                second = (bx + (ax - bx) * 2 / 3, by + (ay - by) * 2 / 3)
                points = [f"({_number(a)},{_number(b)})" for a, b in (first, second, (bx, by))]
            written.append(f".. controls {points[0]} and {points[1]} .. {points[2]}")
        if numbers:
            x, y = numbers[-2:]
    return " ".join(written)


RENDERER = Renderer(
    name="tex",
    title="TikZ in the document's own font, for LaTeX",
    consumes="scene",
    render=render,
    suffixes=(".tex", ".tikz"),
    loses="tooltips and ids; characters that LaTeX's usual fonts lack are question marks",
)
