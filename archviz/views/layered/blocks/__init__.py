"""The figure of transformers: columns of blocks, what repeats in brackets, residuals as rails.

After A. Vaswani and others, "Attention Is All You Need", 2017, figure 1. Models whose attentions
look at another part of the model have two columns, an encoder's and a decoder's.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from archviz.errors import OptionError
from archviz.scene import Mark
from archviz.text import text_width
from archviz.views.layered.blocks.columns import Column, Columns
from archviz.views.layered.blocks.drawing import NARROWEST, ColumnDrawing, Drawn, box_width
from archviz.views.layered.blocks.parts import Grouping
from archviz.views.layered.blocks.shapes import arrow, line
from archviz.views.layered.blocks.wiring import Wiring
from archviz.views.layered.kind import Kind
from archviz.views.layered.page import MARGIN, Page, moved, text
from archviz.views.layered.plan import Plan

TALLEST = 470.0
"""Points of height above which one column is cut into several, where there is room."""
BETWEEN = 16.0
"""Points between two columns, where what an encoder gives goes up or down."""


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
    grouping = Grouping(Wiring(plan.graph, plan.model.graph.values))
    if not any(part.nodes for part in grouping.parts):
        raise OptionError(
            "a figure of blocks needs layers with weights, and this model has none",
            "draw it with --style node-link",
        )
    columns = Columns(grouping).columns
    beside = [
        node
        for node, number in zip(grouping.wiring.nodes, grouping.of, strict=True)
        if number is None
    ]
    page.omit(beside, "masks and positions that blocks share")
    room = page.width - 2 * MARGIN
    wide = box_width(columns)
    drawn = _drawn(columns, wide)
    if len(columns) == 1 and -drawn[0].top > TALLEST:
        pieces = _pieces(columns[0], wide, room)
        if len(pieces) > 1:
            _draw_pieces(pieces, page, wide)
            page.words += [_sentence(column, name) for column, name in _named(columns)]
            return
    while _width(drawn) > room and wide > NARROWEST:
        wide = max(NARROWEST, wide - max(2.0, (_width(drawn) - room) / (2 * len(columns))))
        drawn = _drawn(columns, wide)
    if _width(drawn) > room:
        raise OptionError(
            f"a figure of blocks {_width(drawn) + 2 * MARGIN:.0f} pt wide has no room in "
            f"{page.width / 72:.2f} in",
            "give more --width",
        )
    marks = _beside_each_other(drawn, (page.width - _width(drawn)) / 2)
    top = min(one.top for one in drawn)
    page.add(*(moved(mark, 0.0, MARGIN - top) for mark in marks))
    page.height = MARGIN - top + 2.0
    page.words += [_sentence(column, name) for column, name in _named(columns)]


def _pieces(column: Column, wide: float, room: float) -> list[Column]:
    """The column in pieces that have room beside each other, as even in height as can be."""
    whole = ColumnDrawing(column, wide, 1, ends=True)
    across = whole.draw()
    most = int((room + BETWEEN) // (across.right - across.left + BETWEEN))
    heights = [0.0, *(-top for top in whole.tops)]
    wanted = min(most, max(2, round(heights[-1] / TALLEST + 0.5)))
    edges = [0]
    for number in range(1, wanted):
        goal = heights[-1] * number / wanted
        cuts = [at for at in column.cuts() if at > edges[-1]]
        if cuts:
            edges.append(min(cuts, key=lambda at: abs(heights[at] - goal)))
    edges = list(dict.fromkeys([*edges, len(column.rows)]))
    return [column.part(start, end) for start, end in pairwise(edges)]


def _draw_pieces(pieces: Sequence[Column], page: Page, wide: float) -> None:
    """Draws pieces of one column side by side; a line leads from each head to the next foot."""
    last = len(pieces) - 1
    drawn = [
        ColumnDrawing(piece, wide, 1, ends=number == last, begins=number == 0).draw()
        for number, piece in enumerate(pieces)
    ]
    top = min(one.top for one in drawn) - 8.0
    x = (page.width - _width(drawn)) / 2
    marks: list[Mark] = []
    middles: list[float] = []
    for one in drawn:
        middles.append(x - one.left)
        marks += [moved(mark, middles[-1]) for mark in one.marks]
        x += one.right - one.left + BETWEEN
    for number, one in enumerate(drawn[:-1]):
        gap = middles[number] + one.right + BETWEEN / 2
        high = one.top - 6.0
        marks.append(
            line(
                [
                    (middles[number], one.head),
                    (middles[number], high),
                    (gap, high),
                    (gap, 2.0),
                    (middles[number + 1], 2.0),
                    (middles[number + 1], -9.0),
                ]
            )
        )
    page.add(*(moved(mark, 0.0, MARGIN - top) for mark in marks))
    page.height = MARGIN - top + 4.0


def _drawn(columns: Sequence[Column], wide: float) -> list[Drawn]:
    if len(columns) == 1:
        return [ColumnDrawing(columns[0], wide, 1, ends=True).draw()]
    encoder, decoder = columns
    return [
        ColumnDrawing(encoder, wide, -1, ends=False).draw(),
        ColumnDrawing(decoder, wide, 1, ends=True).draw(),
    ]


def _width(drawn: Sequence[Drawn]) -> float:
    return (
        sum(one.right - one.left for one in drawn)
        + BETWEEN * (len(drawn) - 1)
        + sum(_memory_room(one) for one in drawn[:1] if len(drawn) == 1)
    )


def _memory_room(one: Drawn) -> float:
    """Room for the names of inputs that attentions look at."""
    names = [box.memory for box, _, _ in one.crossings if isinstance(box.memory, str)]
    return max((text_width(name, 6.5) + 10 for name in names), default=0.0)


def _beside_each_other(drawn: Sequence[Drawn], left: float) -> list[Mark]:
    marks: list[Mark] = []
    middles: list[float] = []
    x = left + (_memory_room(drawn[0]) if len(drawn) == 1 else 0.0)
    for one in drawn:
        middles.append(x - one.left)
        x += one.right - one.left + BETWEEN
    for one, middle in zip(drawn, middles, strict=True):
        for box, fan, keys in one.crossings:
            if isinstance(box.memory, str):
                start = middle + one.left - 4
                marks += arrow([(start, fan), (middle + keys, fan), (middle + keys, fan - 9.0)])
                marks.append(text(start - 2, fan + 2.2, box.memory, "text", 6.5, anchor="end"))
        marks += [moved(mark, middle) for mark in one.marks]
    if len(drawn) > 1:
        marks += _memory_line(drawn, middles)
    return marks


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
