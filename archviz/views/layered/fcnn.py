"""The figure of fully connected networks: neurons, and edges drawn from the weights.

An edge is as wide and as strong in colour as its weight is large, in eight classes; blue is
negative, orange positive. Where the weights are not at hand edges are thin and gray, and the
figure says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archviz.errors import OptionError
from archviz.ir import Node
from archviz.ir.walk import leaves
from archviz.ops import category_of
from archviz.options import nearest
from archviz.records import record
from archviz.scene import Group, Mark, Path, Rect, Segment
from archviz.text import fit, text_width
from archviz.views.layered.blocks.shapes import circle
from archviz.views.layered.kind import Kind
from archviz.views.layered.look import current
from archviz.views.layered.page import MARGIN, SMALL, Page, group, text
from archviz.views.layered.plan import Plan, Unit, operations
from archviz.views.layered.words import activation_of, name_of

MOST_LAYERS = 8
RADIUS, PITCH = 4.6, 13.2
CLASSES = 8
"""Classes of a weight's size; one that rounds to none of them is not drawn."""
MOST_ELEMENTS = 1 << 24
_QUANTILE = 99.5
_NAME, _FACT = 8.0, 7.0


@record
class Layer:
    """A dense layer.

    Attributes:
        unit: What of the model it is.
        node: Its operation.
        name: What the figure calls it.
        given: Neurons before it.
        made: Neurons of its own.
        kernel: Name of its weights.
        activation: What a reader calls its activation; "" for none.
    """

    unit: Unit
    node: Node
    name: str
    given: int
    made: int
    kernel: str
    activation: str


def suits(plan: Plan) -> bool:
    """Whether it is dense layers alone, a few of them, one behind the other."""
    return (
        0 < len(plan.units) <= MOST_LAYERS
        and not plan.skips
        and all(unit.category == "linear" and not unit.is_block for unit in plan.units)
        and len(_layers(plan)) == len(plan.units)
    )


def draw(plan: Plan, page: Page) -> None:
    """Draws a column of neurons a layer, and the edges between them."""
    layers = _layers(plan)
    if not layers or len(layers) < len(plan.units):
        raise OptionError(
            "a figure of neurons needs dense layers in a row, and this model has others",
            "draw it with --set figure=blocks, or with --style node-link",
        )
    page.omit((*plan.spine.feeding, *plan.spine.leaving), "beside the layers")
    values = _weights(plan, layers)
    sizes = [layers[0].given, *(layer.made for layer in layers)]
    slots = [_slots(size) for size in sizes]
    high = (max(len(column) for column in slots) - 1) * PITCH
    named = _names(layers)
    wide = {at: max(text_width(name, _FACT) for name in names) for at, names in named.items()}
    left = MARGIN + max(30.0, wide.get(0, 0.0) + RADIUS + 6.0)
    right = page.width - MARGIN - max(30.0, wide.get(len(layers), 0.0) + RADIUS + 6.0)
    step = (right - left) / len(layers)
    if step < 34:
        raise OptionError(
            f"{len(layers)} layers have no room in {page.width / 72:.2f} in", "give more --width"
        )
    top = MARGIN + RADIUS
    places = [_places(column, left + k * step, top, high) for k, column in enumerate(slots)]
    scale = _scale(list(values.values()))
    for k, layer in enumerate(layers):
        edges = _edges(layer, values.get(layer.kernel), scale, places[k], places[k + 1])
        neurons = [circle(*place, RADIUS, "neuron linear") for place in places[k + 1].values()]
        page.add(
            group(
                [*edges, *_dots(places[k + 1], slots[k + 1]), *neurons],
                "unit",
                operations(layer.unit.nodes),
                id=layer.node.id,
                title=f"{layer.name}: {layer.given:,} → {layer.made:,}",
            )
        )
    first = [circle(*place, RADIUS, "neuron-input") for place in places[0].values()]
    page.add(Group((*first, *_dots(places[0], slots[0])), "input"))
    if 0 not in named:
        page.add(*_input_labels(places[0]))
    for at, names in named.items():
        page.add(*_neuron_names(names, places[at], is_first=at == 0))
    base = top + high + RADIUS + 11.0
    page.add(*_captions(layers, left, step, base))
    page.height = base + 19.0
    if values:
        page.add(*_key(page.width / 2, page.height + 9.0, scale))
        page.height += 21.0
    else:
        page.facts.append("the weights are not at hand: edges are connections")
    hidden = any(len(column) < size for column, size in zip(slots, sizes, strict=True))
    if hidden:
        page.facts.append(f"the first and last {current().neurons // 2} neurons of a layer")
    page.words.append(
        f"Fully connected: {', '.join([f'{sizes[0]:,} inputs', *map(_sentence, layers)])}"
    )
    if values:
        page.words.append(
            "An edge's colour is the sign of its weight, its width and strength are its size"
        )


