"""Shapes of the most frequent kernels, for their plain cases.

PyTorch's meta kernels for these are decompositions in Python, which take some hundred microseconds
a call and import its compiler with the first. A rule answers NotImplemented for whatever is not
plain: other types than one, strides that are not contiguous, sizes that do not fit. Then PyTorch's
own kernel decides, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Rule = Callable[..., Any]

_empty = torch.empty
_META = torch.device("meta")


def quick_rules() -> dict[Any, Rule]:
    """Rules by kernel; each takes the kernel's arguments, whose tensors are all on meta."""
    aten = torch.ops.aten
    found: dict[Any, Rule] = {}

    def add(rule: Rule, *names: str) -> None:
        for name in names:
            packet, _, overload = name.partition(".")
            kernel = getattr(getattr(aten, packet, None), overload or "default", None)
            if kernel is not None:
                found[kernel] = rule

    add(
        _alike, "relu", "gelu", "silu", "sigmoid", "tanh", "neg", "rsqrt", "sqrt", "exp", "log",
        "erf", "abs", "sin", "cos", "hardswish", "hardsigmoid", "hardtanh", "leaky_relu", "elu",
        "softplus", "mish", "square", "reciprocal", "mul.Scalar", "div.Scalar", "add.Scalar",
        "sub.Scalar", "rsub.Scalar", "pow.Tensor_Scalar", "clamp",
    )  # fmt: skip
    add(
        _in_place, "relu_", "silu_", "hardswish_", "hardsigmoid_", "hardtanh_", "leaky_relu_",
        "elu_", "sigmoid_", "tanh_", "mul_.Scalar", "add_.Scalar", "fill_.Scalar", "zero_",
        "normal_", "uniform_", "clamp_", "add_.Tensor", "mul_.Tensor", "sub_.Tensor", "div_.Tensor",
    )  # fmt: skip
    add(_softmax, "_softmax", "_log_softmax")
    add(_joined, "add.Tensor", "mul.Tensor", "sub.Tensor", "div.Tensor")
    add(_addmm, "addmm")
    add(_mm, "mm")
    add(_bmm, "bmm")
    add(_layer_norm, "native_layer_norm")
    add(_batch_norm, "native_batch_norm", "_native_batch_norm_legit")
    add(_embedding, "embedding")
    add(_convolution, "convolution")
    add(_mean, "mean.dim", "sum.dim_IntList")
    add(_cat, "cat")
    return found


def _like(x: torch.Tensor) -> Any:
    """A tensor of the same size and type, its axes in memory in the same order, without gaps."""
    if x.is_contiguous():
        return _empty(x.shape, dtype=x.dtype, device=_META)
    shape, strides = x.shape, x.stride()
    if 0 in strides:
        return NotImplemented
    dense = [0] * len(shape)
    expected = 1
    for axis in sorted(range(len(shape)), key=lambda axis: (strides[axis], -axis)):
        dense[axis] = expected
        expected *= shape[axis]
    return torch.empty_strided(shape, dense, dtype=x.dtype, device=_META)


def _alike(x: torch.Tensor, *rest: Any, **named: Any) -> Any:
    """A floating-point result of the operand's own size and type."""
    if named or not x.dtype.is_floating_point:
        return NotImplemented
    if any(isinstance(item, complex | torch.Tensor) for item in rest):
        return NotImplemented
    return _like(x)


def _softmax(x: torch.Tensor, axis: int, half_to_float: bool) -> Any:
    if half_to_float or not x.dtype.is_floating_point:
        return NotImplemented
    return _empty(x.shape, dtype=x.dtype, device=_META)


def _in_place(x: torch.Tensor, *rest: Any, **named: Any) -> Any:
    other = rest[0] if rest else None
    if isinstance(other, torch.Tensor) and _stretched(x.shape, other.shape) != tuple(x.shape):
        return NotImplemented
    if not x.dtype.is_floating_point or (isinstance(other, torch.Tensor) and other.is_complex()):
        return NotImplemented
    return x


def _joined(a: Any, b: Any, **named: Any) -> Any:
    """Sum, product and so on of two operands, of which one may be stretched."""
    if not isinstance(a, torch.Tensor) or "rounding_mode" in named:
        return NotImplemented
    if not a.dtype.is_floating_point or not a.dim():
        return NotImplemented
    if not isinstance(b, torch.Tensor):
        return _like(a) if isinstance(b, int | float) else NotImplemented
    if b.dim() == 0 and not b.is_complex():
        return _like(a)
    if a.dtype is not b.dtype:
        return NotImplemented
    shape = _stretched(a.shape, b.shape)
    if shape is None:
        return NotImplemented
    if shape == tuple(a.shape):  # the first operand decides on the order of the axes
        return _like(a)
    if a.is_contiguous() and b.is_contiguous():
        return _empty(shape, dtype=a.dtype, device=_META)
    return NotImplemented


def _stretched(mine: Any, other: Any) -> tuple[int, ...] | None:
    if mine == other:
        return tuple(mine)
    rank = max(len(mine), len(other))
    first = (*([1] * (rank - len(mine))), *mine)
    second = (*([1] * (rank - len(other))), *other)
    shape = []
    for one, two in zip(first, second, strict=True):
        if one != two and one != 1 and two != 1:
            return None
        shape.append(two if one == 1 else one)
    return tuple(shape)


