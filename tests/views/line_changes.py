"""A kernel made larger in a model, and how many lines of a file differ for it."""

from __future__ import annotations

from dataclasses import replace
from difflib import unified_diff

from archviz.ir import Model, Node

MOST_LINES = 5


def widened(model: Model, node: Node) -> Model:
    """The model with a kernel two larger in one convolution, whose output keeps its size."""
    attributes = dict(node.attributes)
    attributes["kernel_shape"] = tuple(int(k) + 2 for k in attributes["kernel_shape"])  # type: ignore[union-attr]
    if any(attributes.get("pads") or ()):  # type: ignore[arg-type]
        attributes["pads"] = tuple(int(p) + 1 for p in attributes["pads"])  # type: ignore[union-attr]
    graph = model.body
    used = {use.parameter for use in node.parameters}
    parameters = {
        name: replace(
            p, type=replace(p.type, shape=(*p.type.shape[:2], *(s + 2 for s in p.type.shape[2:])))
        )
        if name in used and p.type.shape is not None and len(p.type.shape) == 4
        else p
        for name, p in graph.parameters.items()
    }
    nodes = tuple(replace(n, attributes=attributes) if n is node else n for n in graph.nodes)
    return replace(model, body=replace(graph, nodes=nodes, parameters=parameters))


def changed_lines(before: str, after: str) -> int:
    """Lines of the new file that the old one does not have there."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) == len(new):
        # Line by line, as difflib takes lines that occur often for changed between two others.
        return sum(one != other for one, other in zip(old, new, strict=True))
    found = unified_diff(old, new, lineterm="", n=0)
    return sum(line.startswith("+") for line in found) - 1


def convolutions(model: Model) -> list[Node]:
    return [node for node in model.body.nodes if node.op == "Conv"]
