"""The foot of a figure: what its colours mean, and what it cannot show."""

from __future__ import annotations

from archviz.scene import Mark, Rect
from archviz.text import text_width
from archviz.views.layered.page import MARGIN, SMALL, Page, count, text
from archviz.views.layered.plan import Plan

SWATCH = 6.0
ENTRY = 6.8
ROW = 10.0


def footer(plan: Plan, page: Page, legend: bool) -> None:
    """Adds the foot below what is on the page."""
    facts = [*([f"{count(plan.parameters)} parameters"] if plan.parameters else []), *page.facts]
    note = text(MARGIN, 0.0, " · ".join(facts), "note", SMALL, anchor="start")
    entries = list(page.legend.items()) if legend else []
    widths = [SWATCH + 3 + text_width(name, ENTRY) + 12 for _, name in entries]
    room = page.width - 2 * MARGIN
    beside = note.width + 12 + sum(widths) - 12 <= room
    rows: list[list[int]] = [[]]
    for index, width in enumerate(widths):
        if rows[-1] and sum(widths[k] for k in rows[-1]) + width - 12 > room:
            rows.append([])
        rows[-1].append(index)
    y = page.height + 8.0
    marks: list[Mark] = []
    for number, row in enumerate(rows):
        used = sum(widths[k] for k in row) - 12
        x = page.width - MARGIN - used if beside else MARGIN
        for k in row:
            fill, name = entries[k]
            marks.append(Rect(x, y + 0.2 - SWATCH, SWATCH, SWATCH, f"front {fill}"))
            marks.append(text(x + SWATCH + 3, y, name, "text", ENTRY, anchor="start"))
            x += widths[k]
        y += ROW if row and number < len(rows) - 1 else 0.0
    if facts:
        if not beside and rows[0]:
            y += ROW
        marks.append(text(MARGIN, y, note.text, "note", SMALL, anchor="start"))
    page.add(*marks)
    page.height = y + 5.0
