"""Ways of links: those of one shape share their corners, seen from where they start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Way: TypeAlias = tuple[tuple[float, float], ...]
"""Corners of a link from its first one, which is the origin."""

Placed: TypeAlias = tuple[float, float, Way]
"""Where a way starts, and the way."""


class Ways:
    """All ways of a drawing, each shape once."""

    def __init__(self) -> None:
        self._known: dict[Way, Way] = {}
        self._straight: dict[float, Way] = {}
        self._turned: dict[Way, Way] = {}

    def straight(self, length: float) -> Way:
        """Down, by ``length``."""
        way = self._straight.get(length)
        if way is None:
            way = self._straight[length] = self.shared([(0.0, 0.0), (0.0, length)])[2]
        return way

    def shared(self, points: Sequence[tuple[float, float]]) -> Placed:
        """The way through ``points``."""
        left, top = points[0]
        way = tuple([(x - left, y - top) for x, y in points])
        return left, top, self._known.setdefault(way, way)

    def turned(self, way: Way) -> Way:
        """``way`` with its axes exchanged."""
        found = self._turned.get(way)
        if found is None:
            found = self._turned[way] = tuple([(y, x) for x, y in way])
        return found
