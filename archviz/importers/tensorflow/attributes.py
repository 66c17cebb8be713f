"""Settings of nodes, and the types of what they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archviz.importers.tensorflow.messages import dtype_name
from archviz.importers.tensorflow.variables import shape_of
from archviz.ir import Attribute, TensorType
from archviz.reading.names import clean

MAX_LIST = 64

_LEFT_OUT = frozenset(
    {
        "T", "Tidx", "Tparams", "Tindices", "Taxis", "Tshape", "Tpaddings", "Tin", "Tout", "Tdim",
        "Tperm", "Tmultiples", "Tlen", "Index", "SrcT", "U", "N", "shape", "dtype", "f", "body",
        "cond", "then_branch", "else_branch", "branches", "config", "config_proto", "executor_type",
        "output_shapes", "parallel_iterations", "explicit_paddings", "use_cudnn_on_gpu", "seed",
        "seed2", "value", "container", "shared_name", "out_type", "validate_shape", "element_dtype",
        "epsilon", "exponential_avg_factor", "is_training", "grad_a", "grad_b", "debug_name",
        "allowed_devices", "is_stateless", "begin_mask", "end_mask", "Tsplits", "Tblock_shape",
        "Tcrops", "ellipsis_mask", "swap_memory", "batch_dims", "validate_indices",
    }
)  # fmt: skip
_DEFAULTS: dict[str, tuple[Attribute, ...]] = {
    "data_format": ("NHWC", "NDHWC"), "transpose_a": (False,), "transpose_b": (False,),
    "adj_x": (False,), "adj_y": (False,), "keep_dims": (False,), "Truncate": (False,),
    "dilations": ((1, 1, 1, 1), (1, 1, 1, 1, 1)), "strides": ((1, 1, 1, 1), (1, 1, 1, 1, 1)),
    "new_axis_mask": (0,), "shrink_axis_mask": (0,), "squeeze_dims": ((),), "padding": ("VALID",),
    "incompatible_shape_error": (True,), "half_pixel_centers": (False, True), "axis": (0,),
    "align_corners": (False,),
}  # fmt: skip


def attributes_of(node: Any) -> dict[str, Attribute]:
    """The settings of a node, without types, shapes and what is at its usual value."""
    found: dict[str, Attribute] = {}
    for name in sorted(node.attr):
        if name.startswith("_") or name in _LEFT_OUT:
            continue
        value = _value(node.attr[name])
        if value is None or value in _DEFAULTS.get(name, ()):
            continue
        if name in ("strides", "dilations", "ksize") and isinstance(value, tuple):
            is_first = node.attr["data_format"].s.startswith(b"NC")
            value = value[2:] if is_first else value[1:-1]
        elif name == "padding" and isinstance(value, str):
            value = value.lower()
        found[clean(name)] = value
    return found


def _value(attribute: Any) -> Attribute:
    kind = attribute.WhichOneof("value")
    if kind == "list":
        return _listed(attribute.list)
    if kind is None:
        return None
    return _SCALARS[kind](getattr(attribute, kind))


_SCALARS: dict[str, Callable[[Any], Attribute]] = {
    "s": lambda value: clean(value),
    "i": int,
    "f": lambda value: float(f"{value:.7g}"),
    "b": bool,
    "type": lambda value: dtype_name(value),
    "shape": lambda value: TensorType("", shape_of(value)),
    "tensor": lambda value: TensorType(dtype_name(value.dtype), shape_of(value.tensor_shape)),
    "placeholder": lambda value: clean(value),
    "func": lambda value: clean(value.name),
}


def _listed(listed: Any) -> Attribute:
    for kind in ("i", "f", "s", "b", "type", "shape", "tensor", "func"):
        values = getattr(listed, kind)
        if values:
            kept = tuple(_SCALARS[kind](value) for value in values[:MAX_LIST])
            return kept if len(values) <= MAX_LIST else (*kept, f"{len(values):,} in all")
    return ()


def output_types(node: Any, number: int) -> list[TensorType | None]:
    """Types of the outputs of a node, as far as its attributes tell."""
    attributes = node.attr
    shapes = attributes["_output_shapes"].list.shape if "_output_shapes" in attributes else ()
    listed = attributes["Tout"].list.type if "Tout" in attributes else ()
    dtype = _dtype(node)
    found: list[TensorType | None] = []
    for position in range(number):
        shape = shape_of(shapes[position]) if position < len(shapes) else None
        is_input = position == 0 and node.op.startswith("Placeholder")
        if shape is None and is_input and "shape" in attributes:
            shape = shape_of(attributes["shape"].shape)
        own = dtype_name(listed[position]) if position < len(listed) else dtype
        found.append(TensorType(own, shape) if own or shape is not None else None)
    return found


_TRUTHS = (
    "Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", "LogicalAnd", "LogicalOr",
    "LogicalNot", "Any", "All", "IsNan", "IsFinite", "IsInf",
)  # fmt: skip


def _dtype(node: Any) -> str:
    if node.op in _TRUTHS:
        return "bool"
    if node.op == "Shape" and "out_type" not in node.attr:
        return "int32"
    for name in ("DstT", "dtype", "output_type", "out_type", "Tparams", "T", "output_dtype"):
        if name in node.attr and node.attr[name].type:
            return dtype_name(node.attr[name].type)
    return ""
