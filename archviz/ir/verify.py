"""The invariants of a graph, written down; tests run them after every importer and pass."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from archviz.ir.forest.check import problems_of
from archviz.ir.forest.columns import Forest
from archviz.ir.graph import Graph, Node, ScopePath

KINDS = ("op", "module", "fused", "stub", "missing", "split", "leaf")
PARAMETER_KINDS = ("weight", "buffer", "constant")


def verify(graph: Graph | Forest) -> list[str]:
    """Every broken invariant as a sentence; an empty list means the body is sound."""
    if isinstance(graph, Forest):
        return problems_of(graph)
    problems: list[str] = []
    for name, parameter in graph.parameters.items():
        if name != parameter.name:
            problems.append(f"parameter {parameter.name!r} is filed under {name!r}")
        if parameter.kind not in PARAMETER_KINDS:
            problems.append(f"parameter {name!r} has the unknown kind {parameter.kind!r}")
    for path, scope in graph.scopes.items():
        if path != scope.path or not path:
            problems.append(f"scope {scope.path!r} is filed under {path!r}")
        if len(path) > 1 and path[:-1] not in graph.scopes:
            problems.append(f"scope {path!r} has no parent")
        if scope.repeat < 1:
            problems.append(f"scope {path!r} repeats {scope.repeat} times")
    _verify_level(
        graph, frozenset(), set(), set(), frozenset(graph.parameters), graph.scopes, problems
    )
    return problems


def _verify_level(
    graph: Graph,
    around: AbstractSet[str],
    node_ids: set[str],
    value_ids: set[str],
    parameters: AbstractSet[str],
    scopes: object,
    problems: list[str],
) -> None:
    visible = around | graph.values.keys()
    for key, value in graph.values.items():
        if key != value.id:
            problems.append(f"value {value.id!r} is filed under {key!r}")
        if key in value_ids:
            problems.append(f"value {key!r} is defined twice")
        value_ids.add(key)
    produced: set[str] = set()
    for value_id in graph.inputs:
        if value_id not in graph.values:
            problems.append(f"input {value_id!r} is not a value of its graph")
        if value_id in produced:
            problems.append(f"input {value_id!r} is listed twice")
        produced.add(value_id)
    for node in graph.nodes:
        if node.id in node_ids:
            problems.append(f"node {node.id!r} is defined twice")
        node_ids.add(node.id)
        problems.extend(_node_problems(node, visible, parameters, scopes))
        for output in node.outputs:
            if output is None:
                continue
            if output not in graph.values:
                problems.append(f"node {node.id!r} produces {output!r}, no value of its graph")
            if output in produced:
                problems.append(f"value {output!r} has two producers")
            produced.add(output)
        for part in node.subgraphs.values():
            _verify_level(part, visible, node_ids, value_ids, parameters, scopes, problems)
    problems.extend(
        f"output {output!r} is not a value" for output in graph.outputs if output not in visible
    )
    problems.extend(f"value {key!r} has no producer" for key in graph.values if key not in produced)


def _node_problems(
    node: Node, visible: AbstractSet[str], parameters: AbstractSet[str], scopes: object
) -> list[str]:
    known: dict[ScopePath, object] = scopes if isinstance(scopes, dict) else {}
    problems = [
        f"node {node.id!r} consumes {value!r}, which is not a value"
        for value in node.inputs
        if value is not None and value not in visible
    ]
    if node.kind not in KINDS:
        problems.append(f"node {node.id!r} has the unknown kind {node.kind!r}")
    if node.scope and node.scope not in known:
        problems.append(f"node {node.id!r} lives in the unknown scope {node.scope!r}")
    if node.repeat < 1:
        problems.append(f"node {node.id!r} repeats {node.repeat} times")
    if node.forest is not None:
        problems += [f"in the trees of node {node.id!r}: {it}" for it in problems_of(node.forest)]
    for use in node.parameters:
        if use.parameter not in parameters:
            problems.append(f"node {node.id!r} uses the unknown parameter {use.parameter!r}")
        if use.index >= len(node.inputs) or (use.index >= 0 and node.inputs[use.index] is not None):
            problems.append(f"node {node.id!r} has a parameter at position {use.index}, no hole")
    return problems
