"""Hatches, drawn as lines: patterns and clip paths are not drawn alike by every reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from archviz.scene import Path, Rect, Segment

KINDS = ("diagonal", "crossed", "dots")
STEP = 5.0
INSET = 1.5
"""Room to the edges of what is hatched, so that round corners stay clean."""


def hatch(mark: Rect | Path, kind: str) -> tuple[Segment, ...]:
    """Lines of the hatch ``kind`` inside a mark.

    Args:
        mark: A rectangle, or a path of one or more closed outlines.
        kind: "diagonal", "crossed" or "dots".
    """
    lines = _over_extent(mark, kind)
    return lines if isinstance(mark, Rect) else tuple(_clipped(lines, _corners(mark)))


def _over_extent(mark: Rect | Path, kind: str) -> tuple[Segment, ...]:
    left, top, right, bottom = _extent(mark)
    # The swatch of a legend is too small for dots that are as far apart as elsewhere.
    fine = 0.45 if kind == "dots" and max(right - left, bottom - top) < 2 * STEP else 1.0
    inset = INSET * fine
    left, top, right, bottom = left + inset, top + inset, right - inset, bottom - inset
    if right <= left or bottom <= top:
        return ()
    if kind == "dots":
        return tuple(_dots(left, top, right, bottom, STEP * fine))
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
    for _, *numbers in mark.outline:
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


def _dots(left: float, top: float, right: float, bottom: float, step: float) -> list[Segment]:
    """Short strokes in staggered rows."""
    strokes: list[Segment] = []
    y, row = top + step / 2, 0
    while y < bottom:
        x = left + (step / 2 if row % 2 else step)
        while x + 1 < right:
            strokes += [("M", x, y), ("L", x + 1.0, y)]
            x += step
        y += step / 2
        row += 1
    return strokes


def _corners(mark: Path) -> list[list[tuple[float, float]]]:
    """The outlines of a path as polygons."""
    outlines: list[list[tuple[float, float]]] = []
    for command, *numbers in mark.outline:
        if command == "M":
            outlines.append([(numbers[0], numbers[1])])
        elif command == "L":
            outlines[-1].append((numbers[0], numbers[1]))
        elif command in ("Q", "C"):
            start = outlines[-1][-1]
            control = [start, *zip(numbers[0::2], numbers[1::2], strict=True)]
            outlines[-1] += [_on_curve(control, step / 6) for step in range(1, 7)]
    return outlines


def _on_curve(control: Sequence[tuple[float, float]], t: float) -> tuple[float, float]:
    """The point at ``t`` of a Bézier curve (de Casteljau's construction)."""
    points = list(control)
    while len(points) > 1:
        points = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(points)]
    return points[0]


def _clipped(
    lines: Sequence[Segment], outlines: Sequence[Sequence[tuple[float, float]]]
) -> Iterator[Segment]:
    """The parts of ``lines``, pairs of M and L, that lie inside the outlines."""
    edges = [edge for outline in outlines for edge in pairwise([*outline, outline[0]])]
    for (_, x0, y0), (_, x1, y1) in zip(lines[0::2], lines[1::2], strict=True):  # type: ignore[misc]
        dx, dy = x1 - x0, y1 - y0
        cuts = []
        for (ax, ay), (bx, by) in edges:
            # Which side of the line either end of the edge is on, in units of area.
            one, other = (ax - x0) * dy - (ay - y0) * dx, (bx - x0) * dy - (by - y0) * dx
            if (one < 0) != (other < 0):
                s = one / (one - other)
                x, y = ax + (bx - ax) * s, ay + (by - ay) * s
                cuts.append(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy))
        cuts.sort()
        for enter, leave in zip(cuts[0::2], cuts[1::2], strict=False):
            t0, t1 = max(enter, 0.0), min(leave, 1.0)
            if t0 < t1:
                yield ("M", x0 + dx * t0, y0 + dy * t0)
                yield ("L", x0 + dx * t1, y0 + dy * t1)
