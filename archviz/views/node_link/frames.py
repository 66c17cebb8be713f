"""Frames: the box around a module, with its title where no edge comes through it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archviz.ir import ScopePath
from archviz.layouts import Area
from archviz.scene import Group, Mark, Rect, Text
from archviz.text import fit, printable, text_width
from archviz.views.node_link import faces
from archviz.views.node_link.containers import Frames
from archviz.views.node_link.lines import line
from archviz.views.node_link.lists import LIST_CLASSES

FRAME_HEADER = 28.0
STACK = 8.0
"""How far the copies behind a repeated frame reach out of it."""
TITLE_SIZE = 11.5
SIDE = 10.0
CONTINUED = (" (continued)", " (cont.)", " …")
"""What follows the name on the further pieces of a frame: the first that has room."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_]+")
CLEAR = 6.0
"""Room between a text and an edge."""


def paint_frame(
    path: ScopePath,
    area: Area,
    frames: Frames,
    depth: int,
    crossings: Sequence[float],
    number: int = 1,
) -> tuple[Group, list[Text]]:
    """The frame of a scope, or one piece of it when it goes on in further columns.

    The number of its weights comes apart: it changes with each weight at any depth, so those of
    all frames are written together.

    Args:
        path: The scope.
        area: Where the frame or the piece is.
        frames: All frames.
        depth: How many frames are around it.
        crossings: Where edges come through its header.
        number: Which piece it is, from 1.
    """
    repeat = frames.repeat(path)
    role = f"scope {min(depth, 2)}"
    marks: list[Mark] = []
    if repeat:
        # The copies stand behind the frame, in room that its header and its padding reserved.
        area = Area(area.x, area.y + STACK, area.width - STACK, area.height - STACK)
        marks += [
            Rect(area.x + shift, area.y - shift, area.width, area.height, role, 8.0)
            for shift in (STACK, STACK / 2)
        ]
    marks.append(Rect(*area, role, 8.0))
    left, right = area.x + SIDE, area.x + area.width - SIDE
    middle = area.y + 13
    if repeat:
        width = text_width(repeat, faces.TITLE_SIZE, bold=True) + 12
        right = _right_of_gap(left, right + 3, width, crossings)
        marks.append(Rect(right - width, area.y + 5, width, 17, "pill", 8.5))
        centre = right - width / 2
        marks.append(line(centre, middle + 0.5, repeat, "pill-title", faces.TITLE_SIZE, "middle"))
        right -= width + CLEAR
    gaps = _gaps(left, right, crossings)
    widest = max(gaps, key=lambda gap: gap[1] - gap[0])
    title = frames.title(path)
    if number > 1:
        room = widest[1] - widest[0]
        title = next(
            (long for note in CONTINUED if _title_width(long := title + note) <= room), title
        )
    wanted = _title_width(title)
    # The title goes into the first gap that holds it, or else shortened into the widest.
    start, end = next(
        (gap for gap in gaps if gap[1] - gap[0] >= wanted),
        widest,
    )
    title = fit(title, TITLE_SIZE, end - start, bold=True)
    marks.append(line(start, middle, title, "scope-title", TITLE_SIZE))
    used = start + _title_width(title) + CLEAR
    note = frames.note(path) if number == 1 else ""
    tallies: list[Text] = []
    width = text_width(note, faces.SMALL_SIZE)
    # What is left for the note and the class: behind the title, and the gaps behind that.
    rooms = [(used, end), *(gap for gap in gaps if gap[0] > start)]
    for index, (before, edge) in reversed(list(enumerate(rooms))):
        if note and edge - before >= width:
            written = line(edge, middle, note, "scope-text", faces.SMALL_SIZE, "end")
            (marks if frames.copies(path) else tallies).append(written)
            rooms[index] = (before, edge - width - SIDE)
            note = ""
            break
    whole = frames.subtitle(path)
    wanted = text_width(whole, faces.TEXT_SIZE)
    start, end = next(
        (room for room in rooms if room[1] - room[0] >= wanted),
        max(rooms, key=lambda room: room[1] - room[0]),
    )
    subtitle = last_words(whole, faces.TEXT_SIZE, end - start)
    if subtitle and (subtitle == whole or whole not in LIST_CLASSES):
        marks.append(line(start, middle, subtitle, "scope-text", faces.TEXT_SIZE))
    # What is written needs no saying twice: a count changes with every weight inside.
    tooltip = printable(" ".join(filter(None, (".".join(path), frames.subtitle(path), note))))
    name = "scope:" + "/".join(path) + (f"#{number}" if number > 1 else "")
    return Group(tuple(marks), "scope", name, tooltip), tallies


def last_words(name: str, size: float, width: float) -> str:
    """A class name, or "…" and as many of its last words as ``width`` pixels hold; "" for none.

    What kind of module it is stands at the end; it often begins with what all around it share:
    "SegformerOverlapPatchEmbeddings" is "…PatchEmbeddings".
    """
    starts = [match.start() for match in _WORD.finditer(name)][1:]
    for text in (name, *("…" + name[start:] for start in starts)):
        if text_width(text, size) <= width:
            return text
    return ""


def _title_width(title: str) -> float:
    return text_width(title, TITLE_SIZE, bold=True)


def _gaps(left: float, right: float, crossings: Sequence[float]) -> list[tuple[float, float]]:
    """The stretches of a header that no edge crosses, from the left."""
    gaps, start = [], left
    for x in sorted(crossings):
        if left < x + CLEAR and x - CLEAR < right:
            if x - CLEAR > start:
                gaps.append((start, x - CLEAR))
            start = max(start, x + CLEAR)
    if right > start or not gaps:
        gaps.append((start, max(right, start)))
    return gaps


def _right_of_gap(left: float, right: float, width: float, crossings: Sequence[float]) -> float:
    """The right end of the rightmost stretch that holds ``width``."""
    for start, end in reversed(_gaps(left, right, crossings)):
        if end - start >= width:
            return end
    return right
