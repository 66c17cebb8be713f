"""What a card says: which facts of a node are worth a reader's eye, as short texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from archviz.ir import (
    Attribute,
    Forest,
    Graph,
    Node,
    Parameter,
    ParameterUse,
    TensorType,
)
from archviz.ir.types import format_shape
from archviz.ir.walk import leaves, links, operations_of
from archviz.ops import OTHER, category_of, input_name, table
from archviz.ops.kernels import AXES, filters_in, window_in
from archviz.ops.patterns import compound_named
from archviz.text import printable
from archviz.views.node_link.weights import weight_count

MADE_UP = re.compile(r"(val|v|value|tensor|MatMul|Add|Mul)?_?\d+|.*_output_\d+|.*:\d+")
"""Names that an exporter gives for want of one."""
_UNBOUNDED = 2**31 - 1
"""What exporters write for the end of an axis, or more."""
MOST_ROWS = 5
"""Parameter rows on a card; more are counted in a last row."""
SHORT_DETAIL = 18
"""Constants whose text is no longer than this go into the header instead of rows."""


def detail(node: Node, graph: Graph) -> str:
    """The settings worth showing: "3×3, stride 2, pad 1", "512 → 2048", "axis 1"."""
    if node.forest is not None or not (node.attributes or node.parameters or node.parts):
        return ""
    parts = []
    kind = category_of(node.op)
    if kind == "linear":
        parts += _features(node, graph)
    if kind == "recurrent" and "hidden_size" not in node.attributes:
        parts += _state_width(node, graph)
    if node.op in AXES or "ksize" in node.attributes:
        parts += _window(node, graph)
    known = table().attribute
    shown = [name for name in node.attributes if name in known]
    if len(shown) > 1:
        order = _order()
        shown.sort(key=order.__getitem__)
    for name in shown:
        label = known[name]
        if name != "ksize" and not (name == "units" and parts):
            made = _made_dtype(node, graph) if name in ("to", "dtype") else ""
            text = made or _setting(name, label, _per_axis(node, name))
            if text:
                parts.append(text)
    settings = [] if node.parts or not node.parameters else constants(node, graph)
    if settings and table().merge.get(node.op) == "join":
        settings = [f"with {', '.join(settings)}"]
    if settings and len(", ".join(settings)) <= SHORT_DETAIL:
        parts += settings
    if not parts and node.parts and (count := operations_of(node)) > 2 and not shown_parts(node):
        parts.append(f"{count} ops")
    return printable(", ".join(parts), 120) if parts else ""


@cache
def _order() -> dict[str, int]:
    """Places of attributes on a card."""
    return {name: place for place, name in enumerate(table().attribute)}


def shown_parts(node: Node) -> list[Node]:
    """The parts of a merged subgraph that its card shows, in the order of execution."""
    if not node.parts:
        return []
    compound = compound_named(node.op)
    wanted = compound.strips if compound is not None else ()
    return [p for p in links(node.parts) if p.op in wanted or category_of(p.op) in wanted]


def category(node: Node, graph: Graph) -> str:
    """The colour category; picking from a value that is no table of weights is no embedding."""
    found = category_of(node.op)
    layer = node.attributes.get("layer")
    if table().role.get(node.op) == "wrapper" and isinstance(layer, str):
        found = category_of(layer.partition(",")[0])
    if found == "embedding" and not _uses_weights(node, graph):
        return OTHER
    return found


def rows(node: Node, graph: Graph, label: str, parts: Sequence[Node] = ()) -> list[tuple[str, str]]:
    """The card's rows: its label with the number of weights, then a row a parameter.

    Args:
        node: What the rows are about.
        graph: Where it is.
        label: What the reader calls it.
        parts: What is fused with it; a bias or a scale that its module adds is counted with it.
    """
    if node.forest is not None:
        return _forest_rows(node.forest, label)
    if node.parts:
        return _compound_rows(node, graph, label)
    if not node.parameters and not parts:
        return []
    merges = table().merge
    own = [node, *(p for p in parts if p.scope == node.scope and p.op in merges)]
    uses = [use for part in own for use in part.parameters]
    weights = [p for use in uses if (p := _known(use.parameter, graph)) is not None]
    total = "" if _is_computed(node, graph) else weight_count(weights)
    settings = constants(node, graph)
    in_header = settings and len(", ".join(settings)) <= SHORT_DETAIL
    lines = []
    for use in node.parameters:
        parameter = _known(use.parameter, graph)
        if parameter is None or (in_header and parameter.value is not None):
            continue
        role = _role(node, use, parameter)
        lines.append((printable(role, 24), _content(parameter, role)))
    bias = bias_of(node, parts, graph)
    if bias is not None:
        found = [_known(use.parameter, graph) for use in bias.parameters]
        lines += [("bias", _content(parameter, "bias")) for parameter in found if parameter]
    if not lines and (parts or not total):
        return []
    if len(lines) > MOST_ROWS:
        lines = [*lines[: MOST_ROWS - 1], (f"{len(lines) - MOST_ROWS + 1} more", "")]
    first = (printable(label) or "params", total)
    return [first, *lines] if label or total else lines


def _forest_rows(forest: Forest, label: str) -> list[tuple[str, str]]:
    """How large the decision trees are that a node runs."""
    features = (("features", f"{forest.feature_count:,}"),) if forest.feature_count else ()
    return [
        *([(printable(label), "")] if label else []),
        ("trees", f"{forest.tree_count:,}"),
        ("nodes", f"{forest.node_count:,}"),
        *features,
    ]


def bias_of(node: Node, parts: Sequence[Node], graph: Graph) -> Node | None:
    """The first of ``parts`` when all it does is to add the bias of the product ``node``."""
    first = parts[0] if parts else None
    if first is None or table().merge.get(first.op) != "plus" or first.scope != node.scope:
        return None
    is_product = category_of(node.op) in ("conv", "linear")
    return first if is_product and _uses_weights(first, graph) else None


def _compound_rows(node: Node, graph: Graph, label: str) -> list[tuple[str, str]]:
    """The rows of a merged subgraph: what it is called, and its weights or how much it does."""
    weights = [
        (_role(part, use, parameter), parameter)
        for part in leaves(node)
        for use in part.parameters
        if (parameter := _known(use.parameter, graph)) and parameter.kind != "constant"
    ]
    total = weight_count([parameter for _, parameter in weights])
    strips = shown_parts(node)
    lines = []
    if not strips:
        lines = [(printable(role, 24), _content(parameter, role)) for role, parameter in weights]
    elif len(strips) < (count := operations_of(node)):
        lines.append(("operations", f"{count}"))
    experts = next((shape[0] for part in leaves(node) if (shape := _group_shape(part, graph))), 0)
    if experts:
        lines.append(("experts", f"{experts:,}"))
    first = (printable(label) or "params", total)
    return [first, *lines] if label or total else lines


def _role(node: Node, use: ParameterUse, parameter: Parameter) -> str:
    """What the row of a parameter is called; a schema's "A" or "B" says less than its own name."""
    known = input_name(node.op, use.index)
    own = re.split(r"[./:]", parameter.name)[-1]
    if MADE_UP.fullmatch(own):
        own = parameter.kind
    return known or (use.role if len(use.role) > 1 else "") or own or use.role


