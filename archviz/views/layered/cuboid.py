"""The cuboid figure: volumes whose height says resolution and whose width says channels.

After A. Krizhevsky, I. Sutskever and G. E. Hinton, "ImageNet Classification with Deep
Convolutional Neural Networks", 2012, figure 2. Heights and widths are logarithmic.
"""

from __future__ import annotations

from collections.abc import Sequence

from archviz.errors import OptionError
from archviz.views.layered import arcs, inset
from archviz.views.layered.footprint import outlines
from archviz.views.layered.kind import Kind
from archviz.views.layered.look import Scaling, current
from archviz.views.layered.page import MARGIN, Page, moved
from archviz.views.layered.pieces import Piece, fill, placed
from archviz.views.layered.plan import Plan, Stage
from archviz.views.layered.stage_pieces import pieces_of, scale_of
from archviz.views.layered.stages import LEVELS, stages_of
from archviz.views.layered.volumes import pixels
from archviz.views.layered.words import bands_of

NARROWEST = 14.0
"""Points of width that a stage with its name takes at least."""
MOST_ARCS = 14
"""Skip connections that can still be told apart."""
LOW_SCALE, HIGH_SCALE = 0.7, 3.6
"""Points of width to each doubling of channels."""


def suits(plan: Plan) -> bool:
    """Whether the model convolves."""
    return any(unit.category == "conv" for unit in plan.units)


def draw(plan: Plan, page: Page) -> None:
    """Draws stages of volumes, finer ones where there is room."""
    room = page.width - 2 * MARGIN
    stages: Sequence[Stage] = ()
    for level in LEVELS:
        stages = stages_of(plan, level)
        found = _fitted(plan, stages, page, room)
        if found is not None:
            _compose(plan, page, stages, *found[:2])
            return
    # Where even that is too much, what is in the middle goes.
    for kept in range(min(len(stages), int(room / NARROWEST)) - 1, 2, -1):
        head, tail = stages[: kept - kept // 2], stages[len(stages) - kept // 2 :]
        left_out = stages[len(head) : len(stages) - len(tail)]
        gap = Stage(tuple(unit for stage in left_out for unit in stage.units), "⋯", len(left_out))
        found = _fitted(plan, (*head, gap, *tail), page, room)
        if found is not None:
            page.omit(
                (node for unit in gap.units for node in unit.nodes),
                "stages in the middle, for which there is no room",
            )
            page.facts.append(f"{len(left_out)} of {len(stages)} stages not drawn")
            _compose(plan, page, (*head, gap, *tail), *found[:2])
            return
    raise OptionError(
        f"a figure of {len(stages)} stages has no room in {page.width / 72:.2f} in",
        "give more --width, draw a part with --focus, or --style node-link",
    )


def _fitted(
    plan: Plan, stages: Sequence[Stage], page: Page, room: float
) -> tuple[Sequence[Piece], list[float], float] | None:
    """The stages as pieces that fill the page, as high as can be; None when they have no room."""
    if len(stages) * NARROWEST > room:
        return None
    for share in (1.0, 0.85, 0.7, 0.55):
        most = share * _highest(page)

        def build(wide: float, most: float = most) -> Sequence[Piece]:
            return pieces_of(plan, stages, scale_of(plan, most, wide))

        found = fill(build, room, LOW_SCALE, HIGH_SCALE)
        if found is not None:
            return found
    return None


def _highest(page: Page) -> float:
    """Points of the largest resolution: what an author asks for, or what suits the page."""
    asked = current().scale.highest
    return asked if asked != Scaling().highest else min(asked, page.width * 0.255)


def _compose(
    plan: Plan,
    page: Page,
    stages: Sequence[Stage],
    pieces: Sequence[Piece],
    places: Sequence[float],
) -> None:
    places = [place + MARGIN for place in places]
    marks = placed(pieces, places)
    marks += arcs.paint(_arcs(plan, page, stages, pieces, places), marks)
    heights = [y for outline in outlines(marks) for _, y in outline]
    top = min(heights) - MARGIN
    page.add(*(moved(mark, 0.0, -top) for mark in marks))
    page.height = max(heights) - top
    repeated = inset.chosen(plan, stages)
    if repeated is not None:
        piece, place = pieces[repeated.stage + 1], places[repeated.stage + 1]
        xs = [place + x for outline in piece.solid[:1] for x, _ in outline]
        inset.paint(plan, page, repeated, min(xs), max(xs))
    page.facts.append(current().scale.told)
    for stage in stages:
        for unit in () if stage.left_out else stage.units:
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
) -> list[arcs.Arc]:
    """The skip connections between stages; what they cannot show is said."""
    stage_of = [index for index, stage in enumerate(stages, 1) for _ in stage.units]
    tops = [(place + p.over, p.top - 1.0) for p, place in zip(pieces, places, strict=True)]
    found: dict[tuple[int, int], arcs.Arc] = {}
    for skip in plan.skips:
        ends = (stage_of[skip.source] if skip.source >= 0 else 0, stage_of[skip.target])
        known = found.get(ends)
        nodes = (*(known.nodes if known else ()), *skip.nodes)
        found[ends] = arcs.Arc(tops[ends[0]], tops[ends[1]], nodes, skip.joins == "join")
    inside = [arc for (start, end), arc in found.items() if start == end]
    gap = next((k for k, stage in enumerate(stages, 1) if stage.left_out), None)
    torn = [arc for ends, arc in found.items() if gap in ends and ends[0] != ends[1]]
    between = [a for ends, a in found.items() if gap not in ends and ends[0] != ends[1]]
    for arc in torn:
        page.omit(arc.nodes, "skip connections of stages that are left out")
    if torn:
        page.facts.append(f"{len(torn)} of their skip connections neither")
    for arc in inside:
        page.omit(arc.nodes, "branches inside a stage")
    if len(between) > MOST_ARCS:
        page.facts.append(f"{len(between)} skip connections not drawn")
        for arc in between:
            page.omit(arc.nodes, "too many skip connections to draw")
        return []
    for arc in between:
        page.line("copy" if arc.is_copy else "skip", "concatenated" if arc.is_copy else "added")
    page.omit(plan.spine.feeding, "they prepare what is given beside the input")
    page.omit(plan.spine.leaving, "they lead to other outputs")
    return between


def _sentence(stage: Stage) -> str:
    extent = stage.extent
    size = f"{extent.channels}" + (f" at {pixels(extent.sides)}" if extent.is_spatial else "")
    times = f" ×{len(stage.units)}" if len(stage.units) > 1 else ""
    return f"{stage.name} {size}{times}"


KIND = Kind("cuboid", "Volumes", suits, draw)
