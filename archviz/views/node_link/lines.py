"""Texts placed by the middle of their capitals."""

from __future__ import annotations

from archviz.scene import Text
from archviz.text import CAP_HEIGHT, text_width


def line(x: float, middle: float, text: str, role: str, size: float, anchor: str = "start") -> Text:
    """A text whose capitals are centred on ``middle``; titles are bold."""
    bold = role.endswith("title")
    width = text_width(text, size, bold=bold)
    return Text(x, middle + CAP_HEIGHT * size / 2, text, role, size, width, anchor)
