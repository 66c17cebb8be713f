"""Volumes in oblique projection: a front, a lid and a flank, the depth going up and right."""

from __future__ import annotations

import math

from archviz.ir import Dim
from archviz.scene import Mark, Path, Rect
from archviz.views.layered.footprint import Outline

DEPTH = 0.38
"""Depth of a cube as drawn, along either axis, as a share of its height."""
THIN = 2.2
"""Width of the front of what has no width of its own: pictures, pooling."""


def volume(x: float, y: float, width: float, height: float, depth: float, fill: str) -> list[Mark]:
    """A volume whose front has its top left corner at (x, y)."""
    return [
        lid(x, y, width, depth, fill),
        flank(x + width, y, height, depth, fill),
        front(x, y, width, height, fill),
    ]


def silhouette(x: float, y: float, width: float, height: float, depth: float) -> Outline:
    """The outline of a whole volume."""
    right, back = x + width, y - depth
    return (
        (x, y),
        (x + depth, back),
        (right + depth, back),
        (right + depth, back + height),
        (right, y + height),
        (x, y + height),
    )


def front(x: float, y: float, width: float, height: float, fill: str) -> Mark:
    """The face that looks at the reader."""
    return Rect(x, y, width, height, f"front {fill}")


def lid(x: float, y: float, width: float, depth: float, fill: str) -> Mark:
    """The upper face."""
    corners = ((x, y), (x + depth, y - depth), (x + width + depth, y - depth), (x + width, y))
    return _face(corners, f"lid {fill}")


def flank(x: float, y: float, height: float, depth: float, fill: str, role: str = "flank") -> Mark:
    """The face on the right, from (x, y) downwards and to the back."""
    corners = ((x, y), (x + depth, y - depth), (x + depth, y - depth + height), (x, y + height))
    return _face(corners, f"{role} {fill}")


def plate(x: float, y: float, height: float, depth: float, fill: str) -> list[Mark]:
    """A thin volume, which shows its flank."""
    return [
        lid(x, y, THIN, depth, fill),
        flank(x + THIN, y, height, depth, fill, "front"),
        Rect(x, y, THIN, height, f"flank {fill}"),
    ]


def _face(corners: tuple[tuple[float, float], ...], role: str) -> Mark:
    (x0, y0), *others = corners
    return Path((("M", x0, y0), *(("L", x, y) for x, y in others), ("Z",)), role)


def log2(number: float) -> float:
    """The logarithm, rounded so that machines agree."""
    return round(math.log2(max(number, 1.0)), 6)


def pixels(sides: tuple[Dim, ...]) -> str:
    """Sides as a label: "224", "28×40", "s/2", "?" for one that is not known."""
    shown = ["?" if side is None else str(side) for side in sides]
    return shown[0] if len(set(shown)) == 1 else "×".join(shown)
