"""Edges: a route of corners as one path with rounded turns, an arrow head and a label."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archviz.layouts import Area, Point, Route
from archviz.scene import Mark, Path, Segment, Text
from archviz.text import CAP_HEIGHT

TURN = 9.0
HEAD_LENGTH, HEAD_HALF = 7.0, 3.15
LABEL_SIZE = 10.0


def paint(route: Route, points: Sequence[Point], label: str, margin: float = 0.0) -> list[Mark]:
    """The marks of one edge along ``points``, its label where the layout reserved room."""
    marks: list[Mark] = []
    if len(points) > 1:
        end, before = points[-1], points[-2]
        length = math.hypot(end.x - before.x, end.y - before.y) or 1.0
        dx, dy = (end.x - before.x) / length, (end.y - before.y) / length
        short = Point(end.x - dx * (HEAD_LENGTH - 1.4), end.y - dy * (HEAD_LENGTH - 1.4))
        role = "back-edge" if route.is_back else "edge"
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
                "arrow",
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
        first = math.hypot(corner.x - before.x, corner.y - before.y)
        second = math.hypot(after.x - corner.x, after.y - corner.y)
        if not first or not second:
            continue
        r = min(radius, first / 2, second / 2)
        enter = _towards(corner, before, r / first)
        leave = _towards(corner, after, r / second)
        segments.append(("L", enter.x, enter.y))
        segments.append(("Q", corner.x, corner.y, leave.x, leave.y))
    segments.append(("L", points[-1].x, points[-1].y))
    return tuple(segments)


def _towards(start: Point, end: Point, share: float) -> Point:
    return Point(start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)


def onto_circle(point: Point, area: Area) -> Point:
    """A point on the border of a merge's square, moved along the edge onto its circle."""
    r = area.width / 2
    x, y = point.x - area.x - r, point.y - area.y - r
    if abs(abs(y) - r) < 0.5 and abs(x) < r:
        return Point(point.x, area.y + r + math.copysign(math.sqrt(r * r - x * x), y))
    if abs(abs(x) - r) < 0.5 and abs(y) < r:
        return Point(area.x + r + math.copysign(math.sqrt(r * r - y * y), x), point.y)
    return point
