"""The gradient check of live Keras 3 models, on the backend that Keras runs on.

On PyTorch a layer is a module, and the check is PyTorch's. On TensorFlow one call is traced as a
function graph, whose operations pass gradient by the gradient registry; on JAX as a jaxpr, whose
primitives have zero derivatives by their own rules. In both a real backward pass then tells what is
None, zero or not finite.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from archviz.analysis.gradient.report import GradientReport
from archviz.errors import ArchvizError, ImporterError, OptionError
from archviz.importers import first_line
from archviz.source import Source, attribute

BACKENDS = ("torch", "tensorflow", "jax")


def check(
    model: Any,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Callable[..., Any] | None = None,
    target: Any = None,
    source: str = "",
    modules: Callable[..., GradientReport],
) -> GradientReport:
    """Which variables of a Keras model get gradient from this call, and what keeps it from others.

    Args:
        model: A built model or layer; it is called in training mode where it has one.
        args: Positional arguments, tensors of the backend or arrays.
        kwargs: Named arguments.
        loss: A function of the result, and of ``target`` when there is one.
        target: What the loss compares the result with.
        source: What the model is called.
        modules: The check of PyTorch modules, for models on that backend.

    Raises:
        OptionError: The model has no variables yet, or the backend is another one.
        ImporterError: The call raised.
    """
    keras = importlib.import_module("keras")
    name = source or type(model).__name__
    if not model.built or not model.variables:
        raise OptionError(
            f"{name}: this {type(model).__name__} has no variables yet", "call it once before"
        )
    backend = str(keras.backend.backend())
    given = {**_training(model), **(kwargs or {})}
    run = _backend(backend, name)
    if backend == "torch":
        run = partial(run, modules=modules)
    try:
        return run(model, args, given, loss=loss, target=target, source=name)
    except ArchvizError:
        raise
    except Exception as error:  # the model's own code may raise anything
        raise ImporterError(
            f"{name} raised {type(error).__name__}: {first_line(error)}",
            "run the same call by itself, and check the inputs",
        ) from error


def _backend(backend: str, name: str) -> Callable[..., GradientReport]:
    if backend not in BACKENDS:
        raise OptionError(
            f"{name}: gradients are not checked on Keras's backend {backend!r}",
            f"set KERAS_BACKEND to one of: {', '.join(BACKENDS)}",
        )
    module = importlib.import_module(f"archviz.importers.keras.gradient.on_{backend}")
    found: Callable[..., GradientReport] = getattr(module, f"check_{backend}")
    return found


def _training(model: Any) -> dict[str, bool]:
    """The argument that puts a call in training mode, where the call has one."""
    is_graph = hasattr(model, "_functional") or hasattr(model, "_nodes_by_depth")
    takes = getattr(model, "_call_has_training_arg", False) or is_graph
    return {"training": True} if takes else {}


def check_source(
    source: Source,
    *,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    input: tuple[str, ...] = (),
    loss: str | Callable[..., Any] | None = None,
    target: str = "",
    modules: Callable[..., GradientReport],
) -> GradientReport:
    """The gradient check of the live Keras model in ``source``.

    Args:
        source: Names or holds a model.
        args: Positional arguments.
        kwargs: Named arguments.
        input: Shapes of inputs, "8x28x28x1" or "int32:8x128"; those that the model states, two
            rows of each, when there are none.
        loss: The loss function, or "package.module:function".
        target: The loss's target, written as an input is.
        modules: The check of PyTorch modules, for models on that backend.

    Raises:
        ArchvizError: It cannot be called, or the call raises.
    """
    model = source.object
    given = args or tuple(_made(text) for text in input) or _stated(model)
    if not given:
        raise OptionError(
            f"{source.name}: nothing tells what input this {type(model).__name__} takes",
            "give it, as in --input 8x28x28x1",
        )
    function = attribute(loss) if isinstance(loss, str) and loss else loss or None
    goal = _made(target) if target else None
    return check(
        model, given, kwargs, loss=function, target=goal, source=source.name, modules=modules
    )


def _stated(model: Any) -> tuple[Any, ...]:
    """Inputs as a functional or sequential model states them."""
    try:
        inputs = list(model.inputs or ())
    except (AttributeError, ValueError):
        return ()
    found = [_random(tuple(2 if d is None else d for d in i.shape), str(i.dtype)) for i in inputs]
    return (found if len(found) > 1 else found[0],) if found else ()


def _made(text: str) -> Any:
    dtype, _, shape = text.rpartition(":")
    if not re.fullmatch(r"\d+([x×,]\d+)*", shape):
        raise OptionError(f"--input {text} cannot be read", "write 8x28x28x1 or int32:8x128")
    return _random(tuple(int(part) for part in re.split("[x×,]", shape)), dtype or "float32")


def _random(shape: tuple[int, ...], dtype: str) -> Any:
    import numpy as np

    generator = np.random.default_rng(0)
    if dtype.startswith(("float", "bfloat")):
        return generator.random(shape, "float32")
    return (1 - np.arange(int(np.prod(shape))) % 2).reshape(shape).astype(dtype)
