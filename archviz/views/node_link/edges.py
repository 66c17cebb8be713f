"""Edges: a route of corners as one path with rounded turns, an arrow head and a label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from archviz.layouts import Area, Route
from archviz.records import making
from archviz.scene import Group, Mark, Path, Segment, Text
from archviz.text import CAP_HEIGHT

TURN = 9.0
HEAD_LENGTH, HEAD_HALF = 7.0, 3.15
LABEL_SIZE = 10.0
STRETCH = 8
"""Corners of a path that are made at once: edges of one net begin alike, over many columns."""
LEAST_APPROACH = 20.0
"""Length of the last stretch into a merge's side, so that turn and arrow head have room."""


Way: TypeAlias = tuple[tuple[float, float], ...]

_Shape: TypeAlias = tuple[tuple[Segment, ...], tuple[Segment, ...]]
"""The line of an edge from where it starts, and its arrow head from where it ends."""

_Drawn: TypeAlias = tuple[Way, tuple[Segment, ...], tuple[Segment, ...], float, float, float, float]
"""A way, kept so that no other has its id, its line and arrow head, and where they are in it."""


class Painted:
    """The marks of edges: all lines, then all arrow heads, then all labels.

    Args:
        margin: How far right and down all of it is moved.
    """

    def __init__(self, margin: float = 0.0) -> None:
        self._margin = margin
        self._make = making(Path)
        self._edges: list[Mark] = []
        self._heads: list[Mark] = []
        self._lines: dict[str, list[Mark]] = {"edge": self._edges, "back-edge": []}
        self._arrows: dict[str, list[Mark]] = {"arrow": self._heads}
        self._labels: list[Mark] = []
        self._known: dict[int, _Drawn] = {}
        self._shapes: dict[tuple[tuple[float, float], ...], _Shape] = {}

    def add(self, route: Route, label: str, state: str = "", way: Way | None = None) -> None:
        """Adds one edge, its label where the layout reserved room.

        Args:
            route: Where it is.
            label: What stands beside it.
            state: What an overlay says of it.
            way: From the origin of the route, when it is another one than the route's.
        """
        margin, make = self._margin, self._make
        if way is None:
            way = route.way
        if len(way) > 1:
            # Repeated layers have the same edges elsewhere: those of one shape share its line.
            found = self._known.get(id(way))
            if found is None:
                found = self._known[id(way)] = self._drawn(way)
            _, line, head, first_x, first_y, last_x, last_y = found
            x, y = route.x + margin, route.y + margin
            if not state and not route.is_back:
                self._edges.append(make(line, "edge", x + first_x, y + first_y))
                self._heads.append(make(head, "arrow", x + last_x, y + last_y))
            else:
                role = f"edge-{state}" if state else "back-edge"
                arrow = f"arrow-{state}" if state else "arrow"
                lines = self._lines.setdefault(role, [])
                lines.append(Path(line, role, x + first_x, y + first_y))
                heads = self._arrows.setdefault(arrow, [])
                heads.append(Path(head, arrow, x + last_x, y + last_y))
        if label and route.label is not None:
            left, top, width, height = route.label
            baseline = margin + top + height / 2 + CAP_HEIGHT * LABEL_SIZE / 2
            self._labels.append(Text(margin + left, baseline, label, "label", LABEL_SIZE, width))

    def _drawn(self, way: Way) -> _Drawn:
        x0, y0 = way[0]
        points = tuple([(x - x0, y - y0) for x, y in way]) if x0 or y0 else way
        shape = self._shapes.get(points)
        if shape is None:
            shape = self._shapes[points] = _shape(points)
        return (way, *shape, x0, y0, *way[-1])

    def marks(self) -> list[Mark]:
        """Groups of what was added, arrow heads over lines."""
        kinds = {**self._lines, **self._arrows, "label": self._labels}
        return [Group(tuple(found), f"{role}s") for role, found in kinds.items() if found]


def _shape(points: Sequence[tuple[float, float]]) -> _Shape:
    (before_x, before_y), (x, y) = points[-2:]
    length = math.hypot(x - before_x, y - before_y) or 1.0
    dx, dy = (x - before_x) / length, (y - before_y) / length
    end = (x - dx * (HEAD_LENGTH - 1.4), y - dy * (HEAD_LENGTH - 1.4))
    return rounded([*points[:-1], end]), _head(dx, dy)


