"""Channels and sides of values: which axis is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from archviz.ir import Dim, Graph, Node, TensorType
from archviz.ops import category_of
from archviz.records import record
from archviz.views.layered.words import first_number, is_transposed, kind_word, stride_of

CHANNELS_LAST = ("keras", "tensorflow", "tflite")
"""Formats whose channels come behind the sides, unless an operation says otherwise."""

FREE = 256
"""Pixels that the side of an input is drawn as when it is free."""

_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


@record
class Extent:
    """How large a value is for one sample.

    Attributes:
        channels: Channels, or features of what has no sides.
        sides: Height and width in pixels; more or fewer for volumes and sequences, () for vectors.
            Sides that are free are said as parts of the input's, "s/2".
        assumed: Pixels that a free side is drawn as.
    """

    channels: Dim = None
    sides: tuple[Dim, ...] = ()
    assumed: int | None = None

    @property
    def side(self) -> int | None:
        """The largest side that is known, or what it is drawn as; None when there is none."""
        return max((side for side in self.sides if isinstance(side, int)), default=self.assumed)

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
    shares = _shares(graph)
    found = {}
    for key, value in graph.values.items():
        shape = _shape(graph, key)
        if shape is not None:
            extent = _extent(shape, is_last.get(key, default))
            is_free = bool(extent.sides) and not any(isinstance(s, int) for s in extent.sides)
            share = shares.get(key) if is_free else None
            if share is not None:
                named = (_part(share),) * len(extent.sides)
                extent = Extent(extent.channels, named, max(round(FREE * share), 2))
            found[key] = extent
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


def _shares(graph: Graph) -> dict[str, Fraction]:
    """How large the sides of values are as parts of the input's, as far as strides tell."""
    found = dict.fromkeys(graph.inputs, Fraction(1))
    for node in graph.nodes:
        given = [found[value] for value in node.inputs if value in found]
        factor = _factor(node) if given else None
        if factor is not None:
            made = (value for value in node.outputs if value is not None)
            found.update(dict.fromkeys(made, given[0] * factor))
    return found


def _factor(node: Node) -> Fraction | None:
    """How many times larger an operation makes the sides; None when it does not say."""
    category, word = category_of(node.op), kind_word(node.op)
    if category == "conv":
        stride = stride_of(node)
        return Fraction(stride) if is_transposed(node) else Fraction(1, stride)
    if category != "pool":
        return Fraction(1)
    if word in ("interpolate", "upsample", "upsampling", "resize"):
        times = first_number(node, "scale_factor", "size")
        return Fraction(times) if times > 1 else None
    if word in ("maxpool", "averagepool", "avgpool", "maxpooling", "averagepooling"):
        window = first_number(node, "kernel_size", "kernel_shape", "pool_size", "ksize")
        return Fraction(1, first_number(node, "strides", "stride", default=window))
    return None


def _part(share: Fraction) -> str:
    """A part of the side s: "s", "s/4", "2s"."""
    times = str(share.numerator) if share.numerator > 1 else ""
    return f"{times}s" + (f"/{share.denominator}" if share.denominator > 1 else "")


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
