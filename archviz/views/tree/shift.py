"""Marks at another place."""

from __future__ import annotations

from archviz.records import replace
from archviz.scene import Group, Mark, Path, Segment


def moved(mark: Mark, dx: float, dy: float) -> Mark:
    """The mark elsewhere."""
    match mark:
        case Group():
            return replace(mark, marks=tuple([moved(inner, dx, dy) for inner in mark.marks]))
        case Path():
            return Path(
                tuple([_moved_segment(segment, dx, dy) for segment in mark.segments]), mark.role
            )
        case _:
            return replace(mark, x=mark.x + dx, y=mark.y + dy)


def _moved_segment(segment: Segment, dx: float, dy: float) -> Segment:
    command, *numbers = segment
    shifted = [value + (dy if index % 2 else dx) for index, value in enumerate(numbers)]
    return (command, *shifted)
