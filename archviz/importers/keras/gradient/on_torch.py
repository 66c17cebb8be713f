"""Keras on PyTorch: PyTorch's check, with variables under the names that Keras gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archviz.analysis.gradient.report import GradientReport
from archviz.records import replace


def check_torch(
    model: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    loss: Callable[..., Any] | None,
    target: Any,
    source: str,
    modules: Callable[..., GradientReport],
) -> GradientReport:
    """The check of a layer that is a PyTorch module, by ``modules``, the check of those."""
    import keras
    import torch

    def tensor(value: Any) -> Any:
        is_array = hasattr(value, "__array__") and not isinstance(value, torch.Tensor)
        return keras.ops.convert_to_tensor(value) if is_array else value

    named = {key: tensor(value) for key, value in kwargs.items()}
    report = modules(
        model, tuple(map(tensor, args)), named, loss=loss, target=tensor(target), source=source
    )
    by_tensor = {id(tensor): name for name, tensor in model.named_parameters()}
    names = {
        variable.path: by_tensor[id(variable.value)]
        for variable in model.variables
        if id(variable.value) in by_tensor
    }
    known = {
        path: report.parameters[name] for path, name in names.items() if name in report.parameters
    }
    left = {
        name.rpartition("_torch_params.")[2]: item
        for name, item in report.parameters.items()
        if name not in names.values()
    }
    return replace(
        report,
        parameters={**known, **left},
        observations=tuple(
            replace(item, subject=item.subject.rpartition("_torch_params.")[2])
            for item in report.observations
        ),
        facts={**report.facts, "keras": keras.__version__, "backend": "torch"},
    )
