"""A column that is too tall is cut into pieces that stand side by side, as even as can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archviz.scene import Mark
from archviz.views.layered.blocks.drawing import NARROWEST, ColumnDrawing, Drawn
from archviz.views.layered.blocks.rows import Column
from archviz.views.layered.blocks.shapes import line
from archviz.views.layered.page import moved

TALLEST = 470.0
"""Points of height above which a column is cut, where there is room beside it."""
BETWEEN = 14.0
"""Points between two columns, where what an encoder gives goes up or down."""
MOST = 5
MOST_ROWS = 400
"""Rows above which cutting is not tried."""
TAGGED = 30.0
"""Points of height that are given away for a result less that goes around a cut."""


def pieces_of(column: Column, wide: float, room: float, gap: float) -> Sequence[Drawn]:
    """Drawings of the column, or of its pieces, that have room beside each other; [] for none.

    Args:
        column: What to draw.
        wide: Width of boxes that every label has room in; they become narrower where they must.
        room: Points that the drawings may take, the gaps between them counted.
        gap: Points between two rows.
    """
    best = narrowed(
        lambda wide: [ColumnDrawing(column, wide, 1, ends=True, gap=gap).draw()], wide, room
    )
    if not best or height(best) <= TALLEST or len(column.rows) > MOST_ROWS:
        return best
    whole = ColumnDrawing(column, wide, 1, ends=True, gap=gap)
    whole.draw()
    levels = [0.0, *(-top for top in whole.tops)]
    for number in range(2, MOST + 1):
        parts = column.parts(_edges(column, levels, number))
        drawn = narrowed(lambda wide, parts=parts: _pieces(parts, wide, gap), wide, room)  # type: ignore[misc]
        if drawn and height(drawn) < height(best):
            best = drawn
        if not drawn or height(best) <= TALLEST:
            break
    return best


def height(drawn: Sequence[Drawn]) -> float:
    """Points of the tallest drawing."""
    return max(-one.top for one in drawn)


def width(drawn: Sequence[Drawn]) -> float:
    """Points that drawings take beside each other."""
    return sum(one.right - one.left for one in drawn) + BETWEEN * (len(drawn) - 1)


def narrowed(draw: Callable[[float], Sequence[Drawn]], wide: float, room: float) -> Sequence[Drawn]:
    """Drawings, their boxes as wide as there is room for; none where there is none.

    Args:
        draw: Draws them with boxes of a width.
        wide: The width that every label has room in.
        room: Points that they may take beside each other.
    """
    while True:
        drawn = draw(wide)
        over = width(drawn) - room
        if over <= 0:
            return drawn
        if wide <= NARROWEST:
            return []
        wide = max(NARROWEST, wide - max(2.0, over / (2 * len(drawn))))


def _pieces(parts: Sequence[Column], wide: float, gap: float) -> list[Drawn]:
    last = len(parts) - 1
    return [
        ColumnDrawing(part, wide, 1, ends=number == last, begins=number == 0, gap=gap).draw()
        for number, part in enumerate(parts)
    ]


def _edges(column: Column, levels: Sequence[float], number: int) -> list[int]:
    """Where the column is cut into so many pieces; [] when it cannot be.

    Args:
        column: What to cut.
        levels: Points of height above the foot that each row begins at, and where the last ends.
        number: How many pieces there shall be.
    """
    places = [0, *column.cuts(), len(column.rows)]
    torn = [0, *(column.torn(at) for at in places[1:-1]), 0]
    even = levels[-1] / number
    if len(places) <= number:
        return []
    found: tuple[float, list[int]] | None = None
    for slack in (1.0, 1.1, 1.25, 1.5, 2.0):
        # The fewest results that go around cuts, over all ways to cut with no piece too tall.
        best: list[tuple[int, list[int]] | None] = [(0, [0]), *[None] * (len(places) - 1)]
        for _ in range(number):
            following: list[tuple[int, list[int]] | None] = [None] * len(places)
            for start, known in enumerate(best):
                if known is None:
                    continue
                for end in range(start + 1, len(places)):
                    if levels[places[end]] - levels[places[start]] > even * slack:
                        break
                    cost = known[0] + torn[end]
                    other = following[end]
                    if other is None or cost < other[0]:
                        following[end] = (cost, [*known[1], places[end]])
            best = following
        if best[-1] is not None:
            score = even * slack + TAGGED * best[-1][0]
            if found is None or score < found[0]:
                found = (score, best[-1][1])
    return found[1] if found else []


def side_by_side(drawn: Sequence[Drawn], left: float) -> list[Mark]:
    """Pieces of one column side by side; a line leads from each head to the next foot."""
    marks: list[Mark] = []
    middles: list[float] = []
    x = left
    for one in drawn:
        middles.append(x - one.left)
        marks += [moved(mark, middles[-1]) for mark in one.marks]
        x += one.right - one.left + BETWEEN
    for number, one in enumerate(drawn[:-1]):
        if not drawn[number + 1].goes_on:
            continue
        gap = middles[number] + one.right + BETWEEN / 2
        high = one.top - 6.0
        following = middles[number + 1]
        points = [(middles[number], one.head), (middles[number], high), (gap, high), (gap, 2.0)]
        marks.append(line([*points, (following, 2.0), (following, -9.0)]))
    return marks
