"""Renderers: each writes one output format, from the Scene or from the Model.

A module here is one format and ends with ``RENDERER``; the entry-point group for other
distributions is ``archviz.renderers``. Options are the keyword-only parameters of ``render``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from archviz.records import record
from archviz.registry import Registry


@record
class Renderer:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's, and the ``--format`` that asks for it.
        title: A few words for ``archviz show formats``.
        consumes: "scene" when it draws geometry, "graph" when it writes the Model as passes left
            it, "model" when it writes the Model as imported.
        render: Returns the whole output from what it consumes.
        suffixes: File name endings with their dot; the first is the one that archviz gives.
        loses: What of the model the output does not hold, in a clause; "" when that is nothing
            that a picture shows.
        passes: Passes that its graph goes through besides.
        is_annotated: Whether ``render`` takes, behind what it consumes, a function that says what
            an overlay draws over a graph: an Annotation.
    """

    name: str
    title: str
    consumes: Literal["scene", "graph", "model"]
    render: Callable[..., str | bytes]
    suffixes: tuple[str, ...]
    loses: str = ""
    passes: tuple[str, ...] = ()
    is_annotated: bool = False


RENDERERS: Registry[Renderer] = Registry("archviz.renderers", "RENDERER", Renderer)
