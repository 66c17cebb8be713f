"""What stands in the way of a line: boxes, labels and other edges, found by their height."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from archviz.layouts import Area, Link, Placement, Point, Route

BAND = 128.0
CLEAR = 6.0
"""Room that a line keeps to what it passes."""


class Obstacles:
    """The areas that a placement occupies.

    Args:
        placement: Where the layout put everything.
        leaves: Indices of the boxes that hold no others.
    """

    def __init__(self, placement: Placement, leaves: Sequence[int]) -> None:
        self._bands: dict[int, list[tuple[Area, int, int]]] = {}
        for index in leaves:
            self._add(placement.areas[index], index, -1)
        for index, route in enumerate(placement.routes):
            if route.label is not None:
                self._add(route.label, -1, index)
            for one, other in pairwise(route.points):
                self._add(_around(one, other), -1, index)

    def _add(self, area: Area, box: int, route: int) -> None:
        for band in range(int(area.y // BAND), int((area.y + area.height) // BAND) + 1):
            self._bands.setdefault(band, []).append((area, box, route))

    def is_free(self, route: Route, link: Link, index: int) -> bool:
        """Whether the end of a route and its label touch nothing else.

        Args:
            route: The route; only its last three points are looked at.
            link: What it joins, which is not in its way.
            index: Its own index, for the same reason.
        """
        areas = [_around(one, other) for one, other in pairwise(route.points[-3:])]
        if route.label is not None:
            areas.append(route.label)
        return not any(self._is_taken(area, (link.source, link.target), index) for area in areas)

    def _is_taken(self, area: Area, ends: tuple[int, int], route: int) -> bool:
        left, top = area.x - CLEAR, area.y - CLEAR
        right, bottom = area.x + area.width + CLEAR, area.y + area.height + CLEAR
        for band in range(int(top // BAND), int(bottom // BAND) + 1):
            for other, other_box, other_route in self._bands.get(band, ()):
                if other_box in ends or other_route == route:
                    continue
                if (
                    other.x < right
                    and left < other.x + other.width
                    and other.y < bottom
                    and top < other.y + other.height
                ):
                    return True
        return False


def _around(one: Point, other: Point) -> Area:
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Area(x, y, abs(one.x - other.x), abs(one.y - other.y))
