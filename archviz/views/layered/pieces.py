"""Pieces of a figure that stand in a row: each is drawn at x = 0 and then moved to its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from archviz.scene import Mark, Path, Segment
from archviz.views.layered.footprint import Outline, distance, outlines
from archviz.views.layered.page import moved

ROOM = 2.0
"""Points between the outlines of neighbours, at least."""
NEAR = 4
"""Neighbours on the left that a piece may touch: bars and labels reach over those between."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stage as drawn, its left end at x = 0.

    Attributes:
        marks: In painting order.
        entry: Where what flows in arrives, from the left.
        exit: Where it leaves.
        top: The uppermost point of its volumes, where skip connections leave and arrive.
        over: The x of that point.
        least: Points to the next piece's entry, so that an arrow can be seen.
    """

    marks: tuple[Mark, ...]
    entry: tuple[float, float]
    exit: tuple[float, float]
    top: float
    over: float
    least: float = 9.0


def pack(pieces: Sequence[Piece], gap: float = 0.0) -> tuple[list[float], float]:
    """Places for pieces, as near to one another as their outlines allow, and where they end.

    Args:
        pieces: From left to right.
        gap: Points to add between any two.
    """
    shapes = [outlines(piece.marks) for piece in pieces]
    places: list[float] = []
    for index, piece in enumerate(pieces):
        place = 0.0 if places else -_left(shapes[index])
        for before in range(max(0, index - NEAR), index):
            room = ROOM + (gap if before == index - 1 else 0.0)
            apart = distance(shapes[before], shapes[index], ROOM) - ROOM + room
            place = max(place, places[before] + apart)
        if index:
            arrow = pieces[index - 1].exit[0] + piece.least - piece.entry[0]
            place = max(place, places[-1] + arrow + gap)
        places.append(place)
    ends = [place + _right(shape) for place, shape in zip(places, shapes, strict=True)]
    return places, max(ends, default=0.0)


def _left(shapes: Sequence[Outline]) -> float:
    return min((x for shape in shapes for x, _ in shape), default=0.0)


def _right(shapes: Sequence[Outline]) -> float:
    return max((x for shape in shapes for x, _ in shape), default=0.0)


def fill(
    build: Callable[[float], Sequence[Piece]], width: float, low: float, high: float
) -> tuple[Sequence[Piece], list[float]] | None:
    """Pieces of the scale that fills a width, and their places; None when nothing fits.

    Args:
        build: Draws the pieces at a scale.
        width: Points that they may take.
        low: The smallest scale.
        high: The largest; beyond it, the gaps grow.
    """
    pieces = build(low)
    if pack(pieces)[1] > width:
        return None
    if pack(build(high))[1] > width:
        for _ in range(24):
            middle = (low + high) / 2
            if pack(build(middle))[1] > width:
                high = middle
            else:
                low = middle
        pieces = build(low)
    else:
        pieces = build(high)
    places, end = pack(pieces)
    if len(pieces) > 1 and end < width:
        # Labels may be what keeps pieces apart, so the gap is found, not computed.
        least, most = 0.0, (width - end) / (len(pieces) - 1)
        for _ in range(24):
            middle = (least + most) / 2
            if pack(pieces, middle)[1] > width:
                most = middle
            else:
                least = middle
        places, _ = pack(pieces, least)
    return pieces, places


def placed(pieces: Sequence[Piece], places: Sequence[float], dy: float = 0.0) -> list[Mark]:
    """The marks of pieces at their places, with arrows from each to the next."""
    marks: list[Mark] = []
    for index, (piece, place) in enumerate(zip(pieces, places, strict=True)):
        marks += [moved(mark, place, dy) for mark in piece.marks]
        if index + 1 < len(pieces):
            start = (piece.exit[0] + place, piece.exit[1] + dy)
            following = pieces[index + 1].entry
            end = (following[0] + places[index + 1], following[1] + dy)
            marks += arrow([start, end])
    return marks


def arrow(points: Sequence[tuple[float, float]], role: str = "flow") -> list[Mark]:
    """A line with a head at its end; the last stretch is level or upright."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = max(abs(x1 - x0), abs(y1 - y0), 1e-6)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    size = min(HEAD, length)
    bx, by = x1 - ux * size, y1 - uy * size
    half = size * 0.42
    neck = (x1 - ux * size * 0.75, y1 - uy * size * 0.75)
    bends = [("L", *point) for point in points[1:-1]]
    line = Path((("M", *points[0]), *bends, ("L", *neck)), role)
    head = Path(
        (
            ("M", x1, y1),
            ("L", bx - uy * half, by + ux * half),
            ("L", bx + ux * size * 0.25, by + uy * size * 0.25),
            ("L", bx + uy * half, by - ux * half),
            ("Z",),
        ),
        f"{role}-head",
    )
    return [line, head]


HEAD = 4.2
"""Length of an arrow's head in points."""


def rounded(
    points: Sequence[tuple[float, float]], radius: float = 4.0
) -> tuple[tuple[str, *tuple[float, ...]], ...]:
    """Segments of a line of level and upright stretches with round corners."""
    segments: list[Segment] = [("M", *points[0])]
    for (before, here), (_, after) in zip(pairwise(points), pairwise(points[1:]), strict=False):
        first = _toward(here, before, radius)
        second = _toward(here, after, radius)
        segments += [("L", *first), ("Q", *here, *second)]
    segments.append(("L", *points[-1]))
    return tuple(segments)


def _toward(
    here: tuple[float, float], there: tuple[float, float], radius: float
) -> tuple[float, float]:
    length = max(abs(there[0] - here[0]), abs(there[1] - here[1]), 1e-6)
    step = min(radius, length / 2) / length
    return here[0] + (there[0] - here[0]) * step, here[1] + (there[1] - here[1]) * step
