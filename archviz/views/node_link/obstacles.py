"""What stands in the way of a line: boxes, labels and other edges, found by where they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from math import inf
from typing import TypeAlias

from archviz.layouts import Link, Placement, Route
from archviz.views.node_link.reaches import reaches

CELL = 256.0
LONG = 8 * CELL
"""Above this length a line is not noted in each cell it passes, but in such parts of a stripe."""
LONGEST = 64 * LONG
WHOLE = -1 << 63
"""Above that length it is noted in this, which stands for all parts."""
_PER_PIXEL = 1 / CELL
STRIPE = 16.0
"""Long lines whose distance is less are noted together."""
CLEAR = 6.0
"""Room that a line keeps to what it passes."""

_Place: TypeAlias = tuple[int, int]
"""Column and row of a cell."""

_Extent: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom."""

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
        areas = [area for way in ways for area in _end_of(way)]
        self._near: dict[_Place, list[_Item]] = {
            place: [] for area in areas for place in _cells(*area)
        }
        self._wide, self._tall = _Long(), _Long()
        starts, ends = self._bands = _bands(areas)
        placed = placement.areas
        for index in leaves:
            x, y, width, height = placed[index]
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
        item = (left, top, right, bottom, box, route)
        if right - left > LONG:
            self._wide.add(item, left, right, top, bottom)
            return
        if bottom - top > LONG:
            self._tall.add(item, top, bottom, left, right)
            return
        near = self._near
        for place in _cells(left, top, right, bottom):
            if place in near:
                near[place].append(item)

    def is_free(self, route: Route, link: Link, index: int) -> bool:
        """Whether the end of a route and its label touch nothing else.

        Args:
            route: The route; only its last three points are looked at; one of the ``ways``.
            link: What it joins, which is not in its way.
            index: Its own index, for the same reason.
        """
        ends = (link.source, link.target)
        return not any(self._is_taken(area, ends, index) for area in _end_of(route))

    def _is_taken(self, area: _Extent, ends: tuple[int, int], route: int) -> bool:
        left, top, right, bottom = area
        cells = self._near
        near = [cells[place] for place in _cells(left, top, right, bottom) if place in cells]
        near += self._wide.near(left, right, top, bottom)
        near += self._tall.near(top, bottom, left, right)
        for items in near:
            for x, y, to_x, to_y, other_box, other_route in items:
                if other_box in ends or other_route == route:
                    continue
                if x < right and left < to_x and y < bottom and top < to_y:
                    return True
        return False


class _Long:
    """Long lines of one direction, by where they are along it and across it."""

    def __init__(self) -> None:
        self._items: dict[tuple[int, int], list[_Item]] = {}

    def add(self, item: _Item, start: float, end: float, low: float, high: float) -> None:
        for stripe in _stripes(low, high):
            for part in _parts(start, end) if end - start < LONGEST else (WHOLE,):
                self._items.setdefault((stripe, part), []).append(item)

    def near(self, start: float, end: float, low: float, high: float) -> list[list[_Item]]:
        items = self._items
        if not items:
            return []
        parts = (WHOLE, *_parts(start, end))
        return [
            items[stripe, part]
            for stripe in _stripes(low, high)
            for part in parts
            if (stripe, part) in items
        ]


def _bands(areas: Iterable[_Extent]) -> tuple[list[float], list[float]]:
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


def _end_of(route: Route) -> list[_Extent]:
    """The last three points of a route, and its label, with the room that they keep."""
    x, y = route.x, route.y
    found = []
    for (left, top), (right, bottom) in pairwise(route.way[-3:]):
        if left > right:
            left, right = right, left
        if top > bottom:
            top, bottom = bottom, top
        found.append((x + left - CLEAR, y + top - CLEAR, x + right + CLEAR, y + bottom + CLEAR))
    if route.label is not None:
        x, y, width, height = route.label
        found.append((x - CLEAR, y - CLEAR, x + width + CLEAR, y + height + CLEAR))
    return found


def _cells(left: float, top: float, right: float, bottom: float) -> Iterable[_Place]:
    """The squares of the page that an area touches."""
    first, last = int(left * _PER_PIXEL), int(right * _PER_PIXEL)
    upper, lower = int(top * _PER_PIXEL), int(bottom * _PER_PIXEL)
    if first == last and upper == lower:
        return ((first, upper),)
    return product(range(first, last + 1), range(upper, lower + 1))


def _parts(start: float, end: float) -> range:
    """The parts of a stripe that are touched from ``start`` to ``end``."""
    return range(int(start // LONG), int(end // LONG) + 1)


def _stripes(start: float, end: float) -> range:
    """The rows or columns of the page that are touched from ``start`` to ``end``."""
    return range(int(start // STRIPE), int(end // STRIPE) + 1)
