"""Layers, nodes, tensors and variables of live Keras objects, whichever version made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from archviz.importers.keras.config import Weight
from archviz.ir import Dim, TensorType
from archviz.reading.names import clean

_STATISTICS = ("moving_mean", "moving_variance")


def is_model(live: object) -> bool:
    """Whether it is a model rather than a layer."""
    return any(base.__name__ == "Model" for base in type(live).__mro__)


def type_of(tensor: Any) -> TensorType:
    """Shape and dtype of a tensor or variable."""
    dtype = tensor.dtype
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", str(dtype))
    try:
        dims = tuple(tensor.shape)
    except ValueError:  # TensorFlow's shape of unknown rank
        return TensorType(name.removesuffix("_ref"))
    shape: list[Dim] = [None if dim is None else int(dim) for dim in dims]
    return TensorType(name.removesuffix("_ref"), tuple(shape))


def is_symbolic(value: object) -> bool:
    """Whether it is a tensor between two calls."""
    return hasattr(value, "_keras_history") and hasattr(value, "shape")


def is_variable(value: object) -> bool:
    """Whether it holds trained numbers."""
    names = {base.__name__ for base in type(value).__mro__}
    return bool(names & {"KerasVariable", "Variable", "ResourceVariable", "BaseResourceVariable"})


def history_of(tensor: Any) -> tuple[Any, int, int]:
    """The operation that made a tensor, which of its calls, and which output."""
    operation, node, position = tensor._keras_history[:3]
    return operation, int(node), int(position)


def given_to(node: Any) -> tuple[Sequence[Any], dict[str, Any]]:
    """The arguments of a call, by position and by keyword."""
    arguments = getattr(node, "arguments", None)
    if arguments is not None:
        return arguments.args, arguments.kwargs
    return node.call_args or (), node.call_kwargs or {}


def tensors_of(node: Any) -> Iterator[tuple[Any, str]]:
    """The tensors that a call consumes, each with its keyword or ""."""
    args, kwargs = given_to(node)
    for value in args:
        for tensor in leaves(value):
            if is_symbolic(tensor):
                yield tensor, ""
    for key, value in kwargs.items():
        for tensor in leaves(value):
            if is_symbolic(tensor):
                yield tensor, clean(str(key))


def leaves(value: Any, depth: int = 0) -> Iterator[Any]:
    """What nested lists, tuples and dicts hold."""
    if isinstance(value, dict) and depth < 64:
        for inner in value.values():
            yield from leaves(inner, depth + 1)
    elif isinstance(value, list | tuple) and depth < 64:
        for inner in value:
            yield from leaves(inner, depth + 1)
    else:
        yield value


def arguments_of(node: Any) -> dict[str, Any]:
    """The arguments of a call that are neither tensors nor variables, as a file would have them."""
    args, kwargs = given_to(node)
    named = [(f"argument_{index}", value) for index, value in enumerate(args)]
    found = {}
    for name, value in [*named, *((clean(str(key)), value) for key, value in kwargs.items())]:
        inside = list(leaves(value))
        if value is None or not inside or any(is_symbolic(i) or is_variable(i) for i in inside):
            continue
        found[name] = described(value)
    return found


def described(value: Any, depth: int = 0) -> Any:
    """A value of a configuration as JSON would have it; objects by the name of their class."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth > 16:
        return "…"
    if isinstance(value, dict):
        return {str(key): described(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [described(inner, depth + 1) for inner in value]
    if isinstance(value, slice):
        ends = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": ends}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return described(value.item(), depth + 1)
    return type(value).__name__


def settings_of(operation: Any) -> dict[str, Any]:
    """The configuration of a layer; empty when its class does not tell."""
    try:
        config = operation.get_config()
    except Exception:  # the user's own code, which need not be fit for it
        config = {}
    found = described(config) if isinstance(config, dict) else {}
    found = {key: value for key, value in found.items() if key != "layers"}
    found["trainable"] = bool(getattr(operation, "trainable", True))
    return found


def outputs_of(node: Any) -> tuple[TensorType | None, ...]:
    """Types of what a call gives."""
    outputs = getattr(node, "output_tensors", None)
    if outputs is None:
        outputs = node.outputs
    return tuple(type_of(item) for item in leaves(outputs) if hasattr(item, "shape"))


class Variables:
    """Describes variables; one that several layers hold is described once."""

    def __init__(self) -> None:
        self._keys: dict[int, str] = {}

    def of(self, operation: Any, nodes: Sequence[Any] = ()) -> tuple[Weight, ...]:
        """The variables of a layer, or those that an operation is given."""
        held = list(getattr(operation, "weights", ()))
        if not held:
            for node in nodes:
                args, kwargs = given_to(node)
                held += [v for v in leaves([list(args), kwargs]) if is_variable(v)]
        return tuple(self._weight(variable, operation) for variable in held)

    def _weight(self, variable: Any, operation: Any) -> Weight:
        # The key never shows: the name of the first layer that holds the variable does.
        key = self._keys.setdefault(id(variable), f"variable {len(self._keys)}")
        path = str(getattr(variable, "path", "") or variable.name).removesuffix(":0")
        owner = str(getattr(operation, "path", "") or getattr(operation, "name", ""))
        role = path.removeprefix(f"{owner}/").replace("/", ".")
        if role == path.replace("/", ".") and "." in role:
            role = role.rpartition(".")[2]
        trainable = bool(getattr(variable, "trainable", True))
        by_layer = bool(getattr(operation, "trainable", True))
        is_buffer = role.rpartition(".")[2] in _STATISTICS or (by_layer and not trainable)
        type_ = type_of(variable)
        return Weight(clean(role), type_.shape or (), is_buffer, type_.dtype, trainable, key)
