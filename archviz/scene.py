"""The Scene: geometry without meaning, roles without colours.

Four marks in CSS pixels, y down. A role says what a mark is ("card conv", "edge"); a theme says
how that looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from archviz.length import Length
from archviz.records import field, record, replace

Segment: TypeAlias = tuple[str, *tuple[float, ...]]
"""One command of an SVG path with absolute coordinates: M x y, L x y, Q, C or Z."""


@record
class Rect:
    """A rectangle; ``radius`` rounds its corners."""

    x: float
    y: float
    width: float
    height: float
    role: str
    radius: float = 0.0


@record
class Path:
    """Lines and curves.

    Attributes:
        segments: From the origin of the path.
        role: Gives colours and width.
        x: Where the origin is, so that equal outlines share their segments.
        y: The same, down.
    """

    segments: tuple[Segment, ...]
    role: str
    x: float = 0.0
    y: float = 0.0

    @property
    def outline(self) -> tuple[Segment, ...]:
        """The segments where they are, not from the origin."""
        if not (self.x or self.y):
            return self.segments
        placed: list[Segment] = []
        for command, *numbers in self.segments:
            origin = (self.x, self.y) * (len(numbers) // 2)
            placed.append((command, *[a + b for a, b in zip(numbers, origin, strict=True)]))
        return tuple(placed)


@record
class Text:
    """One line of text on the baseline ``y``.

    Attributes:
        x: Where the anchor is.
        y: The baseline.
        text: What it says.
        role: Gives colour, weight and family.
        size: Font size in pixels.
        width: Advance width as measured, in pixels.
        anchor: "start", "middle" or "end".
        rotation: Degrees clockwise around (x, y).
    """

    x: float
    y: float
    text: str
    role: str
    size: float
    width: float
    anchor: str = "start"
    rotation: float = 0.0

    @property
    def left(self) -> float:
        """The left end of an unrotated text."""
        return self.x - self.width * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]


@record
class Group:
    """Marks that belong together: a card, a container.

    Attributes:
        marks: Painted in order.
        role: What it is ("node", "scope").
        id: Stable across runs, or "".
        title: What a pointer resting on it, or a screen reader, says.
        data: Facts for scripts and tests, written as ``data-*``.
        x: Where the origin of its marks is, so that equal things share theirs.
        y: The same, down.
    """

    marks: tuple[Mark, ...]
    role: str
    id: str = ""
    title: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    x: float = 0.0
    y: float = 0.0


Mark: TypeAlias = Rect | Path | Text | Group


@record
class Scene:
    """A picture.

    Attributes:
        width: In pixels.
        height: In pixels.
        marks: Painted in order.
        title: The picture's name.
        description: What it shows, in a sentence or two, for those who cannot see it.
        shown_width: How wide it is shown, the height with it; None in its own size.
        font: What its texts are measured in and set in, "sans" or "serif".
        palette: "#RRGGBB" by name, in the place of what a theme has by these names.
    """

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str = ""
    description: str = ""
    shown_width: Length | None = None
    font: str = "sans"
    palette: Mapping[str, str] = field(default_factory=dict)

    @property
    def scale(self) -> float:
        """How many times its own size it is shown."""
        return self.shown_width.pixels / self.width if self.shown_width and self.width else 1.0


def flatten(marks: tuple[Mark, ...]) -> Iterator[Rect | Path | Text]:
    """Every mark that is not a group, in painting order, where it is on the page."""
    for mark in marks:
        if not isinstance(mark, Group):
            yield mark
        elif mark.x or mark.y:
            for inner in flatten(mark.marks):
                yield moved(inner, mark.x, mark.y)
        else:
            yield from flatten(mark.marks)


def moved(mark: Rect | Path | Text, x: float, y: float) -> Rect | Path | Text:
    """The mark further right by ``x`` and further down by ``y``."""
    return replace(mark, x=mark.x + x, y=mark.y + y)
