"""Edges: a route of corners as one path with rounded turns, an arrow head and a label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from archviz.layouts import Area, Point, Route
from archviz.scene import Mark, Path, Segment, Text
from archviz.text import CAP_HEIGHT

TURN = 9.0
HEAD_LENGTH, HEAD_HALF = 7.0, 3.15
LABEL_SIZE = 10.0
LEAST_APPROACH = 20.0
"""Length of the last stretch into a merge's side, so that turn and arrow head have room."""


def paint(
    route: Route, points: Sequence[Point], label: str, margin: float = 0.0, state: str = ""
) -> list[Mark]:
    """The marks of one edge along ``points``, its label where the layout reserved room."""
    marks: list[Mark] = []
    if len(points) > 1:
        end, before = points[-1], points[-2]
        length = math.hypot(end.x - before.x, end.y - before.y) or 1.0
        dx, dy = (end.x - before.x) / length, (end.y - before.y) / length
        short = Point(end.x - dx * (HEAD_LENGTH - 1.4), end.y - dy * (HEAD_LENGTH - 1.4))
        role = f"edge-{state}" if state else "back-edge" if route.is_back else "edge"
        marks.append(Path(rounded([*points[:-1], short]), role))
        base = Point(end.x - dx * HEAD_LENGTH, end.y - dy * HEAD_LENGTH)
        marks.append(
            Path(
                (
                    ("M", end.x, end.y),
                    ("L", base.x - dy * HEAD_HALF, base.y + dx * HEAD_HALF),
                    ("L", base.x + dy * HEAD_HALF, base.y - dx * HEAD_HALF),
                    ("Z",),
                ),
                f"arrow-{state}" if state else "arrow",
            )
        )
    if label and route.label is not None:
        x, y, width, height = route.label
        baseline = margin + y + height / 2 + CAP_HEIGHT * LABEL_SIZE / 2
        marks.append(Text(margin + x, baseline, label, "label", LABEL_SIZE, width))
    return marks


def rounded(points: Sequence[Point], radius: float = TURN) -> tuple[Segment, ...]:
    """A path through ``points`` whose corners are round, as far as its segments allow."""
    segments: list[Segment] = [("M", points[0].x, points[0].y)]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        x, y = corner
        back_x, back_y = before.x - x, before.y - y
        on_x, on_y = after.x - x, after.y - y
        first, second = math.hypot(back_x, back_y), math.hypot(on_x, on_y)
        if not first or not second:
            continue
        r = min(radius, first / 2, second / 2)
        back, on = r / first, r / second
        segments.append(("L", x + back_x * back, y + back_y * back))
        segments.append(("Q", x, y, x + on_x * on, y + on_y * on))
    segments.append(("L", points[-1].x, points[-1].y))
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


def onto_circle(point: Point, area: Area) -> Point:
    """A point on the border of a merge's square, moved along the edge onto its circle."""
    r = area.width / 2
    x, y = point.x - area.x - r, point.y - area.y - r
    if abs(abs(y) - r) < 0.5 and abs(x) < r:
        return Point(point.x, area.y + r + math.copysign(math.sqrt(r * r - x * x), y))
    if abs(abs(x) - r) < 0.5 and abs(y) < r:
        return Point(area.x + r + math.copysign(math.sqrt(r * r - y * y), x), point.y)
    return point
