"""A tree as cards or dots joined by lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from archviz.ir import Forest
from archviz.layouts import LAYOUTS, Box, Link, Placement, Route
from archviz.records import record, replace
from archviz.scene import Mark, Path, Segment, Text
from archviz.text import text_width
from archviz.views.tree.cards import Card, Facts, cards_of
from archviz.views.tree.compact import dots_of
from archviz.views.tree.fills import Fills
from archviz.views.tree.legend import caption, legend
from archviz.views.tree.painting import paint_card
from archviz.views.tree.part import Limits, Part, part_of, size_of
from archviz.views.tree.plots import Plots
from archviz.views.tree.sheet import MARGIN, Sheet

LABEL_SIZE = 9.5
LABEL_HEIGHT = 11.0
BEND = 6.0


WIDEST = 2000.0
"""Pixels from which a tree that may grow either way grows to the right, if that is less."""

LABELLED = 64
"""Leaves up to which every line says yes or no."""


@record
class Diagram:
    """How the nodes of a tree are drawn.

    Attributes:
        forest: Where the tree is from.
        tree: Its index.
        fills: What colours mean.
        path: Numbers of highlighted nodes.
        layout: The engine that places cards.
        show: Facts that cards tell; empty for those that suit the form.
        digits: Significant digits; 0 for as few as tell numbers apart.
        leaves: "pie" or "bar".
        has_legend: Whether a key goes above the tree.
        plots: The data that comes to the nodes, or None.
    """

    forest: Forest
    tree: int
    fills: Fills
    path: tuple[int, ...]
    layout: str
    show: tuple[str, ...]
    digits: int
    leaves: str
    has_legend: bool
    plots: Plots | None = None

    def size(self, limits: Limits) -> int:
        """How many nodes are shown."""
        if limits.is_everything:
            return size_of(self.forest, self.tree)
        return len(part_of(self.forest, self.tree, limits).rows)

    def draw(self, part: Part, form: str, direction: str, *, is_narrow: bool = False) -> Sheet:
        """The part as "fancy", "plain" or "compact"; the direction may be "auto"."""
        position = {number: index for index, number in enumerate(part.numbers)}
        on_path = {position[n]: None for n in self.path if n in position}
        part = replace(part, path=on_path)
        labels = {} if form == "compact" else self._labels(part)
        way = "LR" if direction == "LR" else "TB"
        links = links_of(part, labels)
        drawn = self._drawn(part, form, way, is_narrow)
        placed = self._place(drawn, links, way, is_tight=form == "compact")
        if direction == "auto" and placed.width > WIDEST:
            # Plain cards look the same either way.
            other = drawn if form == "plain" else self._drawn(part, form, "LR", is_narrow)
            turned = self._place(other, links, "LR", is_tight=form == "compact")
            if max(turned.width, turned.height) < placed.width:
                drawn, placed, way = other, turned, "LR"
        return self._sheet(part, drawn, labels, links, placed, way)

    def _drawn(self, part: Part, form: str, way: str, is_narrow: bool) -> list[Card]:
        facts = Facts(
            part,
            self.fills,
            form == "fancy",
            self.show,
            self.digits,
            self.leaves,
            is_narrow,
            way == "LR",
            self.plots,
        )
        return dots_of(facts) if form == "compact" else cards_of(facts)

    def _labels(self, part: Part) -> dict[int, str]:
        shows_missing = "missing" in self.show or (
            not self.show and self.forest.value_kind == "score"
        )
        few = len(part.rows) // 2 + 1 <= LABELLED
        return labels_of(part, everywhere=few, missing=shows_missing)

    def _place(
        self,
        drawn: Sequence[Card],
        links: Sequence[Link],
        way: str,
        *,
        is_tight: bool,
    ) -> Placement:
        boxes = [Box(card.id, card.width, card.height) for card in drawn]
        engine = LAYOUTS.get(self.layout)
        tight = {"gap": 2.5, "level_gap": 20.0} if is_tight and engine.name == "tree" else {}
        return engine.place(boxes, links, direction=way, **tight)

    def _sheet(
        self,
        part: Part,
        drawn: Sequence[Card],
        labels: Mapping[int, str],
        links: Sequence[Link],
        placed: Placement,
        way: str,
    ) -> Sheet:
        said = self.plots.said if self.plots is not None else ""
        head, height = caption(part, max(placed.width, 300.0), MARGIN, MARGIN, said)
        if self.has_legend:
            wide = max(placed.width, 300.0)
            counted = self.plots.classes if self.plots is not None else ()
            key, room = legend(self.fills, wide, MARGIN, MARGIN + height, counted)
            head, height = [*head, *key], height + room
        right = max((text.left + text.width for text in head if isinstance(text, Text)), default=0)
        width = max(placed.width + 2 * MARGIN, right + MARGIN)
        left = (width - placed.width) / 2
        marks = [*head, *paint(part, drawn, labels, links, placed, left, MARGIN + height, way)]
        return Sheet(round(width, 2), round(placed.height + height + 2 * MARGIN, 2), tuple(marks))


def links_of(part: Part, labels: Mapping[int, str]) -> list[Link]:
    """A link from each split to its yes child and to its no child."""
    links = []
    for index, pair in enumerate(part.children):
        for side, child in enumerate(pair or ()):
            text = labels.get(child)
            size = (text_width(text, LABEL_SIZE) + 4, LABEL_HEIGHT) if text else None
            links.append(Link(index, child, side, size))
    return links


def labels_of(part: Part, *, everywhere: bool, missing: bool) -> dict[int, str]:
    """What the lines to children say: which answer they are, and where missing values go."""
    goes = part.column("missing") if missing else None
    kinds = part.column("missing_kind") if missing else None
    labels: dict[int, str] = {}
    for index, pair in enumerate(part.children):
        if pair is None:
            continue
        to = goes[index] if goes else -1
        is_never = bool(kinds) and kinds is not None and kinds[index] == 2
        for side, child in enumerate(pair):
            takes = to >= 0 and not is_never and (to == 1) == (side == 0)
            if takes or everywhere or index == 0:
                labels[child] = ("yes", "no")[side] + (", missing" if takes else "")
    return labels


def paint(
    part: Part,
    drawn: Sequence[Card],
    labels: Mapping[int, str],
    links: Sequence[Link],
    placed: Placement,
    x: float,
    y: float,
    direction: str,
) -> list[Mark]:
    """The drawing with its top left corner at (x, y)."""
    marks: list[Mark] = []
    paths: list[Mark] = []
    twigs: list[Segment] = []
    for link, route in zip(links, placed.routes, strict=True):
        text = labels.get(link.target, "")
        is_on_path = link.source in part.path and link.target in part.path
        lines = _line(route, x, y, direction == "TB")
        if drawn[link.source].kind == "dot" and not is_on_path:
            twigs += lines[0]
            continue
        (paths if is_on_path else marks).extend(
            Path(segments, "path" if is_on_path else "edge") for segments in lines
        )
        if route.label:
            area = route.label
            base = y + area.y + area.height - 2
            middle = x + area.x + area.width / 2
            width = text_width(text, LABEL_SIZE)
            marks.append(Text(middle, base, text, "label", LABEL_SIZE, width, "middle"))
    if twigs:
        marks.append(Path(tuple(twigs), "twig"))
    marks += paths
    for index, (card, area) in enumerate(zip(drawn, placed.areas, strict=True)):
        marks.append(paint_card(card, x + area.x, y + area.y, is_on_path=index in part.path))
    return marks


def _line(route: Route, x: float, y: float, down: bool) -> list[tuple[Segment, ...]]:
    """The line with round bends, in two pieces when a label lies on its end."""
    points = [(x + point.x, y + point.y) for point in route.points]
    segments: list[Segment] = [("M", *points[0])]
    far = [abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(points)]
    for index in range(1, len(far)):
        before, at, after = points[index - 1 : index + 2]
        to, on = far[index - 1], far[index]
        bend = min(BEND, to / 2, on / 2)
        start, end = _toward(at, before, bend, to), _toward(at, after, bend, on)
        segments += [("L", *start), ("Q", *at, *end)]
    if not route.label:
        return [(*segments, ("L", *points[-1]))]
    area, (end_x, end_y) = route.label, points[-1]
    if down:
        gap = [(end_x, y + area.y - 1), (end_x, y + area.y + area.height + 1)]
    else:
        gap = [(x + area.x - 1, end_y), (x + area.x + area.width + 1, end_y)]
    return [(*segments, ("L", *gap[0])), (("M", *gap[1]), ("L", end_x, end_y))]


def _toward(
    at: tuple[float, float], other: tuple[float, float], length: float, far: float
) -> tuple[float, float]:
    """The point ``length`` away from ``at`` on the straight line to ``other``, ``far`` away."""
    far = far or 1.0
    return (
        at[0] + (other[0] - at[0]) * length / far,
        at[1] + (other[1] - at[1]) * length / far,
    )
