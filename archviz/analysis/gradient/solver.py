"""From a value graph to verdicts: what is reached, and for what is not, the cheapest cut."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import chain

from archviz.analysis.gradient.graph import (
    GradientValue,
    Operation,
    Role,
    Target,
    ValueGraph,
    kind_of_cut,
)
from archviz.analysis.gradient.intent import mark_alternatives, mark_intended
from archviz.analysis.gradient.places import best_frame, locate
from archviz.analysis.gradient.report import Culprit, ParameterVerdict, Step
from archviz.analysis.gradient.words import PRICE, Confidence, Kind, Verdict
from archviz.diagnostics import SourceLocation
from archviz.records import record, replace

NOWHERE = SourceLocation("?")
MOST_CULPRITS = 8
"""How many culprits of one parameter are kept, best first."""
_METHOD = "torch.Tensor."


@record
class Cut:
    """A data edge without a gradient edge.

    Attributes:
        cost: What the whole way to the loss costs through it.
        source: The value that gets no gradient through it.
        target: The value computed from it.
        kind: How gradient is kept back.
        starved: Bits of the targets that lose gradient here.
    """

    cost: float
    source: int
    target: int
    kind: Kind
    starved: int


def solve(graph: ValueGraph) -> dict[str, ParameterVerdict]:
    """A verdict for every target of the graph.

    Reachability comes first: what the gradient of the loss reaches is fine, whatever cuts lie on
    other paths. For the rest, Dijkstra's algorithm runs from the loss over data edges, where a
    gradient edge is free and a cut has a price; the cheapest cut that a target reaches through
    gradient edges alone is its culprit.
    """
    found: dict[str, ParameterVerdict] = {}
    starved = {}
    for name, target in graph.targets.items():
        if not target.wants_gradient:
            found[name] = _verdict(Verdict.FROZEN, target)
        elif target.is_reached:
            found[name] = _verdict(Verdict.OK, target)
        else:
            starved[name] = target
    if starved:
        explainer = Explainer(graph, starved)
        for name, target in starved.items():
            found[name] = explainer.explain(name, target)
        mark_intended(graph, found)
        mark_alternatives(graph, found)
    return {name: found[name] for name in graph.targets}


def _verdict(verdict: Verdict, target: Target, note: str = "") -> ParameterVerdict:
    return ParameterVerdict(verdict, target.shape, note=note, aliases=target.aliases)


class Explainer:
    """Explains why targets get no gradient; everything shared between them is computed once."""

    def __init__(self, graph: ValueGraph, starved: dict[str, Target]) -> None:
        self.graph = graph
        self.bit = {
            target.value: 1 << index
            for index, target in enumerate(starved.values())
            if target.value >= 0
        }
        self.distance, self.onward = self._distances()
        self.reading = self._along_gradient()
        self.read = {value for operation in graph.operations for value in operation.inputs}
        self.cuts = sorted(self._cuts(), key=lambda cut: (cut.cost, -cut.target, cut.source))
        self.lost = self._losses()

    def _depends(self, value: GradientValue) -> Iterator[int]:
        return chain(self.graph.operations[value.operation].inputs, value.gradient, value.zero)

    def _price(self, source: int, target: int) -> float:
        if not self.graph.is_cut(source, target):
            return 0.0
        return PRICE.get(kind_of_cut(self.graph, source, target), 1.0)

    def _distances(self) -> tuple[dict[int, float], dict[int, int]]:
        """For each value the price of the cheapest way to the loss, and its next value."""
        distance: dict[int, float] = dict.fromkeys(self.graph.roots, 0.0)
        onward: dict[int, int] = {}
        heap = [(0.0, value) for value in distance]
        heapq.heapify(heap)
        while heap:
            cost, target = heapq.heappop(heap)
            if cost > distance[target]:
                continue
            for source in self._depends(self.graph.values[target]):
                total = cost + self._price(source, target)
                if total < distance.get(source, float("inf")):
                    distance[source] = total
                    onward[source] = target
                    heapq.heappush(heap, (total, source))
        return distance, onward

    def _along_gradient(self) -> list[int]:
        """For each value the bits of the starved targets that gradient would reach from it."""
        reading = [0] * len(self.graph.values)
        for index, value in enumerate(self.graph.values):
            bits = self.bit.get(index, 0)
            for source in value.gradient:
                bits |= reading[source]
            reading[index] = bits
        return reading

    def _cuts(self) -> Iterator[Cut]:
        """Every cut that starves a target and from whose other side the loss is in reach."""
        for operation in self.graph.operations:
            for source in operation.inputs:
                bits = self.reading[source]
                if not bits:
                    continue
                for target in operation.outputs:
                    missing = bits & ~self.reading[target]
                    if (
                        missing
                        and target in self.distance
                        and source != target
                        and self.graph.is_cut(source, target)
                    ):
                        kind = kind_of_cut(self.graph, source, target)
                        cost = self.distance[target] + PRICE.get(kind, 1.0)
                        yield Cut(cost, source, target, kind, missing)

    def _losses(self) -> list[tuple[int, int]]:
        """Values that left the framework, with the bits of the targets that went into them."""
        leaks = [
            value
            for operation in self.graph.operations
            if operation.role in (Role.LEAVE, Role.BRANCH)
            for value in operation.outputs
        ]
        if not leaks:
            return []
        reading = [0] * len(self.graph.values)
        for index, value in enumerate(self.graph.values):
            bits = self.bit.get(index, 0)
            for source in self._depends(value):
                if source < index:
                    bits |= reading[source]
            reading[index] = bits
        return [(value, reading[value]) for value in leaks if reading[value]]

    def explain(self, name: str, target: Target) -> ParameterVerdict:
        """The verdict on one starved target."""
        bit = self.bit.get(target.value, 0)
        if target.is_side:
            return _verdict(
                Verdict.SIDE, target, "it reaches only a tensor kept as an attribute of a module"
            )
        mine = [cut for cut in self.cuts if cut.starved & bit]
        if not mine:
            return self._explain_loss(name, target, bit)
        culprits: list[Culprit] = []
        for cut in mine:
            culprit = self.culprit(cut.target, cut.kind)
            if culprit.key not in {other.key for other in culprits}:
                culprits.append(culprit)
            if len(culprits) == MOST_CULPRITS:
                break
        steps = self._steps(mine[0])
        culprits = self._with_way_out(culprits, steps)
        culprits[0] = replace(
            culprits[0], chain=tuple(self._step(target, kind) for _, target, kind in steps)
        )
        verdict = Verdict.CUT
        if culprits[0].kind is Kind.ZERO:
            verdict = Verdict.ZERO
        elif culprits[0].kind is Kind.NO_FORMULA and target.is_attached:
            verdict = Verdict.NO_FORMULA
        return ParameterVerdict(
            verdict, target.shape, tuple(culprits[:MOST_CULPRITS]), aliases=target.aliases
        )

    def _steps(self, cut: Cut) -> list[tuple[int, int, Kind]]:
        """The cuts between ``cut`` and the loss, itself first, on the cheapest way."""
        steps: list[tuple[int, int, Kind]] = []
        source: int = cut.source
        target: int | None = cut.target
        while target is not None:
            if self.graph.is_cut(source, target):
                steps.append((source, target, kind_of_cut(self.graph, source, target)))
            source, target = target, self.onward.get(target)
        return steps

    def _with_way_out(
        self, culprits: list[Culprit], steps: list[tuple[int, int, Kind]]
    ) -> list[Culprit]:
        """Names numpy() in ``x.detach().cpu().numpy()``: detach is the idiom that allows it."""
        if culprits[0].kind not in (Kind.DETACH, Kind.DATA, Kind.NO_GRAD):
            return culprits
        for _, target, kind in steps[1:]:
            if kind is Kind.LEAVE:
                culprit = self.culprit(target, kind)
                return [culprit, *(item for item in culprits if item.key != culprit.key)]
            if not self.graph.producer(target).name.startswith(_METHOD):
                break
        return culprits

    def _explain_loss(self, name: str, target: Target, bit: int) -> ParameterVerdict:
        """The verdict on a target from which no known way leads to the loss."""
        if target.value not in self.read:
            module = self.graph.modules.get(name.rpartition(".")[0])
            was_called = module is not None and module.calls > 0
            return _verdict(
                Verdict.UNUSED, target, "" if was_called else "its module is not called"
            )
        lost = [value for value, bits in self.lost if bits & bit]
        left = [value for value in lost if self.graph.producer(value).role is Role.LEAVE]
        for values, kind, note in (
            (left, Kind.LEAVE, "its value leaves torch, and no way back was seen"),
            (lost, Kind.BRANCH, "it only steers Python's control flow"),
        ):
            if values:
                culprit = self.culprit(values[-1], kind)
                return ParameterVerdict(
                    Verdict.CUT, target.shape, (culprit,), note, Confidence.LIKELY, target.aliases
                )
        return _verdict(
            Verdict.NO_EFFECT, target, "what is computed from it does not reach the loss"
        )

    def culprit(self, value: int, kind: Kind) -> Culprit:
        """The operation that made ``value``, as a culprit."""
        return culprit_of(self.graph, self.graph.producer(value), kind)

    def _step(self, value: int, kind: Kind) -> Step:
        culprit = self.culprit(value, kind)
        return Step(kind, culprit.op, culprit.location)


def culprit_of(
    graph: ValueGraph, operation: Operation, kind: Kind, *, node: str = "", note: str = ""
) -> Culprit:
    """An operation as a culprit.

    Args:
        graph: What the operation is part of.
        operation: The operation.
        kind: How it keeps gradient back.
        node: Name of the backward node to blame, shown behind the operation's.
        note: What else is known.
    """
    module = graph.modules.get(operation.module)
    region = ""
    frame = best_frame(operation, module.home if module else "")
    if kind in (Kind.NO_GRAD, Kind.INFERENCE_MODE) and operation.region is not None:
        region = operation.region.kind
        frame = operation.region.frame or frame
    return Culprit(
        kind=kind,
        op=f"{operation.name} ({node})" if node else operation.name,
        location=NOWHERE if frame is None else locate(frame),
        module=operation.module,
        node=operation.node,
        region=region,
        stack=tuple(locate(frame) for frame in operation.frames),
        note=note,
    )