def _layers(plan: Plan) -> list[Layer]:
    """The dense layers that the units are; fewer than units when one is something else."""
    found: list[Layer] = []
    for number, unit in enumerate(plan.units):
        dense = [node for node in unit.nodes if _kernel(plan, node) is not None]
        if len(dense) != 1:
            continue
        node = dense[0]
        name, shape = _kernel(plan, node) or ("", (0, 0))
        made = unit.extent.channels
        if not isinstance(made, int) or made not in shape:
            made = shape[0] if _is_output_first(node) else shape[1]
        given = shape[0] if shape[1] == made and not _is_square(shape) else shape[1]
        if _is_square(shape):
            given = shape[0]
        label = node.scope[-1] if node.scope else node.name
        if not label or label.isdecimal() or category_of(label) == "linear":
            label = f"fc{number + 1}"
        found.append(Layer(unit, node, label, given, made, name, _activation(unit)))
    return found


def _kernel(plan: Plan, node: Node) -> tuple[str, tuple[int, int]] | None:
    """Name and shape of the matrix that an operation multiplies with."""
    if category_of(node.op) != "linear":
        return None
    for part in (node, *leaves(node)):
        for use in part.parameters:
            parameter = plan.graph.parameters.get(use.parameter)
            shape = parameter.type.shape if parameter is not None else None
            if shape is not None and len(shape) == 2:
                one, other = shape
                if isinstance(one, int) and isinstance(other, int):
                    return use.parameter, (one, other)
    return None


def _is_square(shape: tuple[int, int]) -> bool:
    return shape[0] == shape[1]


def _is_output_first(node: Node) -> bool:
    """Whether rows of its matrix are outputs: PyTorch's linear, ONNX's Gemm with transB."""
    head = next(iter(leaves(node)))
    return head.op in ("linear", "Linear") or head.attributes.get("transB") == 1


def _activation(unit: Unit) -> str:
    names = [
        name_of(part)
        for node in unit.nodes
        for part in leaves(node)
        if category_of(part.op) == "act"
    ]
    stated = [activation_of(part) for node in unit.nodes for part in leaves(node)]
    return next((name for name in (*names, *stated) if name), "")


def _weights(plan: Plan, layers: Sequence[Layer]) -> dict[str, Any]:
    """Matrices (outputs, inputs) by name; none when one of them is not to be had."""
    reader = plan.model.weights
    if reader is None or any(layer.given * layer.made > MOST_ELEMENTS for layer in layers):
        return {}
    found = reader([layer.kernel for layer in layers])
    matrices: dict[str, Any] = {}
    for layer in layers:
        matrix = found.get(layer.kernel)
        if matrix is None or getattr(matrix, "ndim", 0) != 2:
            return {}
        turned = matrix if _is_output_first(layer.node) else matrix.T
        if turned.shape != (layer.made, layer.given):
            turned = turned.T
        if turned.shape != (layer.made, layer.given):
            return {}
        matrices[layer.kernel] = turned
    return matrices


def _scale(matrices: Sequence[Any]) -> float:
    """The size of weight that is drawn strongest; 1 in 200 is above it."""
    import numpy as np

    if not matrices:
        return 0.0
    sizes = np.abs(np.concatenate([np.ravel(matrix) for matrix in matrices]).astype(np.float64))
    sizes = sizes[np.isfinite(sizes)]
    return float(np.percentile(sizes, _QUANTILE)) if sizes.size else 0.0


def weight_class(weight: float, scale: float) -> int:
    """The class of a weight, 0 to CLASSES; 0 is not drawn, and neither is what is no number."""
    size = abs(weight) / scale if scale > 0 else 0.0
    return round(min(size, 1.0) * CLASSES) if size == size else 0


def _edges(
    layer: Layer,
    matrix: Any,
    scale: float,
    before: dict[int, tuple[float, float]],
    after: dict[int, tuple[float, float]],
) -> list[Mark]:
    """One path for each sign and class, the weak ones first."""
    lines: dict[tuple[int, str], list[Segment]] = {}
    for i, (x0, y0) in before.items():
        for j, (x1, y1) in after.items():
            ends: list[Segment] = [("M", x0 + RADIUS, y0), ("L", x1 - RADIUS, y1)]
            if matrix is None:
                lines.setdefault((0, ""), []).extend(ends)
                continue
            weight = float(matrix[j, i])
            strength = weight_class(weight, scale)
            if strength:
                sign = "negative" if weight < 0 else "positive"
                lines.setdefault((strength, sign), []).extend(ends)
    marks: list[Mark] = []
    for (strength, sign), segments in sorted(lines.items()):
        role = f"weight-{strength} {sign}-{min(strength + 1, CLASSES)}" if sign else "link"
        data = {"layer": layer.name, "sign": sign, "class": str(strength)} if sign else {}
        kind = "weights" if sign else "links"
        marks.append(Group((Path(tuple(segments), role),), kind, data=data))
    return marks


