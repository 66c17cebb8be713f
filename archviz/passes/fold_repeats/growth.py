"""Blocks that are built alike but for sizes that grow by the same step from block to block.

So are those of DenseNet (Huang et al., "Densely Connected Convolutional Networks", 2017): each
joins what it makes to what it takes, so that the next takes as many channels more.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from operator import sub

from archviz.ir import Graph, Node, Parameter, TensorType, Value
from archviz.ir.types import Type
from archviz.ops import table
from archviz.passes.fold_repeats.items import Item, Types
from archviz.records import replace

LEAST = 3
"""Blocks that show a step: of two, any sizes differ by one."""

Sizes = tuple[int, ...]


def may_grow(items: Sequence[Item]) -> bool:
    """Whether there are as many joins among the items as growing blocks need."""
    merge = table().merge
    joined = 0
    for item in items:
        for node in item.nodes:
            if merge.get(node.op) == "join":
                joined += 1
                break
    return joined >= LEAST


def without_sizes(types: Types) -> tuple[Hashable, Sizes]:
    """Types with a mark for each known size, and these sizes."""
    sizes: list[int] = []
    marked: list[Hashable] = []
    for type_ in types:
        if isinstance(type_, TensorType) and type_.shape:
            known = [dim for dim in type_.shape if isinstance(dim, int)]
            sizes += known
            if len(known) < len(type_.shape):
                marked += [dim for dim in type_.shape if not isinstance(dim, int)]
            marked += (type_.dtype, *(isinstance(dim, int) for dim in type_.shape))
        else:
            marked.append(type_)
    return tuple(marked), tuple(sizes)


def steps_between(block: Sizes, following: Sizes) -> Sizes:
    """By how much each size grows from one block to the next."""
    return tuple(map(sub, following, block))


def growth_of(
    copies: list[list[Node]], carried: Mapping[tuple[int, int], tuple[int, int]], graph: Graph
) -> int:
    """How much wider each block makes what it takes by joining its own to it; 0 if it does not."""
    merge = table().merge
    for (index, _), (maker, output) in carried.items():
        if index != maker or merge.get(copies[0][index].op) != "join":
            continue
        first, second = (_shape(copy[maker].outputs[output], graph) for copy in copies[:2])
        steps = [b - a for a, b in zip(first, second, strict=False) if a != b]
        if len(first) == len(second) and len(steps) == 1 and steps[0] > 0:
            return steps[0]
    return 0


def _shape(value: str | None, graph: Graph) -> tuple[int, ...]:
    known = graph.values.get(value or "")
    type_ = known.type if known is not None else None
    shape = type_.shape if isinstance(type_, TensorType) and type_.shape else ()
    return tuple([dim if isinstance(dim, int) else 0 for dim in shape])


def stand_ins(
    copies: list[list[Node]], leaving: frozenset[str], graph: Graph
) -> tuple[dict[str, Value], dict[str, Parameter]]:
    """The first block's values and parameters with the sizes of all blocks.

    Args:
        copies: The nodes of each block; those at one position correspond.
        leaving: Values of the first block that are used behind the last alone, whose sizes count.
        graph: Where they are.
    """
    values: dict[str, Value] = {}
    parameters: dict[str, Parameter] = {}
    for nodes in zip(*copies, strict=True):
        for alike in zip(*(_all(node) for node in nodes), strict=True):
            for made in zip(*(node.outputs for node in alike), strict=True):
                ids = [value for value in made if value in graph.values]
                if len(ids) == len(copies):
                    known = graph.values[ids[0]]
                    last = graph.values[ids[-1]].type
                    type_ = last if ids[0] in leaving else _from_to(known.type, last)
                    values[ids[0]] = replace(known, type=type_)
            for uses in zip(*(node.parameters for node in alike), strict=True):
                stored = [graph.parameters.get(use.parameter) for use in uses]
                found = [parameter for parameter in stored if parameter is not None]
                sizes = [parameter.type.size for parameter in found]
                known_sizes = tuple([size for size in sizes if size is not None])
                if len(known_sizes) == len(copies) and len(set(known_sizes)) > 1:
                    type_ = _from_to(found[0].type, found[-1].type)
                    assert isinstance(type_, TensorType)
                    parameters[found[0].name] = replace(found[0], type=type_, sizes=known_sizes)
    return values, parameters


def _all(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts:
        yield from _all(part)


def _from_to(first: Type | None, last: Type | None) -> Type | None:
    """The type of the first with "64…224" for a size that is another in the last."""
    if not isinstance(first, TensorType) or not isinstance(last, TensorType):
        return first
    if first == last or first.shape is None or last.shape is None:
        return first
    pairs = zip(first.shape, last.shape, strict=True)
    return TensorType(first.dtype, tuple([a if a == b else f"{a}…{b}" for a, b in pairs]))