def constants(node: Node, graph: Graph) -> list[str]:
    """The values of the node's parameters when all are small constants, else nothing."""
    found = []
    for use in node.parameters:
        parameter = _known(use.parameter, graph)
        if parameter is None or parameter.value is None:
            return []
        role = input_name(node.op, use.index) or use.role
        text = _content(parameter, role)
        if text:
            found.append(f"{role} {text}" if role in _NAMED_SETTINGS else text)
    return found


MOST_COLUMNS = 3
"""Names of columns that a card says."""

_NAMED_SETTINGS = ("axes", "k", "min", "max", "exponent", "ratio", "scales", "depth", "indices")
_SHAPES = ("shape", "sizes", "repeats", "split")
_MATRIX_INPUT = {"Gemm": 1, "MatMul": 1, "linear": 1, "matmul": 1, "mm": 1, "addmm": 2}
"""Which input of a product is the matrix that its other input is multiplied by."""
_GROUPED = ("_grouped_mm", "grouped_mm")
"""Products of rows in groups, each group with a matrix of its own: the experts of a mixture."""


_WINDOWS = ("kernel_shape", "ksize", "kernel_size", "pool_size", "size", "shape", "output_size")
_ONE_BY_DEFAULT = ("strides", "stride", "dilations", "dilation", "group", "groups")
_SELF_EXPLAINING = (
    "to", "perm", "mode", "equation", "direction", "index", "dims", "layer", "activation",
    "target_shape", "newshape", "merge_mode", "key", "function",
)  # fmt: skip


