"""Pieces of a figure that stand in a row: each is drawn at x = 0 and then moved to its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from archviz.records import record
from archviz.scene import Mark, Path, Segment, flatten
from archviz.views.layered.footprint import Outline, distance, outlines
from archviz.views.layered.page import moved

ROOM = 2.0
"""Points between the outlines of neighbours, at least."""
FACES = ("front", "lid", "flank")
HALVINGS = 9
"""Steps of the search for a scale; what is left over goes into the gaps."""
NEAR = 4
"""Neighbours on the left that a piece may touch: bars and labels reach over those between."""


@record
class Piece:
    """A stage as drawn, its left end at x = 0.

    Attributes:
        marks: In painting order.
        entry: Where what flows in arrives, from the left.
        exit: Where it leaves.
        top: The uppermost point of its volumes, where skip connections leave and arrive.
        over: The x of that point.
        solid: Outlines of the volumes; of all marks, when there are none.
        least: Points to the next piece's entry, so that an arrow can be seen.
    """

    marks: tuple[Mark, ...]
    entry: tuple[float, float]
    exit: tuple[float, float]
    top: float
    over: float
    solid: tuple[Outline, ...] = ()
    least: float = 9.0

    @property
    def shapes(self) -> list[Outline]:
        """The room that it takes: volumes, lines and labels."""
        flat = flatten(self.marks)
        rest = [m for m in flat if not self.solid or m.role.partition(" ")[0] not in FACES]
        return [*self.solid, *outlines(rest)]


class Row:
    """Pieces with how near they may stand, which does not depend on the gaps between them."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        shapes = [piece.shapes for piece in pieces]
        self._left = min((x for shape in shapes[:1] for o in shape for x, _ in o), default=0.0)
        self._rights = [max((x for o in shape for x, _ in o), default=0.0) for shape in shapes]
        self._apart: list[list[tuple[int, float]]] = []
        for index, piece in enumerate(pieces):
            found = [
                (before, distance(shapes[before], shapes[index], ROOM))
                for before in range(max(0, index - NEAR), index)
            ]
            if index:
                last = pieces[index - 1]
                found.append((index - 1, last.exit[0] + last.least - piece.entry[0]))
            self._apart.append(found)

    def places(self, gap: float = 0.0) -> list[float]:
        """Where each piece's x = 0 goes, with ``gap`` points more between any two than needed."""
        found: list[float] = []
        for index, needs in enumerate(self._apart):
            extra = [found[k] + apart + (gap if k == index - 1 else 0.0) for k, apart in needs]
            found.append(max(extra, default=-self._left))
        return found

    def width(self, gap: float = 0.0) -> float:
        """Where the last piece ends."""
        ends = zip(self.places(gap), self._rights, strict=True)
        return max((place + right for place, right in ends), default=0.0)


def fill(
    build: Callable[[float], Sequence[Piece]], width: float, low: float, high: float
) -> tuple[Sequence[Piece], list[float], float] | None:
    """Pieces of the scale that fills a width, their places, and the scale; None if nothing fits.

    Args:
        build: Draws the pieces at a scale.
        width: Points that they may take.
        low: The smallest scale.
        high: The largest; beyond it, the gaps grow.
    """
    row = Row(build(low))
    if row.width() > width:
        return None
    largest = Row(build(high))
    if largest.width() <= width:
        row, low = largest, high
    else:
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            tried = Row(build(middle))
            if tried.width() > width:
                high = middle
            else:
                low, row = middle, tried
    # Labels may be what keeps pieces apart, so the gap is found, not computed.
    least, most = 0.0, max(width - row.width(), 0.0)
    for _ in range(24):
        middle = (least + most) / 2
        if row.width(middle) > width:
            most = middle
        else:
            least = middle
    return row.pieces, row.places(least), low


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
    word, _, variant = role.partition(" ")
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
        f"{word}-head {variant}".rstrip(),
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
