"""Overlays: what is drawn over the picture of a model beside the model itself.

A module here is one overlay and ends with ``OVERLAY``; the entry-point group for other
distributions is ``archviz.overlays``. An overlay looks at what was imported, before passes merge
and fold it, and then says of whatever graph the passes made what its nodes and edges get. Options
are the keyword-only parameters of ``prepare``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archviz.annotation import Annotation
from archviz.ir import Graph, Model
from archviz.records import field, record
from archviz.registry import Registry
from archviz.source import Source


@record
class Subject:
    """What an overlay is asked about.

    Attributes:
        source: Where the model comes from; None when there is only the Model.
        load: Gives the Model as imported.
        options: Options of the importer.
    """

    source: Source | None
    load: Callable[[], Model]
    options: Mapping[str, Any] = field(default_factory=dict)


@record
class Prepared:
    """An overlay that has looked at a model.

    Attributes:
        model: The model to draw.
        annotate: What the overlay says of that model's graph, or of what passes made of it.
        words: A word for each node of the graph; blocks whose words differ are not drawn as one.
        keep: Ids of nodes that are drawn even where they change nothing.
    """

    model: Model
    annotate: Callable[[Graph], Annotation]
    words: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()


@record
class Overlay:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's.
        title: A few words for listings.
        prepare: Looks at a :class:`Subject`; keyword-only parameters are options.
    """

    name: str
    title: str
    prepare: Callable[..., Prepared]


OVERLAYS: Registry[Overlay] = Registry("archviz.overlays", "OVERLAY", Overlay)
