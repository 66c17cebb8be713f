"""What is known of the functions that TorchScript code calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "_convolution": (
        "input", "weight", "bias", "stride", "padding", "dilation", "transposed",
        "output_padding", "groups",
    ),
    "conv1d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv2d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv3d": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv_transpose2d": (
        "input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation",
    ),
    "linear": ("input", "weight", "bias"),
    "batch_norm": ("input", "weight", "bias", "running_mean", "running_var", "training"),
    "layer_norm": ("input", "normalized_shape", "weight", "bias", "eps"),
    "group_norm": ("input", "num_groups", "weight", "bias", "eps"),
    "embedding": ("weight", "indices", "padding_idx"),
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "avg_pool2d": ("input", "kernel_size", "stride", "padding", "ceil_mode"),
    "adaptive_avg_pool2d": ("input", "output_size"),
    "flatten": ("input", "start_dim", "end_dim"),
    "dropout": ("input", "p", "train"),
    "softmax": ("input", "dim"),
    "log_softmax": ("input", "dim"),
    "cat": ("tensors", "dim"),
    "stack": ("tensors", "dim"),
    "split": ("input", "size", "dim"),
    "chunk": ("input", "chunks", "dim"),
    "transpose": ("input", "dim0", "dim1"),
    "permute": ("input", "dims"),
    "view": ("input", "size"),
    "reshape": ("input", "shape"),
    "expand": ("input", "size"),
    "unsqueeze": ("input", "dim"),
    "squeeze": ("input", "dim"),
    "select": ("input", "dim", "index"),
    "slice": ("input", "dim", "start", "end", "step"),
    "mean": ("input", "dim", "keepdim"),
    "sum": ("input", "dim", "keepdim"),
    "add": ("input", "other", "alpha"),
    "sub": ("input", "other", "alpha"),
    "mul": ("input", "other"),
    "div": ("input", "other"),
    "pow": ("input", "exponent"),
    "matmul": ("input", "other"),
    "scaled_dot_product_attention": (
        "query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale",
    ),
    "gelu": ("input", "approximate"),
    "lstm": ("input", "hx", "weights", "has_biases", "num_layers", "dropout", "train",
             "bidirectional", "batch_first"),
    "gru": ("input", "hx", "weights", "has_biases", "num_layers", "dropout", "train",
            "bidirectional", "batch_first"),
}  # fmt: skip
"""Names of arguments by function, for those whose settings are worth showing."""

IN_SHAPES = frozenset({
    "size", "dim", "len", "numel", "device", "dtype", "layout", "is_cuda", "is_floating_point",
    "ndimension", "Int", "Float", "Bool", "IntImplicit", "FloatImplicit", "ScalarImplicit",
    "ComplexImplicit", "item", "stride", "storage_offset", "requires_grad", "is_contiguous",
    "is_sparse", "is_complex",
})  # fmt: skip
"""Functions that read a tensor and give a number: what comes of them is not followed."""

WITHOUT_RESULT = frozenset({"format", "warn", "RaiseException", "print", "manual_seed"})

CREATING = frozenset({
    "arange", "empty", "eye", "full", "linspace", "ones", "rand", "randn", "randint", "randperm",
    "scalar_tensor", "tensor", "tril_indices", "triu_indices", "zeros", "hann_window",
})  # fmt: skip
"""Functions that make a tensor of numbers alone."""

MAX_LIST = 10_000


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float)


def _numbers(operation: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def compute(one: Any, other: Any, *_: Any) -> Any:
        if not (_is_number(one) and _is_number(other)):
            raise TypeError
        return operation(one, other)

    return compute


def _add(one: Any, other: Any, *_: Any) -> Any:
    if isinstance(one, list) and isinstance(other, list) and len(one) + len(other) <= MAX_LIST:
        return one + other
    if not (_is_number(one) and _is_number(other)):
        raise TypeError
    return one + other


PURE: Mapping[str, Callable[..., Any]] = {
    "__is__": lambda one, other: one is other,
    "__isnot__": lambda one, other: one is not other,
    "__not__": lambda one: not one,
    "__and__": lambda one, other: one and other,
    "__or__": lambda one, other: one or other,
    "__contains__": lambda one, other: other in one,
    "eq": lambda one, other: one == other,
    "ne": lambda one, other: one != other,
    "lt": _numbers(lambda one, other: one < other),
    "le": _numbers(lambda one, other: one <= other),
    "gt": _numbers(lambda one, other: one > other),
    "ge": _numbers(lambda one, other: one >= other),
    "add": _add,
    "sub": _numbers(lambda one, other: one - other),
    "mul": _numbers(lambda one, other: one * other),
    "div": _numbers(lambda one, other: one / other),
    "floordiv": _numbers(lambda one, other: one // other),
    "remainder": _numbers(lambda one, other: one % other),
    "min": _numbers(min),
    "max": _numbers(max),
    "neg": lambda one: -one,
    "len": len,
    "Int": int,
    "Float": float,
    "Bool": bool,
}
"""Functions of plain values that are computed; of bounded size whatever they are given."""
