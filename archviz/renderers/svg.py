"""SVG from a Scene, for browsers, papers and converters alike.

Only elements and attributes that every SVG reader draws the same are used: no markers, patterns,
clip paths, CSS variables or units. Colours are presentation attributes; the theme "auto" adds one
style sheet that swaps them where the reader prefers dark. Coordinates have two decimals, each
element has its own line, and ids come from the Model, so that a small change in a model is a small
change in the file. Specification: Scalable Vector Graphics (SVG) 1.1, W3C 2011.
"""

from __future__ import annotations

from archviz.errors import RendererError
from archviz.font import FALLBACKS, FAMILIES, face
from archviz.garbage import collection_paused
from archviz.hatch import hatch
from archviz.ir.build import unique
from archviz.renderers import Renderer
from archviz.scene import Group, Mark, Path, Rect, Scene, Segment, Text
from archviz.theme import AUTO, Style, Theme, load_theme

_FARTHEST = 1e7
"""Coordinates beyond this are a layout gone wrong, not a picture."""

# Characters that XML 1.0 forbids even as references.
_FORBIDDEN = dict.fromkeys((*range(0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF))
for _allowed in (0x9, 0xA, 0xD):
    del _FORBIDDEN[_allowed]
_ESCAPES = {**_FORBIDDEN, ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
_QUOTED = {**_ESCAPES, ord('"'): "&quot;", 0x9: "&#9;", 0xA: "&#10;", 0xD: "&#13;"}


@collection_paused()
def render(
    scene: Scene, *, theme: str = AUTO, id_prefix: str = "", embed_fonts: bool = False
) -> str:
    """The scene as an SVG document.

    Args:
        scene: What to draw.
        theme: A theme's name, a TOML file, or "auto" for light and dark in one file.
        id_prefix: Put before every id, for several pictures inlined in one page.
        embed_fonts: Whether the font goes into the file, 52 kB, so that the picture looks the
            same on machines without Helvetica, Arial, Times or a font of their widths.

    Raises:
        OptionError: The theme does not exist or lacks a role.
        RendererError: A coordinate is not a finite number.
    """
    writer = _Writer(load_theme(theme), id_prefix)
    writer.marks(scene.marks, "  ")
    width, height = number(scene.width), number(scene.height)
    size = f'width="{width}" height="{height}"'
    if scene.shown_width is not None:
        value, unit = scene.shown_width
        high = value * scene.height / scene.width
        size = f'width="{_length(value)}{unit}" height="{_length(high)}{unit}"'
    family = FALLBACKS[scene.font]
    if embed_fonts:
        family = f"'{FAMILIES[scene.font]}', {family}"
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{quoted(id_prefix)}title {quoted(id_prefix)}desc" '
        f'font-family="{family}" font-kerning="none">',
        f'  <title id="{quoted(id_prefix)}title">{escaped(scene.title)}</title>',
        f'  <desc id="{quoted(id_prefix)}desc">{escaped(scene.description)}</desc>',
    ]
    if embed_fonts:
        head.append(f"  <style>{font_faces(scene.font)}</style>")
    if theme == AUTO:
        head.append(f"  <style>{writer.dark_rules(load_theme('dark'))}</style>")
    return "\n".join([*head, *writer.lines, "</svg>", ""])


def font_faces(font: str = "sans") -> str:
    """A style sheet with a bundled font inside."""
    from base64 import b64encode

    rules = []
    for bold in (False, True):
        data = b64encode(face(font, bold=bold, format="woff2")).decode("ascii")
        rules.append(
            f"@font-face{{font-family:'{FAMILIES[font]}';font-weight:{700 if bold else 400};"
            f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
        )
    return "".join(rules)


def number(value: float) -> str:
    """``value`` with at most two decimals and no trailing zeros.

    Raises:
        RendererError: It is not finite or absurdly large.
    """
    if not -_FARTHEST < value < _FARTHEST:
        raise RendererError(f"a coordinate is {value}, which cannot be drawn")
    whole = int(value)
    if whole == value:
        return str(whole)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _length(value: float) -> str:
    """A length in print, where two decimals of an inch are not enough."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def escaped(text: str) -> str:
    """``text`` as XML character data, without what XML forbids."""
    return text.translate(_ESCAPES)


def quoted(text: str) -> str:
    """``text`` as an attribute's value between double quotes."""
    return text.translate(_QUOTED)


def path_data(segments: tuple[Segment, ...]) -> str:
    """The ``d`` attribute of a path."""
    return "".join(
        segment[0] + " ".join([number(value) for value in segment[1:]]) for segment in segments
    )


class _Writer:
    def __init__(self, theme: Theme, id_prefix: str) -> None:
        self.theme = theme
        self.id_prefix = id_prefix
        self.hatched = bool(theme.hatches)
        self.lines: list[str] = []
        self._attributes: dict[tuple[str, bool], str] = {}
        self._fills: dict[str, None] = {}
        self._strokes: dict[str, None] = {}
        self._ids = {"title": 1, "desc": 1}

    def marks(self, marks: tuple[Mark, ...], indent: str) -> None:
        for mark in marks:
            match mark:
                case Group():
                    self._group(mark, indent)
                case Rect():
                    radius = f' rx="{number(mark.radius)}"' if mark.radius else ""
                    self.lines.append(
                        f'{indent}<rect x="{number(mark.x)}" y="{number(mark.y)}" '
                        f'width="{number(mark.width)}" height="{number(mark.height)}"{radius}'
                        f"{self._look(mark.role)}/>"
                    )
                    self._hatch(mark, indent)
                case Path():
                    self.lines.append(
                        f'{indent}<path d="{path_data(mark.segments)}"{self._look(mark.role)}/>'
                    )
                    self._hatch(mark, indent)
                case Text():
                    self._text(mark, indent)

    def _hatch(self, mark: Rect | Path, indent: str) -> None:
        kind = self.theme.hatch(self.theme.style(mark.role).fill) if self.hatched else ""
        lines = hatch(mark, kind) if kind else ()
        if lines:
            color = self.theme.palette["hatch"]
            self._strokes["hatch"] = None
            self.lines.append(
                f'{indent}<path d="{path_data(lines)}" class="s-hatch" fill="none" '
                f'stroke="{color}" stroke-width="0.6"/>'
            )

    def _group(self, group: Group, indent: str) -> None:
        name = ""
        if group.id:
            own = unique(group.id.translate(_FORBIDDEN), self._ids)
            name = f' id="{quoted(self.id_prefix + own)}"'
        data = "".join(f' data-{key}="{quoted(value)}"' for key, value in group.data.items())
        self.lines.append(f'{indent}<g{name} class="{quoted(group.role)}"{data}>')
        if group.title:
            self.lines.append(f"{indent}  <title>{escaped(group.title)}</title>")
        self.marks(group.marks, indent + "  ")
        self.lines.append(f"{indent}</g>")

    def _text(self, text: Text, indent: str) -> None:
        place = f'x="{number(text.x)}" y="{number(text.y)}"'
        if text.rotation:
            turn = f"translate({number(text.x)} {number(text.y)}) rotate({number(text.rotation)})"
            place = f'transform="{turn}"'
        anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
        self.lines.append(
            f'{indent}<text {place} font-size="{number(text.size)}"{anchor}'
            f"{self._look(text.role, is_text=True)}>{escaped(text.text)}</text>"
        )

    def _look(self, role: str, *, is_text: bool = False) -> str:
        found = self._attributes.get((role, is_text))
        if found is None:
            found = self._attributes[role, is_text] = self._written(self.theme.style(role), is_text)
        return found

    def _written(self, style: Style, is_text: bool) -> str:
        classes, attributes = [], []
        if style.fill:
            self._fills[style.fill] = None
            classes.append(f"f-{style.fill}")
            attributes.append(f' fill="{self.theme.color(style.fill)}"')
        else:
            attributes.append(' fill="none"')
        if style.stroke:
            self._strokes[style.stroke] = None
            classes.append(f"s-{style.stroke}")
            attributes.append(f' stroke="{self.theme.color(style.stroke)}"')
            attributes.append(f' stroke-width="{number(style.stroke_width)}"')
        if style.dash:
            attributes.append(f' stroke-dasharray="{style.dash}"')
        if is_text and style.weight == "bold":
            attributes.append(' font-weight="700"')
        shown = f' class="{" ".join(classes)}"' if classes else ""
        return shown + "".join(attributes)

    def dark_rules(self, dark: Theme) -> str:
        """A style sheet that gives every colour used here its dark counterpart."""
        rules = [f".f-{name}{{fill:{dark.color(name)}}}" for name in self._fills]
        rules += [f".s-{name}{{stroke:{dark.color(name)}}}" for name in self._strokes]
        return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"


RENDERER = Renderer(
    name="svg",
    title="Scalable Vector Graphics, light and dark in one file",
    consumes="scene",
    render=render,
    suffixes=(".svg",),
)
