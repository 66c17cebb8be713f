"""The layered style: the figures that people draw by hand for papers, from the real model.

Operations are merged as readers see them (:mod:`units`), laid along the longest way from input to
output (:mod:`spine`), cut where one value alone passes, and grouped into stages (:mod:`stages`).
A kind of figure (:mod:`kinds`) draws that plan on a page measured in points, so that eight points
are eight points in print.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from archviz.errors import OptionError
from archviz.ir import Graph, Model
from archviz.ir.edit import used_values
from archviz.length import Length, parse_length
from archviz.records import replace
from archviz.scene import Group, Rect, Scene
from archviz.text import printable
from archviz.views import View
from archviz.views.layered.kind import Kind
from archviz.views.layered.kinds import AUTO, choose
from archviz.views.layered.legend import footer
from archviz.views.layered.look import colored, grouped, look_of, looking
from archviz.views.layered.page import Page, count, listed, text
from archviz.views.layered.plan import Plan, operations
from archviz.views.layered.units import plan_of, weights_in

TEXT_WIDTH = Length(5.5, "in")
"""How wide a figure is when nothing else is asked for: a column of text of a conference paper."""

BASE = 8.0
"""Points that names of layers are taken to have, about."""

_POINT = 96 / 72
_LARGEST = 24.0


def draw(
    model: Model,
    *,
    figure: str = AUTO,
    width: str = "",
    legend: bool = True,
    rename: Mapping[str, str] | None = None,
    color: Mapping[str, str] | None = None,
    group: Mapping[str, str] | None = None,
    labels: Mapping[str, Any] | None = None,
    fcnn: Mapping[str, Any] | None = None,
    scaling: Mapping[str, Any] | None = None,
    fold: Mapping[str, Any] | None = None,
    inset: str = "auto",
    legend_at: str = "bottom-right",
    font_size: float = BASE,
) -> Scene:
    """A model as a figure for a paper.

    Args:
        model: Its operations, not merged.
        figure: The kind of figure, of which "auto" takes the one that suits the model.
        width: How wide the figure is printed, "84mm", "3.25in"; "" for 5.5 in.
        legend: Whether the figure says what its colours mean.
        rename: What labels become, by regular expressions of whole labels.
        color: Colours by pattern of operations, or by "category.conv".
        group: Patterns of operations that become one part, by its name.
        labels: "params" is "short", "full" or "none"; "details" whether boxes tell their sizes.
        fcnn: "max" is how many places a column of neurons has; "names" are names of neurons by
            layer.
        scaling: Of volumes: "space" and "channels" are "log", "sqrt" or "linear"; "hmax" is how
            high the largest resolution is, "100pt"; "depth" is a share of the height.
        fold: "repeats" is whether equal blocks are drawn once; "show" is how many volumes stand
            for them.
        inset: The repeated block that is drawn apart: "auto", "none", or a pattern of its module.
        legend_at: Where the legend stands: "bottom-right", "bottom-left", "top-left", "top-right".
        font_size: Points of the names of layers, from 8 on; everything grows with it.

    Raises:
        OptionError: There is no such figure, or the model has no way from an input to an output,
            or the figure has no room in the width.
    """
    look = look_of(rename, color, group, labels, fcnn, scaling, fold, inset, legend_at)
    if not BASE <= font_size <= _LARGEST:
        raise OptionError(
            f"font_size is {font_size:g}", f"it takes a number from {BASE:g} to {_LARGEST:g}"
        )
    with looking(look):
        scene = _figure(grouped(model, look), figure, width, legend, font_size / BASE)
        marks = colored(scene.marks, look, model.graph)
    return replace(scene, marks=marks, palette=look.palette)


def _figure(model: Model, figure: str, width: str, legend: bool, larger: float) -> Scene:
    wanted = parse_length(width, "--width") if width else TEXT_WIDTH
    title = printable(model.source or model.graph.name or "model")
    page = Page(wanted.pixels / _POINT / larger)  # printed larger than it is drawn
    if not model.graph.nodes:
        page.height = 36.0
        page.add(text(page.width / 2, 20, "The model has no operations.", "note"))
        page.words.append("The model has no operations.")
        return _scene(page, title, wanted)
    plan = plan_of(model)
    if not plan.units or not plan.begins:
        raise OptionError(
            f"{title}: the style 'layered' needs {_missing(model.graph)}",
            "draw it with --style node-link",
        )
    kind, page = _drawn(plan, page.width, choose(plan, figure))
    _omit_what_is_apart(plan, page)
    if not any(page.drawn()):
        raise OptionError(
            f"{title}: nothing of it leads from an input to an output, as a figure shows it",
            "draw it with --style node-link",
        )
    _tell_what_is_missing(plan, page)
    footer(plan, page, legend)
    page.words.insert(0, f"{kind.title} of {title}")
    return _scene(page, title, wanted)


def _drawn(plan: Plan, width: float, kinds: Sequence[Kind]) -> tuple[Kind, Page]:
    """The first kind that can draw the plan and has room, and its page."""
    *others, last = kinds
    for kind in others:
        page = Page(width)
        with contextlib.suppress(OptionError):
            kind.draw(plan, page)
            return kind, page
    page = Page(width)
    last.draw(plan, page)
    return last, page


def _scene(page: Page, title: str, wanted: Length) -> Scene:
    omitted = [
        Group((), "omitted", title=why, data={"ops": listed(ops)})
        for why, ops in page.omitted.items()
    ]
    for why, ops in page.omitted.items():
        page.words.append(f"Not drawn: {len(ops):,} operations ({why})")
    paper = Rect(0, 0, page.width, page.height, "page")
    words = ". ".join(word.rstrip(".") for word in page.words) + "."
    return Scene(page.width, page.height, (paper, *page.marks, *omitted), title, words, wanted)


def _missing(graph: Graph) -> str:
    """Which part of a way from an input to an output the graph lacks."""
    if not graph.outputs:
        return "a model that says what is computed from what, and this one knows its modules alone"
    if not graph.inputs:
        return "an input, and this model has none"
    if not any(set(graph.inputs) & set(used_values(node)) for node in graph.nodes):
        return "an operation that uses the input, and this model has none"
    return "a way from an input to an output, and this model has none"


def _tell_what_is_missing(plan: Plan, page: Page) -> None:
    """Says in the figure that it leaves out weights, or much of the model."""
    graph = plan.model.graph
    missing = {name for names in page.omitted.values() for name in names}
    total = len(operations(graph.nodes))
    left_out = [node for node in graph.nodes if not missing.isdisjoint(node.origins)]
    weights = sum(weights_in(left_out, graph).values())
    many = f"{len(missing):,} operation{'s' if len(missing) > 1 else ''}"
    if weights:
        page.facts.append(f"not drawn: {many} with {count(weights)} of them")
    elif len(missing) * 4 > total:
        page.facts.append(f"not drawn: {len(missing):,} of {total:,} operations")


def _omit_what_is_apart(plan: Plan, page: Page) -> None:
    drawn = set(page.drawn())
    apart = [node for node in plan.spine.apart if drawn.isdisjoint(listed(node.origins).split())]
    page.omit(apart, "nothing joins them to the way from input to output")


VIEW = View("layered", "figures for papers: volumes, stages, blocks", draw, prepared="operations")
