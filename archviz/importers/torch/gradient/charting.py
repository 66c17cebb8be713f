"""From a judged recording to a chart: verdicts, flow and cuts by the ids of the drawn graph."""

from __future__ import annotations

from collections.abc import Iterator

from archviz.analysis.gradient.chart import CutPlace, Flow, GradientChart
from archviz.analysis.gradient.graph import ValueGraph
from archviz.analysis.gradient.report import Culprit, GradientReport
from archviz.importers.torch.gradient.judging import Judge
from archviz.importers.torch.graph import Numbered
from archviz.importers.torch.recording import Recording


def places_of(found: Numbered, recording: Recording) -> dict[int, str]:
    """The node that shows each operation; a read is shown at what made the tensor it reads."""
    places = dict(found.nodes)
    for index, operation in enumerate(recording.operations):
        for reference in operation.inputs if index not in places else ():
            producer = recording.values[reference.value].producer
            if producer in places:
                places[index] = places[producer]
                break
    return places


def chart_of(report: GradientReport, found: Numbered, judge: Judge) -> GradientChart:
    """The chart of a judged call.

    Args:
        report: The verdicts.
        found: The graph of the recording.
        judge: Who judged it.
    """
    flow = _flow(report, judge.graph)
    places = judge.converter.place
    named = {
        value: flow[places[index]]
        for index, value in found.values.items()
        if places.get(index) in flow
    }
    uses = {
        node.id: tuple(dict.fromkeys(use.parameter for use in node.parameters))
        for node in found.graph.nodes
        if node.parameters
    }
    known = {node.id for node in found.graph.nodes}
    cuts: dict[str, list[CutPlace]] = {}
    elsewhere: list[CutPlace] = []
    for culprit, starved in _last_of_each(report, judge.graph):
        place = CutPlace(culprit, starved)
        if culprit.node in known:
            cuts.setdefault(culprit.node, []).append(place)
        else:
            elsewhere.append(place)
    return GradientChart(
        report,
        found.graph,
        named,
        uses,
        {node: tuple(listed) for node, listed in cuts.items()},
        tuple(elsewhere),
    )


def _flow(report: GradientReport, graph: ValueGraph) -> dict[int, Flow]:
    """What the loss's gradient reaches, and what carries starved parameters but is not reached."""
    reached = set(graph.roots)
    stack = list(reached)
    while stack:
        for source in graph.values[stack.pop()].gradient:
            if source not in reached:
                reached.add(source)
                stack.append(source)
    reached = {value for value in reached if graph.values[value].requires_grad}
    starved = {
        graph.targets[name].value
        for name, item in report.parameters.items()
        if name in graph.targets and not item.is_healthy
    }
    for index, value in enumerate(graph.values):
        operation = graph.operations[value.operation]
        # Where autograd is off nothing has gradient edges, and the cut is where that ends.
        carried = value.gradient if operation.is_tracked else frozenset(operation.inputs)
        if not starved.isdisjoint(carried - {index}):
            starved.add(index)
    return dict.fromkeys(starved - reached, Flow.STARVED) | dict.fromkeys(reached, Flow.REACHED)


def _last_of_each(
    report: GradientReport, graph: ValueGraph
) -> Iterator[tuple[Culprit, tuple[str, ...]]]:
    """The culprits that are findings of their own, each where it is nearest to the loss."""
    order = {operation.node: index for index, operation in enumerate(graph.operations)}
    nearest: dict[object, Culprit] = {}
    for item in report.parameters.values():
        for culprit in item.culprits[:1]:
            known = nearest.get(culprit.key)
            if known is None or order.get(culprit.node, -1) > order.get(known.node, -1):
                nearest[culprit.key] = culprit
    for culprit, names in report.groups():
        yield nearest.get(culprit.key, culprit), tuple(names)
