"""Where the loss's gradient flows, what it does not reach, what is frozen, and where it is cut.

One recorded call gives the picture and the check, so both speak of the same operations. It works
for live PyTorch modules; what they are called with is said as for the check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from archviz.analysis.gradient.chart import CutPlace, Flow, GradientChart
from archviz.analysis.gradient.expectations import with_expectations
from archviz.analysis.gradient.findings import counted, listed, short_name
from archviz.analysis.gradient.report import ParameterVerdict
from archviz.analysis.gradient.words import HEALTHY, Confidence, Kind, Verdict
from archviz.annotation import Annotation, Entry, Remark
from archviz.errors import OptionError
from archviz.importers import make
from archviz.ir import Graph, Model, Node
from archviz.overlays import Overlay, Prepared, Subject
from archviz.records import replace

GOOD, BAD, OFF = "good", "bad", "off"
MOST_CUTS = 2
"""Cuts that a node tells of line by line; more are counted."""

_WORDS = {
    Verdict.ZERO: ("zero gradient", "zero everywhere"),
    Verdict.ZERO_HERE: ("zero gradient", "zero for this input"),
    Verdict.NONFINITE: ("gradient not finite", "NaN or infinite"),
    Verdict.NO_FORMULA: ("no gradient", "no formula"),
    Verdict.NO_EFFECT: ("no gradient", "result thrown away"),
}
_HEADS = {
    Kind.ZERO: "zero gradient",
    Kind.ZERO_HERE: "zero gradient here",
    Kind.NONFINITE: "gradient not finite",
    Kind.NO_FORMULA: "no backward formula",
}


def prepare(
    subject: Subject,
    *,
    loss: str | Callable[..., Any] = "",
    target: Any = "",
    frozen: tuple[str, ...] = (),
    expect_cut: tuple[str, ...] = (),
) -> Prepared:
    """Records one call of the model and of its loss, and follows gradient back through it.

    Args:
        subject: A live PyTorch module.
        loss: The loss function, or "package.module:function"; "" takes everything that the model
            returns.
        target: What the loss compares the result with, or how it is written as an input.
        frozen: Patterns of parameters that should get no gradient.
        expect_cut: As ``frozen``, for parts that are cut off on purpose.

    Raises:
        OptionError: The model is none whose gradients can be followed.
        ArchvizError: The call raised.
    """
    source = subject.source
    if source is not None:
        make(source)
    if source is None or "torch.nn.modules.module.Module" not in source.class_names:
        name = source.name if source is not None else "a Model"
        raise OptionError(
            f"{name}: gradient can be followed through live PyTorch modules alone",
            "name one, as in package.module:model, or give the module itself",
        )
    from archviz.importers.torch.gradient.check import chart
    from archviz.importers.torch.gradient.sources import check_source

    names = ("args", "kwargs", "input")
    given = {key: value for key, value in subject.options.items() if key in names}
    made: GradientChart = check_source(source, how=chart, loss=loss, target=target, **given)
    made = replace(made, report=with_expectations(made.report, [*frozen, *expect_cut]))
    model = Model(made.graph, "torch", source.name)
    return Prepared(model, lambda graph: annotate(graph, made), words(made), tuple(made.cuts))


def words(chart: GradientChart) -> dict[str, str]:
    """For each node what becomes of gradient in it, so that blocks that differ stay apart."""
    found = {}
    for node in chart.graph.nodes:
        states = [str(chart.flow.get(value or "", "")) for value in node.outputs]
        states += [
            str(chart.report.parameters[name].verdict)
            for name in chart.uses.get(node.id, ())
            if name in chart.report.parameters
        ]
        states += [place.culprit.location.text for place in chart.cuts.get(node.id, ())]
        found[node.id] = " ".join(states)
    return found


def annotate(graph: Graph, chart: GradientChart) -> Annotation:
    """What is drawn over ``graph``, which passes made of the chart's own."""
    rings: dict[str, str] = {}
    remarks: dict[str, tuple[Remark, ...]] = {}
    badges: dict[str, str] = {}
    for node in graph.nodes:
        cuts = [place for origin in node.origins for place in chart.cuts.get(origin, ())]
        state, lines = _of_parameters(_parameters(node, chart))
        lines += _of_cuts(cuts)
        if cuts:
            badges[node.id] = "scissors"
            state = state or BAD
        if state:
            rings[node.id] = state
        if lines:
            remarks[node.id] = tuple(lines)
    edges = dict(_edges(graph, chart, set(badges)))
    return Annotation(
        rings,
        remarks,
        badges,
        edges,
        _legend({*rings.values(), *edges.values()}, badges),
        tuple(_notes(chart)),
        _summary(chart),
    )


def _parameters(node: Node, chart: GradientChart) -> list[ParameterVerdict]:
    """The verdicts on what the node's imported operations read, each parameter once."""
    names = dict.fromkeys(name for origin in node.origins for name in chart.uses.get(origin, ()))
    known = chart.report.parameters
    return [known[name] for name in names if name in known]


