"""The foot of a card: what an overlay says of it, line by line, each with a sign."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.annotation import Remark
from archviz.layouts import Area
from archviz.scene import Mark, Path
from archviz.text import fit, printable, text_width
from archviz.views.node_link.lines import line
from archviz.views.node_link.signs import SIGN, sign

LINE = 16.0
GAP = 4.0
"""Room above and below the lines."""
SIDE = 10.0
WIDEST = 336.0
TEXT_SIZE, CODE_SIZE = 10.5, 10.0


def height_of(remarks: Sequence[Remark]) -> float:
    """How much higher a card is for its remarks."""
    return LINE * len(remarks) + 2 * GAP if remarks else 0.0


def width_of(remarks: Sequence[Remark]) -> float:
    """How wide a card has to be for its remarks."""
    return max(_width(remark) for remark in remarks) + 2 * SIDE if remarks else 0.0


def _width(remark: Remark) -> float:
    note = text_width(remark.note, CODE_SIZE) + 14 if remark.note else 0.0
    text = text_width(printable(remark.text, 120), _size(remark), bold=bool(remark.state))
    return (SIGN + 5 if remark.sign else 0.0) + text + note


def _size(remark: Remark) -> float:
    return TEXT_SIZE if remark.state else CODE_SIZE


def paint(remarks: Sequence[Remark], area: Area) -> list[Mark]:
    """The lines at the bottom of a card's area, under a rule."""
    top = area.y + area.height - height_of(remarks)
    left, right = area.x + SIDE, area.x + area.width - SIDE
    rule = (("M", area.x, top), ("L", area.x + area.width, top))
    marks: list[Mark] = [Path(rule, "rule")]
    middle = top + GAP + LINE / 2
    for remark in remarks:
        marks += paint_line(remark, left, right, middle)
        middle += LINE
    return marks


def paint_line(remark: Remark, left: float, right: float, middle: float) -> list[Mark]:
    """One remark between ``left`` and ``right``; its text gives way to its note."""
    marks: list[Mark] = []
    role = f"remark-{remark.state}-title" if remark.state else "row-value"
    if remark.sign:
        marks.append(sign(remark.sign, left + SIGN / 2, middle, f"sign-{remark.state or 'off'}"))
        left += SIGN + 5
    note = fit(remark.note, CODE_SIZE, (right - left) * 0.7)
    taken = text_width(note, CODE_SIZE) + 8 if note else 0.0
    text = printable(remark.text, 120)
    text = fit(text, _size(remark), right - left - taken, bold=bool(remark.state))
    marks.append(line(left, middle, text, role, _size(remark)))
    if note:
        marks.append(line(right, middle, note, "row-name", CODE_SIZE, "end"))
    return marks
