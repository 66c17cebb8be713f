"""Lines, arrows and circles of block figures, in points."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.scene import Mark, Path, Segment

HEAD = 3.6
"""Length of an arrow's head."""
_ROUND = 0.5522847498
CORNER = 4.0

Point = tuple[float, float]


def line(points: Sequence[Point], role: str = "flow", radius: float = CORNER) -> Path:
    """A line through points, its corners rounded."""
    segments: list[Segment] = [("M", *points[0])]
    for (x0, y0), (x1, y1), (x2, y2) in zip(points, points[1:], points[2:], strict=False):
        near, far = _length((x0, y0), (x1, y1)), _length((x1, y1), (x2, y2))
        r = min(radius, near / 2, far / 2)
        if r <= 0.01:
            segments.append(("L", x1, y1))
            continue
        segments.append(("L", x1 + (x0 - x1) / near * r, y1 + (y0 - y1) / near * r))
        segments.append(("Q", x1, y1, x1 + (x2 - x1) / far * r, y1 + (y2 - y1) / far * r))
    segments.append(("L", *points[-1]))
    return Path(tuple(segments), role)


def arrow(points: Sequence[Point], role: str = "flow", radius: float = CORNER) -> list[Mark]:
    """A line with a head at its end."""
    (x0, y0), (x1, y1) = points[-2:]
    length = _length((x0, y0), (x1, y1))
    dx, dy = ((x1 - x0) / length, (y1 - y0) / length) if length else (0.0, -1.0)
    back = min(HEAD * 0.75, length)
    shaft = [*points[:-1], (x1 - dx * back, y1 - dy * back)]
    base = (x1 - dx * HEAD, y1 - dy * HEAD)
    wide = HEAD * 0.42
    head: tuple[Segment, ...] = (
        ("M", x1, y1),
        ("L", base[0] - dy * wide, base[1] + dx * wide),
        ("L", x1 - dx * back, y1 - dy * back),
        ("L", base[0] + dy * wide, base[1] - dx * wide),
        ("Z",),
    )
    return [line(shaft, role, radius), Path(head, f"{role}-head")]


def circle(x: float, y: float, radius: float, role: str) -> Path:
    """A circle around (x, y)."""
    near = radius * _ROUND
    return Path(
        (
            ("M", x + radius, y),
            ("C", x + radius, y + near, x + near, y + radius, x, y + radius),
            ("C", x - near, y + radius, x - radius, y + near, x - radius, y),
            ("C", x - radius, y - near, x - near, y - radius, x, y - radius),
            ("C", x + near, y - radius, x + radius, y - near, x + radius, y),
            ("Z",),
        ),
        role,
    )


def plus(x: float, y: float, radius: float) -> Path:
    """The sign inside a circle of a sum."""
    arm = radius * 0.55
    return Path(
        (("M", x - arm, y), ("L", x + arm, y), ("M", x, y - arm), ("L", x, y + arm)), "sign"
    )


def wave(x: float, y: float) -> Path:
    """One period of a sine, which stands for positions."""
    return Path(
        (
            ("M", x - 4.4, y),
            ("C", x - 2.8, y - 5.4, x - 1.0, y - 5.4, x, y),
            ("C", x + 1.0, y + 5.4, x + 2.8, y + 5.4, x + 4.4, y),
        ),
        "sign",
    )


def _length(one: Point, other: Point) -> float:
    return abs(other[0] - one[0]) + abs(other[1] - one[1])


def levels(spans: Sequence[tuple[int, int]]) -> list[int]:
    """How far out each span is drawn, so that those that overlap do not meet."""
    order = sorted(range(len(spans)), key=lambda k: (spans[k][1] - spans[k][0], spans[k]))
    found = [0] * len(spans)
    done: list[int] = []
    for k in order:
        taken = {
            found[other]
            for other in done
            if spans[other][0] < spans[k][1] and spans[k][0] < spans[other][1]
        }
        found[k] = next(level for level in range(len(spans) + 1) if level not in taken)
        done.append(k)
    return found
