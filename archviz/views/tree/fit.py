"""A tree on paper: the largest drawing of it whose text can still be read at a given width."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from archviz.length import PIXELS
from archviz.views.tree import icicle
from archviz.views.tree.part import Limits, part_of
from archviz.views.tree.sheet import Sheet

if TYPE_CHECKING:
    from archviz.views.tree.diagram import Diagram

SMALLEST_TEXT = 6 * PIXELS["pt"]
"""What text has at least in a picture of a given width."""

MOST_CARDS = 63
"""Nodes above which tiles tell more on a narrow page than a few cards."""


def fitted(
    diagram: Diagram,
    limits: Limits,
    form: str,
    direction: str,
    pixels: float,
    *,
    is_free: bool,
) -> Sheet:
    """The first drawing whose text is large enough when it is shown ``pixels`` wide.

    Cards in either direction are tried, then narrow ones, then fewer of them; an icicle takes
    their place, where the form is free, when the tree is large.
    """
    for part_limits, tried, way, is_narrow in _attempts(diagram, limits, form, direction):
        part = part_of(diagram.forest, diagram.tree, part_limits)
        if is_free and part_limits != limits and diagram.size(limits) > MOST_CARDS:
            break
        sheet = diagram.draw(part, tried, way, is_narrow=is_narrow)
        if sheet.smallest_text * pixels / sheet.width >= SMALLEST_TEXT:
            return sheet
    if not is_free:
        return sheet
    return icicle.draw(
        diagram.forest,
        diagram.tree,
        diagram.fills,
        diagram.path,
        limits,
        pixels,
        diagram.has_legend,
    )


def _attempts(
    diagram: Diagram, limits: Limits, form: str, direction: str
) -> Iterator[tuple[Limits, str, str, bool]]:
    ways = ("TB", "LR") if direction == "auto" else (direction,)
    forms = ("fancy", "plain") if form == "fancy" else (form,)
    for is_narrow in (False, True):
        for tried in forms:
            for way in ways:
                yield limits, tried, way, is_narrow
    size = diagram.size(limits)
    for most in (47, 39, 31, 27, 23, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1):
        if most < size:
            for tried in forms[-1:]:
                for way in ways:
                    yield replace(limits, max_nodes=most), tried, way, True
