"""What stands in the way of a line: boxes, labels and other edges, found by where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise, product
from typing import TypeAlias

from archviz.layouts import Area, Link, Placement, Point, Route

CELL = 256.0
LONG = 8 * CELL
"""Above this length a line is noted by its row or its column, and not in each cell it passes."""
STRIPE = 16.0
"""Height of such a row, width of such a column."""
CLEAR = 6.0
"""Room that a line keeps to what it passes."""

_Place: TypeAlias = tuple[int | None, int | None]
"""Column and row of a cell; without a column a whole row, without a row a whole column."""


class Obstacles:
    """The areas that a placement occupies.

    Args:
        placement: Where the layout put everything.
        leaves: Indices of the boxes that hold no others.
    """

    def __init__(self, placement: Placement, leaves: Sequence[int]) -> None:
        self._near: dict[_Place, list[tuple[Area, int, int]]] = {}
        for index in leaves:
            self._add(placement.areas[index], index, -1)
        for index, route in enumerate(placement.routes):
            self.occupy(route, index)

    def occupy(self, route: Route, index: int) -> None:
        """Adds the way and the label of the route ``index``, so that others keep clear of them."""
        if route.label is not None:
            self._add(route.label, -1, index)
        for one, other in pairwise(route.points):
            self._add(_around(one, other), -1, index)

    def _add(self, area: Area, box: int, route: int) -> None:
        right, bottom = area.x + area.width, area.y + area.height
        if area.width > LONG:
            places = _rows(area.y, bottom)
        elif area.height > LONG:
            places = _columns(area.x, right)
        else:
            places = _cells(area.x, area.y, right, bottom)
        for place in places:
            self._near.setdefault(place, []).append((area, box, route))

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
        cells = _cells(left, top, right, bottom)
        for place in chain(cells, _rows(top, bottom), _columns(left, right)):
            for other, other_box, other_route in self._near.get(place, ()):
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


def _cells(left: float, top: float, right: float, bottom: float) -> Iterator[_Place]:
    """The squares of the page that an area touches."""
    rows = range(int(top // CELL), int(bottom // CELL) + 1)
    return product(range(int(left // CELL), int(right // CELL) + 1), rows)


def _rows(top: float, bottom: float) -> Iterator[_Place]:
    return ((None, row) for row in range(int(top // STRIPE), int(bottom // STRIPE) + 1))


def _columns(left: float, right: float) -> Iterator[_Place]:
    return ((column, None) for column in range(int(left // STRIPE), int(right // STRIPE) + 1))


def _around(one: Point, other: Point) -> Area:
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Area(x, y, abs(one.x - other.x), abs(one.y - other.y))
