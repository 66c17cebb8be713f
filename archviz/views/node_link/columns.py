"""Long pictures in columns, or in rows when they run to the right.

The work is done on a finished placement, whatever engine made it. An edge that passes a cut goes
around the foot of one column and over the head of the next; a frame that is cut goes on there.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Literal

from archviz.layouts import Area, Box, Link, Placement, Route
from archviz.records import field, making, record, replace
from archviz.views.node_link.cuts import candidates, chosen
from archviz.views.node_link.reaches import reaches

TALLEST = 4800.0
"""Length in pixels above which columns are made unasked."""
TRACK = 12.0
"""Distance of two edges on their way from column to column."""
GAP = 36.0
"""Room between two columns, beside the edges that run there."""
EDGE = 10.0
"""From a cut to the border of the frame it goes through, and to that of the next frame."""
_SHAPE_COST = 6.0
"""What a picture costs that has e times too many or too few columns, in edges that pass a cut."""
HEADER_GAP = 4.0
"""Below the header of a frame that goes on, beside the room that a cut has anyway."""


@record
class Piece:
    """A part of a frame that lies in one column.

    Attributes:
        area: Where it is.
        crossings: Where edges come in through its header, from left to right.
    """

    area: Area
    crossings: tuple[float, ...] = ()


@record
class Page:
    """A picture in columns.

    Attributes:
        placement: Of a frame in several columns, it has the first piece.
        pieces: The pieces of such frames, by box.
    """

    placement: Placement
    pieces: dict[int, tuple[Piece, ...]] = field(default_factory=dict)


class Wrapping:
    """A placement that can be put into columns.

    Args:
        placement: What the layout made.
        boxes: What was placed.
        links: What was routed.
        direction: "LR" makes rows of a picture that runs to the right.
    """

    def __init__(
        self,
        placement: Placement,
        boxes: Sequence[Box],
        links: Sequence[Link],
        direction: Literal["TB", "LR"] = "TB",
    ) -> None:
        self._whole = placement
        self._is_turned = direction == "LR"
        self._placement = _turned(placement) if self._is_turned else placement
        self._boxes = boxes
        self._links = links
        # A frame's header is at its top in either direction.
        self._headers = [0.0 if self._is_turned else box.header for box in boxes]
        self._candidates: dict[float, list[float]] | None = None

    def usual(self) -> int:
        """How many columns make a page-shaped picture of one that is too tall; 1 if it is not."""
        height = self._placement.height
        if height <= TALLEST:
            return 1
        wanted = math.sqrt(height / (self._placement.width + 2 * GAP))
        if wanted < 1.5:
            return 1
        # A number of columns that cuts a network between its layers is worth another shape.
        found = self._cuts()
        return min(
            range(max(2, math.floor(wanted * 0.75)), math.ceil(wanted * 1.3) + 1),
            key=lambda number: (
                chosen(found, height, number)[1] + _SHAPE_COST * abs(math.log(number / wanted)),
                number,
            ),
        )

    def near(self, width: float, height: float) -> range:
        """Numbers of columns that may give a picture the shape of ``width`` × ``height``."""
        if self._is_turned:
            width, height = height, width
        long, wide = self._placement.height, self._placement.width + GAP
        best = int(math.sqrt(long * width / (wide * height))) if wide and height else 1
        return range(max(1, best - 1), max(1, best) + 3)

    def _cuts(self) -> dict[float, list[float]]:
        if self._candidates is None:
            self._candidates = candidates(self._placement, self._boxes, self._links, self._headers)
        return self._candidates

    def in_columns(self, number: int) -> Page:
        """The picture in ``number`` columns, in fewer where it cannot be cut."""
        if number < 2:
            return Page(self._whole)
        cuts, _ = chosen(self._cuts(), self._placement.height, number)
        if not cuts:
            return Page(self._whole)
        page = _Columns(self._placement, self._boxes, self._links, self._headers, cuts).page()
        if not self._is_turned:
            return page
        # The header of a piece is beside where edges come in.
        pieces = {
            index: tuple(Piece(_flipped(piece.area)) for piece in found)
            for index, found in page.pieces.items()
        }
        return Page(_turned(page.placement), pieces)


def _flipped(area: Area) -> Area:
    return Area(area.y, area.x, area.height, area.width)


def _turned(placement: Placement) -> Placement:
    """The placement with its axes exchanged."""
    routes = [
        replace(
            route,
            way=tuple([(y, x) for x, y in route.way]),
            label=None if route.label is None else _flipped(route.label),
            x=route.y,
            y=route.x,
        )
        for route in placement.routes
    ]
    areas = tuple(map(_flipped, placement.areas))
    return Placement(areas, tuple(routes), placement.height, placement.width)


class _Columns:
    """A placement cut at given heights."""

    def __init__(
        self,
        placement: Placement,
        boxes: Sequence[Box],
        links: Sequence[Link],
        headers: Sequence[float],
        cuts: list[float],
    ) -> None:
        self.placement = placement
        self.links = links
        self.cuts = cuts
        self.frames = _cut_frames(cuts, placement, boxes)
        heads = {
            index: max(EDGE, headers[index] + HEADER_GAP)
            for frames in self.frames
            for index in frames
        }
        feet = dict.fromkeys(heads, EDGE)
        self.below = [_levels(frames, boxes, feet) for frames in self.frames]
        self.above = [_levels(frames, boxes, heads) for frames in self.frames]
        self.reaches = reaches(placement.routes)
        # Of each box and each route; -1 for those that pass a cut.
        ends = [*cuts, math.inf]
        self.column_of_box = [
            number if ends[number := bisect_left(cuts, y)] >= y + height else -1
            for _, y, _, height in placement.areas
        ]
        self.column_of = [
            number if ends[number := bisect_left(cuts, route.y + top)] >= route.y + bottom else -1
            for route, (_, _, top, bottom) in zip(placement.routes, self.reaches, strict=True)
        ]
        # Of each route that passes a cut, where they are.
        self.corners = {
            index: [(route.x + x, route.y + y) for x, y in route.way]
            for index, (route, column) in enumerate(
                zip(placement.routes, self.column_of, strict=True)
            )
            if column < 0
        }
        passing, self.places = self._find_passing()
        self.tracks = [{key: track for track, key in enumerate(keys)} for keys in passing]
        tracks = [len(keys) for keys in passing]
        left, right = self._extents()
        self.dx: list[float] = []
        x = 0.0
        for number in range(len(cuts) + 1):
            self.dx.append(x - left[number])
            x += right[number] - left[number]
            if number < len(cuts):
                x += GAP + TRACK * tracks[number]
        self.width = x
        self.dy = [0.0]
        for cut, above, count in zip(cuts, self.above, tracks, strict=True):
            self.dy.append(max(above.values(), default=0.0) + TRACK * (count + 1) - cut)
        self.feet = [
            cut + dy + max(below.values(), default=0.0) + TRACK
            for cut, dy, below in zip(cuts, self.dy, self.below, strict=False)
        ]
        ends = [
            foot + TRACK * max(count - 1, 0) for foot, count in zip(self.feet, tracks, strict=True)
        ]
        self.height = max(placement.height + self.dy[-1], *ends)
        self.passages: dict[tuple[tuple[int, int], float], list[tuple[float, float]]] = {}
        self.channels = [self.dx[n] + right[n] + GAP / 2 for n in range(len(cuts))]

    def page(self) -> Page:
        pieces = self._pieces()
        dx, dy = self.dx, self.dy
        make_route = making(Route)
        areas = [
            _area((x + dx[number], y + dy[number], width, height))
            for (x, y, width, height), number in zip(
                self.placement.areas, self.column_of_box, strict=True
            )
        ]
        for index, found in pieces.items():
            areas[index] = found[0].area
        routes = [
            make_route(route.way, None, route.is_back, route.x + dx[column], route.y + dy[column])
            if column >= 0 and route.label is None
            else self._way(index, route)
            for index, (route, column) in enumerate(
                zip(self.placement.routes, self.column_of, strict=True)
            )
        ]
        placement = Placement(tuple(areas), tuple(routes), self.width, self.height)
        return Page(placement, pieces)

    def _column(self, y: float) -> int:
        return bisect_left(self.cuts, y)

    def _moved(self, area: Area) -> Area:
        x, y, width, height = area
        number = bisect_left(self.cuts, y + height / 2)
        return Area(x + self.dx[number], y + self.dy[number], width, height)

    def _find_passing(self) -> tuple[list[list[tuple[int, int]]], list[list[float]]]:
        """For each cut what passes it, as source and trunk of edges on one track, and where.

        They go from right to left: in this order, edges do not cross on their way to the next
        column.
        """
        keys: list[dict[tuple[int, int], float]] = [{} for _ in self.cuts]
        places: list[dict[float, None]] = [{} for _ in self.cuts]
        for index, corners in self.corners.items():
            link = self.links[index]
            key = (link.source, link.trunk)
            for (x, y), (_, to_y) in pairwise(corners):
                low, high = (y, to_y) if y <= to_y else (to_y, y)
                for number in range(self._column(low), self._column(high)):
                    keys[number][key] = max(keys[number].get(key, x), x)
                    places[number][x] = None
        ordered = [sorted(found, key=lambda key: (-found[key], key)) for found in keys]
        return ordered, [sorted(found) for found in places]

    def _way(self, index: int, route: Route) -> Route:
        label = self._moved(route.label) if route.label is not None else None
        column = self.column_of[index]
        if column >= 0:
            dx, dy = self.dx[column], self.dy[column]
            return Route(route.way, label, route.is_back, route.x + dx, route.y + dy)
        key = (self.links[index].source, self.links[index].trunk)
        points: list[tuple[float, float]] = []
        corners = self.corners[index]
        columns = [self._column(y) for _, y in corners]
        for (x, y), start, end in zip(corners, columns, [*columns[1:], columns[-1]], strict=True):
            points.append((x + self.dx[start], y + self.dy[start]))
            if start < end:
                points += self._passage(key, x)[4 * start : 4 * end]
            elif end < start:
                points += self._passage(key, x)[4 * end : 4 * start][::-1]
        left, top = points[0]
        way = tuple([(x - left, y - top) for x, y in points])
        return Route(way, label, route.is_back, left, top)

    def _passage(self, key: tuple[int, int], x: float) -> list[tuple[float, float]]:
        """Four corners for each cut, where what comes down at ``x`` goes to the next column."""
        found = self.passages.get((key, x))
        if found is None:
            found = self.passages[key, x] = []
            for number, tracks in enumerate(self.tracks):
                track = TRACK * tracks.get(key, 0)
                low, channel = self.feet[number] + track, self.channels[number] + track
                before, after = x + self.dx[number], x + self.dx[number + 1]
                found += [(before, low), (channel, low), (channel, track), (after, track)]
        return found

    def _pieces(self) -> dict[int, tuple[Piece, ...]]:
        """The pieces of each frame that is cut."""
        found: dict[int, tuple[Piece, ...]] = {}
        for index in sorted({index for frames in self.frames for index in frames}):
            area = self.placement.areas[index]
            cut_by = [n for n, frames in enumerate(self.frames) if index in frames]
            pieces: list[Piece] = []
            for number in range(cut_by[0], cut_by[-1] + 2):
                dx, dy = self.dx[number], self.dy[number]
                top, bottom = area.y, area.y + area.height
                crossings: list[float] = []
                if pieces:
                    top = self.cuts[number - 1] - self.above[number - 1][index]
                    crossings = [
                        x + dx for x in self.places[number - 1] if area.x < x < area.x + area.width
                    ]
                if number <= cut_by[-1]:
                    bottom = self.cuts[number] + self.below[number][index]
                moved = Area(area.x + dx, top + dy, area.width, bottom - top)
                pieces.append(Piece(moved, tuple(crossings)))
            found[index] = tuple(pieces)
        return found

    def _extents(self) -> tuple[list[float], list[float]]:
        """The left and right end of what is in each column."""
        cuts = self.cuts
        left = [math.inf] * (len(cuts) + 1)
        right = [-math.inf] * (len(cuts) + 1)

        def add(start: float, end: float, top: float, bottom: float) -> None:
            for number in range(bisect_left(cuts, top), bisect_left(cuts, bottom) + 1):
                left[number] = min(left[number], start)
                right[number] = max(right[number], end)

        for (x, y, width, height), number in zip(
            self.placement.areas, self.column_of_box, strict=True
        ):
            if number < 0:
                add(x, x + width, y, y + height)
                continue
            if x < left[number]:
                left[number] = x
            if x + width > right[number]:
                right[number] = x + width
        for route, column, (start, end, _, _) in zip(
            self.placement.routes, self.column_of, self.reaches, strict=True
        ):
            if route.label is not None:
                x, y, width, height = route.label
                add(x, x + width, y, y + height)
            # What runs straight down is as far left and right as its ends.
            if column >= 0 and start < end:
                x = route.x
                if x + start < left[column]:
                    left[column] = x + start
                if x + end > right[column]:
                    right[column] = x + end
        for corners in self.corners.values():
            for (x, y), (to_x, to_y) in pairwise(corners):
                add(min(x, to_x), max(x, to_x), min(y, to_y), max(y, to_y))
        return left, right


_area = partial(tuple.__new__, Area)


def _cut_frames(
    cuts: Sequence[float], placement: Placement, boxes: Sequence[Box]
) -> list[list[int]]:
    """The frames that each cut goes through, outer ones first."""
    found: list[list[int]] = [[] for _ in cuts]
    for index, (box, area) in enumerate(zip(boxes, placement.areas, strict=True)):
        if box.is_container:
            for number in range(bisect_left(cuts, area.y), bisect_left(cuts, area.y + area.height)):
                found[number].append(index)
    return found


def _levels(
    frames: Sequence[int], boxes: Sequence[Box], steps: Mapping[int, float]
) -> dict[int, float]:
    """How far from a cut the border of each frame is: further than those of the frames in it."""
    inner = dict.fromkeys(frames, 0.0)
    found: dict[int, float] = {}
    for index in reversed(frames):
        found[index] = inner[index] + steps[index]
        parent = boxes[index].parent
        if parent in inner:
            inner[parent] = max(inner[parent], found[index])
    return found
