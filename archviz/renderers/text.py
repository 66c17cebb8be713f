"""Plain text: the summary table of a Model."""

from __future__ import annotations

from archviz.analysis.summary import summarize
from archviz.ir import Model
from archviz.renderers import Renderer


def render(model: Model) -> str:
    """The model's modules and totals as a table."""
    return f"{summarize(model, depth='all')}\n"


RENDERER = Renderer(
    name="text",
    title="table of modules and parameters",
    consumes="model",
    render=render,
    suffixes=(".txt",),
    loses="edges and attributes",
)
