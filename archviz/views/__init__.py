"""Views: each draws a Model in one style, as a Scene.

A module here is one style and ends with ``VIEW``; the entry-point group for other distributions
is ``archviz.views``. Options of a style are the keyword-only parameters of ``draw``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from archviz.records import record
from archviz.registry import Registry
from archviz.scene import Scene


@record
class View:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's.
        title: A few words for listings.
        draw: Draws a Model, and with it the Annotation of an overlay when it is annotated.
        consumes: "graph" for any model, "forest" for decision trees alone.
        prepared: "cards" for a graph that is merged, folded and collapsed as asked; "operations"
            for one that is merely rid of what is no operation, for a style that merges itself.
        is_annotated: Whether ``draw`` takes an Annotation behind the Model.
    """

    name: str
    title: str
    draw: Callable[..., Scene]
    consumes: Literal["graph", "forest"] = "graph"
    prepared: Literal["cards", "operations"] = "cards"
    is_annotated: bool = False


VIEWS: Registry[View] = Registry("archviz.views", "VIEW", View)
