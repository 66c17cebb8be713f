"""A legend of the colours that occur, for themes that need one and readers who ask."""

from __future__ import annotations

from collections.abc import Iterable

from archviz.scene import Group, Mark, Rect
from archviz.text import text_width
from archviz.views.node_link import faces
from archviz.views.node_link.cards import Card
from archviz.views.node_link.lines import line

SWATCH = 14.0
ROW = 22.0
NAMES = {
    "conv": "convolution",
    "linear": "linear",
    "attention": "attention",
    "norm": "normalisation",
    "act": "activation",
    "pool": "pooling",
    "recurrent": "recurrent",
    "embedding": "embedding",
    "other": "other",
}
"""What readers call the categories."""


def paint_legend(drawn: Iterable[Card], width: float, top: float, margin: float) -> Group:
    """Swatches with names, in order of first appearance, in rows no wider than ``width``."""
    categories: dict[str, None] = {}
    for card in drawn:
        face = card.face
        if face.kind == "op":
            categories[face.category] = None
            categories.update(dict.fromkeys(fill for fill, _, _ in face.strips))
    marks: list[Mark] = []
    x, y = margin, top
    for category in categories:
        name = NAMES.get(category, category)
        needed = SWATCH + 6 + text_width(name, faces.SMALL_SIZE) + 16
        if x > margin and x + needed > width - margin:
            x, y = margin, y + ROW
        marks += [
            Rect(x, y, SWATCH, SWATCH, f"header {category}", 3.0),
            Rect(x, y, SWATCH, SWATCH, f"outline {category}", 3.0),
            line(x + SWATCH + 6, y + SWATCH / 2, name, "note", faces.SMALL_SIZE),
        ]
        x += needed
    return Group(tuple(marks), "legend")
