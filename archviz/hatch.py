"""Hatches, drawn as lines: patterns and clip paths are not drawn alike by every reader."""

from __future__ import annotations

from archviz.scene import Path, Rect, Segment

KINDS = ("diagonal", "crossed", "dots")
STEP = 5.0
INSET = 1.5
"""Room to the edges of what is hatched, so that round corners stay clean."""


def hatch(mark: Rect | Path, kind: str) -> tuple[Segment, ...]:
    """Lines of the hatch ``kind`` over the extent of a mark.

    Args:
        mark: A rectangle, or a path that fills most of its extent.
        kind: "diagonal", "crossed" or "dots".
    """
    left, top, right, bottom = _extent(mark)
    left, top, right, bottom = left + INSET, top + INSET, right - INSET, bottom - INSET
    if right <= left or bottom <= top:
        return ()
    if kind == "dots":
        return tuple(_dots(left, top, right, bottom))
    lines = _diagonals(left, top, right, bottom)
    if kind == "crossed":
        mirrored = [
            (command, left + right - x, y) for command, x, y in _diagonals(left, top, right, bottom)
        ]
        lines += mirrored
    return tuple(lines)


def _extent(mark: Rect | Path) -> tuple[float, float, float, float]:
    if isinstance(mark, Rect):
        return mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
    xs: list[float] = []
    ys: list[float] = []
    for _, *numbers in mark.segments:
        xs += numbers[0::2]
        ys += numbers[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def _diagonals(
    left: float, top: float, right: float, bottom: float
) -> list[tuple[str, float, float]]:
    """Lines that rise to the right, each clipped to the rectangle."""
    lines: list[tuple[str, float, float]] = []
    offset = STEP / 2
    while offset < (right - left) + (bottom - top):
        x0, y0 = left + min(offset, right - left), top + max(0.0, offset - (right - left))
        x1, y1 = left + max(0.0, offset - (bottom - top)), top + min(offset, bottom - top)
        lines += [("M", x0, y0), ("L", x1, y1)]
        offset += STEP
    return lines


def _dots(left: float, top: float, right: float, bottom: float) -> list[Segment]:
    """Short strokes in staggered rows."""
    strokes: list[Segment] = []
    y, row = top + STEP / 2, 0
    while y < bottom:
        x = left + (STEP / 2 if row % 2 else STEP)
        while x + 1 < right:
            strokes += [("M", x, y), ("L", x + 1.0, y)]
            x += STEP
        y += STEP / 2
        row += 1
    return strokes
