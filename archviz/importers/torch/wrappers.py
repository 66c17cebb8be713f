"""What a target is under what PyTorch wraps around it."""

from __future__ import annotations

from typing import Any

import torch

_MODULE_WRAPPERS = ("DataParallel", "DistributedDataParallel", "FullyShardedDataParallel")


def unwrapped(target: Any) -> Any:
    """The module that was compiled, or that is run in parallel; the target itself otherwise."""
    while True:
        kind = type(target)
        if kind.__module__.startswith("torch.") and kind.__name__ in _MODULE_WRAPPERS:
            target = target.module
        elif kind.__module__.startswith("torch._dynamo") and hasattr(target, "_orig_mod"):
            target = target._orig_mod
        elif hasattr(target, "_torchdynamo_orig_callable"):
            target = target._torchdynamo_orig_callable
        else:
            return target


def is_lazy(module: torch.nn.Module) -> bool:
    """Whether parameters get their shapes in the first call, which a recording must not make."""
    lazy = torch.nn.parameter.UninitializedTensorMixin
    return any(isinstance(tensor, lazy) for tensor in (*module.parameters(), *module.buffers()))


def bytes_of(module: Any) -> int:
    """Bytes of all stored tensors, whether there or on the meta device; 0 for what has none."""
    if not isinstance(module, torch.nn.Module):
        return 0
    lazy = torch.nn.parameter.UninitializedTensorMixin
    stored = [*module.parameters(), *module.buffers()]
    return sum(t.numel() * t.element_size() for t in stored if not isinstance(t, lazy))


def is_weightless(module: Any) -> bool:
    """Whether some stored tensors have no contents, so that nothing real can be computed."""
    if not isinstance(module, torch.nn.Module):
        return False
    return any(tensor.is_meta for tensor in (*module.parameters(), *module.buffers()))
