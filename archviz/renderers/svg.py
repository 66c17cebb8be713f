"""SVG from a Scene, for browsers, papers and converters alike.

Only elements and attributes that every SVG reader draws the same are used: no markers, patterns,
clip paths, CSS variables or units. Colours are presentation attributes; the theme "auto" adds one
style sheet that swaps them where the reader prefers dark. Coordinates have two decimals, each
element has its own line, and ids come from the Model, so that a small change in a model is a small
change in the file. Specification: Scalable Vector Graphics (SVG) 1.1, W3C 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from archviz.errors import RendererError
from archviz.font import FALLBACKS, FAMILIES, face
from archviz.garbage import collection_paused
from archviz.hatch import hatch
from archviz.ir.build import unique
from archviz.renderers import Renderer
from archviz.scene import Group, Mark, Path, Rect, Scene, Segment, Text
from archviz.theme import AUTO, Theme, load_theme

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
    writer = _Writer(load_theme(theme).with_colors(scene.palette), id_prefix)
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
        dark = load_theme("dark").with_colors(scene.palette)
        head.append(f"  <style>{writer.dark_rules(dark)}</style>")
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
        return f"{whole}"
    if not value * 4 % 1:
        return f"{value:.9g}"  # a quarter, as most are: written in full, without zeros
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _length(value: float) -> str:
    """A length in print, where two decimals of an inch are not enough."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def escaped(text: str) -> str:
    """``text`` as XML character data, without what XML forbids."""
    return text if _is_plain(text) else text.translate(_ESCAPES)


def quoted(text: str) -> str:
    """``text`` as an attribute's value between double quotes."""
    return text if _is_plain(text) else text.translate(_QUOTED)


def _allowed_in(text: str) -> str:
    return text if text.isprintable() else text.translate(_FORBIDDEN)


def _is_plain(text: str) -> bool:
    """Whether there is nothing to escape in it; forbidden characters are none that print."""
    return text.isprintable() and not ("&" in text or "<" in text or ">" in text or '"' in text)


def path_data(segments: tuple[Segment, ...]) -> str:
    """The ``d`` attribute of a path."""
    written: list[str] = []
    numbers = _NUMBERS
    x = y = 0.0
    for segment in segments:
        if len(segment) == 3:
            command, to_x, to_y = segment
            if command != "L" or (to_x != x and to_y != y):
                written.append(f"{command}{numbers[to_x]} {numbers[to_y]}")
            elif to_x == x:
                written.append(f"V{numbers[to_y]}")
            else:
                written.append(f"H{numbers[to_x]}")
            x, y = to_x, to_y
        elif len(segment) == 5:
            command, by_x, by_y, x, y = segment
            written.append(f"{command}{numbers[by_x]} {numbers[by_y]} {numbers[x]} {numbers[y]}")
        else:
            command, *values = segment
            written.append(command + " ".join([numbers[value] for value in values]))
            if values:
                x, y = values[-2:]
    return "".join(written)


def _relative(segments: tuple[Segment, ...]) -> tuple[float, float, str]:
    """Where a path starts, and the rest of its ``d`` attribute from there, without coordinates."""
    _, *start = segments[0]
    x, y = round(start[0], 2), round(start[1], 2)
    written = []
    for first in range(1, len(segments), _STRETCH):
        text, x, y = _steps(x, y, segments[first : first + _STRETCH])
        written.append(text)
    return start[0], start[1], "".join(written)


@lru_cache(maxsize=1024)
def _steps(x: float, y: float, segments: tuple[Segment, ...]) -> tuple[str, float, float]:
    """What is written of ``segments`` where the pen is at (x, y), and where it is then."""
    written: list[str] = []
    numbers = _NUMBERS
    for segment in segments:
        command = segment[0]
        if len(segment) == 3:
            _, to_x, to_y = segment
            # Rounded before they are compared, so that what is lost does not add up on the way;
            # quarters, which most are, need no rounding.
            if to_x * 4 % 1:
                to_x = round(to_x, 2)
            if to_y * 4 % 1:
                to_y = round(to_y, 2)
            if command != "L" or (to_x != x and to_y != y):
                written.append(f"{command.lower()}{numbers[to_x - x]} {numbers[to_y - y]}")
            elif to_x == x:
                written.append(f"v{numbers[to_y - y]}")
            else:
                written.append(f"h{numbers[to_x - x]}")
            x, y = to_x, to_y
            continue
        if len(segment) == 5:
            _, by_x, by_y, to_x, to_y = segment
            if by_x * 4 % 1:
                by_x = round(by_x, 2)
            if by_y * 4 % 1:
                by_y = round(by_y, 2)
            if to_x * 4 % 1:
                to_x = round(to_x, 2)
            if to_y * 4 % 1:
                to_y = round(to_y, 2)
            written.append(
                f"{command.lower()}{numbers[by_x - x]} {numbers[by_y - y]} "
                f"{numbers[to_x - x]} {numbers[to_y - y]}"
            )
            x, y = to_x, to_y
            continue
        to = [round(value, 2) if value * 4 % 1 else value for value in segment[1:]]
        steps = [numbers[v - (y if odd % 2 else x)] for odd, v in enumerate(to)]
        written.append(command.lower() + " ".join(steps))
        if to:
            x, y = to[-2:]
    return "".join(written), x, y


