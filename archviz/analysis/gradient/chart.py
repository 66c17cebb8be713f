"""The gradient check drawn on the model's graph: where gradient flows, ends, and is not wanted."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from archviz.analysis.gradient.report import Culprit, GradientReport
from archviz.ir import Graph
from archviz.records import field, record


class Flow(StrEnum):
    """What becomes of the loss's gradient at one value."""

    REACHED = "reached"
    """It arrives."""
    STARVED = "starved"
    """It does not arrive, though the value carries parameters that want it."""


@record
class CutPlace:
    """A culprit where a picture can show it.

    Attributes:
        culprit: The culprit.
        starved: Names of the parameters that it is the first to starve.
    """

    culprit: Culprit
    starved: tuple[str, ...]


@record
class GradientChart:
    """A recorded call as a graph, with what the check found by the ids of that graph.

    Attributes:
        report: The check.
        graph: The graph of the call, its loss included.
        flow: What arrives at values; one that is not here needs no gradient.
        uses: Names of the parameters that each node reads.
        cuts: Culprits by node.
        elsewhere: Culprits that are no operation of the graph.
    """

    report: GradientReport
    graph: Graph
    flow: Mapping[str, Flow] = field(default_factory=dict)
    uses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cuts: Mapping[str, tuple[CutPlace, ...]] = field(default_factory=dict)
    elsewhere: tuple[CutPlace, ...] = ()
