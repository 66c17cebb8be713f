"""Merges what readers take for one operation: a convolution with its activation, an attention.

The patterns are data (archviz/ops/patterns.toml): subgraphs, in the order of the file, and then
chains. Operations are merged when nothing else uses what flows between them, and when none is taken
out of a module that holds more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property

from archviz.ir import Attribute, Graph, Node, TensorType
from archviz.ir.build import change_node
from archviz.ir.edit import contract, sweep
from archviz.ops import category_of
from archviz.ops.patterns import Compound, compounds, rules
from archviz.passes import Pass
from archviz.passes.fuse import chains
from archviz.passes.fuse.enclosure import Enclosure
from archviz.passes.fuse.expressions import parse
from archviz.passes.fuse.matching import Match, Matcher, Rule, operators_ending
from archviz.records import making, replace

_make_node: Callable[..., Node] = making(Node)

MOST_TRIED = 12
"""Ways to match that are tried at one operation."""


def apply(graph: Graph, *, compound: bool = True) -> Graph:
    """The graph with each pattern merged into a node of kind "fused" that keeps its parts.

    Args:
        graph: Where to merge.
        compound: Whether subgraphs are merged too, whose cards show their operations in part.
    """
    subject = _Subject(graph)
    for pattern in compounds() if compound else ():
        merged = _with_compounds(subject, pattern)
        if merged is not subject.graph:
            subject = _Subject(merged)
    graph, enclosure = subject.graph, subject.enclosure
    found = chains.find(graph, enclosure)
    groups = [(_fused(chain, enclosure), [part.id for part in chain]) for chain in found]
    return sweep(contract(graph, groups))


@cache
def _rules() -> dict[str, Rule]:
    return {
        name: Rule(parameters, tuple(parse(text) for text in alternatives))
        for name, (parameters, alternatives) in rules().items()
    }


class _Subject:
    """A graph with what all patterns look up in it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.operators = {node.op for node in graph.nodes}

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher(self.graph, _rules())

    @cached_property
    def enclosure(self) -> Enclosure:
        return Enclosure(self.graph)

    @cached_property
    def position(self) -> dict[str, int]:
        """Of each operation, by id."""
        return {node.id: index for index, node in enumerate(self.graph.nodes)}


def _with_compounds(subject: _Subject, pattern: Compound) -> Graph:
    """The graph with each match of ``pattern`` merged."""
    graph = subject.graph
    term = parse(pattern.match)
    operators, categories = operators_ending(term, _rules())
    ending = {op for op in subject.operators if op in operators or category_of(op) in categories}
    if not ending:
        return graph
    ends = [node for node in reversed(graph.nodes) if node.op in ending]
    matcher, enclosure, position = subject.matcher, subject.enclosure, subject.position
    taken: set[str] = set()
    groups: list[tuple[Node, list[str]]] = []
    operands: dict[str, list[str]] = {}
    for last in ends:
        if last.id in taken or not matcher.leads_into(last, pattern.into):
            continue
        for number, match in enumerate(matcher.matches(term, last)):
            if number == MOST_TRIED:
                break
            parts = sorted(match.nodes.values(), key=lambda node: position[node.id])
            if not taken.isdisjoint(match.nodes) or enclosure.scope_around(parts) is None:
                continue
            parts = _with_rest(parts, last, pattern, matcher, enclosure)
            merged = change_node(
                _fused(parts, enclosure, pattern.name), attributes=_facts(pattern, match, graph)
            )
            taken.update(part.id for part in parts)
            groups.append((merged, [part.id for part in parts]))
            operands[merged.id] = list(match.names.values())
            break
    if not groups:
        return graph
    merged_graph = contract(graph, groups)
    nodes = tuple(
        _in_order(node, operands[node.id]) if node.id in operands else node
        for node in merged_graph.nodes
    )
    return replace(merged_graph, nodes=nodes)


def _with_rest(
    parts: list[Node],
    last: Node,
    pattern: Compound,
    matcher: Matcher,
    enclosure: Enclosure,
) -> list[Node]:
    """The parts and the operations of ``pattern.then`` that alone use the result, in a row."""
    following = matcher.only_user(last)
    while following is not None and following.op in pattern.then:
        if enclosure.scope_around([*parts, following]) != enclosure.scope_around(parts):
            break
        parts = [*parts, following]
        following = matcher.only_user(following)
    return parts


def _facts(pattern: Compound, match: Match, graph: Graph) -> dict[str, Attribute]:
    """The attributes of a merged node: sizes of axes of what names stand for, and kept ones."""
    found: dict[str, Attribute] = {}
    for part in match.nodes.values():
        found.update(
            (name, part.attributes[name]) for name in pattern.keep if name in part.attributes
        )
    for attribute, (name, axis, rank) in pattern.sizes.items():
        value = graph.values.get(match.names.get(name, ""))
        type_ = value.type if value is not None else None
        if isinstance(type_, TensorType) and type_.shape and len(type_.shape) == rank:
            size = type_.shape[axis]
            if isinstance(size, int):
                found[attribute] = size
    return found


def _in_order(node: Node, operands: Sequence[str]) -> Node:
    """The node with its operands as the expression names them, then what else it consumes."""
    first = [value for value in dict.fromkeys(operands) if value in node.inputs]
    rest = [value for value in node.inputs if value not in first]
    return change_node(node, inputs=(*first, *rest))


def _fused(parts: Sequence[Node], enclosure: Enclosure, op: str = "") -> Node:
    scope = enclosure.scope_around(parts) or ()
    first = parts[0]
    name = ".".join(first.scope[len(scope) :])
    if op:
        last = ".".join(parts[-1].scope[len(scope) :])
        name = " – ".join(dict.fromkeys(filter(None, (name, last))))
    return _make_node(
        first.id,
        op or first.op,
        (),
        (),
        (),
        {} if op else first.attributes,
        scope,
        {},
        first.location,
        (),
        "fused",
        "" if op else first.domain,
        name or ("" if op else first.name),
        tuple(parts),
    )


PASS = Pass("fuse", "merges what readers take for one operation into one card", apply)
