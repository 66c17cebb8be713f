"""Calling a live model or layer once, on tensors without values, to see what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from archviz.importers.keras.live_parts import given_to, is_symbolic, type_of


class NoCallError(Exception):
    """A call that cannot be recorded.

    Args:
        message: Why.
        needs_shapes: Whether shapes of the inputs would help.
    """

    def __init__(self, message: str, needs_shapes: bool = False) -> None:
        super().__init__(message)
        self.needs_shapes = needs_shapes


def recorded_call(
    keras: Any, live: Any, bindings: Mapping[str, Sequence[int]], node: Any = None
) -> Any:
    """A functional model of what ``live`` does when it is called.

    Args:
        keras: The package it comes from.
        live: The model or layer, which stays as it is.
        bindings: Shapes by the name of an argument.
        node: A call of it that was recorded from outside, whose arguments are used.

    Raises:
        NoCallError: Its inputs are not known, or it does what tensors without values do not bear.
    """
    failure = ""
    for dtype in ("float32", "int32"):
        if node is not None:
            inputs, args, kwargs = _as_given(keras, node)
        else:
            inputs, args, kwargs = _made_up(keras, live, bindings, dtype)
        try:
            outputs = live.call(*args, **kwargs)
            return keras.Model(inputs, outputs)
        except Exception as error:  # the user's own code may raise anything
            failure = failure or f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"
        if node is not None or _states_dtypes(live):
            break
    raise NoCallError(f"its code does not run on tensors without values ({failure})")


def _as_given(keras: Any, node: Any) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Fresh inputs in place of the tensors that a recorded call was given."""
    inputs: list[Any] = []

    def fresh(value: Any) -> Any:
        if is_symbolic(value):
            type_ = type_of(value)
            inputs.append(_input(keras, type_.shape or (), type_.dtype, f"argument_{len(inputs)}"))
            return inputs[-1]
        if isinstance(value, dict):
            return {key: fresh(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(fresh(inner) for inner in value)
        return value

    args, kwargs = given_to(node)
    made = [fresh(value) for value in args]
    return inputs, made, {k: fresh(v) for k, v in kwargs.items() if v is not None}


def _made_up(
    keras: Any, live: Any, bindings: Mapping[str, Sequence[int]], dtype: str
) -> tuple[Any, list[Any], dict[str, Any]]:
    """Inputs of the shapes that the user gives, or that the model was built with."""
    if bindings:
        made = {n: _input(keras, tuple(s), dtype, n) for n, s in bindings.items()}
        if len(made) == 1:
            return list(made.values()), list(made.values()), {}
        return list(made.values()), [], made
    known = getattr(live, "_build_shapes_dict", None)
    if isinstance(known, dict) and known:
        names = [str(name).removesuffix("_shape") for name in known]
        shapes = list(known.values())
        if len(shapes) == 1:
            made_up = _nested(keras, shapes[0], dtype, names[0])
            return _leaves(made_up), [made_up], {}
        given = {
            name: _nested(keras, shape, dtype, name)
            for name, shape in zip(names, shapes, strict=True)
        }
        return [leaf for value in given.values() for leaf in _leaves(value)], [], given
    built = getattr(live, "_build_input_shape", None)
    if built is None:
        specification = getattr(live, "_saved_model_inputs_spec", None)
        built = getattr(specification, "shape", None)
    if built is None:
        raise NoCallError("the model has not been called, so that its inputs are not known", True)
    made_up = _nested(keras, built, dtype, "input")
    return _leaves(made_up), [made_up], {}


def _nested(keras: Any, shape: Any, dtype: str, name: str) -> Any:
    """Inputs for one argument, which may be a list or a dict of tensors."""
    if isinstance(shape, dict):
        return {key: _nested(keras, inner, dtype, str(key)) for key, inner in shape.items()}
    dims = list(shape)
    if dims and all(isinstance(dim, list | tuple) for dim in dims):
        return [_nested(keras, dim, dtype, f"{name}_{i}") for i, dim in enumerate(dims)]
    return _input(keras, (None, *dims[1:]), dtype, name)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]


def _input(keras: Any, shape: Sequence[Any], dtype: str, name: str) -> Any:
    safe = "".join(char if char.isalnum() or char in "_." else "_" for char in name) or "input"
    settings = {"dtype": dtype, "name": safe}
    if keras.__name__ == "keras" and not str(keras.__version__).startswith("2."):
        return keras.Input(batch_shape=tuple(shape), **settings)
    return keras.Input(shape=tuple(shape[1:]), batch_size=shape[0] if shape else None, **settings)


def _states_dtypes(live: Any) -> bool:
    return getattr(live, "_saved_model_inputs_spec", None) is not None


@contextmanager
def left_as_it_is(live: Any) -> Iterator[None]:
    """Takes back the calls that layers note down meanwhile."""
    noted: list[tuple[list[Any], int]] = []
    layers = live._flatten_layers() if hasattr(live, "_flatten_layers") else ()
    for layer in layers:
        nodes = getattr(layer, "_inbound_nodes", None)
        if isinstance(nodes, list):
            noted.append((nodes, len(nodes)))
    try:
        yield
    finally:
        for nodes, length in noted:
            del nodes[length:]
