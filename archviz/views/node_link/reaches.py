"""How far ways go to all sides of their origin: those of one shape are measured once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from archviz.layouts import Route

Reach: TypeAlias = tuple[float, float, float, float]
"""Least and greatest x, least and greatest y, as seen from the origin."""


def reaches(routes: Sequence[Route]) -> list[Reach]:
    """The reach of each route; of one without a way it is nothing."""
    known: dict[int, Reach] = {}
    found = []
    for route in routes:
        way = route.way
        reach = known.get(id(way))
        if reach is None:
            xs, ys = zip(*way, strict=True) if way else ((0.0,), (0.0,))
            reach = known[id(way)] = (min(xs), max(xs), min(ys), max(ys))
        found.append(reach)
    return found
