"""The foot of a figure: what its colours mean, and what it cannot show."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.records import replace
from archviz.scene import Mark, Rect, Text
from archviz.text import fit, text_width
from archviz.views.layered.look import Look, current
from archviz.views.layered.page import MARGIN, SMALL, Page, count, moved, text
from archviz.views.layered.pieces import arrow
from archviz.views.layered.plan import Plan

SWATCH = 6.0
ENTRY = 6.8
ROW = 10.0
STROKE = 14.0


def footer(plan: Plan, page: Page, legend: bool) -> None:
    """Adds the foot below what is on the page."""
    parameters = plan.parameters
    total = count(parameters)
    facts = [*([f"{total} parameters"] if parameters and total else []), *page.facts]
    room = page.width - 2 * MARGIN
    if plan.input.assumed:
        facts.append("s: side of the input, which is free")
    notes = _lines(facts, room)
    wide = notes[0].width if len(notes) == 1 else room
    entries = [(f"front {fill}", name) for fill, name in page.legend.items()]
    entries += list(page.lines.items())
    entries = entries if legend else []
    widths = [_sign(role) + 3 + text_width(name, ENTRY) + 12 for role, name in entries]
    if page.corner is not None and entries and _in_corner(page, entries):
        entries, widths = [], []
    upright, _, side = current().corner.partition("-")
    is_top = upright == "top" and bool(entries)
    beside = not is_top and side == "right" and wide + 12 + sum(widths) - 12 <= room
    rows: list[list[int]] = [[]]
    for index, width in enumerate(widths):
        if rows[-1] and sum(widths[k] for k in rows[-1]) + width - 12 > room:
            rows.append([])
        rows[-1].append(index)
    if is_top:
        high = ROW * len(rows) + 4.0
        page.marks = [moved(mark, 0.0, high) for mark in page.marks]
        page.height += high
    y = MARGIN + 6.0 if is_top else page.height + 8.0
    marks: list[Mark] = []
    for number, row in enumerate(rows):
        used = sum(widths[k] for k in row) - 12
        at_right = beside or (side == "right" and current().corner != Look().corner)
        x = page.width - MARGIN - used if at_right else MARGIN
        for k in row:
            marks += _entry(x, y, *entries[k], page.upright.get(entries[k][0], 0))
            x += widths[k]
        y += ROW if row and number < len(rows) - 1 else 0.0
    y = page.height + 8.0 if is_top else y
    for note in notes:
        if not beside and ((rows[0] and not is_top) or note is not notes[0]):
            y += ROW
        marks.append(replace(note, y=y))
    page.add(*marks)
    page.height = y + 5.0


def _lines(facts: Sequence[str], room: float) -> list[Text]:
    """The facts in as few lines as have room."""
    lines: list[str] = []
    for fact in facts:
        longer = f"{lines[-1]} · {fact}" if lines else fact
        if lines and text_width(longer, SMALL) <= room:
            lines[-1] = longer
        else:
            lines.append(fit(fact, SMALL, room))
    return [text(MARGIN, 0.0, line, "note", SMALL, anchor="start") for line in lines]


def _sign(role: str) -> float:
    """How wide the sign of an entry is."""
    return SWATCH if role.startswith("front ") else STROKE


def _entry(x: float, y: float, role: str, name: str, way: int) -> list[Mark]:
    """A sign and its name on the line ``y``; arrows lead right, down (``way`` 1) or up (-1)."""
    sign = _sign(role)
    named = text(x + sign + 3, y, name, "text", ENTRY, anchor="start")
    if sign == SWATCH:
        return [Rect(x, y + 0.2 - SWATCH, SWATCH, SWATCH, role), named]
    middle = y - SWATCH / 2 + 0.6
    if way:
        along, half = x + sign / 2, way * (ROW - 1.6) / 2
        return [*arrow([(along, middle - half), (along, middle + half)], role), named]
    return [*arrow([(x, middle), (x + sign, middle)], role), named]


def _in_corner(page: Page, entries: Sequence[tuple[str, str]]) -> bool:
    """Lists the legend in the room inside the figure, when it has enough."""
    assert page.corner is not None
    left, bottom, width, height = page.corner
    wide = max(_sign(role) + 3 + text_width(name, ENTRY) for role, name in entries)
    if wide > width or len(entries) * ROW > height:
        return False
    for number, (role, name) in enumerate(entries):
        y = bottom - ROW * (len(entries) - 1 - number)
        page.add(*_entry(left, y, role, name, page.upright.get(role, 0)))
    return True
