"""From a traced graph and the gradients of a real backward pass to verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from archviz.analysis.gradient.graph import ValueGraph
from archviz.analysis.gradient.report import ParameterVerdict
from archviz.analysis.gradient.solver import solve
from archviz.analysis.gradient.words import Verdict
from archviz.records import replace

_STATES = {
    "none": Verdict.NONE_GRAD,
    "zero": Verdict.ZERO_HERE,
    "nonfinite": Verdict.NONFINITE,
}


def judged(graph: ValueGraph, states: Mapping[str, str]) -> dict[str, ParameterVerdict]:
    """The verdicts of the graph, what backward left taken for the truth.

    Args:
        graph: The traced call.
        states: "ok", "none", "zero" or "nonfinite" by variable; a framework that fills in zeros
            for missing gradients says "zero" for both.
    """
    found = solve(graph)
    for name, state in states.items():
        item = found[name]
        if item.verdict is Verdict.OK and state in _STATES:
            found[name] = replace(
                item,
                verdict=_STATES[state],
                note="backward says so; the trace does not show the operation to blame",
            )
        elif not item.is_healthy and state == "ok":
            found[name] = ParameterVerdict(
                Verdict.OK, item.shape, note="connected, as backward shows"
            )
    return found
