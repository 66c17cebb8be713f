"""Signs of overlays, drawn as lines so that no font needs to have them."""

from __future__ import annotations

import math

from archviz.scene import Path, Segment

SIGN = 11.0
"""Width and height of a sign."""


def sign(name: str, x: float, y: float, role: str, size: float = SIGN) -> Path:
    """The sign called ``name``, centred on (x, y)."""
    drawn = {"check": _CHECK, "cross": _CROSS, "lock": _LOCK, "scissors": _SCISSORS}[name]
    return Path(tuple(_placed(segment, x, y, size / 2) for segment in drawn), role)


def _placed(segment: Segment, x: float, y: float, scale: float) -> Segment:
    letter, *numbers = segment
    moved = [
        (x if position % 2 == 0 else y) + number * scale for position, number in enumerate(numbers)
    ]
    return (letter, *moved)


def _circle(x: float, y: float, r: float) -> tuple[Segment, ...]:
    k = r * 4 / 3 * (math.sqrt(2) - 1)
    return (
        ("M", x + r, y),
        ("C", x + r, y + k, x + k, y + r, x, y + r),
        ("C", x - k, y + r, x - r, y + k, x - r, y),
        ("C", x - r, y - k, x - k, y - r, x, y - r),
        ("C", x + k, y - r, x + r, y - k, x + r, y),
        ("Z",),
    )


_CHECK: tuple[Segment, ...] = (("M", -0.8, 0.05), ("L", -0.25, 0.65), ("L", 0.8, -0.65))
_CROSS: tuple[Segment, ...] = (
    ("M", -0.65, -0.65), ("L", 0.65, 0.65), ("M", 0.65, -0.65), ("L", -0.65, 0.65),
)  # fmt: skip
_LOCK: tuple[Segment, ...] = (
    ("M", -0.75, -0.1), ("L", 0.75, -0.1), ("L", 0.75, 0.95), ("L", -0.75, 0.95), ("Z",),
    ("M", -0.45, -0.1), ("L", -0.45, -0.45), ("C", -0.45, -1.1, 0.45, -1.1, 0.45, -0.45),
    ("L", 0.45, -0.1), ("M", 0.0, 0.25), ("L", 0.0, 0.6),
)  # fmt: skip
_SCISSORS: tuple[Segment, ...] = (
    *_circle(-0.62, -0.6, 0.34),
    *_circle(-0.62, 0.6, 0.34),
    ("M", -0.34, -0.4), ("L", 1.0, 0.55), ("M", -0.34, 0.4), ("L", 1.0, -0.55),
)  # fmt: skip
