"""How many weights there are: on a card, in a module, in each scope."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.ir import Graph, Node, Parameter, ScopePath


def weight_count(parameters: Sequence[Parameter]) -> str:
    """Elements of the weights among ``parameters``, each name once; unknown sizes count nothing.

    "" for none, "8,192…28,672" for the first and the last of growing blocks.
    """
    weights = {p.name: p for p in parameters if p.kind == "weight"}.values()
    ends = [sum([_size(parameter, at) for parameter in weights]) for at in (0, -1)]
    return "…".join([f"{total:,}" for total in dict.fromkeys(ends) if total])


def _size(parameter: Parameter, at: int = 0) -> int:
    """Elements of a parameter, in the first or the last of growing blocks; 0 when not known."""
    return parameter.sizes[at] if parameter.sizes else parameter.type.size or 0


def weights_of(node: Node, graph: Graph) -> int:
    """Elements of the weights of a module, each as often as it and what is inside it repeat."""
    sizes = {
        use.parameter: use.copies * _stored(parameter, node, graph)
        for use in node.parameters
        if (parameter := graph.parameters.get(use.parameter)) is not None
        and parameter.kind == "weight"
    }
    return sum(sizes.values())


def _stored(parameter: Parameter, node: Node, graph: Graph) -> int:
    """Elements of a parameter in one copy of the node; in all when it encloses growing blocks."""
    around = (graph.scopes.get(node.scope[:length]) for length in range(1, len(node.scope) + 1))
    if not parameter.sizes or any(scope is not None and scope.growth for scope in around):
        return _size(parameter)
    return sum(parameter.sizes)


def weights_by_scope(graph: Graph) -> dict[ScopePath, int]:
    """Elements of all weights in each scope, () being the graph.

    A weight counts once, and in a repeated block as often as the block repeats. Of blocks that grow
    the scope has all.
    """
    sizes: dict[ScopePath, dict[str, int]] = {(): {}}
    for node in graph.nodes:
        for use in node.parameters:
            parameter = graph.parameters.get(use.parameter)
            if parameter is None or parameter.kind != "weight":
                continue
            times, size = use.copies, _stored(parameter, node, graph)
            for length in range(len(node.scope), -1, -1):
                around = graph.scopes.get(node.scope[:length])
                if around is not None and around.growth:
                    size = sum(parameter.sizes or [size] * around.repeat)
                inside = sizes.setdefault(node.scope[:length], {})
                inside[use.parameter] = max(times * size, inside.get(use.parameter, 0))
                if around is not None and not around.shares_weights and not around.growth:
                    times *= around.repeat
    return {path: sum(inside.values()) for path, inside in sizes.items()}
