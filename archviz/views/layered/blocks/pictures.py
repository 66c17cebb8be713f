"""What transformers of pictures have beside others: learned tokens, convolved queries and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from archviz.ops import table
from archviz.views.layered.blocks.wiring import Wiring

Free = Callable[[int], bool]
"""Whether a node is no part's yet."""


def tokens(wiring: Wiring, is_free: Free) -> Iterator[list[int]]:
    """Where a learned vector is put before a sequence: the nodes of each such place."""
    for index, node in enumerate(wiring.nodes):
        if not is_free(index) or table().merge.get(node.op) != "join":
            continue
        learned = [at for at in wiring.before[index] if is_free(at) and _is_token(wiring, at)]
        others = wiring.operands(index) - len(learned)
        if others == 1 and (learned or _holds_vector(wiring, index)):
            yield [*learned, index]


def _is_token(wiring: Wiring, index: int) -> bool:
    """Whether it gives nothing but a learned vector."""
    return (
        not wiring.operands(index)
        and len(wiring.behind[index]) == 1
        and _holds_vector(wiring, index)
    )


def _holds_vector(wiring: Wiring, index: int) -> bool:
    known = wiring.graph.parameters
    shapes = [known[name].type.shape or () for name in wiring.parameters([index])]
    return bool(shapes) and all(
        shape and shape[-1] != 1 and all(dim == 1 for dim in shape[:-1]) for shape in shapes
    )


def convolved(wiring: Wiring, projections: set[int], taken: set[int], is_free: Free) -> set[int]:
    """Convolutions of each channel that queries, keys and values are made with.

    With what is between them and the projections, where it serves nothing else. H. Wu and others,
    "CvT: Introducing Convolutions to Vision Transformers", 2021.

    Args:
        wiring: The graph.
        projections: What makes queries, keys and values.
        taken: What the attention holds.
        is_free: Whether a node may be taken.
    """
    waiting = [source for index in projections for source in wiring.before[index]]
    between: set[int] = set()
    convolutions: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index in between or index in taken or not is_free(index):
            continue
        if wiring.category(index) == "conv" and wiring.has_weights[index]:
            if wiring.is_depthwise(index):
                convolutions.add(index)
                between.add(index)
                waiting += wiring.before[index]
        elif wiring.is_light(index):
            between.add(index)
            waiting += wiring.before[index]
    found: set[int] = set()
    for index in sorted(between, reverse=True):
        if all(user in taken or user in found for user in wiring.behind[index]):
            found.add(index)
    return found if len(convolutions) > 1 and convolutions <= found else set()
