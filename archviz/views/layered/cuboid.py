"""The cuboid figure: volumes whose height says resolution and whose width says channels.

After A. Krizhevsky, I. Sutskever and G. E. Hinton, "ImageNet Classification with Deep
Convolutional Neural Networks", 2012, figure 2. Heights and widths are logarithmic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from archviz.errors import OptionError
from archviz.records import record
from archviz.scene import Path
from archviz.views.layered import arcs, inset
from archviz.views.layered.footprint import outlines
from archviz.views.layered.kind import Kind
from archviz.views.layered.look import Scaling, current
from archviz.views.layered.page import MARGIN, Page, moved
from archviz.views.layered.pieces import HEAD, Piece, arrow, fill, placed, rounded
from archviz.views.layered.plan import Plan, Stage
from archviz.views.layered.stage_pieces import pieces_of, scale_of
from archviz.views.layered.stages import LEVELS, stage_of, stages_of
from archviz.views.layered.volumes import pixels
from archviz.views.layered.words import bands_of

NARROWEST = 14.0
"""Points of width that a stage with its name takes at least."""
MOST_ROWS = 3
"""Rows that stages may stand in."""
TURN = 9.0
"""Points beside rows for the line from the end of one to the start of the next."""
BETWEEN_ROWS = 26.0
MOST_ARCS = 14
"""Skip connections that can still be told apart."""
LOW_SCALE, HIGH_SCALE = 0.7, 3.6
"""Points of width to each doubling of channels."""


def suits(plan: Plan) -> bool:
    """Whether the model convolves."""
    return any(unit.category == "conv" for unit in plan.units)


def draw(plan: Plan, page: Page) -> None:
    """Draws stages of volumes, finer ones where there is room; in rows where there is not."""
    room = page.width - 2 * MARGIN
    stages: Sequence[Stage] = ()
    for count in range(1, MOST_ROWS + 1):
        for level in LEVELS:
            stages = stages_of(plan, level)
            for windows in (True, False):
                found = _fitted(plan, stages, page, room, count, windows=windows)
                if found:
                    _compose(plan, page, stages, found)
                    return
    # Where even that is too much, what is in the middle is drawn as one.
    for kept in range(min(len(stages), int(room / NARROWEST)) - 1, 2, -1):
        head, tail = stages[: kept - kept // 2], stages[len(stages) - kept // 2 :]
        folded = stages[len(head) : len(stages) - len(tail)]
        before, many = (sum(len(stage.units) for stage in part) for part in (head, folded))
        gap = stage_of(plan, range(before, before + many), "⋯", len(folded))
        found = _fitted(plan, (*head, gap, *tail), page, room, 1)
        if found:
            page.facts.append(f"{len(folded)} of {len(stages)} stages drawn as one")
            _compose(plan, page, (*head, gap, *tail), found)
            return
    raise OptionError(
        f"a figure of {len(stages)} stages has no room in {page.width / 72:.2f} in",
        "give more --width, draw a part with --focus, or --style node-link",
    )


@record
class _Row:
    """Pieces that stand in a row, and the x of each."""

    pieces: Sequence[Piece]
    places: Sequence[float]


def _fitted(
    plan: Plan,
    stages: Sequence[Stage],
    page: Page,
    room: float,
    count: int,
    *,
    windows: bool = False,
) -> list[_Row]:
    """The stages as rows of pieces that fill the page, as high as can be; [] without room."""
    if count > 1:
        room -= 2 * TURN
    if len(stages) * NARROWEST > room * count or len(stages) < count:
        return []
    for share in (1.0, 0.85, 0.7, 0.55) if count == 1 else (1.0, 0.7):
        most = share * _highest(page)
        for edges in _divisions(len(stages), count):
            rows: list[_Row] = []
            for start, end in pairwise(edges):

                def build(
                    wide: float, most: float = most, start: int = start, end: int = end
                ) -> Sequence[Piece]:
                    scale = scale_of(plan, most, wide, windows=windows)
                    return pieces_of(plan, stages[start:end], scale, begins=start == 0)

                found = fill(build, room, LOW_SCALE, HIGH_SCALE)
                if found is None:
                    break
                left = MARGIN + (TURN if count > 1 else 0.0)
                rows.append(_Row(found[0], [place + left for place in found[1]]))
            if len(rows) == count:
                return rows
    return []


def _divisions(number: int, count: int) -> Iterator[list[int]]:
    """Ways to part so many stages into rows, the evenest first."""
    even = [round(number * k / count) for k in range(count + 1)]
    yield even
    if count == 2:
        for step in (1, 2) if number > 8 else (1,):
            yield [0, even[1] + step, number]
            yield [0, even[1] - step, number]


def _highest(page: Page) -> float:
    """Points of the largest resolution: what an author asks for, or what suits the page."""
    asked = current().scale.highest
    return asked if asked != Scaling().highest else min(asked, page.width * 0.255)


def _compose(plan: Plan, page: Page, stages: Sequence[Stage], rows: Sequence[_Row]) -> None:
    row_of = [number for number, row in enumerate(rows) for _ in row.pieces]
    pieces = [piece for row in rows for piece in row.pieces]
    places = [place for row in rows for place in row.places]
    within, across = _arcs(plan, page, stages, pieces, places, row_of)
    y = MARGIN
    axes: list[float] = []
    tops: list[float] = []
    for number, row in enumerate(rows):
        marks = placed(row.pieces, row.places)
        marks += arcs.paint(within[number], marks)
        marks += arcs.tags(across[number], marks)
        heights = [v for outline in outlines(marks) for _, v in outline]
        axes.append(y - min(heights))
        tops.append(y)
        page.add(*(moved(mark, 0.0, axes[-1]) for mark in marks))
        page.height = axes[-1] + max(heights)
        y = page.height + BETWEEN_ROWS
    page.height += 2.5
    for number, (above, below) in enumerate(pairwise(rows)):
        start = above.places[-1] + above.pieces[-1].exit[0]
        end = below.places[0] + below.pieces[0].entry[0]
        turn, middle = page.width - MARGIN + 2.0, tops[number + 1] - BETWEEN_ROWS / 2
        left = MARGIN - 2.0
        bends = [(turn, axes[number]), (turn, middle), (left, middle), (left, axes[number + 1])]
        tip = end - HEAD * 0.75
        line = rounded([(start, axes[number]), *bends, (tip, axes[number + 1])])
        page.add(
            Path(line, "flow"), *arrow([(left, axes[number + 1]), (end, axes[number + 1])])[1:]
        )
    repeated = inset.chosen(plan, stages)
    if repeated is not None:
        number = repeated.stage + 1
        xs = [places[number] + x for outline in pieces[number].solid[:1] for x, _ in outline]
        is_near = row_of[number] == len(rows) - 1
        inset.paint(plan, page, repeated, (min(xs), max(xs)), points=is_near)
    page.facts.append(current().scale.told)
    for stage in stages:
        for unit in stage.units:
            shown = [bands_of(unit.chief)[:1]] if unit.is_block else map(bands_of, unit.main)
            for bands in shown:
                for band in bands:
                    page.mean(*band)
    page.words.append("; ".join(_sentence(stage) for stage in stages))


def _arcs(
    plan: Plan,
    page: Page,
    stages: Sequence[Stage],
    pieces: Sequence[Piece],
    places: Sequence[float],
    row_of: Sequence[int],
) -> tuple[dict[int, list[arcs.Arc]], dict[int, list[arcs.Tag]]]:
    """The skip connections in each row, and those to other rows; what is not shown is said."""
    within: dict[int, list[arcs.Arc]] = {number: [] for number in row_of}
    across: dict[int, list[arcs.Tag]] = {number: [] for number in row_of}
    stage_of = [index for index, stage in enumerate(stages, 1) for _ in stage.units]
    tops = [(place + p.over, p.top - 1.0) for p, place in zip(pieces, places, strict=True)]
    found: dict[tuple[int, int], arcs.Arc] = {}
    for skip in plan.skips:
        ends = (stage_of[skip.source] if skip.source >= 0 else 0, stage_of[skip.target])
        known = found.get(ends)
        nodes = (*(known.nodes if known else ()), *skip.nodes)
        found[ends] = arcs.Arc(tops[ends[0]], tops[ends[1]], nodes, skip.joins == "join")
    ends_of = {id(arc): ends for ends, arc in found.items()}
    # What skips inside a stage is drawn with the stage.
    between = [arc for (start, end), arc in found.items() if start != end]
    if len(between) > MOST_ARCS:
        page.facts.append(f"{len(between)} skip connections not drawn")
        for arc in between:
            page.omit(arc.nodes, "too many skip connections to draw")
        return within, across
    for arc in between:
        page.line("copy" if arc.is_copy else "skip", "concatenated" if arc.is_copy else "added")
    page.omit(plan.spine.feeding, "they prepare what is given beside the input")
    page.omit(plan.spine.leaving, "they lead to other outputs")
    letters: dict[int, str] = {}
    for arc in between:
        start, end = ends_of[id(arc)]
        if row_of[start] == row_of[end]:
            within[row_of[start]].append(arc)
            continue
        if start not in letters:
            letters[start] = chr(ord("A") + len(letters))
            across[row_of[start]].append(arcs.Tag(arc.start, letters[start], (), leaves=True))
        across[row_of[end]].append(arcs.Tag(arc.end, letters[start], arc.nodes, leaves=False))
    return within, across


def _sentence(stage: Stage) -> str:
    extent = stage.extent
    size = [] if extent.channels is None else [f"{extent.channels}"]
    size += [f"at {pixels(extent.sides)}"] if extent.is_spatial else []
    times = f" ×{len(stage.units)}" if len(stage.units) > 1 else ""
    if stage.folded:
        return f"{stage.folded} stages drawn as one"
    return " ".join((stage.name, *size)) + times


KIND = Kind("cuboid", "Volumes", suits, draw)