def _of_parameters(items: Sequence[ParameterVerdict]) -> tuple[str, list[Remark]]:
    """The state of a node with these parameters, and what is said of them."""
    bad = [item for item in items if item.verdict not in HEALTHY]
    meant = [item for item in bad if item.confidence is Confidence.INTENDED]
    bad = [item for item in bad if item.confidence is not Confidence.INTENDED]
    frozen = [item for item in items if item.verdict is Verdict.FROZEN]
    aside = [item for item in items if item.verdict in (Verdict.SIDE, Verdict.NOT_RUN)]
    lines: list[Remark] = []
    if bad:
        words = {_WORDS.get(item.verdict, ("no gradient", "grad is None")) for item in bad}
        text, note = words.pop() if len(words) == 1 else ("no gradient", "")
        lines.append(Remark(text, _share(bad, items) or note, BAD, "cross"))
    if meant:
        lines.append(Remark("stopped on purpose", _share(meant, items), OFF, "lock"))
    if frozen:
        lines.append(Remark("frozen", _share(frozen, items) or "requires_grad False", OFF, "lock"))
    if aside:
        text = "outside the loss" if aside[0].verdict is Verdict.SIDE else "not run"
        lines.append(Remark(text, _share(aside, items), OFF))
    if bad:
        return BAD, lines
    if items and len(meant) + len(frozen) + len(aside) < len(items):
        return GOOD, lines
    return (OFF if items else ""), lines


def _share(some: Sequence[object], every: Sequence[object]) -> str:
    """How many of all, when it is not all of them and there are enough to count."""
    if len(some) == len(every) and len(every) <= MOST_CUTS:
        return ""
    return f"{len(some):,} of {counted(len(every), 'parameter')}"


def _of_cuts(cuts: Sequence[CutPlace]) -> Iterable[Remark]:
    for place in cuts[:MOST_CUTS]:
        culprit = place.culprit
        file = PurePath(culprit.location.file).name
        where = f"{file}:{culprit.location.line}" if culprit.location.line else ""
        op = f"{culprit.region} " if culprit.region else f"{short_name(culprit.op)} "
        head = _HEADS.get(culprit.kind, "gradient cut")
        yield Remark(f"{head}: {op.strip()}", "", BAD, "scissors")
        yield Remark(f"{where}  {culprit.location.text}".strip())
    if len(cuts) > MOST_CUTS:
        yield Remark(f"and {len(cuts) - MOST_CUTS} more cuts", "", BAD)


def _edges(
    graph: Graph, chart: GradientChart, cut: set[str]
) -> Iterable[tuple[tuple[str, str], str]]:
    """A state for every edge that gradient flows back along, or should."""
    flow = chart.flow
    maker = {value: node for node in graph.nodes for value in node.outputs if value is not None}
    for node in graph.nodes:
        states = {flow.get(value) for value in node.outputs if value is not None}
        for value in node.inputs:
            if value is None:
                continue
            if Flow.REACHED in states:
                is_from_cut = value in maker and maker[value].id in cut
                if flow.get(value) is Flow.REACHED or (is_from_cut and value not in flow):
                    yield (value, node.id), GOOD
                elif flow.get(value) is Flow.STARVED:
                    yield (value, node.id), BAD
            elif Flow.STARVED in states or (flow.get(value) is Flow.STARVED and node.id in cut):
                yield (value, node.id), BAD
    for value in graph.outputs:
        if value in flow:
            yield (value, ""), GOOD if flow[value] is Flow.REACHED else BAD


def _legend(states: set[str], badges: Mapping[str, str]) -> tuple[Entry, ...]:
    entries = [Entry("gradient flows", GOOD)] if GOOD in states else []
    if BAD in states:
        entries.append(Entry("no gradient", BAD))
    if OFF in states:
        entries.append(Entry("frozen, or not wanted", OFF))
    if badges:
        entries.append(Entry("cut, with its source line", BAD, "scissors"))
    return tuple(entries)


def _notes(chart: GradientChart) -> Iterable[Remark]:
    """What has no operation in the picture: reads of parameters, and parameters nothing reads."""
    for place in chart.elsewhere:
        first, second = _of_cuts([place])
        yield replace(first, note=f"starves {listed(place.starved)}")
        yield second
    unused = [
        name
        for name, item in chart.report.parameters.items()
        if item.verdict is Verdict.UNUSED and item.confidence is not Confidence.INTENDED
    ]
    if unused:
        yield Remark(f"never used: {listed(unused)}", "", BAD, "cross")
    for reason in chart.report.incomplete:
        yield Remark(f"unfinished: {reason}", "", BAD)


def _summary(chart: GradientChart) -> str:
    report = chart.report
    bad = sum(not item.is_healthy for item in report.parameters.values())
    frozen = sum(item.verdict is Verdict.FROZEN for item in report.parameters.values())
    well = sum(item.verdict is Verdict.OK for item in report.parameters.values())
    text = f"{well} of {len(report.parameters)} parameters get gradient"
    text += f", {frozen} are frozen" if frozen else ""
    text += f", {bad} get none" if bad else ""
    places = [place for found in chart.cuts.values() for place in found] + [*chart.elsewhere]
    where = [
        f"{PurePath(place.culprit.location.file).name}:{place.culprit.location.line}"
        for place in places
    ]
    return text + (f"; it is cut at {listed(where)}" if where else "")


OVERLAY = Overlay("gradient", "where gradient flows, and where it is cut", prepare)