_STRETCH = 16
"""Segments that are written at once, as long paths often begin alike."""


class _Numbers(dict[float, str]):
    """Numbers as they are written; most coordinates of a picture occur again and again."""

    def __missing__(self, value: float) -> str:
        if len(self) > _MOST_NUMBERS:
            self.clear()
        text = self[value] = number(value)
        return text


class _Quoted(dict[str, str]):
    """Texts as attributes' values, of those that occur again and again."""

    def __missing__(self, text: str) -> str:
        found = self[text] = quoted(text)
        return found


_ONE_LINE = ("tallies",)
"""Groups whose texts change together; in one line, they are one line of a difference."""

_MOST_NUMBERS = 100_000
"""Numbers that are kept; a picture of 100,000 operations has 80,000."""
_NUMBERS = _Numbers()


class _Writer:
    def __init__(self, theme: Theme, id_prefix: str) -> None:
        self.theme = theme
        self.id_prefix = id_prefix
        self.hatched = bool(theme.hatches)
        self.lines: list[str] = []
        self._looks: dict[tuple[str, bool], str] = {}
        self._fills: dict[str, None] = {}
        self._strokes: dict[str, None] = {}
        self._ids = {"title": 1, "desc": 1}
        self._classes = _Quoted()
        self._known: dict[tuple[int, str], str] = {}
        self._outlines: dict[int, tuple[float, float, str]] = {}

    def marks(self, marks: tuple[Mark, ...], indent: str) -> None:
        """Appends the elements of ``marks``."""
        write = self.lines.append
        numbers, look = _NUMBERS, self._look
        for mark in marks:
            if isinstance(mark, Group):
                self._group(mark, indent)
            elif isinstance(mark, Path):
                write(f'{indent}<path d="{self._data(mark)}"{look(mark.role)}/>')
                if self.hatched:
                    self._hatch(mark, indent)
            elif isinstance(mark, Rect):
                radius = f' rx="{numbers[mark.radius]}"' if mark.radius else ""
                write(
                    f'{indent}<rect x="{numbers[mark.x]}" y="{numbers[mark.y]}" '
                    f'width="{numbers[mark.width]}" height="{numbers[mark.height]}"{radius}'
                    f"{look(mark.role)}/>"
                )
                if self.hatched:
                    self._hatch(mark, indent)
            else:
                self._text(mark, indent)

    def _data(self, path: Path) -> str:
        segments = path.segments
        if not (path.x or path.y):
            return path_data(segments)
        found = self._outlines.get(id(segments))
        if found is None:
            found = self._outlines[id(segments)] = _relative(segments)
        x, y, rest = found
        return f"M{_NUMBERS[path.x + x]} {_NUMBERS[path.y + y]}{rest}"

    def _hatch(self, mark: Rect | Path, indent: str) -> None:
        kind = self.theme.hatching(mark.role)
        lines = hatch(mark, kind) if kind else ()
        if lines:
            color = self.theme.palette["hatch"]
            self._strokes["hatch"] = None
            self.lines.append(
                f'{indent}<path d="{path_data(lines)}" class="s-hatch" fill="none" '
                f'stroke="{color}" stroke-width="0.6"/>'
            )

    def _group(self, group: Group, indent: str) -> None:
        title, name, data, marks = group.title, group.id, group.data, group.marks
        # Most say nothing that XML must not see as it is: one look is enough for all of it.
        told = name + title
        for value in data.values():
            if value is not name:
                told += value
        is_plain = _is_plain(told)
        said = ""
        for key, value in data.items():
            said = f'{said} data-{key}="{value if is_plain else quoted(value)}"'
        if group.x or group.y:
            said = f'{said} transform="translate({_NUMBERS[group.x]} {_NUMBERS[group.y]})"'
        if name:
            own = name if is_plain else _allowed_in(name)
            if own in self._ids:
                own = unique(own, self._ids)
            else:
                self._ids[own] = 1
            if not is_plain or self.id_prefix:
                own = quoted(self.id_prefix + own)
            name = f' id="{own}"'
        inside = self._known.get((id(marks), indent), "")
        paths = [] if inside else self._alike(marks)
        look = self._common_look(paths[0].role) if paths else ("", "")
        start = f'{indent}<g{name} class="{self._classes[group.role]}{look[0]}"{said}{look[1]}>'
        if title:
            title = title if is_plain else escaped(title)
            start = f"{start}\n{indent}  <title>{title}</title>"
        if group.role in _ONE_LINE:
            before = len(self.lines)
            self.marks(marks, "")
            elements = "".join(self.lines[before:])
            self.lines[before:] = [f"{start}{elements}</g>"]
            return
        if not (inside or paths):
            inside = self._inside(marks, indent)
        if inside:
            # Apart, as most cards share what is inside.
            self.lines += (start, inside)
            return
        self.lines.append(start)
        if paths:
            self._paths(paths, indent + "  ")
        else:
            self.marks(marks, indent + "  ")
        self.lines.append(f"{indent}</g>")

    def _paths(self, paths: Sequence[Path], indent: str) -> None:
        """Appends paths whose group says how they look."""
        written: list[str] = []
        write, numbers, outlines = written.append, _NUMBERS, self._outlines
        start = f'{indent}<path d="M'
        known = None
        for path in paths:
            x, y, segments = path.x, path.y, path.segments
            if not (x or y):
                write(f'{indent}<path d="{path_data(segments)}"/>')
                continue
            if segments is not known:  # most arrow heads are one
                found = outlines.get(id(segments))
                if found is None:
                    found = outlines[id(segments)] = _relative(segments)
                left, top, rest = found
                known = segments
            write(f'{start}{numbers[x + left]} {numbers[y + top]}{rest}"/>')
        self.lines.append("\n".join(written))

    def _alike(self, marks: Sequence[Mark]) -> list[Path]:
        """The marks when they are paths that may have their look from their group, else none."""
        first = marks[0] if len(marks) > 1 else None
        if not isinstance(first, Path) or (self.hatched and self.theme.hatching(first.role)):
            return []
        role = first.role
        paths = [mark for mark in marks if isinstance(mark, Path) and mark.role == role]
        return paths if len(paths) == len(marks) else []

    def _common_look(self, role: str) -> tuple[str, str]:
        """What is added to the classes of a group whose marks have one role, and its attributes."""
        classes, attributes = self._attributes_of(role)
        return f" {classes}" if classes else "", attributes

    def _inside(self, marks: tuple[Mark, ...], indent: str) -> str:
        """The elements of a group's marks, which others may share, and the end of the group.

        It is "" with groups among them.
        """
        key = (id(marks), indent)
        known = self._known.get(key)
        if known is None:
            if not marks or any(isinstance(mark, Group) for mark in marks):
                return ""  # ids inside are not to be repeated
            start = len(self.lines)
            self.marks(marks, indent + "  ")
            known = self._known[key] = "\n".join([*self.lines[start:], f"{indent}</g>"])
            del self.lines[start:]
        return known

    def _text(self, text: Text, indent: str) -> None:
        place = f'x="{_NUMBERS[text.x]}" y="{_NUMBERS[text.y]}"'
        if text.rotation:
            turn = f"translate({number(text.x)} {number(text.y)}) rotate({number(text.rotation)})"
            place = f'transform="{turn}"'
        anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
        self.lines.append(
            f'{indent}<text {place} font-size="{_NUMBERS[text.size]}"{anchor}'
            f"{self._look(text.role, is_text=True)}>{escaped(text.text)}</text>"
        )

    def _look(self, role: str, *, is_text: bool = False) -> str:
        found = self._looks.get((role, is_text))
        if found is None:
            classes, attributes = self._attributes_of(role, is_text=is_text)
            shown = f' class="{classes}"' if classes else ""
            found = self._looks[role, is_text] = shown + attributes
        return found

    def _attributes_of(self, role: str, *, is_text: bool = False) -> tuple[str, str]:
        """Classes and attributes that give an element the look of ``role``."""
        style = self.theme.style(role)
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
        return " ".join(classes), "".join(attributes)

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
