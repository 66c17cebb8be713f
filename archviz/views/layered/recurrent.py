"""The figure of recurrent networks: cells with a loop, from left to right.

A loop above a cell says that it is run once a step of the sequence, ×T; one below says that it is
run from the last step to the first as well.
"""

from __future__ import annotations

from collections.abc import Sequence

from archviz.errors import OptionError
from archviz.scene import Mark, Rect
from archviz.text import fit, text_width
from archviz.views.layered.blocks.columns import Columns
from archviz.views.layered.blocks.parts import Grouping
from archviz.views.layered.blocks.rows import Box, Column
from archviz.views.layered.blocks.shapes import arrow, line
from archviz.views.layered.blocks.wiring import Wiring
from archviz.views.layered.kind import Kind
from archviz.views.layered.page import MARGIN, SMALL, Page, count, group, plate, text
from archviz.views.layered.plan import Plan, operations

TITLE, DETAIL, TIMES = 7.2, 6.2, 9.5
HIGH, LOOP = 24.0, 15.0
WIDEST, NARROWEST, GAP = 92.0, 46.0, 17.0
_LIGHT = ("recurrent", "linear", "embedding", "act", "norm", "other", "pool")


def suits(plan: Plan) -> bool:
    """Whether it is recurrent layers with what stands before and behind them."""
    categories = [unit.category for unit in plan.units]
    if "recurrent" not in categories or any(name not in _LIGHT for name in categories):
        return False
    return len(_columns(plan)) == 1 and _is_straight(_columns(plan)[0])


def draw(plan: Plan, page: Page) -> None:
    """Draws the layers from left to right, a loop at each that is recurrent."""
    columns = _columns(plan)
    if not columns:
        raise OptionError(
            "a recurrent figure needs layers with weights, and this model has none",
            "draw it with --style node-link",
        )
    if len(columns) > 1 or not _is_straight(columns[0]):
        raise OptionError(
            "a recurrent figure needs layers in a row, and this model has ways beside each other",
            "draw it with --set figure=blocks",
        )
    column = columns[0]
    boxes = [row.boxes[0] for row in column.rows]
    start, end = ", ".join(column.inputs) or "input", ", ".join(column.outputs) or "output"
    start, end = fit(start, TITLE, 54.0), fit(end, TITLE, 54.0)
    ends = text_width(start, TITLE) + text_width(end, TITLE) + 2 * GAP + 4
    room = page.width - 2 * MARGIN - ends - GAP * (len(boxes) - 1)
    wide = min(WIDEST, room / len(boxes))
    needed = max(max(text_width(box.title, TITLE), text_width(box.detail, DETAIL)) for box in boxes)
    if wide < max(NARROWEST, min(needed + 5.0, WIDEST)):
        raise OptionError(
            f"{len(boxes)} layers in a row have no room in {page.width / 72:.2f} in",
            "give more --width, or draw it with --set figure=blocks",
        )
    used = ends + GAP * (len(boxes) - 1) + wide * len(boxes)
    x = (page.width - used) / 2
    y = MARGIN + TIMES + LOOP + 6.0
    middle = y + HIGH / 2
    marks: list[Mark] = [text(x, middle + 2.5, start, "text", TITLE, anchor="start")]
    x += text_width(start, TITLE) + 2
    for at, box in enumerate(boxes):
        marks += arrow([(x, middle), (x + GAP, middle)])
        x += GAP
        run = next((run for run in column.runs if run.start <= at < run.end), None)
        copies = run.copies[at - run.start] if run is not None else (box,)
        ops = [name for one in copies for name in operations(one.all_nodes)]
        marks.append(
            group(
                _box(box, x, y, wide),
                "unit",
                ops,
                id=box.id,
                title=f"{box.title} {box.detail}".strip(),
                repeat=run.times if run is not None else 1,
            )
        )
        if run is not None and at == run.start:
            right = x + (run.end - run.start) * wide + (run.end - run.start - 1) * GAP
            marks += _bracket(x, right, y + HIGH + LOOP + 4.0, run.times)
        if box.parameters:
            weights = count(sum(box.parameters.values()))
            marks.append(text(x + wide / 2, y + HIGH + 9.0, weights, "note", SMALL))
        x += wide
    marks += arrow([(x, middle), (x + GAP, middle)])
    marks.append(text(x + GAP + 2, middle + 2.5, end, "text", TITLE, anchor="start"))
    page.add(*marks)
    below = any(_is_both_ways(box) for box in boxes) or bool(column.runs)
    page.height = y + HIGH + (LOOP + 6.0 if below else 11.0) + (12.0 if column.runs else 0.0)
    page.omit(
        [
            node
            for node, number in zip(_wiring(plan).nodes, _grouping(plan).of, strict=True)
            if number is None
        ],
        "states and masks beside the layers",
    )
    told = ", ".join(f"{box.title} ({box.detail})" if box.detail else box.title for box in boxes)
    page.words.append(f"From {start} to {end}: {told}")


def _wiring(plan: Plan) -> Wiring:
    return Wiring(plan.graph, plan.model.graph.values)


def _grouping(plan: Plan) -> Grouping:
    return Grouping(_wiring(plan))


def _columns(plan: Plan) -> list[Column]:
    grouping = _grouping(plan)
    return Columns(grouping).columns if any(part.nodes for part in grouping.parts) else []


def _is_straight(column: Column) -> bool:
    return all(
        len(row.boxes) == 1 and not row.rails and not row.boxes[0].sides for row in column.rows
    )


def _is_both_ways(box: Box) -> bool:
    return "both ways" in box.detail


def _box(box: Box, x: float, y: float, wide: float) -> Sequence[Mark]:
    marks: list[Mark] = []
    if box.kind == "recurrent":
        marks += _loop(x, y, wide, -1)
        marks.append(text(x + wide / 2, y - LOOP - 3.0, "×T", "heading-title", TIMES))
        if _is_both_ways(box):
            marks += _loop(x, y + HIGH, wide, 1)
    marks.append(Rect(x, y, wide, HIGH, f"front {box.category}", 2.5))
    middle = x + wide / 2
    title = fit(box.title, TITLE, wide - 5)
    labels = [text(middle, y + (10.6 if box.detail else 14.6), title, "on-box", TITLE)]
    if box.detail:
        detail = fit(box.detail, DETAIL, wide - 5)
        labels.append(text(middle, y + 19.2, detail, f"on-detail {box.category}", DETAIL))
    return [*marks, plate(labels, box.category), *labels]


def _loop(x: float, y: float, wide: float, away: int) -> list[Mark]:
    """A way from the end of a cell back to its start, above it or below it."""
    right, left, far = x + wide * 0.78, x + wide * 0.22, y + away * LOOP
    points = [(right, y), (right, far), (left, far), (left, y)]
    return arrow(points if away < 0 else [points[3], points[2], points[1], points[0]])


def _bracket(left: float, right: float, y: float, times: int) -> list[Mark]:
    marks: list[Mark] = [
        line([(left, y), (left, y + 3), (right, y + 3), (right, y)], "bracket", 0.0)
    ]
    marks.append(text((left + right) / 2, y + 13.0, f"×{times}", "heading-title", TIMES))
    return marks


KIND = Kind("recurrent", "Recurrent cells", suits, draw)