def _is_computed(node: Node, graph: Graph) -> bool:
    """Whether a layer's weight comes from operations: what it has beside that is not all it has."""
    if category_of(node.op) not in ("conv", "linear"):
        return False
    stored = {use.index: _known(use.parameter, graph) for use in node.parameters}
    weight = stored.get(1)
    others = [p for index, p in stored.items() if index > 1 and p is not None]
    is_constant = weight is not None and weight.kind == "constant" and weight.value is None
    return is_constant and any(p.kind == "weight" for p in others)


def _uses_weights(node: Node, graph: Graph) -> bool:
    used = (_known(use.parameter, graph) for use in node.parameters)
    return any(parameter is not None and parameter.kind == "weight" for parameter in used)


def _known(name: str, graph: Graph) -> Parameter | None:
    return graph.parameters.get(name)


def _content(parameter: Parameter, role: str) -> str:
    if parameter.value is not None and len(parameter.value) <= 8:
        joiner = "×" if role in _SHAPES else ", "
        return joiner.join(map(_scalar, parameter.value)) if parameter.value else "empty"
    shape = parameter.type.shape
    return "scalar" if shape == () else format_shape(shape)


def _features(node: Node, graph: Graph) -> list[str]:
    """Widths on both sides of a product with a weight, or of several one behind the other."""
    matrices = [widths for part in leaves(node) if (widths := _matrix(part, graph))]
    if not matrices and not _uses_weights(node, graph):
        return []
    if len(matrices) > 1:
        ends = [matrices[0][0], *(after for _, after in dict.fromkeys(matrices))]
        return [" → ".join(map(str, ends))]
    ends = []
    for ids in (node.inputs, node.outputs):
        first = next((value for value in ids if value is not None), None)
        value = graph.values.get(first or "")
        type_ = value.type if value is not None else None
        if isinstance(type_, TensorType) and type_.shape and isinstance(type_.shape[-1], int):
            ends.append(type_.shape[-1])
    # Values may have another shape than the product inside a card, or not be known there.
    if matrices and sorted(ends) != sorted(matrices[0]):
        ends = list(matrices[0])
    return [f"{ends[0]} → {ends[1]}"] if len(ends) == 2 else []


def _window(node: Node, graph: Graph) -> list[str]:
    """What operations say of their window by their kernel alone, or by "ksize"."""
    if "ksize" in node.attributes:
        return [_setting("ksize", "", node.attributes["ksize"])]
    if any(name in node.attributes for name in _WINDOWS):
        return []
    for use in node.parameters:
        parameter = _known(use.parameter, graph)
        shape = parameter.type.shape if parameter is not None else None
        if use.index == 1 and shape and (window := window_in(node.op, shape)):
            filters = filters_in(node.op, shape)
            sides = "×".join(map(str, window))
            return [sides] if filters is None else [_counted(f"{filters}", "filters"), sides]
    return []


def _state_width(node: Node, graph: Graph) -> list[str]:
    """How wide the state of a recurrent layer of PyTorch's is, which only its weights tell."""
    for use in node.parameters:
        parameter = _known(use.parameter, graph)
        if parameter is not None and "weight_hh" in use.role and parameter.type.shape:
            return [f"size {parameter.type.shape[-1]}"]
    return []


