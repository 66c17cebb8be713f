"""The gradient flow as a figure: a bar a parameter, on a scale of powers of ten.

The bar is the mean of the gradient's absolute values, the line behind it reaches to the largest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from math import inf, log10
from pathlib import Path as FilePath

from archviz.analysis.gradient.flow import FlowRow, GradientFlow, decades
from archviz.errors import OptionError
from archviz.output import find_renderer, format_of, sized, write_whole
from archviz.scene import Group, Mark, Path, Rect, Scene
from archviz.settings import fitting
from archviz.text import fit, printable, text_width
from archviz.views.node_link.lines import line
from archviz.views.node_link.signs import sign

MARGIN = 16.0
ROW = 16.0
BAR = 9.0
NAME_SIZE, NUMBER_SIZE, TITLE_SIZE = 10.5, 10.0, 13.0
WIDEST_NAME = 300.0
PLOT = 360.0
SHAPE = 104.0
NUMBER = 62.0
MOST_TICKS = 10
_STATES = {
    "none": ("no gradient", "cross", "bad"),
    "zero": ("zero gradient", "cross", "bad"),
    "nonfinite": ("not finite", "cross", "bad"),
    "frozen": ("frozen", "lock", "off"),
}


def render_flow(
    flow: GradientFlow,
    output: str | os.PathLike[str] | None = None,
    *,
    format: str = "",
    theme: str = "auto",
    width: str = "",
) -> str | bytes | FilePath:
    """Draws the bars of a gradient flow; :func:`archviz.render` says what the arguments are.

    Raises:
        ArchvizError: The format draws no pictures, or the file cannot be written.
    """
    renderer = find_renderer(format or format_of(output))
    if renderer.consumes != "scene":
        raise OptionError(
            f"the format {renderer.name!r} draws no pictures", "write svg, pdf, png or tikz"
        )
    scene = sized(draw(flow), width, "none")
    owner = f"the format {renderer.name!r}"
    content = renderer.render(scene, **fitting(renderer.render, {"theme": theme}, owner))
    if output is None:
        return content
    write_whole(FilePath(output), content)
    return FilePath(output)


def draw(flow: GradientFlow) -> Scene:
    """The figure of a gradient flow."""
    low, high = decades(flow.rows)
    names = [printable(row.name, 80) for row in flow.rows]
    label = min(max((text_width(name, NAME_SIZE) for name in names), default=0.0), WIDEST_NAME)
    left = MARGIN + label + 12 + SHAPE
    width = left + PLOT + NUMBER + MARGIN
    marks: list[Mark] = []
    y = MARGIN + 8
    marks.append(line(MARGIN, y, printable(flow.source or "gradients"), "scope-title", TITLE_SIZE))
    y += 18
    note = f"gradient of {flow.of}; bar: mean, line: largest, number: norm"
    marks.append(line(MARGIN, y, fit(note, NUMBER_SIZE, width - 2 * MARGIN), "note", NUMBER_SIZE))
    top = y + 30
    bottom = top + ROW * len(flow.rows)

    def place(value: float) -> float:
        return left + PLOT * (log10(value) - low) / (high - low)

    marks += _scale(low, high, left, top, bottom)
    for number, (row, name) in enumerate(zip(flow.rows, names, strict=True)):
        middle = top + ROW * number + ROW / 2
        shown = fit(name, NAME_SIZE, label)
        shape = "×".join(map(str, row.shape)) or "scalar"
        inside: list[Mark] = [
            line(MARGIN, middle, shown, "text", NAME_SIZE),
            line(left - 12, middle, fit(shape, NUMBER_SIZE, SHAPE - 8), "note", NUMBER_SIZE, "end"),
        ]
        inside += _bar(row, left, middle, place)
        title = f"{name}: norm {row.norm:.3g}, mean {row.mean:.3g}, max {row.max:.3g}"
        marks.append(Group(tuple(inside), "row", row.name, title, {"state": row.state}))
    y = bottom + 26
    for text in flow.warnings:
        marks.append(sign("cross", MARGIN + 5, y, "sign-bad"))
        said = fit(printable(text, 300), NAME_SIZE, width - 2 * MARGIN - 18)
        marks.append(line(MARGIN + 18, y, said, "remark-bad-title", NAME_SIZE))
        y += ROW
    height = y - (ROW if flow.warnings else 0) + MARGIN
    bad = sum(row.state not in ("ok", "frozen") for row in flow.rows)
    said = f"Bars of the gradients of {len(flow.rows)} parameters, {note}. {bad} have none or none "
    said += f"that is finite. {' '.join(f'{text}.' for text in flow.warnings)}"
    page = Rect(0, 0, width, height, "page")
    title = printable(f"gradient flow of {flow.source or 'a model'}")
    return Scene(width, height, (page, *marks), title, printable(said.strip(), 600))


def _scale(low: int, high: int, left: float, top: float, bottom: float) -> Iterator[Mark]:
    every = max(1, -(-(high - low) // MOST_TICKS))
    for power in range(low, high + 1, every):
        x = left + PLOT * (power - low) / (high - low)
        yield Path((("M", x, top - 4), ("L", x, bottom + 4)), "frame")
        yield line(x, top - 12, f"1e{power}", "note", NUMBER_SIZE, "middle")


def _bar(row: FlowRow, left: float, middle: float, place: Callable[[float], float]) -> list[Mark]:
    if row.state != "ok" or not 0 < row.mean < inf:
        text, name, state = _STATES.get(row.state, ("no elements", "lock", "off"))
        return [
            sign(name, left + 9, middle, f"sign-{state}"),
            line(left + 20, middle, text, f"remark-{state}-title", NUMBER_SIZE),
        ]
    mean, largest = place(row.mean), place(row.max)
    whisker = (
        ("M", left, middle), ("L", largest, middle),
        ("M", largest, middle - 3), ("L", largest, middle + 3),
    )  # fmt: skip
    return [
        Path(whisker, "split-line"),
        Rect(left, middle - BAR / 2, max(mean - left, 1.0), BAR, "bar"),
        line(left + PLOT + NUMBER, middle, f"{row.norm:.2g}", "note", NUMBER_SIZE, "end"),
    ]
