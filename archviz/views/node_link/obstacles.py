"""What stands in the way of a line: boxes, labels and other edges, found by where they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise, product
from math import inf
from typing import TypeAlias

from archviz.layouts import Area, Link, Placement, Point, Route
from archviz.views.node_link.reaches import reaches

CELL = 256.0
LONG = 8 * CELL
"""Above this length a line is noted by its row or its column, and not in each cell it passes."""
_PER_PIXEL = 1 / CELL
STRIPE = 16.0
"""Height of such a row, width of such a column."""
CLEAR = 6.0
"""Room that a line keeps to what it passes."""

_Place: TypeAlias = tuple[int | None, int | None]
"""Column and row of a cell; without a column a whole row, without a row a whole column."""


_Item: TypeAlias = tuple[float, float, float, float, int, int]
"""Left, top, right and bottom of something, and which box or route it is."""


class Obstacles:
    """The areas that a placement occupies.

    Args:
        placement: Where the layout put everything.
        leaves: Indices of the boxes that hold no others.
        ways: Routes that will be asked about; what is nowhere near their ends is left out.
    """

    def __init__(self, placement: Placement, leaves: Sequence[int], ways: Iterable[Route]) -> None:
        areas = [_with_room(area) for way in ways for area in _end_of(way)]
        self._near: dict[_Place, list[_Item]] = {
            place: [] for area in areas for place in _cells(*area)
        }
        self._long: dict[_Place, list[_Item]] = {}
        starts, ends = self._bands = _bands(areas)
        for index in leaves:
            x, y, width, height = placement.areas[index]
            if starts[bisect_right(ends, y)] < y + height:
                self._add(x, y, x + width, y + height, index, -1)
        routes = placement.routes
        for index, (route, (_, _, top, bottom)) in enumerate(
            zip(routes, reaches(routes), strict=True)
        ):
            y = route.y
            if starts[bisect_right(ends, y + top)] < y + bottom or route.label is not None:
                self.occupy(route, index)

    def occupy(self, route: Route, index: int) -> None:
        """Adds the way and the label of the route ``index``, so that others keep clear of them."""
        if route.label is not None:
            x, y, width, height = route.label
            self._add(x, y, x + width, y + height, -1, index)
        starts, ends = self._bands
        left, top = route.x, route.y
        for (before_x, before_y), (x, y) in pairwise(route.way):
            if before_x > x:
                before_x, x = x, before_x
            if before_y > y:
                before_y, y = y, before_y
            if starts[bisect_right(ends, top + before_y)] < top + y:
                self._add(left + before_x, top + before_y, left + x, top + y, -1, index)

    def _add(
        self, left: float, top: float, right: float, bottom: float, box: int, route: int
    ) -> None:
        cells = self._near
        if right - left < CELL and bottom - top < CELL:
            # Four cells at most: those of its corners.
            first, last = int(left * _PER_PIXEL), int(right * _PER_PIXEL)
            upper, lower = int(top * _PER_PIXEL), int(bottom * _PER_PIXEL)
            for column in (first,) if first == last else (first, last):
                for row in (upper,) if upper == lower else (upper, lower):
                    if (column, row) in cells:
                        cells[column, row].append((left, top, right, bottom, box, route))
            return
        item = (left, top, right, bottom, box, route)
        if right - left > LONG or bottom - top > LONG:
            is_wide = right - left > LONG
            for place in _rows(top, bottom) if is_wide else _columns(left, right):
                self._long.setdefault(place, []).append(item)
            return
        for place in _cells(left, top, right, bottom):
            if place in cells:
                cells[place].append(item)

    def is_free(self, route: Route, link: Link, index: int) -> bool:
        """Whether the end of a route and its label touch nothing else.

        Args:
            route: The route; only its last three points are looked at; one of the ``ways``.
            link: What it joins, which is not in its way.
            index: Its own index, for the same reason.
        """
        ends = (link.source, link.target)
        return not any(self._is_taken(area, ends, index) for area in _end_of(route))

    def _is_taken(self, area: Area, ends: tuple[int, int], route: int) -> bool:
        left, top, right, bottom = _with_room(area)
        near = [self._near.get(place, ()) for place in _cells(left, top, right, bottom)]
        if self._long:
            stripes = chain(_rows(top, bottom), _columns(left, right))
            near += [self._long.get(place, ()) for place in stripes]
        for items in near:
            for x, y, to_x, to_y, other_box, other_route in items:
                if other_box in ends or other_route == route:
                    continue
                if x < right and left < to_x and y < bottom and top < to_y:
                    return True
        return False


def _bands(areas: Iterable[tuple[float, float, float, float]]) -> tuple[list[float], list[float]]:
    """The heights that are asked about: where they begin and where they end, from above.

    Behind the last one, another begins at infinity.
    """
    starts: list[float] = []
    ends: list[float] = []
    for top, bottom in sorted([(top, bottom) for _, top, _, bottom in areas]):
        if ends and top <= ends[-1]:
            ends[-1] = max(ends[-1], bottom)
        else:
            starts.append(top)
            ends.append(bottom)
    return [*starts, inf], ends


def _end_of(route: Route) -> list[Area]:
    """The last three points of a route, and its label."""
    left, top = route.x, route.y
    corners = [Point(left + x, top + y) for x, y in route.way[-3:]]
    areas = [_around(one, other) for one, other in pairwise(corners)]
    return areas if route.label is None else [*areas, route.label]


def _with_room(area: Area) -> tuple[float, float, float, float]:
    x, y, width, height = area
    return x - CLEAR, y - CLEAR, x + width + CLEAR, y + height + CLEAR


def _cells(left: float, top: float, right: float, bottom: float) -> Iterable[_Place]:
    """The squares of the page that an area touches."""
    first, last = int(left * _PER_PIXEL), int(right * _PER_PIXEL)
    upper, lower = int(top * _PER_PIXEL), int(bottom * _PER_PIXEL)
    if first == last and upper == lower:
        return ((first, upper),)
    return product(range(first, last + 1), range(upper, lower + 1))


def _rows(top: float, bottom: float) -> Iterator[_Place]:
    return ((None, row) for row in range(int(top // STRIPE), int(bottom // STRIPE) + 1))


def _columns(left: float, right: float) -> Iterator[_Place]:
    return ((column, None) for column in range(int(left // STRIPE), int(right // STRIPE) + 1))


def _around(one: Point, other: Point) -> Area:
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Area(x, y, abs(one.x - other.x), abs(one.y - other.y))
