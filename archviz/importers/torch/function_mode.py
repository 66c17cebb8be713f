"""The upper of the two modes: sees every call of PyTorch's Python API, above autograd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from archviz.importers.torch.ghost import Ghost
from archviz.importers.torch.higher_order import HigherOrder
from archviz.importers.torch.recorder import Recorder
from archviz.importers.torch.shape_rules import RECURRENT, attention, recurrent

_TENSOR = torch.Tensor
FACTS = frozenset(
    {
        *(getattr(_TENSOR, name).__get__ for name in ("shape", "dtype", "ndim", "layout")),
        _TENSOR.size, _TENSOR.dim, _TENSOR.numel, _TENSOR.stride, _TENSOR.is_contiguous,
        _TENSOR.is_floating_point, _TENSOR.is_complex, _TENSOR.element_size, _TENSOR.__len__,
    }
)  # fmt: skip
"""Functions that tell of a tensor what it is, and neither make, change nor read one."""

_attention = torch.nn.functional.scaled_dot_product_attention
Answer = Callable[[Any, Any, Any], Any]


class FunctionMode(TorchFunctionMode):
    """Hands each call to the recorder; what runs inside one call is part of its operation.

    Args:
        recorder: Records.
        ghost: The mode below when tensors have shapes alone, else None; some functions it answers
            without running them.
    """

    def __init__(self, recorder: Recorder, ghost: Ghost | None = None) -> None:
        super().__init__()
        self.recorder = recorder
        self.ghost = ghost
        self.answers: Mapping[Any, Answer] = {} if ghost is None else ghost.answers()
        self._handle = recorder.handle
        self._has_cuda = torch.cuda.is_available()
        self._higher_order = HigherOrder(self, recorder, is_ghost=ghost is not None)

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named: Any = kwargs or {}
        answer, is_api = None, True
        try:
            if func in FACTS:
                return func(*args, **named)
            answer = self.answers.get(func)
        except TypeError:  # not hashable
            is_api = False
        if not self._has_cuda:
            if named and _is_cuda(named.get("device")):
                named = {**named, "device": "cpu"}
            if func is _TENSOR.cuda:
                return args[0]
            if func is _TENSOR.to:
                args = tuple(["cpu" if _is_cuda(item) else item for item in args])
        if answer is not None:
            result = answer(func, args, named)
            if result is not NotImplemented:
                return result
        if isinstance(func, torch._ops.HigherOrderOperator):
            return self._higher_order.run(func, args, named)
        ghost = self.ghost
        if ghost is not None:
            is_lowered = torch.is_autocast_enabled("cpu")
            ghost.precision = torch.get_autocast_dtype("cpu") if is_lowered else None
            if func is _attention:
                if not is_lowered and len(args) >= 3:
                    func = attention(func)
            elif len(args) >= 8 and getattr(func, "__name__", "") in RECURRENT:
                func = recurrent(func)
        return self._handle(func, args, named, is_api=is_api)


def _is_cuda(device: object) -> bool:
    if isinstance(device, str):
        return device.startswith("cuda")
    return isinstance(device, torch.device) and device.type == "cuda"