def _slots(size: int) -> list[int | None]:
    """Numbers of the neurons that are drawn; None is where dots stand for the others.

    Of the places of a column one is for the dots, and half of the others for either end.
    """
    most = current().neurons
    if size <= most:
        return list(range(size))
    half = most // 2
    return [*range(half), None, *range(size - half, size)]


def _places(
    column: Sequence[int | None], x: float, top: float, high: float
) -> dict[int, tuple[float, float]]:
    start = top + (high - (len(column) - 1) * PITCH) / 2
    return {
        number: (round(x, 2), round(start + slot * PITCH, 2))
        for slot, number in enumerate(column)
        if number is not None
    }


def _dots(places: dict[int, tuple[float, float]], column: Sequence[int | None]) -> list[Mark]:
    if None not in column:
        return []
    above = column[column.index(None) - 1]
    x, y = places[above if above is not None else 0]
    return [circle(x, y + PITCH + dy, 0.85, "marker") for dy in (-3.2, 0.0, 3.2)]


def _input_labels(places: dict[int, tuple[float, float]]) -> list[Mark]:
    marks: list[Mark] = []
    for number, (x, y) in places.items():
        index = f"{number + 1:,}"
        right = x - RADIUS - 3.0
        marks.append(text(right, y + 3.6, index, "text", 6.0, anchor="end"))
        marks.append(
            text(right - text_width(index, 6.0) - 0.2, y + 1.8, "x", "text", _FACT, anchor="end")
        )
    return marks


def _names(layers: Sequence[Layer]) -> dict[int, tuple[str, ...]]:
    """An author's names of neurons, by the column that they stand beside."""
    found: dict[int, tuple[str, ...]] = {}
    last = layers[-1]
    for key, names in current().names.items():
        if key in ("input", "in"):
            column, size = 0, layers[0].given
        elif key in (last.name, "output", "out"):
            column, size = len(layers), last.made
        else:
            raise OptionError(
                f"fcnn.names has no layer {key!r}",
                nearest(key, ["input", "output", last.name]),
            )
        if len(names) != size:
            raise OptionError(
                f"fcnn.names.{key} has {len(names)} names for {size} neurons",
                "give each neuron its name",
            )
        found[column] = names
    return found


def _neuron_names(
    names: Sequence[str], places: dict[int, tuple[float, float]], *, is_first: bool
) -> list[Mark]:
    away, anchor = (-RADIUS - 3.0, "end") if is_first else (RADIUS + 3.0, "start")
    return [
        text(x + away, y + 2.5, names[number], "text", _FACT, anchor=anchor)
        for number, (x, y) in places.items()
    ]


def _captions(layers: Sequence[Layer], left: float, step: float, base: float) -> list[Mark]:
    marks: list[Mark] = [
        text(left, base, "input", "heading-title", _NAME),
        text(left, base + 9.5, f"{layers[0].given:,}", "text", _FACT),
    ]
    for number, layer in enumerate(layers, 1):
        x = left + number * step
        facts = [f"{layer.made:,} units" if number < len(layers) else f"{layer.made:,}"]
        marks.append(text(x, base, _cut(layer.name, step - 4, _NAME, True), "heading-title", _NAME))
        if layer.activation:
            facts.append(layer.activation)
        for row, fact in enumerate(facts):
            marks.append(text(x, base + 9.5 + 8.8 * row, fact, "text", _FACT))
        count = f"{layer.unit.parameters:,} params"
        wide = text_width(count, SMALL) + text_width(facts[0], _FACT)
        if wide + 8 < step and current().params != "none":
            marks.append(text(x - step / 2, base + 9.5, count, "note", SMALL))
    return marks


def _cut(name: str, room: float, size: float, bold: bool) -> str:
    return fit(name, size, room, bold=bold)


def _key(x: float, y: float, scale: float) -> list[Mark]:
    """What widths and colours of edges stand for, on both sides of zero."""
    marks: list[Mark] = [text(x - 62, y + 2.3, "weight", "text", _FACT, anchor="end")]
    cell, gap = 6.8, 3.4
    for strength in range(1, CLASSES + 1):
        high = 0.6 + 0.5 * strength
        for sign, direction in (("negative", -1), ("positive", 1)):
            start = x + direction * (gap + (strength - 1) * cell)
            at = start if direction > 0 else start - cell
            role = f"strength {sign}-{min(strength + 1, CLASSES)}"
            marks.append(Rect(at, y - high / 2, cell, high, role))
    ends = (f"−{scale:.2g}", "0", f"+{scale:.2g}")
    for label, at in zip(ends, (x - gap - 8 * cell, x, x + gap + 8 * cell), strict=True):
        marks.append(text(at, y + 10.6, label, "text", SMALL))
    return marks


def _sentence(layer: Layer) -> str:
    return f"{layer.name} {layer.made:,}" + (f" {layer.activation}" if layer.activation else "")


KIND = Kind("fcnn", "Neurons", suits, draw)