def _matrix(node: Node, graph: Graph) -> tuple[int, int] | None:
    """Widths before and behind a product with one stored matrix."""
    if node.op in _GROUPED:
        return _group_widths(node, graph)
    place = _MATRIX_INPUT.get(node.op)
    if place is None:
        return None
    is_transposed = node.op == "linear" or node.attributes.get("transB")
    for use in node.parameters:
        parameter = _known(use.parameter, graph)
        shape = parameter.type.shape if parameter is not None else None
        if use.index == place and shape is not None and len(shape) == 2:
            before, after = reversed(shape) if is_transposed else shape
            if isinstance(before, int) and isinstance(after, int):
                return before, after
    return None


def _group_widths(node: Node, graph: Graph) -> tuple[int, int] | None:
    """The same of a product with one matrix a group, stored in either order of its axes."""
    stored = _group_shape(node, graph)
    widths = set(stored[1:])
    for index, value_id in enumerate((*node.inputs[:1], *node.outputs[:1])):
        value = graph.values.get(value_id or "")
        type_ = value.type if value is not None else None
        known = type_.shape[-1] if isinstance(type_, TensorType) and type_.shape else None
        if len(widths) == 2 and isinstance(known, int) and known in widths:
            (other,) = widths - {known}
            return (other, known) if index else (known, other)
    return None


def _group_shape(node: Node, graph: Graph) -> tuple[int, ...]:
    """Groups, rows and columns of the matrices that a product has one of a group."""
    for use in node.parameters if node.op in _GROUPED else ():
        parameter = _known(use.parameter, graph)
        shape = parameter.type.shape if parameter is not None else None
        if use.index == 1 and shape is not None and len(shape) == 3:
            return tuple([size for size in shape if isinstance(size, int)])
    return ()


def _per_axis(node: Node, name: str) -> Attribute:
    """An attribute, a window that is given by one number with one for each axis it moves along."""
    value = node.attributes[name]
    axes = re.search(r"[123](?=d(_|$))", node.op) if name in _WINDOWS else None
    return (value,) * int(axes[0]) if axes and isinstance(value, int) else value


def _setting(name: str, label: str, value: Attribute) -> str:
    """One attribute as text, "" when it says nothing that the default would not."""
    if isinstance(value, bool):
        return label if value else ""
    numbers = value if isinstance(value, tuple) else (value,)
    if name in _WINDOWS:
        window = "×".join(map(_scalar, numbers))
        return window if label in ("", "size") else f"{label} {window}"
    if name == "columns":
        shown = [_scalar(n) for n in numbers[: MOST_COLUMNS + 1]]
        rest = len(numbers) - MOST_COLUMNS + 1
        return ", ".join(shown if rest < 2 else [*shown[: MOST_COLUMNS - 1], f"{rest:,} more"])
    if name in _ONE_BY_DEFAULT:
        return "" if all(n == 1 for n in numbers) else f"{label} {_compact(numbers)}"
    if name == "padding" and isinstance(value, str):
        return value
    if name == "padding":
        return "" if not any(numbers) else f"{label} {_compact(numbers)}"
    if name == "pads":
        half = len(numbers) // 2
        even = numbers[:half] == numbers[half:]
        return "" if not any(numbers) else f"pad {_compact(numbers[:half] if even else numbers)}"
    if name == "alpha" and value == 1.0:
        return ""
    text = ",".join(map(_scalar, numbers))
    if label.endswith(("head", "heads")) or name in ("filters", "units"):
        return _counted(text, label)
    return text if name in _SELF_EXPLAINING else f"{label} {text}"


def _counted(number: str, what: str) -> str:
    return f"{number} {what.removesuffix('s') if number == '1' else what}"


def _made_dtype(node: Node, graph: Graph) -> str:
    """The element type of what the node makes, which formats number each in their own way."""
    value = graph.values.get(node.outputs[0] or "") if node.outputs else None
    type_ = value.type if value is not None else None
    return type_.dtype if isinstance(type_, TensorType) else ""


def _compact(numbers: Sequence[Attribute]) -> str:
    return _scalar(numbers[0]) if len(set(numbers)) == 1 else "×".join(map(_scalar, numbers))


def _scalar(value: Attribute) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and abs(value) >= _UNBOUNDED:
        return "end" if value > 0 else "start"
    return printable(str(value), 24)
