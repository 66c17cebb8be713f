"""The tree of modules, without running anything."""

from __future__ import annotations

from typing import Any

import torch

from archviz.importers.torch.arguments import attribute, is_default
from archviz.importers.torch.recording import Recording
from archviz.ir import Attribute, Graph, Parameter, TensorType
from archviz.ir.module_tree import Module, graph_of

KINDS = {"parameter": "weight", "buffer": "buffer"}


def tree_of(module: torch.nn.Module, known: Recording) -> Graph:
    """A node for each module that has no parts; edges only where the order is certain.

    Args:
        module: The outermost.
        known: A recording that knows the module's parameters and buffers.
    """
    canonical = {alias: name for name, aliases in known.names_of.items() for alias in aliases}
    parameters = {}
    for name, (kind, tensor) in known.stored.items():
        lazy = isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin)
        type_ = TensorType(
            str(tensor.dtype).removeprefix("torch."), None if lazy else tuple(tensor.shape)
        )
        trainable = bool(tensor.requires_grad) if kind == "parameter" else None
        parameters[name] = Parameter(name, type_, KINDS[kind], trainable)

    seen: set[int] = set()

    def tree(part: torch.nn.Module, path: str) -> Module:
        seen.add(id(part))
        prefix = f"{path}." if path else ""
        own = [key for key in (*part._parameters, *part._buffers) if prefix + key in canonical]
        children = {
            name: tree(child, prefix + name)
            for name, child in part._modules.items()
            if child is not None and id(child) not in seen
        }
        return Module(
            type(part).__name__,
            settings(part),
            {key: parameters[canonical[prefix + key]] for key in own},
            children,
            is_sequence=type(part) is torch.nn.Sequential,
        )

    return graph_of(tree(module, ""), type(module).__name__)


def settings(module: Any) -> dict[str, Attribute]:
    """The module's own settings: what its class declares to be constant and is not default."""
    import inspect

    found: dict[str, Attribute] = {}
    try:
        declared = inspect.signature(type(module).__init__).parameters
    except (TypeError, ValueError):
        return found
    for name in getattr(type(module), "__constants__", ()):
        value = getattr(module, name, None)
        is_plain = name in declared and isinstance(value, bool | int | float | str | tuple)
        if is_plain and not is_default(value, declared[name].default):
            found[name] = attribute(value)
    return found
