"""What an SVG file draws: its size in print, and each text and shape with its look.

Read as far as checking pictures needs: sizes, presentation attributes, style attributes, style
sheets of plain class and element selectors, inheritance, and the scale of transforms. Media
queries are left out, since paper has no dark mode. Specification: Scalable Vector Graphics (SVG)
1.1, W3C 2011.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from archviz.errors import ImporterError
from archviz.length import PIXELS
from archviz.records import record

MAX_BYTES = 64 << 20
_INHERITED = ("fill", "stroke", "stroke-width", "font-size", "fill-opacity", "stroke-opacity")
_LOOKS = (*_INHERITED, "opacity")
_SHAPES = ("rect", "circle", "ellipse", "path", "polygon", "polyline", "line")
_UNSEEN = ("defs", "clipPath", "mask", "marker", "pattern", "symbol", "title", "desc", "metadata")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_MEASURE = re.compile(rf"\s*({_NUMBER})\s*(px|pt|mm|cm|in|)\s*", re.IGNORECASE)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_AT_RULE = re.compile(r"@[\w-]+[^{}]*\{(?:[^{}]|\{[^{}]*\})*\}")
_TRANSFORM = re.compile(r"(matrix|scale)\(([^)]*)\)")


@record
class Drawn:
    """A text or a shape.

    Attributes:
        kind: "text", or the shape's element.
        words: What a text says.
        size: Points of a text's font in print.
        fill: Its colour, "#RRGGBB" or as written; "" for none.
        stroke: As ``fill``.
        line: Points of its line's width in print; 0 without one.
        opacity: The least of its opacities, from 0 to 1.
        role: Its ``class``.
    """

    kind: str
    words: str
    size: float
    fill: str
    stroke: str
    line: float
    opacity: float
    role: str


@record
class Drawing:
    """A picture.

    Attributes:
        width: Points in print.
        height: Points in print.
        drawn: Its texts and shapes in painting order.
        has_fonts: Whether fonts are embedded.
        has_images: Whether there are pixels in it.
        outside: Names of fonts that are not embedded, where the file tells.
        type3: Names of fonts of Type 3, whose glyphs are drawings.
        resolution: Pixels to the inch of the coarsest image in print, where the file tells.
        pages: How many pages the file has.
    """

    width: float
    height: float
    drawn: tuple[Drawn, ...]
    has_fonts: bool
    has_images: bool
    outside: tuple[str, ...] = ()
    type3: tuple[str, ...] = ()
    resolution: float | None = None
    pages: int = 1


def read_svg(data: bytes, name: str) -> Drawing:
    """The picture in an SVG file.

    Args:
        data: The file.
        name: What messages call it.

    Raises:
        ImporterError: It is no SVG, or larger than 64 MiB.
    """
    if len(data) > MAX_BYTES:
        raise ImporterError(
            f"{name}: it has more than {MAX_BYTES >> 20} MiB, too much for a figure"
        )
    if re.search(rb"<!ENTITY", data):
        raise ImporterError(f"{name}: it declares XML entities, which are not read", "remove them")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise ImporterError(f"{name}: it is no SVG ({error})", "give an .svg file") from None
    if _tag(root) != "svg":
        raise ImporterError(f"{name}: it is XML, but no SVG", "give an .svg file")
    width, height, scale = _size(root, name)
    sheets = "".join(
        "".join(element.itertext()) for element in root.iter() if _tag(element) == "style"
    )
    rules = dict(_rules(sheets))
    try:
        drawn = tuple(_walk(root, {}, scale, 1.0, rules))
    except RecursionError:
        raise ImporterError(f"{name}: its groups are nested too deep") from None
    images = any(_tag(element) == "image" for element in root.iter())
    return Drawing(width, height, drawn, "@font-face" in sheets, images)


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _size(root: Element, name: str) -> tuple[float, float, float]:
    """Width and height in points, and points to the user unit."""
    box = [float(part) for part in re.findall(_NUMBER, root.get("viewBox", ""), re.IGNORECASE)]
    sides = [_points(root.get(side, "")) for side in ("width", "height")]
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        wide = sides[0] or (sides[1] * box[2] / box[3] if sides[1] else box[2] * 0.75)
        high = sides[1] or wide * box[3] / box[2]
        return wide, high, min(wide / box[2], high / box[3])
    if sides[0] and sides[1]:
        return sides[0], sides[1], 0.75
    raise ImporterError(f"{name}: it does not say how large it is", "give it a width and a viewBox")


def _points(text: str) -> float | None:
    found = _MEASURE.fullmatch(text)
    if not found or float(found[1]) <= 0:
        return None
    return float(found[1]) * PIXELS[found[2].lower() or "px"] / PIXELS["pt"]


def _rules(sheet: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Declarations by selector, for selectors that are one class or one element."""
    plain = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    for selectors, body in _RULE.findall(_AT_RULE.sub("", plain)):
        for selector in selectors.split(","):
            if re.fullmatch(r"\.?[\w-]+", selector.strip()):
                yield selector.strip(), _declarations(body)


