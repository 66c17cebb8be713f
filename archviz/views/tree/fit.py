"""A tree on paper: the largest drawing of it whose text can still be read at a given width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from archviz.length import PIXELS
from archviz.records import replace
from archviz.views.tree import icicle
from archviz.views.tree.part import Limits, part_of
from archviz.views.tree.sheet import Sheet

if TYPE_CHECKING:
    from archviz.views.tree.diagram import Diagram

SMALLEST_TEXT = 6 * PIXELS["pt"]
"""What text has at least in a picture of a given width."""

MOST_CARDS = 63
"""Nodes above which tiles tell more on a narrow page than a few cards."""

FEWER = (47, 39, 31, 27, 23, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1)

LEAST_CHARTS = 5
"""Nodes that are shown at least where charts make them few."""


def fitted(
    diagram: Diagram,
    limits: Limits,
    form: str,
    direction: str,
    pixels: float,
    *,
    is_free: bool,
    completed: Callable[[Sheet], Sheet],
) -> Sheet:
    """The first drawing whose text is large enough when it is shown ``pixels`` wide.

    ``completed`` adds what stands below the tree, which may be wider than it.

    Cards in either direction are tried, then narrow ones, then fewer of them; an icicle takes
    their place, where the form is free, when the tree is large. Charts of data, which were asked
    for, stay as long as there is room for some.
    """
    for part_limits, tried, way, is_narrow in _attempts(diagram, limits, form, direction):
        part = part_of(diagram.forest, diagram.tree, part_limits)
        keeps_charts = tried == "fancy" and diagram.plots is not None
        is_cut = part_limits != limits
        if is_free and is_cut and not keeps_charts and diagram.size(limits) > MOST_CARDS:
            break
        sheet = diagram.draw(part, tried, way, is_narrow=is_narrow)
        if _is_readable(sheet, pixels):
            whole = completed(sheet)
            if _is_readable(whole, pixels):
                return whole
    if not is_free:
        return completed(sheet)
    return completed(
        icicle.draw(
            diagram.forest,
            diagram.tree,
            diagram.fills,
            diagram.path,
            limits,
            pixels,
            diagram.has_legend,
        )
    )


def _is_readable(sheet: Sheet, pixels: float) -> bool:
    return sheet.smallest_text * pixels / sheet.width >= SMALLEST_TEXT


def _attempts(
    diagram: Diagram, limits: Limits, form: str, direction: str
) -> Iterator[tuple[Limits, str, str, bool]]:
    ways = ("TB", "LR") if direction == "auto" else (direction,)
    size = diagram.size(limits)

    def fewer(tried: str, least: int) -> Iterator[tuple[Limits, str, str, bool]]:
        for most in FEWER:
            if least <= most < size:
                for way in ways:
                    yield replace(limits, max_nodes=most), tried, way, True

    def whole(tried: str, is_narrow: bool) -> Iterator[tuple[Limits, str, str, bool]]:
        for way in ways:
            yield limits, tried, way, is_narrow

    if form == "fancy" and diagram.plots is not None:
        yield from whole("fancy", False)
        yield from whole("fancy", True)
        yield from fewer("fancy", LEAST_CHARTS)
        form = "plain"
    forms = ("fancy", "plain") if form == "fancy" else (form,)
    for is_narrow in (False, True):
        for tried in forms:
            yield from whole(tried, is_narrow)
    yield from fewer(forms[-1], 1)
