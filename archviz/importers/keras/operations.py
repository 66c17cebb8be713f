"""Shapes of what operations on tensors give, which Keras 3 records among the layers.

Keras 2 records them as TFOpLambda layers with TensorFlow's names.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from archviz.importers.keras.config import Shape
from archviz.importers.keras.rules import (
    MOST_OUTPUTS,
    Case,
    Rules,
    UnknownError,
    broadcast,
    known,
    product,
    size,
    with_axis,
)
from archviz.ir import Dim

OPERATIONS: Rules[list[Shape]] = Rules()
"""Shapes of the outputs by class of operation."""


@OPERATIONS(
    "Abs", "Absolute", "Cast", "Clip", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid",
    "HardSwish", "HardSilu", "LeakyRelu", "Log", "LogSigmoid", "LogSoftmax", "Negative",
    "OnesLike", "Reciprocal", "Relu", "Relu6", "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Silu",
    "Sin", "Softplus", "Softsign", "Sqrt", "Square", "StopGradient", "Tanh", "ZerosLike",
    "tf.nn.relu", "tf.nn.relu6", "tf.cast", "tf.math.sigmoid", "tf.math.tanh", "tf.nn.softmax",
    "tf.math.square", "tf.math.sqrt", "tf.math.exp", "tf.identity", "tf.nn.gelu",
    "tf.clip_by_value",
)  # fmt: skip
def _same(case: Case) -> list[Shape]:
    return [case.shape]


@OPERATIONS(
    "Add", "Divide", "Equal", "FloorDivide", "Greater", "GreaterEqual", "Less", "LessEqual",
    "LogicalAnd", "LogicalOr", "Maximum", "Minimum", "Mod", "Multiply", "NotEqual", "Power",
    "Subtract", "TrueDivide", "Where", "tf.__operators__.add", "tf.math.add", "tf.math.multiply",
    "tf.math.subtract", "tf.math.truediv", "tf.math.maximum", "tf.math.minimum", "tf.math.pow",
)  # fmt: skip
def _elementwise(case: Case) -> list[Shape]:
    if any(isinstance(value, list | dict) for value in case.arguments.values()):
        raise UnknownError
    return [broadcast([known(shape) for shape in case.inputs])]


@OPERATIONS(
    "Mean", "Sum", "Max", "Min", "Any", "All", "Var", "Std", "Prod", "Logsumexp",
    "tf.math.reduce_mean", "tf.math.reduce_sum", "tf.math.reduce_max", "tf.math.reduce_min",
)  # fmt: skip
def _reduction(case: Case) -> list[Shape]:
    axis = case.setting("axis", default=case.arguments.get("axis"))
    keeps = case.flag("keepdims", default=bool(case.arguments.get("keepdims", False)))
    rank = len(case.shape)
    if axis is None:
        return [(1,) * rank if keeps else ()]
    axes = {size(item) % rank for item in (axis if isinstance(axis, list | tuple) else [axis])}
    if keeps:
        return [tuple(1 if index in axes else dim for index, dim in enumerate(case.shape))]
    return [tuple(dim for index, dim in enumerate(case.shape) if index not in axes)]


@OPERATIONS("Matmul", "tf.linalg.matmul")
def _matmul(case: Case) -> list[Shape]:
    left, right = known(case.inputs[0]), known(case.inputs[1])
    if len(left) < 2 or len(right) < 2 or case.arguments:
        raise UnknownError
    return [(*broadcast([left[:-2], right[:-2]]), left[-2], right[-1])]


@OPERATIONS("Transpose")
def _transpose(case: Case) -> list[Shape]:
    axes = case.setting("axes", default=case.arguments.get("axes"))
    if axes is None:
        return [case.shape[::-1]]
    return [tuple(case.shape[size(axis)] for axis in axes)]


@OPERATIONS("Reshape")
def reshape(case: Case) -> list[Shape]:
    """The shape that an operation is told, one size of which may be -1."""
    target = [size(dim) for dim in case.setting("newshape", "shape")]
    whole = product(case.shape)
    rest = product([dim for dim in target if dim != -1])
    missing = whole // rest if isinstance(whole, int) and isinstance(rest, int) else None
    return [tuple(missing if dim == -1 else dim for dim in target)]


@OPERATIONS("Split")
def _split(case: Case) -> list[Shape]:
    parts = case.setting("indices_or_sections")
    axis = case.setting("axis", default=0)
    dim = case.shape[axis]
    if isinstance(parts, int):
        if not 0 < parts <= MOST_OUTPUTS:
            raise UnknownError
        part = dim // parts if isinstance(dim, int) else None
        return [with_axis(case.shape, axis, part)] * parts
    ends = [0, *(size(part) for part in parts)]
    sizes: list[Dim] = [after - before for before, after in itertools.pairwise(ends)]
    sizes.append(dim - ends[-1] if isinstance(dim, int) else None)
    return [with_axis(case.shape, axis, part) for part in sizes]


@OPERATIONS("ExpandDims")
def _expand(case: Case) -> list[Shape]:
    axis = size(case.setting("axis"))
    axis = axis if axis >= 0 else axis + len(case.shape) + 1
    return [(*case.shape[:axis], 1, *case.shape[axis:])]


@OPERATIONS("Squeeze")
def _squeeze(case: Case) -> list[Shape]:
    axis = size(case.setting("axis")) % len(case.shape)
    return [(*case.shape[:axis], *case.shape[axis + 1 :])]


@OPERATIONS("Stack")
def _stack(case: Case) -> list[Shape]:
    axis = case.setting("axis", default=0)
    axis = axis if axis >= 0 else axis + len(case.shape) + 1
    return [(*case.shape[:axis], len(case.inputs), *case.shape[axis:])]


@OPERATIONS("tf.concat")
def _concat(case: Case) -> list[Shape]:
    axis = case.arguments.get("axis", -1)
    dims = [known(shape)[axis] for shape in case.inputs]
    total = sum(size(dim) for dim in dims) if None not in dims else None
    return [with_axis(case.shape, axis, total)]


@OPERATIONS("BroadcastTo")
def _broadcast_to(case: Case) -> list[Shape]:
    return [tuple(size(dim) for dim in case.setting("shape"))]


@OPERATIONS("GetItem", "tf.__operators__.getitem")
def _get_item(case: Case) -> list[Shape]:
    arguments = [v for k, v in case.arguments.items() if k in ("key", "argument_1", "slice_spec")]
    key = arguments[0]
    parts = key if isinstance(key, list | tuple) else [key]
    consumed = sum(not (part is None or _is_ellipsis(part)) for part in parts)
    made: list[Dim] = []
    axis = 0
    for part in parts:
        if part is None:
            made.append(1)
        elif _is_ellipsis(part):
            skipped = len(case.shape) - consumed
            made += case.shape[axis : axis + skipped]
            axis += skipped
        elif isinstance(part, int):
            axis += 1
        else:
            made.append(_sliced(case.shape[axis], bounds_of(part)))
            axis += 1
    return [(*made, *case.shape[axis:])]


def _is_ellipsis(part: object) -> bool:
    return part == "..." or (isinstance(part, dict) and part.get("class_name") == "__ellipsis__")


def bounds_of(part: object) -> tuple[int | None, int | None, int | None]:
    """Start, stop and step of a slice as stored."""
    config: Any = part
    if isinstance(part, dict) and isinstance(part.get("config"), dict):
        config = part["config"]
    if not isinstance(config, Mapping):
        raise UnknownError
    found = [config.get(name) for name in ("start", "stop", "step")]
    if not all(bound is None or isinstance(bound, int) for bound in found):
        raise UnknownError
    return found[0], found[1], found[2]


def _sliced(dim: Dim, bounds: tuple[int | None, int | None, int | None]) -> Dim:
    if isinstance(dim, int):
        return len(range(*slice(*bounds).indices(dim)))
    return None
