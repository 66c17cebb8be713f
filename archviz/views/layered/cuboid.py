"""The cuboid figure: volumes whose height says resolution and whose width says channels.

After A. Krizhevsky, I. Sutskever and G. E. Hinton, "ImageNet Classification with Deep
Convolutional Neural Networks", 2012, figure 2. Heights and widths are logarithmic.
"""

from __future__ import annotations

from collections.abc import Sequence

from archviz.errors import OptionError
from archviz.views.layered.footprint import outlines
from archviz.views.layered.kind import Kind
from archviz.views.layered.page import MARGIN, Page, moved
from archviz.views.layered.pieces import Piece, fill, placed
from archviz.views.layered.plan import Plan, Stage
from archviz.views.layered.stage_pieces import pieces_of, scale_of
from archviz.views.layered.stages import BY_MODULE, BY_SIZE, FINEST, stages_of
from archviz.views.layered.volumes import pixels
from archviz.views.layered.words import bands_of

HIGHEST = 100.0
"""Points of the largest resolution, where the page is wide enough."""
LOW_SCALE, HIGH_SCALE = 0.7, 3.6
"""Points of width to each doubling of channels."""


def suits(plan: Plan) -> bool:
    """Whether the model convolves."""
    return any(unit.category == "conv" for unit in plan.units)


def draw(plan: Plan, page: Page) -> None:
    """Draws stages of volumes, finer ones where there is room."""
    room = page.width - 2 * MARGIN
    for level in (FINEST, BY_SIZE, BY_MODULE):
        stages = stages_of(plan, level)
        for share in (1.0, 0.85, 0.7, 0.55):
            most = share * min(HIGHEST, page.width * 0.255)

            def build(
                wide: float, stages: Sequence[Stage] = stages, most: float = most
            ) -> Sequence[Piece]:
                return pieces_of(plan, stages, scale_of(plan, most, wide))

            found = fill(build, room, LOW_SCALE, HIGH_SCALE)
            if found is not None:
                _compose(plan, page, stages, *found)
                return
    raise OptionError(
        f"a cuboid figure of {len(stages)} stages has no room in {page.width / 72:.2f} in",
        "give more --width, or draw a part with --focus",
    )


def _compose(
    plan: Plan,
    page: Page,
    stages: Sequence[Stage],
    pieces: Sequence[Piece],
    places: Sequence[float],
) -> None:
    marks = placed(pieces, [place + MARGIN for place in places])
    heights = [y for outline in outlines(marks) for _, y in outline]
    top = min(heights) - MARGIN
    page.add(*(moved(mark, 0.0, -top) for mark in marks))
    page.height = max(heights) - top
    page.facts.append("width: log channels, height: log resolution")
    for stage in stages:
        for unit in stage.units:
            shown = [bands_of(unit.chief)[:1]] if unit.is_block else map(bands_of, unit.main)
            for bands in shown:
                for band in bands:
                    page.mean(*band)
    page.words.append("; ".join(_sentence(stage) for stage in stages))


def _sentence(stage: Stage) -> str:
    extent = stage.extent
    size = f"{extent.channels}" + (f" at {pixels(extent.sides)}" if extent.is_spatial else "")
    times = f" ×{len(stage.units)}" if len(stage.units) > 1 else ""
    return f"{stage.name} {size}{times}"


KIND = Kind("cuboid", "Volumes", suits, draw)
