"""The layout for trees: parents centred over their children, as narrow as the boxes allow.

Subtrees are pushed together until a contour of one touches the other's, in time linear in the
number of boxes and without recursion: A. van der Ploeg, "Drawing Non-layered Tidy Trees in Linear
Time", Software: Practice and Experience 44 (2014), which extends E. Reingold and J. Tilford,
"Tidier Drawings of Trees", IEEE Transactions on Software Engineering 7 (1981). Breadth is the
extent across the direction of growth, reach the extent along it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from typing import Literal

from archviz.errors import LayoutError
from archviz.layouts import Area, Box, Layout, Link, Placement, Point, Route

GAP = 12.0
"""Between neighbours."""

LEVEL_GAP = 30.0
"""Between a level and the next, of which a label takes a part."""

STEM = 12.0
"""From a parent to the line across its children."""

LABEL_PAD = 4.0


def place(
    boxes: Sequence[Box],
    links: Sequence[Link],
    *,
    direction: Literal["TB", "LR"] = "TB",
    aligned: bool = True,
    gap: float = GAP,
    level_gap: float = LEVEL_GAP,
) -> Placement:
    """Places trees whose links run from parents to children, siblings in the links' order.

    Args:
        boxes: What to place.
        links: What to route; every box is the target of one at most.
        direction: Where trees grow: down, or to the right.
        aligned: Whether all boxes of a level start at one line; otherwise each comes right
            behind its parent, which saves room where boxes differ.
        gap: Least distance between neighbours.
        level_gap: Least distance between a box and its children.

    Raises:
        LayoutError: The links are no trees, or a box has no finite size.
    """
    down = direction == "TB"
    for box in boxes:
        if not all(isfinite(size) and size >= 0 for size in (box.width, box.height)):
            raise LayoutError(f"the box {box.id!r} has no finite size")
    if not boxes:
        return Placement((), (), 0.0, 0.0)
    children: list[list[int]] = [[] for _ in boxes]
    arriving: list[Link | None] = [None] * len(boxes)
    for link in links:
        if arriving[link.target] is not None or link.source == link.target:
            raise _not_a_tree(boxes[link.target])
        arriving[link.target] = link
        children[link.source].append(link.target)
    levels = _levels(boxes, children, arriving)

    breadth = [box.width if down else box.height for box in boxes]
    reach = [box.height if down else box.width for box in boxes]
    before = [level_gap] * len(boxes)  # what is kept free in front of each box
    for link in links:
        if link.label:
            across, along = link.label if down else (link.label[1], link.label[0])
            breadth[link.target] = max(breadth[link.target], across)
            before[link.target] = max(level_gap, STEM + along + 2 * LABEL_PAD + 4.0)
    start, end = _starts(levels, children, reach, before, aligned)
    middle = tidy(levels, children, breadth, end, gap)

    own = [box.width if down else box.height for box in boxes]
    first = min(m - b / 2 for m, b in zip(middle, breadth, strict=True))
    low = [round(m - first - b / 2, 2) for m, b in zip(middle, own, strict=True)]
    if down:
        areas = [
            Area(x, round(y, 2), box.width, box.height)
            for x, y, box in zip(low, start, boxes, strict=True)
        ]
    else:
        areas = [
            Area(round(x, 2), y, box.width, box.height)
            for y, x, box in zip(low, start, boxes, strict=True)
        ]
    last = max(m + b / 2 for m, b in zip(middle, breadth, strict=True))
    span, length = round(last - first, 2), round(max(map(sum, zip(start, reach, strict=True))), 2)
    routes = tuple(_route(link, areas, end[link.source], down) for link in links)
    size = (span, length) if down else (length, span)
    return Placement(tuple(areas), routes, *size)


def _not_a_tree(box: Box) -> LayoutError:
    return LayoutError(
        f"the layout 'tree' places trees only, and {box.id!r} has more than one parent or is its "
        "own ancestor",
        "use --layout sugiyama",
    )


def _levels(
    boxes: Sequence[Box], children: Sequence[Sequence[int]], arriving: Sequence[Link | None]
) -> list[list[int]]:
    """The boxes by distance from their root."""
    levels = [[i for i, link in enumerate(arriving) if link is None]]
    seen = len(levels[0])
    while levels[-1]:
        levels.append([child for i in levels[-1] for child in children[i]])
        seen += len(levels[-1])
    levels.pop()
    if seen < len(boxes):
        reached = {i for level in levels for i in level}
        raise _not_a_tree(boxes[next(i for i in range(len(boxes)) if i not in reached)])
    return levels


def _starts(
    levels: Sequence[Sequence[int]],
    children: Sequence[Sequence[int]],
    reach: Sequence[float],
    before: Sequence[float],
    aligned: bool,
) -> tuple[list[float], list[float]]:
    """Where each box starts along the direction, and where the room that it takes up ends."""
    start, end = [0.0] * len(reach), [0.0] * len(reach)
    at = 0.0
    for number, level in enumerate(levels):
        if aligned:
            at += max(before[i] for i in level) if number else 0.0
            stop = at + max(reach[i] for i in level)
            for i in level:
                start[i], end[i] = at, stop
            at = stop
        else:
            for i in level:
                end[i] = start[i] + reach[i]
                room = max((before[child] for child in children[i]), default=0.0)
                for child in children[i]:
                    start[child] = end[i] + room
    return start, end


def tidy(
    levels: Sequence[Sequence[int]],
    children: Sequence[Sequence[int]],
    breadth: Sequence[float],
    end: Sequence[float],
    gap: float,
) -> list[float]:
    """The middle of each box across the direction of growth.

    Args:
        levels: Boxes by distance from their root, siblings side by side in order.
        children: By box.
        breadth: Of each box.
        end: Where the room of each box ends along the direction; children end behind parents.
        gap: Least distance between neighbours.
    """
    outlines = _Outlines(breadth, end, gap)
    for level in reversed(levels):
        for box in level:
            if children[box]:
                outlines.join(box, children[box])
    middle = outlines.offset
    for root, at in zip(levels[0], outlines.pack(levels[0]), strict=True):
        middle[root] = at
    for level in levels:
        for box in level:
            for child in children[box]:
                middle[child] += middle[box]
    return middle


class _Outlines:
    """Subtrees and their outlines, a chain of boxes on either side, from the root downwards.

    Each box knows the next on the left and on the right outline and how far aside that is. Where a
    short subtree ends beside a long one, its last box leads on to a box of the other (a thread).
    """

    def __init__(self, breadth: Sequence[float], end: Sequence[float], gap: float) -> None:
        count = len(breadth)
        self.half, self.end, self.gap = [b / 2 for b in breadth], end, gap
        self.offset = [0.0] * count  # of each box from its parent
        self.left, self.right = [-1] * count, [-1] * count
        self.left_by, self.right_by = [0.0] * count, [0.0] * count
        # The last box of either outline, and how far it lies aside of the root.
        self.last_left, self.last_right = list(range(count)), list(range(count))
        self.last_left_at, self.last_right_at = [0.0] * count, [0.0] * count

    def join(self, parent: int, siblings: Sequence[int]) -> None:
        """Packs the subtrees of ``siblings`` and puts ``parent`` over their middle."""
        first, last = siblings[0], siblings[-1]
        at = self.pack(siblings)
        middle = (at[0] + at[-1]) / 2
        for child, place in zip(siblings, at, strict=True):
            self.offset[child] = place - middle
        self.left[parent], self.left_by[parent] = first, at[0] - middle
        self.right[parent], self.right_by[parent] = last, at[-1] - middle
        # What `pack` left in the first sibling is seen from there, in the last from there.
        self.last_left[parent] = self.last_left[first]
        self.last_left_at[parent] = self.last_left_at[first] + at[0] - middle
        self.last_right[parent] = self.last_right[last]
        self.last_right_at[parent] = self.last_right_at[last] + at[-1] - middle

    def pack(self, siblings: Sequence[int]) -> list[float]:
        """Pushes subtrees together from left to right; where their roots come to be."""
        at = [0.0]
        for before, box in pairwise(siblings):
            at.append(self._beside(siblings[0], before, at[-1], box))
        return at

    def _beside(self, first: int, before: int, before_at: float, box: int) -> float:
        """Where the subtree of ``box`` goes, right of those from ``first`` to ``before``.

        Afterwards the last box of the left outline hangs on ``first``, that of the right one on
        ``box``.
        """
        half, end, gap = self.half, self.end, self.gap
        one, one_at = before, before_at
        other, other_at = box, 0.0
        place = one_at + half[one] + gap + half[other]
        while True:
            one_end, other_end = end[one], end[other]
            if one_end <= other_end:
                one_at += self.right_by[one]
                one = self.right[one]
            if one_end >= other_end:
                other_at += self.left_by[other]
                other = self.left[other]
            if one < 0 or other < 0:
                break
            missing = one_at + half[one] + gap + half[other] - other_at - place
            if missing > 0:
                place += missing
        if one < 0 <= other:  # the new subtree is longer: the left outline goes on in it
            last = self.last_left[first]
            self.left[last] = other
            self.left_by[last] = place + other_at - self.last_left_at[first]
            self.last_left[first] = self.last_left[box]
            self.last_left_at[first] = place + self.last_left_at[box]
        elif other < 0 <= one:  # it is shorter: the right outline goes on in what was there
            last = self.last_right[box]
            self.right[last] = one
            self.right_by[last] = one_at - place - self.last_right_at[box]
            self.last_right[box] = self.last_right[before]
            self.last_right_at[box] = before_at + self.last_right_at[before] - place
        return place


def _route(link: Link, areas: Sequence[Area], end: float, down: bool) -> Route:
    """From the parent down its stem, across, and down to the child; the label lies on the end."""
    source, target = areas[link.source], areas[link.target]
    across = end + STEM
    if down:
        x0, y0 = source.x + source.width / 2, source.y + source.height
        x1, y1 = target.x + target.width / 2, target.y
    else:
        x0, y0 = source.y + source.height / 2, source.x + source.width
        x1, y1 = target.y + target.height / 2, target.x
    left, right, top, bottom = round(x0, 2), round(x1, 2), round(y0, 2), round(y1, 2)
    bend = round(across, 2)
    points: tuple[Point, ...]
    if down:
        points = (Point(left, top), Point(left, bend), Point(right, bend), Point(right, bottom))
    else:
        points = (Point(top, left), Point(bend, left), Point(bend, right), Point(bottom, right))
    if x0 == x1:
        points = (points[0], points[-1])
    if not link.label:
        return Route(points)
    width, height = link.label if down else (link.label[1], link.label[0])
    label = Area(x1 - width / 2, (across + 4.0 + y1 - height) / 2, width, height)
    return Route(points, _rounded(label if down else _turned(label)))


def _turned(area: Area) -> Area:
    return Area(area.y, area.x, area.height, area.width)


def _rounded(area: Area) -> Area:
    return Area(round(area.x, 2), round(area.y, 2), area.width, area.height)


LAYOUT = Layout(
    name="tree",
    title="tidy trees in linear time",
    place=place,
    features=frozenset({"labels"}),
)
