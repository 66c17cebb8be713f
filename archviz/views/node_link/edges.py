"""Edges: a route of corners as one path with rounded turns, an arrow head and a label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from archviz.layouts import Area, Point, Route
from archviz.scene import Group, Mark, Path, Segment, Text
from archviz.text import CAP_HEIGHT

TURN = 9.0
HEAD_LENGTH, HEAD_HALF = 7.0, 3.15
LABEL_SIZE = 10.0
LEAST_APPROACH = 20.0
"""Length of the last stretch into a merge's side, so that turn and arrow head have room."""


_Shape: TypeAlias = tuple[tuple[Segment, ...], tuple[Segment, ...]]
"""The line of an edge from where it starts, and its arrow head from where it ends."""


class Painted:
    """The marks of edges: all lines, then all arrow heads, then all labels.

    Args:
        margin: How far right and down all of it is moved.
    """

    def __init__(self, margin: float = 0.0) -> None:
        self._margin = margin
        self._lines: dict[str, list[Mark]] = {"edge": [], "back-edge": []}
        self._arrows: dict[str, list[Mark]] = {"arrow": []}
        self._labels: list[Mark] = []
        self._shapes: dict[tuple[float, ...], _Shape] = {}

    def add(
        self, route: Route, points: Sequence[tuple[float, float]], label: str, state: str = ""
    ) -> None:
        """Adds one edge along ``points``, its label where the layout reserved room."""
        margin = self._margin
        if len(points) > 1:
            # Repeated layers have the same edges elsewhere: those of one shape share its line.
            x0, y0 = points[0]
            x, y = points[-1]
            key: tuple[float, ...] = (x - x0, y - y0)
            if len(points) > 2:
                key = tuple([number for x, y in points for number in (x - x0, y - y0)])
            shape = self._shapes.get(key)
            if shape is None:
                shape = self._shapes[key] = _shape([(x - x0, y - y0) for x, y in points])
            line, head = shape
            role, arrow = "back-edge" if route.is_back else "edge", "arrow"
            if state:
                role, arrow = f"edge-{state}", f"arrow-{state}"
                self._lines.setdefault(role, [])
                self._arrows.setdefault(arrow, [])
            self._lines[role].append(Path(line, role, x0 + margin, y0 + margin))
            self._arrows[arrow].append(Path(head, arrow, x + margin, y + margin))
        if label and route.label is not None:
            left, top, width, height = route.label
            baseline = margin + top + height / 2 + CAP_HEIGHT * LABEL_SIZE / 2
            self._labels.append(Text(margin + left, baseline, label, "label", LABEL_SIZE, width))

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


def rounded(points: Sequence[tuple[float, float]], radius: float = TURN) -> tuple[Segment, ...]:
    """A path through ``points`` whose corners are round, as far as its segments allow."""
    x, y = points[0]
    segments: list[Segment] = [("M", x, y)]
    if len(points) > 2:
        after_x, after_y = points[1]
        second = math.hypot(after_x - x, after_y - y)
        for index in range(1, len(points) - 1):
            before_x, before_y, x, y, first = x, y, after_x, after_y, second
            after_x, after_y = points[index + 1]
            second = math.hypot(after_x - x, after_y - y)
            if not first or not second:
                continue
            r = min(radius, first / 2, second / 2)
            back, on = r / first, r / second
            segments.append(("L", x + (before_x - x) * back, y + (before_y - y) * back))
            segments.append(("Q", x, y, x + (after_x - x) * on, y + (after_y - y) * on))
    segments.append(("L", *points[-1]))
    return tuple(segments)


def beside_circle(route: Route, area: Area, room: Area) -> Route | None:
    """A rail's way into a merge from the side instead of from above, or None when it has none.

    Args:
        route: Down the rail, across, and down into the merge from above.
        area: The merge's square, on a picture that runs from top to bottom.
        room: What the way must stay inside of.
    """
    if len(route.points) < 4:
        return None
    *before, rail, corner, turn, end = route.points
    x, y, r = area.x + area.width / 2, area.y + area.height / 2, area.width / 2
    is_rail = rail.x == corner.x and corner.y == turn.y and turn.x == end.x and rail.y < corner.y
    if not is_rail or end.x == x or corner.y >= y:
        return None
    label = route.label
    needed = r + LEAST_APPROACH + (label.width if label is not None else 0.0)
    if abs(corner.x - x) < needed or not room.x <= corner.x <= room.x + room.width:
        return None
    side = x - r if corner.x < x else x + r
    if label is not None:
        middle = (side + corner.x) / 2
        label = Area(middle - label.width / 2, y - label.height - 3, label.width, label.height)
    points = (*before, rail, Point(corner.x, y), Point(side, y))
    return replace(route, points=points, label=label)


def onto_circle(point: tuple[float, float], area: Area) -> tuple[float, float]:
    """A point on the border of a merge's square, moved along the edge onto its circle."""
    r = area.width / 2
    x, y = point[0] - area.x - r, point[1] - area.y - r
    if abs(abs(y) - r) < 0.5 and abs(x) < r:
        return (point[0], area.y + r + math.copysign(math.sqrt(r * r - x * x), y))
    if abs(abs(x) - r) < 0.5 and abs(y) < r:
        return (area.x + r + math.copysign(math.sqrt(r * r - y * y), x), point[1])
    return point
