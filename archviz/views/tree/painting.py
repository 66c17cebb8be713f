"""Cards as marks: their boxes, lines, bars and pies."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin, tan

from archviz.scene import Group, Mark, Path, Rect, Segment, Text
from archviz.text import CAP_HEIGHT
from archviz.views.tree.cards import BAR, LINE, PAD, TEXT_SIZE, TITLE_SIZE, Card
from archviz.views.tree.fills import UNKNOWN, full
from archviz.views.tree.shift import moved


def paint_card(card: Card, x: float, y: float, *, is_on_path: bool = False) -> Group:
    """The card with its top left corner at (x, y)."""
    marks: list[Mark] = []
    middle = x + card.width / 2
    top = y + PAD / 2
    plain = card.kind == "stub" or bool(card.radius) or card.fill == UNKNOWN
    text, title = (
        ("text", "heading-title") if plain else (f"on {card.fill}", f"on-title {card.fill}")
    )
    if card.kind == "dot":
        return _paint_dot(card, x, y, is_on_path)
    if card.radius:
        center = (middle, y + card.radius)
        if card.is_sideways:
            center = (x + card.radius, y + card.height / 2)
        marks += pie(*center, card.radius, card.shares)
        if is_on_path:
            ring = (*arc(*center, card.radius, 0.0, 2 * pi), ("Z",))
            marks.append(Path(ring, "path"))
        if card.is_sideways:
            middle = x + card.radius + card.width / 2
            top = y + (card.height - LINE * len(card.lines)) / 2
        else:
            top = y + 2 * card.radius + 4
    else:
        radius = min(card.height / 2, 11.0) if card.kind == "leaf" and not card.plot else 4.0
        role = "stub" if card.kind == "stub" else f"{card.kind} {card.fill}"
        if card.plot is not None or (card.shares and card.kind == "split"):
            marks += _headed(card, x, y)
            text = "text"
        else:
            marks.append(Rect(x, y, card.width, card.height, role, radius))
        if is_on_path:
            marks.append(Rect(x, y, card.width, card.height, "path", radius))
    last_title = sum(line.is_title for line in card.lines) - 1
    for number_, line in enumerate(card.lines):
        size = TITLE_SIZE if line.is_title else TEXT_SIZE
        base = top + LINE / 2 + CAP_HEIGHT * size / 2
        role = title if line.is_title else text
        marks.append(Text(middle, base, line.text, role, size, line.width, "middle"))
        top += LINE
        if number_ == last_title and card.plot is not None:
            left = x + (card.width - card.plot.width) / 2
            marks += [moved(mark, left, top + 3) for mark in card.plot.marks]
            top += card.plot.height + 4
        if number_ == last_title and card.shares and not card.radius:
            marks += bar(x + PAD, top + 5, card.width - 2 * PAD, BAR, card.shares)
            top += BAR + 8
    return Group(tuple(marks), f"node {card.kind}", card.id, card.tooltip)


def _headed(card: Card, x: float, y: float) -> list[Mark]:
    """A card whose head has the colour, so that its bar is seen."""
    titles = sum(line.is_title for line in card.lines)
    right, low = x + card.width, y + PAD / 2 + LINE * titles + 2
    head: tuple[Segment, ...] = (
        ("M", x, low),
        ("L", x, y + 4),
        ("Q", x, y, x + 4, y),
        ("L", right - 4, y),
        ("Q", right, y, right, y + 4),
        ("L", right, low),
        ("Z",),
    )
    return [
        Rect(x, y, card.width, card.height, "card", 4.0),
        Path(head, f"tile {card.fill}"),
        Rect(x, y, card.width, card.height, "split-line", 4.0),
    ]


def _paint_dot(card: Card, x: float, y: float, is_on_path: bool) -> Group:
    """A dot with its label below or to the right."""
    radius = card.radius
    left, top = x + card.width / 2 - radius, y
    if card.is_sideways:
        left, top = x, y + card.height / 2 - radius
    role = f"leaf {card.fill}"
    marks: list[Mark] = [Rect(left, top, 2 * radius, 2 * radius, role, radius)]
    if is_on_path:
        marks.append(Rect(left, top, 2 * radius, 2 * radius, "path", radius))
    for line in card.lines:
        middle, base = x + card.width / 2, top + 2 * radius + LINE - 4
        if card.is_sideways:
            middle = x + 2 * radius + 4 + line.width / 2
            base = y + card.height / 2 + CAP_HEIGHT * TEXT_SIZE / 2
        marks.append(Text(middle, base, line.text, "text", TEXT_SIZE, line.width, "middle"))
    return Group(tuple(marks), "node dot", card.id, card.tooltip)


def bar(x: float, y: float, width: float, height: float, shares: Sequence[float]) -> list[Mark]:
    """Shares side by side; what is thinner than a hair is left out."""
    marks: list[Mark] = []
    frame = Rect(x, y, width, height, "frame")
    for index, share in enumerate(shares):
        if share * width >= 0.3:
            marks.append(Rect(x, y, round(share * width, 2), height, f"slice {full(index)}"))
        x += share * width
    marks.append(frame)
    return marks


def pie(x: float, y: float, radius: float, shares: Sequence[float]) -> list[Mark]:
    """Shares as slices from the top, clockwise, inside an outline."""
    marks: list[Mark] = []
    turn = -pi / 2
    for index, share in enumerate(shares):
        angle = 2 * pi * share
        if share >= 0.9995:
            marks.append(Path((*arc(x, y, radius, 0.0, 2 * pi), ("Z",)), f"slice {full(index)}"))
        elif share > 0.0005:
            start: Segment = ("M", x, y)
            curve = arc(x, y, radius, turn, turn + angle)
            line: Segment = ("L", *curve[0][1:])
            marks.append(Path((start, line, *curve[1:], ("Z",)), f"slice {full(index)}"))
        turn += angle
    marks.append(Path((*arc(x, y, radius, 0.0, 2 * pi), ("Z",)), "pie"))
    return marks


def arc(x: float, y: float, radius: float, start: float, end: float) -> tuple[Segment, ...]:
    """An arc of a circle as cubic curves of a quarter turn at most, angles in radians."""
    steps = max(1, round((end - start) / (pi / 2) + 0.499))
    angle = (end - start) / steps
    reach = 4 / 3 * tan(angle / 4) * radius
    segments: list[Segment] = [("M", x + radius * cos(start), y + radius * sin(start))]
    for step in range(steps):
        a, b = start + step * angle, start + (step + 1) * angle
        x0, y0, x1, y1 = cos(a), sin(a), cos(b), sin(b)
        segments.append(
            (
                "C",
                x + radius * x0 - reach * y0,
                y + radius * y0 + reach * x0,
                x + radius * x1 + reach * y1,
                y + radius * y1 - reach * x1,
                x + radius * x1,
                y + radius * y1,
            )
        )
    return tuple(segments)