def _declarations(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs if value.strip()}


def _walk(
    element: Element,
    inherited: Mapping[str, str],
    scale: float,
    opacity: float,
    rules: Mapping[str, Mapping[str, str]],
) -> Iterator[Drawn]:
    tag = _tag(element)
    if tag in _UNSEEN:
        return
    look = {key: inherited[key] for key in _INHERITED if key in inherited}
    look |= {key: element.attrib[key] for key in _LOOKS if key in element.attrib}
    for selector in (tag, *(f".{name}" for name in element.get("class", "").split())):
        look |= rules.get(selector, {})
    look |= _declarations(element.get("style", ""))
    if look.get("display") == "none" or look.get("visibility") == "hidden":
        return
    scale *= _zoom(element.get("transform", ""))
    opacity *= _fraction(look.pop("opacity", "1"))
    if tag in _SHAPES or (tag in ("text", "tspan") and (element.text or "").strip()):
        yield _drawn(element, tag, look, scale, opacity)
    for child in element:
        yield from _walk(child, look, scale, opacity, rules)


def _drawn(
    element: Element, tag: str, look: Mapping[str, str], scale: float, opacity: float
) -> Drawn:
    fill, stroke = _color(look.get("fill", "black")), _color(look.get("stroke", "none"))
    parts = [opacity]
    if fill:
        parts.append(opacity * _fraction(look.get("fill-opacity", "1")))
    if stroke:
        parts.append(opacity * _fraction(look.get("stroke-opacity", "1")))
    is_text = tag in ("text", "tspan")
    return Drawn(
        kind="text" if is_text else tag,
        words=(element.text or "").strip() if is_text else "",
        size=_units(look.get("font-size", "16")) * scale if is_text else 0.0,
        fill=fill if tag != "line" else "",
        stroke=stroke,
        line=_units(look.get("stroke-width", "1")) * scale if stroke else 0.0,
        opacity=min(parts),
        role=element.get("class", ""),
    )


def _zoom(transform: str) -> float:
    """How many times larger a transform makes lengths, on average of both directions."""
    zoom = 1.0
    for kind, inside in _TRANSFORM.findall(transform):
        numbers = [float(part) for part in re.findall(_NUMBER, inside, re.IGNORECASE)]
        if kind == "scale" and numbers:
            zoom *= math.sqrt(abs(numbers[0] * numbers[-1]))
        elif len(numbers) == 6:
            zoom *= math.sqrt(abs(numbers[0] * numbers[3] - numbers[1] * numbers[2]))
    return zoom


def _units(text: str) -> float:
    """A length in user units, which are CSS pixels where a unit is named."""
    found = _MEASURE.fullmatch(text)
    return float(found[1]) * PIXELS[found[2].lower() or "px"] if found else 0.0


def _fraction(text: str) -> float:
    found = re.fullmatch(rf"\s*({_NUMBER})\s*(%?)\s*", text)
    return 1.0 if not found else float(found[1]) / (100 if found[2] else 1)


def _color(text: str) -> str:
    text = text.strip()
    short = re.fullmatch(r"#([0-9A-Fa-f])([0-9A-Fa-f])([0-9A-Fa-f])", text)
    if short:
        return "#" + "".join(digit * 2 for digit in short.groups()).upper()
    mixed = re.fullmatch(r"rgb\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)", text)
    if mixed:
        return "#" + "".join(f"{min(int(part), 255):02X}" for part in mixed.groups())
    named = {"black": "#000000", "white": "#FFFFFF", "none": "", "transparent": ""}
    return named.get(text.lower(), text.upper() if text.startswith("#") else text)