def _addmm(bias: torch.Tensor, a: torch.Tensor, b: torch.Tensor, **named: Any) -> Any:
    if bias.dim() != 1 or bias.shape[0] != b.shape[-1]:
        return NotImplemented
    return _mm(a, b) if bias.dtype is a.dtype else NotImplemented


def _mm(a: torch.Tensor, b: torch.Tensor) -> Any:
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[0] or a.dtype is not b.dtype:
        return NotImplemented
    return _empty((a.shape[0], b.shape[1]), dtype=a.dtype, device=_META)


def _bmm(a: torch.Tensor, b: torch.Tensor) -> Any:
    is_plain = a.dim() == 3 and b.dim() == 3 and a.dtype is b.dtype
    if not is_plain or a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        return NotImplemented
    return _empty((a.shape[0], a.shape[1], b.shape[2]), dtype=a.dtype, device=_META)


def _layer_norm(x: torch.Tensor, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes = len(shape)
    if tuple(x.shape[-axes:]) != tuple(shape) or not x.is_contiguous():
        return NotImplemented
    if any(item is not None and tuple(item.shape) != tuple(shape) for item in (weight, bias)):
        return NotImplemented
    if x.dtype not in (torch.float32, torch.float64):
        return NotImplemented
    rows = (*x.shape[:-axes], *[1] * axes)
    mean, deviation = (_empty(rows, dtype=x.dtype, device=_META) for _ in range(2))
    made = _like(x)
    return NotImplemented if made is NotImplemented else (made, mean, deviation)


def _batch_norm(x: torch.Tensor, *rest: Any) -> Any:
    stored = [item for item in rest if isinstance(item, torch.Tensor)]
    if x.dim() < 2 or any(tuple(item.shape) != (x.shape[1],) for item in stored):
        return NotImplemented
    is_training = next((item for item in rest if isinstance(item, bool)), True)
    if x.dtype is not torch.float32:
        return NotImplemented
    size = (x.shape[1],) if is_training else (0,)
    mean, deviation = (_empty(size, dtype=x.dtype, device=_META) for _ in range(2))
    made = _like(x)
    return NotImplemented if made is NotImplemented else (made, mean, deviation)


def _embedding(weight: torch.Tensor, indices: torch.Tensor, *rest: Any, **named: Any) -> Any:
    if weight.dim() != 2 or indices.dtype not in (torch.int64, torch.int32):
        return NotImplemented
    return _empty((*indices.shape, weight.shape[1]), dtype=weight.dtype, device=_META)


def _convolution(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Any:
    axes = weight.dim() - 2
    if transposed or x.dim() != axes + 2 or x.dtype is not weight.dtype or not x.is_contiguous():
        return NotImplemented
    if x.shape[1] != weight.shape[1] * groups or weight.shape[0] % groups:
        return NotImplemented
    if bias is not None and (tuple(bias.shape) != (weight.shape[0],) or bias.dtype is not x.dtype):
        return NotImplemented
    if not all(len(item) in (1, axes) for item in (stride, padding, dilation)):
        return NotImplemented
    shape = [x.shape[0], weight.shape[0]]
    for axis in range(axes):
        step, pad, gap = (
            item[axis if len(item) > 1 else 0] for item in (stride, padding, dilation)
        )
        window = gap * (weight.shape[axis + 2] - 1) + 1
        room = x.shape[axis + 2] + 2 * pad - window
        if room < 0 or step < 1:
            return NotImplemented
        shape.append(room // step + 1)
    return _empty(shape, dtype=x.dtype, device=_META)


def _mean(x: torch.Tensor, axes: Any, keepdim: bool = False, **named: Any) -> Any:
    if named.get("dtype") not in (None, x.dtype) or not x.dtype.is_floating_point or not axes:
        return NotImplemented
    rank = x.dim()
    if any(not -rank <= axis < rank for axis in axes):
        return NotImplemented
    gone = {axis % rank for axis in axes}
    shape = [
        1 if axis in gone else size
        for axis, size in enumerate(x.shape)
        if keepdim or axis not in gone
    ]
    return _empty(shape, dtype=x.dtype, device=_META)


def _is_channels_last(tensor: torch.Tensor) -> bool:
    """Whether it has the strides that a result would inherit."""
    if tensor.dim() not in (4, 5) or tensor.is_contiguous():
        return False
    form = torch.channels_last if tensor.dim() == 4 else torch.channels_last_3d
    return tensor.is_contiguous(memory_format=form)


def _cat(tensors: Any, axis: int = 0) -> Any:
    if len(tensors) > 1:  # an empty one of one axis goes with any other
        tensors = [tensor for tensor in tensors if tuple(tensor.shape) != (0,)] or tensors
    first = tensors[0]
    rank = first.dim()
    if not rank or not -rank <= axis < rank:
        return NotImplemented
    axis %= rank
    total = 0
    for tensor in tensors:
        if tensor.dim() != rank or tensor.dtype is not first.dtype or _is_channels_last(tensor):
            return NotImplemented
        if any(
            mine != other
            for place, (mine, other) in enumerate(zip(tensor.shape, first.shape, strict=True))
            if place != axis
        ):
            return NotImplemented
        total += tensor.shape[axis]
    shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    return _empty(shape, dtype=first.dtype, device=_META)
