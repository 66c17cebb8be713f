"""Skip connections as arcs over a row of pieces, each no higher than it must be."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.ir import Node
from archviz.records import record
from archviz.scene import Mark, Path, Rect
from archviz.views.layered.blocks.shapes import circle
from archviz.views.layered.footprint import Outline, outlines
from archviz.views.layered.page import SMALL, group, text
from archviz.views.layered.pieces import HEAD, arrow, rounded
from archviz.views.layered.plan import operations
from archviz.views.layered.words import fill_of

CLEAR = 5.0
"""Points between an arc and what is below it."""
BESIDE = 3.5
"""Points between arcs that leave or reach one piece."""
TAG = 4.8
"""Radius of the letter of a connection to another row."""
BOX = 6.0
"""Points of the side of the box for operations on an arc."""


@record
class Arc:
    """A connection from one piece to another.

    Attributes:
        start: Where it leaves, at the top of a piece.
        end: Where it arrives.
        nodes: Merged operations on it.
        is_copy: Whether what it brings is put beside what is there, not added to it.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    nodes: tuple[Node, ...]
    is_copy: bool


@record
class Tag:
    """An end of a connection to another row, which a letter stands for.

    Attributes:
        place: The top of a piece.
        letter: The letter.
        nodes: Merged operations on the connection.
        leaves: Whether it begins here.
    """

    place: tuple[float, float]
    letter: str
    nodes: tuple[Node, ...]
    leaves: bool


def tags(ends: Sequence[Tag], below: Sequence[Mark]) -> list[Mark]:
    """Letters in circles over pieces, each with a line to or from its piece."""
    marks: list[Mark] = []
    solid = outlines(below)
    for place in dict.fromkeys(tag.place for tag in ends):
        here = [tag for tag in ends if tag.place == place]
        for number, tag in enumerate(here):
            x = place[0] + 2.4 * TAG * (number - (len(here) - 1) / 2)
            y = min(place[1], *_tops(solid, x - TAG, x + TAG)) - CLEAR - TAG - 3.0
            points = [(x, y + TAG), (x, place[1])]
            drawn: list[Mark] = [
                circle(x, y, TAG, "joint"),
                text(x, y + 2.3, tag.letter, "on-box", SMALL),
            ]
            line = [Path((("M", *points[0]), ("L", *points[1])), "flow")]
            drawn += line if tag.leaves else arrow(points)
            marks.append(group(drawn, "skip", operations(tag.nodes)))
    return marks


def paint(arcs: Sequence[Arc], below: Sequence[Mark]) -> list[Mark]:
    """The arcs, short ones under long ones.

    Args:
        arcs: What to draw; those that leave or reach one place are put side by side.
        below: What they must not touch.
    """
    solid = outlines(below)
    marks: list[Mark] = []
    for start, end, arc in _spread(arcs):
        y = min(start[1], end[1], *_tops(solid, start[0], end[0])) - CLEAR
        role = "copy" if arc.is_copy else "skip"
        tip = (end[0], end[1] - HEAD * 0.75)
        line = Path(rounded([start, (start[0], y), (end[0], y), tip]), role)
        head = Path(
            (
                ("M", *end),
                ("L", end[0] - HEAD * 0.42, end[1] - HEAD),
                ("L", end[0], end[1] - HEAD * 0.75),
                ("L", end[0] + HEAD * 0.42, end[1] - HEAD),
                ("Z",),
            ),
            f"{role}-head",
        )
        drawn: list[Mark] = [line, head]
        if arc.nodes:
            chief = max(arc.nodes, key=lambda node: len(node.parameters))
            middle = (start[0] + end[0] - BOX) / 2
            drawn.append(Rect(middle, y - BOX / 2, BOX, BOX, f"front {fill_of(chief)}", 1.0))
        marks.append(group(drawn, "skip", operations(arc.nodes)))
        high = BOX / 2 if arc.nodes else 0.0
        left, right = min(start[0], end[0]), max(start[0], end[0])
        solid.append(((left, y - high), (right, y - high), (right, y), (left, y)))
    return marks


def _spread(
    arcs: Sequence[Arc],
) -> list[tuple[tuple[float, float], tuple[float, float], Arc]]:
    """The arcs by length, their ends moved apart where several meet."""
    ordered = sorted(arcs, key=lambda arc: (abs(arc.end[0] - arc.start[0]), arc.start))
    ends: dict[tuple[float, float], list[tuple[float, int, bool]]] = {}
    for index, arc in enumerate(ordered):
        ends.setdefault(arc.start, []).append((arc.end[0], index, True))
        ends.setdefault(arc.end, []).append((arc.start[0], index, False))
    starts = [arc.start for arc in ordered]
    stops = [arc.end for arc in ordered]
    for (x, y), meeting in ends.items():
        # Those that go left stand left, the longest outermost, so that none crosses another here.
        meeting.sort(key=lambda entry: (entry[0] > x, entry[0] if entry[0] < x else -entry[0]))
        for place, (_, index, is_start) in enumerate(meeting):
            moved = (x + BESIDE * (place - (len(meeting) - 1) / 2), y)
            if is_start:
                starts[index] = moved
            else:
                stops[index] = moved
    return list(zip(starts, stops, ordered, strict=True))


def _tops(solid: Sequence[Outline], left: float, right: float) -> list[float]:
    low, high = min(left, right), max(left, right)
    return [
        min(y for _, y in outline)
        for outline in solid
        if min(x for x, _ in outline) <= high and max(x for x, _ in outline) >= low
    ]
