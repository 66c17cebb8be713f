"""Passes: pure functions from Graph to Graph that ready a graph for drawing.

A module here is one pass and ends with ``PASS``; the entry-point group for other distributions is
``archviz.passes``. Options are the keyword-only parameters of ``apply``. What a pass removes is
accounted for: each remaining node's ``origin`` says what it stands for.
"""

from __future__ import annotations

from collections.abc import Callable

from archviz.ir import Graph
from archviz.records import record
from archviz.registry import Registry


@record
class Pass:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's.
        title: A few words for ``archviz show passes``.
        apply: Rewrites a graph.
    """

    name: str
    title: str
    apply: Callable[..., Graph]


PASSES: Registry[Pass] = Registry("archviz.passes", "PASS", Pass)
