"""The figure of transformers: columns of blocks, what repeats in brackets, residuals as rails.

After A. Vaswani and others, "Attention Is All You Need", 2017, figure 1. Models whose attentions
look at another part of the model have two columns, an encoder's and a decoder's.
"""

from __future__ import annotations

from collections.abc import Sequence

from archviz.errors import OptionError
from archviz.scene import Mark
from archviz.views.layered.blocks.columns import Columns
from archviz.views.layered.blocks.drawing import GAP, ColumnDrawing, Drawn, box_width
from archviz.views.layered.blocks.parts import Grouping
from archviz.views.layered.blocks.pieces import (
    BETWEEN,
    height,
    narrowed,
    pieces_of,
    side_by_side,
    width,
)
from archviz.views.layered.blocks.rows import Column
from archviz.views.layered.blocks.shapes import arrow, line
from archviz.views.layered.blocks.wiring import Wiring
from archviz.views.layered.kind import Kind
from archviz.views.layered.page import MARGIN, Page, moved
from archviz.views.layered.plan import Plan

HIGHEST = 615.0
"""Points of height that a page has, 9 in, without the foot of the figure."""
TIGHT = 5.5
"""Points between rows where a page has no room for more."""


def suits(plan: Plan) -> bool:
    """Whether attention is what the model is made of, or cells that a row has no room for."""
    wiring = Wiring(plan.graph, {})
    everything = range(len(wiring.nodes))
    cores = [index for index in everything if wiring.is_core(index)]
    convolutions = [index for index in everything if wiring.category(index) == "conv"]
    if not cores:
        return not convolutions and any(unit.category == "recurrent" for unit in plan.units)
    return len(cores) > 1 or len(convolutions) <= 2


def draw(plan: Plan, page: Page) -> None:
    """Draws one column of blocks, or an encoder beside a decoder."""
    room = page.width - 2 * MARGIN
    for collapses, gap in ((False, GAP), (True, GAP), (True, TIGHT)):
        grouping = Grouping(Wiring(plan.graph, plan.model.graph.values))
        if not any(part.nodes for part in grouping.parts):
            raise OptionError(
                "a figure of blocks needs layers with weights, and this model has none",
                "draw it with --style node-link",
            )
        columns = Columns(grouping, collapses=collapses).columns
        drawn = _drawn(columns, room, gap)
        if drawn and height(drawn) <= HIGHEST:
            break
    if not drawn:
        raise OptionError(
            f"a figure of blocks has no room in {page.width / 72:.2f} in", "give more --width"
        )
    if height(drawn) > HIGHEST:
        raise OptionError(
            f"a figure of blocks would be {height(drawn) / 72:.1f} in high, more than a page has",
            "draw a part with --focus, less of it with --group, or give more --width",
        )
    beside = [
        node
        for node, number in zip(grouping.wiring.nodes, grouping.of, strict=True)
        if number is None
    ]
    page.omit(beside, "masks and positions that blocks share")
    left = (page.width - width(drawn)) / 2
    marks = side_by_side(drawn, left) if len(columns) == 1 else _joined(drawn, left)
    top = min(one.top for one in drawn) - (8.0 if len(drawn) > len(columns) else 0.0)
    page.add(*(moved(mark, 0.0, MARGIN - top) for mark in marks))
    page.height = MARGIN - top + 4.0
    page.words += [_sentence(column, name) for column, name in _named(columns)]


def _drawn(columns: Sequence[Column], room: float, gap: float) -> Sequence[Drawn]:
    """What stands side by side; nothing when there is no room."""
    wide = box_width(columns)
    if len(columns) == 1:
        return pieces_of(columns[0], wide, room, gap)
    encoder, decoder = columns
    return narrowed(
        lambda wide: [
            ColumnDrawing(encoder, wide, -1, ends=False, gap=gap).draw(),
            ColumnDrawing(decoder, wide, 1, ends=True, gap=gap).draw(),
        ],
        wide,
        room,
    )


def _joined(drawn: Sequence[Drawn], left: float) -> list[Mark]:
    """An encoder beside a decoder, and what the one gives to the other."""
    encoder, decoder = drawn
    middles = [left - encoder.left, left + encoder.right - encoder.left + BETWEEN - decoder.left]
    marks = [
        moved(mark, middle)
        for one, middle in zip(drawn, middles, strict=True)
        for mark in one.marks
    ]
    return marks + _memory_line(drawn, middles)


def _memory_line(drawn: Sequence[Drawn], middles: Sequence[float]) -> list[Mark]:
    """What the encoder gives, on its way to the attentions of the decoder."""
    encoder, decoder = drawn
    marks: list[Mark] = []
    gap = middles[0] + encoder.right + BETWEEN / 2
    leave = encoder.top - 6.0
    encoder.top = min(encoder.top, leave - 2.0)
    for box, fan, keys in decoder.crossings:
        if not isinstance(box.memory, int):
            continue
        x = middles[1] + keys
        if fan <= leave:
            points = [(middles[0], encoder.head), (middles[0], fan), (x, fan), (x, fan - 9.0)]
        else:
            points = [
                (middles[0], encoder.head), (middles[0], leave), (gap, leave), (gap, fan),
                (x, fan), (x, fan - 9.0),
            ]  # fmt: skip
        marks += arrow(points)
    if not marks:
        marks.append(line([(middles[0], encoder.head), (middles[0], leave)]))
    return marks


def _named(columns: Sequence[Column]) -> list[tuple[Column, str]]:
    names = ("Encoder", "Decoder") if len(columns) > 1 else ("From input to output",)
    return list(zip(columns, names, strict=True))


def _sentence(column: Column, name: str) -> str:
    words: list[str] = []
    at = 0
    while at < len(column.rows):
        run = next((run for run in column.runs if run.start == at), None)
        rows = column.rows[at : run.end if run else at + 1]
        boxes = [box for row in rows for box in row.boxes]
        shown = ", ".join(_phrase(box.kind, box.title, box.detail) for box in boxes)
        words.append(f"{run.times} times [{shown}]" if run else shown)
        at = run.end if run else at + 1
    return f"{name}: {', '.join(word for word in words if word)}"


def _phrase(kind: str, title: str, detail: str) -> str:
    name = title if title[1:2].isupper() else title[:1].lower() + title[1:]
    name = "sum" if kind == "sum" else name.replace("& Norm", "& norm")
    return f"{name} ({detail})" if detail else name


KIND = Kind("blocks", "Block figure", suits, draw)
