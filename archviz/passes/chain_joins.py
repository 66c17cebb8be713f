"""Lets each of a row of joins take what the one before joined, instead of joining it anew.

Where every layer takes all that was made before it, as in DenseNet, PyTorch and what is exported
from it join it all again in each: n layers have edges in the square of n. The same values come of
joining to what was joined before, and the layers are alike then.
"""

from __future__ import annotations

from archviz.ir import Graph, Node
from archviz.ir.build import change_node
from archviz.ops import table
from archviz.passes import Pass
from archviz.records import replace

LEAST = 3
"""Joins that make a row: two that begin alike are nothing unusual."""


def apply(graph: Graph) -> Graph:
    """The graph with rows of joins chained."""
    merge = table().merge
    joins = [node for node in graph.nodes if merge.get(node.op) == "join" and _is_plain(node)]
    before: dict[str, Node] = {}
    latest: dict[object, Node] = {}
    for node in joins if len(joins) >= LEAST else ():
        start = (node.op, *node.attributes.items(), node.inputs[:2])
        known = latest.get(start)
        if known is not None and _goes_on(node.inputs, known.inputs):
            before[node.id] = known
        latest[start] = node
    kept = _in_long_rows(before)
    if not kept:
        return graph
    nodes = [
        change_node(node, inputs=(first.outputs[0], *node.inputs[len(first.inputs) :]))
        if (first := kept.get(node.id)) is not None
        else node
        for node in graph.nodes
    ]
    return replace(graph, nodes=tuple(nodes))


def _goes_on(inputs: tuple[str | None, ...], known: tuple[str | None, ...]) -> bool:
    return len(inputs) > len(known) and inputs[: len(known)] == known


def _is_plain(node: Node) -> bool:
    has_ends = len(node.inputs) > 1 and None not in node.inputs and None not in node.outputs
    return has_ends and len(node.outputs) == 1 and node.kind == "op" and not node.parameters


def _in_long_rows(before: dict[str, Node]) -> dict[str, Node]:
    """Those of joins whose row is long enough; a join is behind the one that it goes on from."""
    length: dict[str, int] = {}
    for name, first in before.items():
        length[name] = length.get(first.id, 1) + 1
    for name, first in reversed(before.items()):
        length[first.id] = max(length.get(first.id, 1), length[name])
    return {name: first for name, first in before.items() if length[name] >= LEAST}


PASS = Pass("chain-joins", "joins to what was joined before instead of all again", apply)
