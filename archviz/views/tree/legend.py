"""The key above a drawing: classes, or a scale, and which tree it is."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.ir.forest import Forest
from archviz.records import replace
from archviz.scene import Mark, Rect, Text
from archviz.text import fit, printable, text_width
from archviz.theme import STEPS
from archviz.views.tree.fills import Fills, full
from archviz.views.tree.numbers import number, signed
from archviz.views.tree.part import Part

SIZE = 10.0
SWATCH = 11.0
ROW = 18.0
MOST_CLASSES = 24
SCALE_WIDTH = 128.0


def legend(
    fills: Fills, width: float, x: float, y: float, counted: Sequence[str] = ()
) -> tuple[list[Mark], float]:
    """The key in rows no wider than ``width``, and the height it takes.

    Args:
        fills: What colours mean.
        width: In pixels.
        x: Of the left border.
        y: Of the upper border.
        counted: Classes that rows of data are counted by.
    """
    if fills.kind == "class" or fills.width > 1:
        return _classes(fills, width, x, y)
    marks: list[Mark] = []
    height = 0.0
    if fills.high > fills.low:
        marks, height = _scale(fills, x, y), ROW + 4
    if counted:
        classes = replace(fills, kind="rows", classes=tuple(counted), width=len(counted), name="")
        more, room = _classes(classes, width, x, y + height)
        marks, height = [*marks, *more], height + room
    return marks, height


def _classes(fills: Fills, width: float, left: float, top: float) -> tuple[list[Mark], float]:
    marks: list[Mark] = []
    x, y = left, top
    if fills.name:
        x += _write(marks, x, y, fit(printable(fills.name), SIZE, 160.0), "heading-title") + 12
    shown = min(fills.width, MOST_CLASSES)
    texts = [fit(printable(fills.class_name(index)), SIZE, 120.0) for index in range(shown)]
    for index, text in enumerate(texts):
        needed = SWATCH + 5 + text_width(text, SIZE)
        if x > left and x + needed > left + width:
            x, y = left, y + ROW
        marks.append(Rect(x, y + 2, SWATCH, SWATCH, f"leaf {full(index)}", 2.0))
        _write(marks, x + SWATCH + 5, y, text, "note")
        x += needed + 12
    notes = [f"+{fills.width - shown} classes"] if fills.width > shown else []
    if fills.kind == "class":
        notes.append("fainter: more mixed")
    for note in notes:
        if x + text_width(note, SIZE) > left + width and x > left:
            x, y = left, y + ROW
        x += _write(marks, x, y, note, "note") + 12
    return marks, y - top + ROW + 4


def _scale(fills: Fills, x: float, y: float) -> list[Mark]:
    """A bar of the colours from the least value to the greatest."""
    marks: list[Mark] = []
    names = {"value": "value", "score": "score"}
    name = fit(printable(fills.name), SIZE, 160.0) or names[fills.kind]
    x += _write(marks, x, y, name, "heading-title") + 10
    low, high = fills.low, fills.high
    if fills.kind == "score":
        high = max(-low, high) or 1.0
        low = -high
    write = signed if fills.kind == "score" else number
    x += _write(marks, x, y, write(low), "note") + 5
    step = SCALE_WIDTH / STEPS
    for index in range(STEPS):
        value = low + (high - low) * index / (STEPS - 1)
        role = f"tile {fills.on_scale(value)}"
        # Neighbours overlap, so that nothing shines through between them.
        wide = step + (0.6 if index < STEPS - 1 else 0.0)
        marks.append(Rect(round(x + index * step, 2), y + 2, wide, SWATCH, role))
    marks.append(Rect(x, y + 2, SCALE_WIDTH, SWATCH, "frame"))
    if fills.kind == "score":
        middle = x + SCALE_WIDTH / 2
        marks.append(Text(middle, y + 11, "0", "note", SIZE, text_width("0", SIZE), "middle"))
    _write(marks, x + SCALE_WIDTH + 5, y, write(high), "note")
    return marks


def _write(marks: list[Mark], x: float, y: float, text: str, role: str) -> float:
    width = text_width(text, SIZE, bold=role.endswith("title"))
    marks.append(Text(x, y + 11, text, role, SIZE, width))
    return width


def caption(
    part: Part, width: float, x: float, y: float, said: str = ""
) -> tuple[list[Mark], float]:
    """Which tree of a forest it is, what ``said`` adds, and the height that takes, if any."""
    text = ", ".join(piece for piece in (_place_of(part), said) if piece)
    if not text:
        return [], 0.0
    marks: list[Mark] = []
    _write(marks, x, y, fit(text, SIZE, width), "note")
    return marks, ROW


def _place_of(part: Part) -> str:
    """Such as "tree 12 of 100, class 2, round 4"."""
    forest: Forest = part.forest
    texts = []
    if forest.tree_count > 1:
        texts.append(f"tree {part.tree:,} of {forest.tree_count:,}")
    if forest.tree_output is not None and forest.outputs > 1:
        output = int(forest.tree_output[part.tree])
        classes = forest.class_names[0] if forest.class_names else ()
        names = classes if len(classes) == forest.outputs else forest.target_names
        name = printable(names[output], 40) if 0 <= output < len(names) else str(output)
        texts.append(f"{'class' if classes else 'output'} {name}" if output >= 0 else "all outputs")
    if forest.tree_round is not None:
        texts.append(f"round {int(forest.tree_round[part.tree]):,}")
    if forest.tree_weight is not None:
        texts.append(f"weight {number(float(forest.tree_weight[part.tree]), 3)}")
    if part.numbers[0]:
        texts.append(f"from node {part.numbers[0]:,}")
    return ", ".join(texts)
