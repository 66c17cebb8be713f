"""What an overlay adds to the picture: rings, signs at corners, its legend and its notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archviz.annotation import Annotation, Entry
from archviz.layouts import Area
from archviz.scene import Group, Mark, Path, Rect
from archviz.text import text_width
from archviz.views.node_link import cards, faces, foot
from archviz.views.node_link.cards import Card
from archviz.views.node_link.lines import line
from archviz.views.node_link.signs import sign

BADGE = 9.5
"""Radius of the disc behind a sign at a card's corner."""
ROW = 20.0
SAMPLE = 34.0


def paint_rings(
    said: Annotation, drawn: Mapping[int, Card], areas: Sequence[Area]
) -> Iterator[Mark]:
    """The rings, which lie under the cards."""
    for index, card in drawn.items() if said.rings else ():
        state = said.rings.get(card.id)
        if state:
            yield cards.paint_ring(card, areas[index], f"ring-{state}")


def paint_badges(
    said: Annotation, drawn: Mapping[int, Card], areas: Sequence[Area]
) -> Iterator[Mark]:
    """The signs at corners, which lie over the cards."""
    for index, card in drawn.items() if said.badges else ():
        name = said.badges.get(card.id)
        if name:
            x, y = areas[index].x - 1.0, areas[index].y - 1.0
            disc = Rect(x - BADGE, y - BADGE, 2 * BADGE, 2 * BADGE, "badge-bad", BADGE)
            yield Group((disc, sign(name, x + 0.5, y, "sign-bad", 12.0)), "badge")


def paint_key(
    said: Annotation, width: float, top: float, margin: float
) -> tuple[list[Mark], float]:
    """The overlay's legend and notes from ``top`` on, and where they end."""
    marks: list[Mark] = []
    x, y = margin, top + ROW / 2
    entries: list[Mark] = []
    for entry in said.legend:
        needed = SAMPLE + 8 + text_width(entry.text, faces.TEXT_SIZE) + 18
        if x > margin and x + needed - 18 > width - margin:
            x, y = margin, y + ROW
        entries += _sample(entry, x, y)
        entries.append(line(x + SAMPLE + 8, y, entry.text, "text", faces.TEXT_SIZE))
        x += needed
    if entries:
        marks.append(Group(tuple(entries), "legend"))
        y += ROW
    for note in said.notes:
        marks += foot.paint_line(note, margin, width - margin, y)
        y += foot.LINE
    return marks, y - ROW / 2


def _sample(entry: Entry, x: float, y: float) -> list[Mark]:
    if entry.sign:
        return [sign(entry.sign, x + SAMPLE - 8, y, f"sign-{entry.state}", 14.0)]
    if entry.state == "off":  # no edge is drawn like this, only rings are
        return [Rect(x, y - 6, SAMPLE, 12, "ring-off", 4.0)]
    return [Path((("M", x, y), ("L", x + SAMPLE, y)), f"edge-{entry.state}")]
