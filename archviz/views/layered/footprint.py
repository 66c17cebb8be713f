"""Which room marks take: convex outlines, and how near two lots of them may stand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from archviz.scene import Mark, Path, Rect, Text, flatten
from archviz.text import CAP_HEIGHT

Outline: TypeAlias = tuple[tuple[float, float], ...]
"""Corners of a convex polygon, in points."""

DESCENT = 0.21
"""How far letters reach below their line, in em."""


def outlines(marks: Iterable[Mark]) -> list[Outline]:
    """The outline of every mark; of a path that is no face of a volume, the rectangle around it."""
    return [outline for mark in flatten(tuple(marks)) if (outline := _outline(mark))]


def _outline(mark: Rect | Path | Text) -> Outline:
    match mark:
        case Rect():
            return box(mark.x, mark.y, mark.width, mark.height)
        case Text():
            return text_outline(mark)
        case Path():
            points = [
                (float(x), float(y))
                for _, *numbers in mark.segments
                for x, y in zip(numbers[0::2], numbers[1::2], strict=True)
            ]
            if len(points) == 4 and mark.segments[-1][0] == "Z":
                return tuple(points)
            if not points:
                return ()
            xs, ys = [x for x, _ in points], [y for _, y in points]
            return box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def box(x: float, y: float, width: float, height: float) -> Outline:
    """The outline of a rectangle."""
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def text_outline(text: Text) -> Outline:
    """The outline of a line of text, turned as it is."""
    left = text.left - text.x
    corners = box(left, -CAP_HEIGHT * text.size, text.width, (CAP_HEIGHT + DESCENT) * text.size)
    if not text.rotation:
        return tuple((text.x + x, text.y + y) for x, y in corners)
    angle = math.radians(text.rotation)
    cos, sin = round(math.cos(angle), 6), round(math.sin(angle), 6)
    return tuple((text.x + x * cos - y * sin, text.y + x * sin + y * cos) for x, y in corners)


def distance(left: Sequence[Outline], right: Sequence[Outline], room: float = 1.0) -> float:
    """How far to the right ``right`` must move to stand beside ``left``, ``room`` apart.

    Outlines that are less than ``room`` apart in height count as beside each other.
    """
    farthest = -math.inf
    lefts = [(min(x for x, _ in other), other) for other in right]
    for one in left:
        end = max(x for x, _ in one)
        for start, other in lefts:
            if end - start > farthest:
                farthest = max(farthest, _overhang(one, other, room))
    return farthest + room


def _overhang(one: Outline, other: Outline, room: float) -> float:
    top = max(min(y for _, y in one), min(y for _, y in other) - room)
    bottom = min(max(y for _, y in one), max(y for _, y in other) + room)
    if top > bottom:
        return -math.inf
    # Both sides are made of straight lines, so the least room is at a corner's height.
    heights = {top, bottom}
    heights.update(y for _, y in (*one, *other) if top < y < bottom)
    return max(max(_across(one, y)) - min(_across(other, y)) for y in heights)


def _across(outline: Outline, y: float) -> list[float]:
    """Where the outline is crossed at a height, or at the nearest that it has."""
    heights = [v for _, v in outline]
    y = min(max(y, min(heights)), max(heights))
    found = []
    x0, y0 = outline[-1]
    for x1, y1 in outline:
        if y0 <= y <= y1 or y1 <= y <= y0:
            if y0 == y1:
                found += [x0, x1]
            else:
                found.append(x0 + (x1 - x0) * (y - y0) / (y1 - y0))
        x0, y0 = x1, y1
    return found
