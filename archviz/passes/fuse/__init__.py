"""Merges what readers take for one operation: a convolution with its activation, an attention.

The patterns are data (archviz/ops/patterns.toml): subgraphs, in the order of the file, and then
chains. Operations are merged when nothing else uses what flows between them, and when none is taken
out of a module that holds more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache

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
from archviz.records import replace

MOST_TRIED = 12
"""Ways to match that are tried at one operation."""


def apply(graph: Graph, *, compound: bool = True) -> Graph:
    """The graph with each pattern merged into a node of kind "fused" that keeps its parts.

    Args:
        graph: Where to merge.
        compound: Whether subgraphs are merged too, whose cards show their operations in part.
    """
    known = _rules() if compound else {}
    present = {node.op for node in graph.nodes}
    for pattern in compounds() if compound else ():
        merged = _with_compounds(graph, pattern, known, present)
        if merged is not graph:
            graph, present = merged, {node.op for node in merged.nodes}
    enclosure = Enclosure(graph)
    found = chains.find(graph, enclosure)
    groups = [(_fused(chain, enclosure), [part.id for part in chain]) for chain in found]
    return sweep(contract(graph, groups))


@cache
def _rules() -> dict[str, Rule]:
    return {
        name: Rule(parameters, tuple(parse(text) for text in alternatives))
        for name, (parameters, alternatives) in rules().items()
    }


def _with_compounds(
    graph: Graph, pattern: Compound, known: Mapping[str, Rule], present: AbstractSet[str]
) -> Graph:
    """The graph with each match of ``pattern`` merged; ``present`` are its operators."""
    term = parse(pattern.match)
    operators, categories = operators_ending(term, known)
    ending = {op for op in present if op in operators or category_of(op) in categories}
    if not ending:
        return graph
    ends = [node for node in reversed(graph.nodes) if node.op in ending]
    matcher = Matcher(graph, known)
    enclosure = Enclosure(graph)
    position = {node.id: index for index, node in enumerate(graph.nodes)}
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
    names = [".".join(part.scope[len(scope) :]) for part in (first, parts[-1])]
    if op:
        name = " – ".join(dict.fromkeys(name for name in names if name))
    else:
        name = names[0] or first.name
    return Node(
        id=first.id,
        op=op or first.op,
        attributes={} if op else first.attributes,
        scope=scope,
        location=first.location,
        kind="fused",
        domain="" if op else first.domain,
        name=name,
        parts=tuple(parts),
    )


PASS = Pass("fuse", "merges what readers take for one operation into one card", apply)
