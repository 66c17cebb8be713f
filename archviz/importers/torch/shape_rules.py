"""Shapes of results that PyTorch's own meta kernels do not give, or only slowly."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from archviz.importers.torch.identity import paused

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
"""Functions of torch._VF that run a whole recurrent layer; their meta kernels unroll time."""


@cache
def recurrent(function: Any) -> Callable[..., Any]:
    """A function like a recurrent layer's that makes tensors of the right shapes alone."""

    def shaped(*args: Any, **kwargs: Any) -> Any:
        with paused():
            is_packed = isinstance(args[1], torch.Tensor) and args[1].dtype == torch.int64
            x, state, weights = args[0], args[2 if is_packed else 1], args[3 if is_packed else 2]
            states = state if isinstance(state, tuple | list) else (state,)
            width = states[0].shape[-1] * (2 if args[8 if is_packed else 7] else 1)
            shapes = [(*x.shape[:-1], width), *[tuple(item.shape) for item in states]]
            return _Shaped.apply(shapes, x, *states, *weights)

    return _named(shaped, function)


@cache
def attention(function: Any) -> Callable[..., Any]:
    """``scaled_dot_product_attention`` in one step, where its operands plainly fit."""

    def shaped(query: Any, key: Any, value: Any, *rest: Any, **named: Any) -> Any:
        given = (query, key, value, *rest, *named.values())
        tensors = [item for item in given if isinstance(item, torch.Tensor)]
        with paused():
            is_plain = (
                query.is_meta
                and query.dim() == key.dim() == value.dim() == 4
                and query.dtype is key.dtype is value.dtype
                and query.shape[0] == key.shape[0] == value.shape[0]
                and query.shape[-1] == key.shape[-1]
                and key.shape[1:3] == value.shape[1:3]
                and (query.shape[1] == key.shape[1] or named.get("enable_gqa"))
            )
            if is_plain:
                shape = (*query.shape[:-1], value.shape[-1])
                if not torch.is_grad_enabled():
                    return torch.empty(shape, dtype=query.dtype, device="meta")
                return _Shaped.apply([shape], *tensors)[0]
        return function(query, key, value, *rest, **named)

    return _named(shaped, function)


def _named(shaped: Callable[..., Any], function: Any) -> Callable[..., Any]:
    """A function that makes shapes alone, by the name of the one that it stands for."""
    shaped.__name__ = function.__name__
    shaped.gives_shapes = True  # type: ignore[attr-defined]
    return shaped


class _Shaped(torch.autograd.Function):
    """Tensors of given shapes that autograd takes for results of all given tensors."""

    @staticmethod
    def forward(ctx: Any, shapes: list[tuple[int, ...]], *tensors: torch.Tensor) -> Any:
        ctx.save_for_backward(*tensors)
        return tuple(torch.empty(s, dtype=tensors[0].dtype, device="meta") for s in shapes)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return (None, *[torch.empty_like(tensor) for tensor in ctx.saved_tensors])


def grouped_matrix_product(*args: Any, **kwargs: Any) -> torch.Tensor:
    """The shape of ``aten::_grouped_mm``: one matrix product a group of rows."""
    left, right = args[0], args[1]
    dtype = kwargs.get("out_dtype") or (args[4] if len(args) > 4 else None) or left.dtype
    if left.dim() == 2 and right.dim() == 3:
        shape: tuple[int, ...] = (left.shape[0], right.shape[2])
    elif left.dim() == 2:
        offsets = args[2] if len(args) > 2 else kwargs["offs"]
        shape = (offsets.shape[0], left.shape[0], right.shape[1])
    elif right.dim() == 3:
        shape = (left.shape[0], left.shape[1], right.shape[2])
    else:
        shape = (left.shape[1], right.shape[1])
    return torch.empty(shape, dtype=dtype, device="meta")


def kernel_rules() -> dict[Any, Callable[..., Any]]:
    """Rules by kernel."""
    aten = torch.ops.aten
    rules: dict[Any, Callable[..., Any]] = {}
    if hasattr(aten, "_grouped_mm"):
        rules[aten._grouped_mm.default] = grouped_matrix_product
    return rules
