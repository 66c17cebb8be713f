"""Chains: convolution, normalisation and activation one behind the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archviz.ir import Graph, Node
from archviz.ops import category_of, table
from archviz.ops.patterns import chains
from archviz.passes.fuse.enclosure import Enclosure


def find(graph: Graph, enclosure: Enclosure) -> list[list[Node]]:
    """The chains that merge into one card each, longest first at each operation."""
    following = _only_consumers(graph)
    taken: set[str] = set()
    found: list[list[Node]] = []
    starting: dict[str, list[Sequence[str]]] = {}
    for steps in chains():
        starting.setdefault(steps[0], []).append(steps)
    for node in graph.nodes:
        known = starting.get(category_of(node.op))
        if known is None or node.id in taken or node.id not in following:
            continue
        chain = max([_match(node, steps, following, taken, graph) for steps in known], key=len)
        while len(chain) > 1 and enclosure.scope_around(chain) is None:
            chain = chain[:-1]
        if len(chain) > 1:
            taken.update(part.id for part in chain)
            found.append(chain)
    return found


def _only_consumers(graph: Graph) -> dict[str, Node]:
    """For each node's id the node that alone uses its one output, and consumes nothing else."""
    used: dict[str | None, Node | None] = dict.fromkeys(graph.outputs)
    for node in graph.nodes:
        for value in node.inputs:
            used[value] = None if value in used else node
    used.pop(None, None)
    found = {}
    for node in graph.nodes:
        made = [value for value in node.outputs if value in used]
        user = used[made[0]] if len(made) == 1 else None
        # What joins several values ends a chain.
        if user is not None and len(user.inputs) - user.inputs.count(None) == 1:
            found[node.id] = user
    return found


def _match(
    first: Node,
    steps: Sequence[str],
    following: Mapping[str, Node],
    taken: set[str],
    graph: Graph,
) -> list[Node]:
    """The chain from ``first`` that ``steps`` describe; empty when it does not start one."""
    chain: list[Node] = []
    node: Node | None = first
    for step in steps:
        if node is not None and node.id not in taken and _is(node, step.rstrip("?"), graph):
            chain.append(node)
            node = following.get(node.id)
        elif not step.endswith("?"):
            return []
    return chain


def _is(node: Node, step: str, graph: Graph) -> bool:
    if node.kind not in ("op", "fused") or node.subgraphs:
        return False
    symbol = table().merge.get(node.op)
    if step in ("bias", "scale"):
        is_stored = len(node.inputs) > sum(value is not None for value in node.inputs)
        return symbol == {"bias": "plus", "scale": "times"}[step] and is_stored
    # A product of two values has no bias: what is added to it is a mask.
    return category_of(node.op) == step and (step != "linear" or has_weights(node, graph))


def has_weights(node: Node, graph: Graph) -> bool:
    """Whether the node consumes a stored tensor that is no constant of the architecture."""
    found = (graph.parameters.get(use.parameter) for use in node.parameters)
    return any(parameter is not None and parameter.kind != "constant" for parameter in found)
