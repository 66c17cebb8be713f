"""Makes columns shorter: equal rows once, and residual blocks of convolutions as one box."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from archviz.views.layered.blocks.rows import Box, Column, Row, Run
from archviz.views.layered.blocks.wiring import Wiring

_ENDING = ("sum", "add & norm")
_PLAIN = ("conv", "dense", "norm", "act", "pool", "other", *_ENDING)
"""Kinds of parts that a residual block is made of which may be one box."""


def collapsed(
    rows: Sequence[Row], describe: Callable[[Sequence[Box]], tuple[str, str, str]]
) -> list[Row]:
    """The rows, those of each residual block of convolutions as one.

    Args:
        rows: From the input's side on, none of them folded.
        describe: Title, detail and fill of the boxes of a block.
    """
    ends = {at: start for at in range(len(rows)) if (start := _begin(rows, at)) is not None}
    # Of blocks inside each other the outermost counts; what is inside one does not show.
    inside = {at for end, start in ends.items() for at in range(start, end)}
    kept: list[Row] = []
    index = {-1: -1}
    for at, row in enumerate(rows):
        if at in ends and at not in inside:
            boxes = [box for one in rows[ends[at] : at + 1] for box in one.boxes]
            row = Row([[_block(boxes, *describe(boxes))]], fed=rows[ends[at]].fed)
        elif at in inside:
            continue
        else:
            row = Row(row.lanes, tuple(index[rail] for rail in row.rails), row.fed)
        index[at] = len(kept)
        kept.append(row)
    return kept


def _begin(rows: Sequence[Row], end: int) -> int | None:
    """The first row of the residual block that ends with a row; None where there is none."""
    row = rows[end]
    if len(row.boxes) != 1 or row.boxes[0].kind not in _ENDING or row.boxes[0].sides or not end:
        return None
    is_parted = len(rows[end - 1].lanes) > 1 and not row.rails
    if not is_parted and len(row.rails) != 1:
        return None
    start = end - 1 if is_parted else row.rails[0] + 1
    if rows[start].fed is not None:
        return None
    boxes = [box for one in rows[start:end] for box in one.boxes]
    if not any(box.kind == "conv" for box in boxes):
        return None
    if any(box.kind not in _PLAIN or box.sides for box in boxes):
        return None
    if any(rail < start - 1 for one in rows[start:end] for rail in one.rails):
        return None
    if any(start <= rail < end for one in rows[end + 1 :] for rail in one.rails):
        return None
    return start


def _block(boxes: Sequence[Box], title: str, detail: str, category: str) -> Box:
    parameters: dict[str, int] = {}
    for box in boxes:
        parameters.update(box.parameters)
    return Box(
        part=boxes[-1].part,
        kind="residual",
        title=title,
        detail=detail,
        category=category,
        nodes=tuple(node for box in boxes for node in box.all_nodes),
        parameters=parameters,
        id=boxes[0].id,
    )


def fold(column: Column, wiring: Wiring) -> None:
    """Reduces runs of equal rows to their first copy."""
    rows = column.rows
    kept: list[Row] = []
    index: dict[int, int] = {-1: -1}
    numbers: dict[Hashable, int] = {}
    shapes = [
        numbers.setdefault(row.shape(at, wiring), len(numbers)) for at, row in enumerate(rows)
    ]
    start = 0
    while start < len(rows):
        length, times = _longest_run(shapes, start)
        if times > 1 and _ends_block(rows[start]):
            # A block ends with a sum; so it begins behind the next one, if it repeats from there.
            later = next((at for at in range(1, length) if _ends_block(rows[start + at - 1])), 0)
            if later and _longest_run(shapes, start + later) >= (length, times - (later > 1)):
                length, times = later, 1
        times = _untapped(rows, start, length, times)
        index.update({start + at: len(kept) + at for at in range(length)})
        if times > 1:
            copies = tuple(
                tuple(
                    box
                    for at in range(start + n, start + length * times, length)
                    for box in rows[at].boxes
                )
                for n in range(length)
            )
            column.runs.append(Run(len(kept), len(kept) + length, times, copies))
            for copy in range(1, times):
                index.update({start + copy * length + at: len(kept) + at for at in range(length)})
        kept += rows[start : start + length]
        start += length * max(times, 1)
    for row in kept:
        row.rails = tuple(index[rail] for rail in row.rails)
    column.rows = kept


def _ends_block(row: Row) -> bool:
    """Whether it is a sum that ends a block, not one that adds positions."""
    return row.boxes[0].kind in _ENDING and not row.boxes[0].sides and bool(row.rails)


def _untapped(rows: Sequence[Row], start: int, length: int, times: int) -> int:
    """How many copies there are up to the first one whose result something else takes, too."""
    while times > 1:
        end = start + length * times
        taken = [rail for row in rows[end:] for rail in row.rails if start <= rail < end - 1]
        if not taken:
            break
        times = (min(taken) + 1 - start) // length
    return max(times, 1)


def _longest_run(shapes: Sequence[int], start: int) -> tuple[int, int]:
    """Length and number of equal stretches that begin at ``start``; (1, 1) for none."""
    best = (1, 1)
    covered = 2  # two equal boxes need no bracket
    for length in range(1, (len(shapes) - start) // 2 + 1):
        times = 1
        while (
            shapes[start : start + length]
            == shapes[start + times * length : start + (times + 1) * length]
        ):
            times += 1
        if times > 1 and length * times > covered:
            best, covered = (length, times), length * times
    return best
