"""archviz: pictures and checks of model architectures.

>>> import archviz
>>> model = archviz.load("model.onnx")  # doctest: +SKIP
>>> archviz.render(model, "model.svg")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archviz.api import load, render, summary
    from archviz.checking import check_gradients, gradient_flow
    from archviz.errors import ArchvizError
    from archviz.flow_figure import render_flow
    from archviz.ir import Model
    from archviz.notebook import show

__version__ = "0.1.0"
__all__ = [
    "ArchvizError",
    "Model",
    "__version__",
    "check_gradients",
    "gradient_flow",
    "load",
    "render",
    "render_flow",
    "show",
    "summary",
]

_HOMES = {
    "ArchvizError": "archviz.errors",
    "Model": "archviz.ir",
    "load": "archviz.api",
    "check_gradients": "archviz.checking",
    "gradient_flow": "archviz.checking",
    "render": "archviz.api",
    "render_flow": "archviz.flow_figure",
    "show": "archviz.notebook",
    "summary": "archviz.api",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in ("errors", "interop", "ir"):
        return import_module(f"archviz.{name}")
    raise AttributeError(f"module 'archviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "errors", "interop", "ir"])