@lru_cache(maxsize=256)
def _head(dx: float, dy: float) -> tuple[Segment, ...]:
    """An arrow head whose point is at the origin, in the direction (``dx``, ``dy``)."""
    base_x, base_y = -dx * HEAD_LENGTH, -dy * HEAD_LENGTH
    return (
        ("M", 0.0, 0.0),
        ("L", base_x - dy * HEAD_HALF, base_y + dx * HEAD_HALF),
        ("L", base_x + dy * HEAD_HALF, base_y - dx * HEAD_HALF),
        ("Z",),
    )


def rounded(points: Sequence[tuple[float, float]]) -> tuple[Segment, ...]:
    """A path through ``points`` whose corners are round, as far as its segments allow."""
    segments: list[Segment] = [("M", *points[0])]
    for start in range(0, len(points) - 2, STRETCH):
        segments += _corners(tuple(points[start : start + STRETCH + 2]))
    segments.append(("L", *points[-1]))
    return tuple(segments)


@lru_cache(maxsize=1024)
def _corners(points: tuple[tuple[float, float], ...]) -> tuple[Segment, ...]:
    """The round corners at all ``points`` but the first and the last."""
    x, y = points[0]
    after_x, after_y = points[1]
    second = math.hypot(after_x - x, after_y - y)
    segments: list[Segment] = []
    for following in points[2:]:
        before_x, before_y, x, y, first = x, y, after_x, after_y, second
        after_x, after_y = following
        second = math.hypot(after_x - x, after_y - y)
        if not first or not second:
            continue
        r = min(TURN, first / 2, second / 2)
        back, on = r / first, r / second
        segments.append(("L", x + (before_x - x) * back, y + (before_y - y) * back))
        segments.append(("Q", x, y, x + (after_x - x) * on, y + (after_y - y) * on))
    return tuple(segments)


def beside_circle(route: Route, area: Area, room: Area) -> Route | None:
    """A rail's way into a merge from the side instead of from above, or None when it has none.

    Args:
        route: Down the rail, across, and down into the merge from above.
        area: The merge's square, on a picture that runs from top to bottom.
        room: What the way must stay inside of.
    """
    if len(route.way) < 4:
        return None
    left, top = route.x, route.y
    (rail_x, rail_y), (corner_x, corner_y), (turn_x, turn_y), (end_x, _) = route.way[-4:]
    x, y, r = area.x + area.width / 2 - left, area.y + area.height / 2 - top, area.width / 2
    is_rail = rail_x == corner_x and corner_y == turn_y and turn_x == end_x and rail_y < corner_y
    if not is_rail or end_x == x or corner_y >= y:
        return None
    label = route.label
    needed = r + LEAST_APPROACH + (label.width if label is not None else 0.0)
    outer = left + corner_x
    if abs(corner_x - x) < needed or not room.x <= outer <= room.x + room.width:
        return None
    side = x - r if corner_x < x else x + r
    if label is not None:
        middle = left + (side + corner_x) / 2
        above = top + y - label.height - 3
        label = Area(middle - label.width / 2, above, label.width, label.height)
    way = (*route.way[:-3], (corner_x, y), (side, y))
    return Route(way, label, route.is_back, left, top)


def rounded_ends(way: Way, first: Area | None, last: Area | None) -> Way:
    """A way whose ends are moved onto the circles in the squares ``first`` and ``last``."""
    start, *between, end = way
    if first is not None:
        start = onto_circle(start, first)
    if last is not None:
        end = onto_circle(end, last)
    return (start, *between, end)


def onto_circle(point: tuple[float, float], area: Area) -> tuple[float, float]:
    """A point on the border of a merge's square, moved along the edge onto its circle."""
    r = area.width / 2
    x, y = point[0] - area.x - r, point[1] - area.y - r
    if abs(abs(y) - r) < 0.5 and abs(x) < r:
        return (point[0], area.y + r + math.copysign(math.sqrt(r * r - x * x), y))
    if abs(abs(x) - r) < 0.5 and abs(y) < r:
        return (area.x + r + math.copysign(math.sqrt(r * r - y * y), x), point[1])
    return point
