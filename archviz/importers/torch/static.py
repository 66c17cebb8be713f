"""The tree of modules, without running anything."""

from __future__ import annotations

from typing import Any

import torch

from archviz.importers.torch.arguments import attribute
from archviz.importers.torch.recording import Recording
from archviz.ir import Attribute, Graph, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder

KINDS = {"parameter": "weight", "buffer": "buffer"}


def tree_of(module: torch.nn.Module, stored: Recording) -> Graph:
    """A node for each module that holds tensors or has no parts; there are no edges.

    Args:
        module: The outermost.
        stored: A recording that knows the module's parameters and buffers.
    """
    builder = GraphBuilder(type(module).__name__)
    canonical = {alias: name for name, aliases in stored.names_of.items() for alias in aliases}
    for name, (kind, tensor) in stored.stored.items():
        lazy = isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin)
        shape = None if lazy else tuple(tensor.shape)
        trainable = bool(tensor.requires_grad) if kind == "parameter" else None
        type_ = TensorType(str(tensor.dtype).removeprefix("torch."), shape)
        builder.parameter(Parameter(name, type_, KINDS[kind], trainable))
    for name, part in module.named_modules():
        path = tuple(name.split(".")) if name else ()
        own = [*part._parameters, *part._buffers]
        names = [canonical.get(f"{name}.{key}" if name else key) for key in own]
        uses = [
            ParameterUse(known, key)
            for key, known in zip(own, names, strict=True)
            if known is not None
        ]
        is_leaf = not part._modules
        if path:
            builder.scope(path, type(part).__name__)
        if (path and is_leaf) or uses:
            builder.node(
                type(part).__name__,
                parameters=tuple(uses),
                attributes=settings(part),
                scope=path if path else (),
            )
    return builder.build()


def settings(module: Any) -> dict[str, Attribute]:
    """The module's own settings: what its class declares to be constant."""
    found: dict[str, Attribute] = {}
    for name in getattr(type(module), "__constants__", ()):
        value = getattr(module, name, None)
        if isinstance(value, bool | int | float | str | tuple) and value != "":
            found[name] = attribute(value)
    return found
