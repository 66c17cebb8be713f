"""What a file alone says of gradients: weights that get none, whatever the loss.

Nothing is run. Every operation is taken to hand gradient on unless its framework's own tables say
that it does not, or its result is no floating-point number; so what is told holds for every loss
and all values, and what is not told may still be cut. An estimator that passes gradient straight
through is written as a subtraction that the file no longer tells from any other where its detach
was dropped, which is why findings are information.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from archviz.analysis.gradient.graph import GradientValue, Operation, Role, Target, ValueGraph
from archviz.analysis.gradient.report import GradientReport, ParameterVerdict
from archviz.analysis.gradient.solver import solve
from archviz.analysis.gradient.static_rules import RULES, Passing
from archviz.analysis.gradient.words import Confidence, Verdict
from archviz.diagnostics import SourceLocation
from archviz.ir import Forest, Graph, Model, Node, TensorType
from archviz.ir.types import is_float
from archviz.records import field, mutable, replace

TOLD = (Verdict.CUT, Verdict.ZERO, Verdict.NO_FORMULA)
"""Verdicts that a file can prove; what nothing uses is the affair of other rules."""


def is_judged(model: Model) -> bool:
    """Whether the operators of the model's format are known."""
    return model.format in RULES and not isinstance(model.body, Forest)


def static_report(model: Model) -> GradientReport:
    """The verdicts that hold for every loss of the model's outputs.

    Args:
        model: Read from a file; see :func:`is_judged`.

    Returns:
        A report whose ``backward`` is "static" and whose bad verdicts have the confidence
        ``Confidence.STATIC``; a parameter that is "ok" is not proved to be cut.
    """
    converter = _Converter(model.graph, RULES[model.format])
    verdicts = solve(converter.converted())
    found = {name: _told(item) for name, item in verdicts.items()}
    return GradientReport(
        found,
        source=model.source,
        facts={"operations": len(converter.operations), "format": model.format},
        backward="static",
    )


def _told(item: ParameterVerdict) -> ParameterVerdict:
    if item.verdict in TOLD and item.confidence is Confidence.CERTAIN:
        return replace(item, confidence=Confidence.STATIC)
    if item.verdict is Verdict.FROZEN:
        return item
    return ParameterVerdict(Verdict.OK, item.shape, confidence=Confidence.STATIC)


@mutable
class _Converter:
    """Makes the value graph of a graph of a file, its subgraphs included."""

    graph: Graph
    passing: Callable[[Node], Passing]
    operations: list[Operation] = field(default_factory=list)
    values: list[GradientValue] = field(default_factory=list)
    place: dict[str, int] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)

    def converted(self) -> ValueGraph:
        for name in self.graph.inputs:
            self._leaf(name, name)
        self._add_graph(self.graph)
        roots = tuple(
            self.place[value]
            for value in self.graph.outputs
            if value in self.place and self.values[self.place[value]].is_float
        )
        reached = set(roots)
        stack = list(roots)
        while stack:
            for source in self.values[stack.pop()].gradient:
                if source not in reached:
                    reached.add(source)
                    stack.append(source)
        # Without a floating-point result every way ends at what made the results of other types.
        ends = roots or tuple(self.place[v] for v in self.graph.outputs if v in self.place)
        return ValueGraph(
            self.operations, self.values, ends, dict(self._targets(reached, bool(roots)))
        )

    def _targets(self, reached: set[int], has_roots: bool) -> Iterator[tuple[str, Target]]:
        for name, parameter in self.graph.parameters.items():
            if parameter.kind != "weight" or not is_float(parameter.type.dtype):
                continue
            shape = tuple(d if isinstance(d, int) else 0 for d in parameter.type.shape or ())
            value = self.stored.get(name, -1)
            yield (
                name,
                Target(
                    value,
                    shape,
                    parameter.trainable is not False,
                    has_roots and value in reached,
                ),
            )

    def _leaf(self, name: str, key: str, *, is_stored: bool = False) -> int:
        index = len(self.values)
        (self.stored if is_stored else self.place)[key] = index
        self.operations.append(Operation(name, Role.LEAF, (), (index,)))
        known = self.graph.parameters.get(name) if is_stored else None
        is_real = known is None or is_float(known.type.dtype) or not known.type.dtype
        self.values.append(GradientValue(len(self.operations) - 1, is_float=is_real))
        return index

    def _add_graph(self, graph: Graph) -> None:
        for node in _ordered(graph):
            self._add(node, graph)

    def _add(self, node: Node, graph: Graph) -> None:
        sources: list[tuple[int, int]] = []
        for position, name in enumerate(node.inputs):
            if name is not None:
                index = self.place.get(name)
                sources.append((position, self._leaf(name, name) if index is None else index))
        for use in node.parameters:
            known = self.stored.get(use.parameter)
            if known is None:
                known = self._leaf(use.parameter, use.parameter, is_stored=True)
            sources.append((use.index, known))
        for part in node.subgraphs.values():
            for inner in part.inputs:
                self._join(inner, [index for _, index in sources], part)
            self._add_graph(part)
            sources += [(-1, self.place[name]) for name in part.outputs if name in self.place]
        rule = self.passing(node)
        position = len(self.operations)
        first = len(self.values)
        outputs = [name for name in node.outputs if name is not None]
        used = tuple(sorted({index for _, index in sources}))
        location = node.location or SourceLocation(self.graph.name or "?")
        self.operations.append(
            Operation(
                node.op,
                rule.role,
                used,
                tuple(range(first, first + len(outputs))),
                ".".join(node.scope),
                (location,),
                node=node.id,
            )
        )
        for offset, name in enumerate(outputs):
            self.place[name] = first + offset
            is_real = _is_real(name, graph)
            open_ones = {
                index
                for place, index in sources
                if is_real and self.values[index].is_float and not rule.stops(place)
            }
            gradient = frozenset() if rule.is_flat else frozenset(open_ones)
            shut = frozenset(open_ones) - gradient
            self.values.append(
                GradientValue(position, gradient, shut, requires_grad=is_real, is_float=is_real)
            )

    def _join(self, name: str, sources: list[int], graph: Graph) -> None:
        """The input of a subgraph, which may be any of what its operation takes."""
        index = len(self.values)
        self.place[name] = index
        self.operations.append(Operation(name, Role.PLAIN, tuple(sources), (index,)))
        is_real = _is_real(name, graph)
        gradient = frozenset(i for i in sources if self.values[i].is_float) if is_real else ()
        self.values.append(
            GradientValue(
                len(self.operations) - 1, frozenset(gradient), requires_grad=True, is_float=is_real
            )
        )


def _is_real(name: str, graph: Graph) -> bool:
    """Whether a value may carry gradient; one of unknown type may."""
    value = graph.values.get(name)
    type_ = value.type if value is not None else None
    return not isinstance(type_, TensorType) or not type_.dtype or is_float(type_.dtype)


def _ordered(graph: Graph) -> Iterator[Node]:
    """The nodes, producers before consumers as far as there are no cycles."""
    maker: Mapping[str, Node] = {
        value: node for node in graph.nodes for value in node.outputs if value is not None
    }
    begun: set[str] = set()
    done: set[str] = set()
    for start in graph.nodes:
        stack = [start]
        while stack:
            node = stack[-1]
            if node.id in done:
                stack.pop()
                continue
            waiting = [
                maker[value]
                for value in node.inputs
                if value is not None and value in maker and maker[value].id not in begun
            ]
            if node.id in begun or not waiting:
                begun.add(node.id)
                done.add(node.id)
                stack.pop()
                yield node
            else:
                begun.add(node.id)
                stack += waiting
