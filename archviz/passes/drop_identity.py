"""Drops operations that give back what they get: Identity, and Dropout in an inference graph."""

from __future__ import annotations

from archviz.ir import Graph, Node
from archviz.ir.edit import bypass, sweep
from archviz.ir.walk import consumers
from archviz.ops import table
from archviz.passes import Pass


def apply(graph: Graph) -> Graph:
    """The graph without identities, except where one alone joins an input to an output."""
    identities = {name for name, role in table().role.items() if role == "identity"}
    used = consumers(graph)
    produced = {value for node in graph.nodes for value in node.outputs}

    def passes_through(node: Node) -> bool:
        if node.op not in identities or node.subgraphs or not node.inputs:
            return False
        if node.inputs[0] is None or any(
            value is not None and (value in used or value in graph.outputs)
            for value in node.outputs[1:]
        ):
            return False
        # An output that is also an input would leave nothing to draw between the two.
        return node.inputs[0] in produced or node.outputs[0] not in graph.outputs

    dropped = {node.id: 0 for node in graph.nodes if passes_through(node)}
    return sweep(bypass(graph, dropped)) if dropped else graph


PASS = Pass("drop-identity", "leaves out operations that change nothing", apply)
