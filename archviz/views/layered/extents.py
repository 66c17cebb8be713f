"""Channels and sides of values: which axis is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archviz.ir import Dim, Graph, Node, TensorType
from archviz.ops import category_of

CHANNELS_LAST = ("keras", "tensorflow", "tflite")
"""Formats whose channels come behind the sides, unless an operation says otherwise."""

_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a value is for one sample.

    Attributes:
        channels: Channels, or features of what has no sides.
        sides: Height and width in pixels; more or fewer for volumes and sequences, () for vectors.
    """

    channels: Dim = None
    sides: tuple[Dim, ...] = ()

    @property
    def side(self) -> int | None:
        """The largest known side; None when there is none."""
        return max((side for side in self.sides if isinstance(side, int)), default=None)

    @property
    def is_spatial(self) -> bool:
        """Whether it has sides, known or not, and is more than one pixel."""
        return bool(self.sides) and any(side != 1 for side in self.sides)


def extents_of(graph: Graph, format: str = "") -> dict[str, Extent]:
    """The extent of every value whose shape is known.

    Args:
        graph: Its operations as imported, not yet merged.
        format: Name of the importer, which tells where channels are when no operation does.
    """
    default = format in CHANNELS_LAST
    is_last: dict[str, bool] = {}
    for node in graph.nodes:
        for output in node.outputs:
            if output is not None:
                is_last[output] = _channels_are_last(node, graph, output, is_last, default)
    # What nothing made is laid out as its first user's result.
    for node in graph.nodes:
        made = next((value for value in node.outputs if value is not None), None)
        for given in node.inputs:
            if given is not None and made is not None:
                is_last.setdefault(given, is_last[made])
    found = {}
    for key, value in graph.values.items():
        shape = _shape(graph, key)
        if shape is not None:
            found[key] = _extent(shape, is_last.get(key, default))
        elif value.type is None:
            found[key] = Extent()
    return found


def _extent(shape: Sequence[Dim], is_last: bool) -> Extent:
    if len(shape) <= 1:
        return Extent(shape[0] if shape else 1)
    if len(shape) == 2:
        return Extent(shape[1])
    if is_last:
        return Extent(shape[-1], tuple(shape[1:-1]))
    return Extent(shape[1], tuple(shape[2:]))


def _channels_are_last(
    node: Node, graph: Graph, output: str, known: Mapping[str, bool], default: bool
) -> bool:
    shape = _shape(graph, output) or ()
    stated = node.attributes.get("data_format")
    if isinstance(stated, str) and stated:
        return stated in ("channels_last", "NHWC", "NDHWC", "NWC")
    category = category_of(node.op)
    if category == "conv" and len(shape) > 2:
        sizes = _own_channels(node, graph)
        first, last = shape[1] in sizes, shape[-1] in sizes
        if first != last:
            return last
    given = next((value for value in node.inputs if value is not None), None)
    before = _shape(graph, given) or () if given is not None else ()
    order = node.attributes.get("perm", node.attributes.get("dims"))
    if order == _TO_LAST:
        return True
    if order == _TO_FIRST:
        return False
    if len(shape) == 3 and category in ("linear", "attention", "recurrent", "embedding"):
        return True  # a sequence of vectors
    if given in known and (len(before) == len(shape) or not before):
        return known[given or ""]
    if len(shape) == 3 and len(before) != 3:
        return True
    return default


def _own_channels(node: Node, graph: Graph) -> set[Dim]:
    """How many channels the operation says it makes, in one way or another."""
    filters = node.attributes.get("filters")
    if isinstance(filters, int):
        return {filters}
    vectors: set[Dim] = set()
    others: set[Dim] = set()
    for use in node.parameters:
        parameter = graph.parameters.get(use.parameter)
        shape = parameter.type.shape if parameter is not None else None
        if shape and len(shape) == 1:
            vectors.add(shape[0])
        elif shape and len(shape) > 2:
            others.update((shape[0], shape[-1]))
    return vectors or others


def _shape(graph: Graph, value: str | None) -> tuple[Dim, ...] | None:
    found = graph.values.get(value or "")
    type_ = found.type if found is not None else None
    return type_.shape if isinstance(type_, TensorType) else None
