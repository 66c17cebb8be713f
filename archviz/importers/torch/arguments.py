"""Names and defaults of an API function's arguments, and their values as attributes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import torch

from archviz.importers.torch.recording import Operation, Reference
from archviz.ir import Attribute

LONGEST_TEXT = 200
"""Characters of an attribute's text."""

UNSAID = frozenset(
    {
        "device", "layout", "pin_memory", "requires_grad", "inplace", "out", "generator",
        "memory_format", "non_blocking", "_stacklevel", "copy",
    }
)  # fmt: skip
"""Arguments that say how a result is stored, not what is computed."""

_NO_DEFAULT = inspect.Parameter.empty


class Argument(NamedTuple):
    """One argument of a function.

    Attributes:
        name: As the function declares it.
        default: What it is when not given.
        is_list: Whether it takes several numbers, which may also be written one by one.
        takes_tensor: Whether it takes a tensor.
    """

    name: str
    default: Any = _NO_DEFAULT
    is_list: bool = False
    takes_tensor: bool = False


def named_arguments(operation: Operation) -> Iterator[tuple[str, Any, Any]]:
    """Name, value and default of every argument given, in order."""
    arguments = _arguments(operation)
    given = operation.args
    for position, value in enumerate(given):
        if position >= len(arguments):
            yield f"argument_{position}", value, _NO_DEFAULT
            continue
        argument = arguments[position]
        if argument.is_list and type(value) is int and position + 1 == len(arguments):
            yield argument.name, tuple(given[position:]), argument.default
            break
        if argument.is_list and type(value) is int and _are_numbers(given[position:]):
            yield argument.name, tuple(given[position:]), argument.default
            break
        yield argument.name, value, argument.default
    if operation.kwargs:
        defaults = {argument.name: argument.default for argument in arguments}
        for name, value in operation.kwargs.items():
            yield name, value, defaults.get(name, _NO_DEFAULT)


def _are_numbers(values: tuple[Any, ...]) -> bool:
    return len(values) > 1 and all(type(value) is int for value in values)


def _arguments(operation: Operation) -> tuple[Argument, ...]:
    if operation.name in ("__getitem__", "__setitem__"):
        return (Argument("self"), Argument("key"), Argument("value"))
    function = operation.function
    try:
        declared = _of_signature(function)
    except TypeError:  # not hashable
        declared = None
    if declared is not None:
        return declared
    sorts = tuple([_sort_of(value) for value in operation.args])
    return _of_built_in(operation.name, sorts, tuple(operation.kwargs))


def _sort_of(value: Any) -> str:
    """What of a value tells kernels of one name apart: "tensor", "bool", "none" or else ""."""
    kind = type(value)
    if kind is Reference:
        return "tensor"
    if kind is list or kind is tuple:
        return "tensor" if any(type(item) is Reference for item in value) else ""
    if kind is bool:
        return "bool"
    return "none" if value is None else ""


@cache
def _of_signature(function: Any) -> tuple[Argument, ...] | None:
    """The arguments of a function written in Python; None for a built-in one."""
    kernel = getattr(function, "kernel", None)
    if kernel is not None:
        return _of_schema(kernel._schema)
    if isinstance(function, torch._ops.OpOverload):
        return _of_schema(function._schema)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    found = []
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            return None
        found.append(Argument(parameter.name, parameter.default))
    return tuple(found)


@cache
def _of_schemas(name: str) -> tuple[tuple[Argument, ...], ...]:
    """The arguments of every kernel of that name, in the order of their declaration."""
    schemas = torch._C._jit_get_schemas_for_operator(f"aten::{name}")
    return tuple(_of_schema(schema) for schema in schemas if not _writes_to_out(schema))


def _writes_to_out(schema: Any) -> bool:
    return any(argument.is_out for argument in schema.arguments)


def _of_schema(schema: Any) -> tuple[Argument, ...]:
    return tuple(
        Argument(
            argument.name,
            argument.default_value if argument.has_default_value() else _NO_DEFAULT,
            str(argument.type).startswith("List[int"),
            "Tensor" in str(argument.type),
        )
        for argument in schema.arguments
    )


@cache
def _of_built_in(name: str, sorts: tuple[str, ...], named: tuple[str, ...]) -> tuple[Argument, ...]:
    """The arguments of the first kernel of that name which takes what was given."""
    candidates = _of_schemas(name)
    for candidate in candidates:
        if _fits(candidate, sorts, named):
            return candidate
    return candidates[0] if candidates else ()


def _fits(arguments: tuple[Argument, ...], sorts: tuple[str, ...], named: tuple[str, ...]) -> bool:
    names = {argument.name for argument in arguments}
    if any(name not in names for name in named):
        return False
    if len(sorts) > len(arguments) and not any(argument.is_list for argument in arguments):
        return False
    for sort, argument in zip(sorts, arguments, strict=False):
        if sort == "none":
            continue
        if (sort == "tensor") != argument.takes_tensor:
            return False
        if sort == "bool" and argument.is_list:
            return False
    return True


def is_default(value: Any, default: Any) -> bool:
    """Whether ``value`` is what the function takes when it is not given."""
    if default is _NO_DEFAULT:
        return False
    if value is default:
        return True
    try:
        if type(value) in (list, tuple) and not isinstance(default, list | tuple):
            return bool(value) and all(item == default for item in value)
        if type(value) in (list, tuple):
            return list(value) == list(default)
        return bool(value == default) and type(value) is type(default)
    except (TypeError, ValueError, RuntimeError):
        return False


def attribute(value: Any) -> Attribute:
    """``value`` as an attribute; a text where it is nothing that an attribute can hold."""
    if value is None or isinstance(value, bool | int | str):
        return value[:LONGEST_TEXT] if isinstance(value, str) else value
    if isinstance(value, float):
        return value
    if isinstance(value, torch.dtype | torch.device | torch.layout | torch.memory_format):
        return str(value).removeprefix("torch.")
    if isinstance(value, complex):
        return str(value)
    if isinstance(value, list | tuple):
        return tuple(attribute(item) for item in value)
    if isinstance(value, slice):
        return index_text(value)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return attribute(value.item())
    return getattr(value, "__name__", type(value).__name__)


def index_text(index: Any) -> str:
    """An index as it is written between brackets: ":, -1"."""
    if isinstance(index, tuple | list) and not (
        isinstance(index, list) and all(isinstance(item, int) for item in index)
    ):
        return ", ".join(map(index_text, index))[:LONGEST_TEXT]
    if index is Ellipsis:
        return "..."
    if isinstance(index, slice):
        ends = ["" if end is None else index_text(end) for end in (index.start, index.stop)]
        step = "" if index.step is None else f":{index_text(index.step)}"
        return ":".join(ends) + step
    if isinstance(index, Reference):
        return "tensor"
    return str(index)[:LONGEST_TEXT]
