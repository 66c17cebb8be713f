"""One way to look at estimators, whether from a pickle, from a skops file or alive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archviz.reading.pickles import Global, Instance

MAX_SEARCHED = 100_000
"""Containers that are searched for estimators."""


class Part:
    """An object of a library: its class by name, and its attributes.

    Attributes:
        module: Dotted name of the class's module.
        name: Name of the class.
        args: What it was made with, where a pickle says.
        attributes: By name.
        origin: What it was made from: an Instance or the live object.
    """

    __slots__ = ("args", "attributes", "module", "name", "origin")

    def __init__(
        self,
        module: str,
        name: str,
        attributes: Mapping[str, Any],
        args: tuple[Any, ...] = (),
        origin: object = None,
    ) -> None:
        self.module = module
        self.name = name
        self.attributes = attributes
        self.args = args
        self.origin = origin

    @property
    def library(self) -> str:
        """The package that the class is from."""
        return self.module.partition(".")[0]

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute as it is."""
        return self.attributes.get(name, default)

    def part(self, name: str) -> Part | None:
        """An attribute that is an object."""
        return part_of(self.attributes.get(name))

    def parts(self, name: str) -> list[Part]:
        """An attribute that is a list or an array of objects, nested ones in row order.

        One that occurs again is left out, for files can repeat what they hold endlessly.
        """
        found: list[Part] = []
        seen: dict[int, None] = {}
        stack: list[Any] = [self.attributes.get(name)]
        while stack and len(seen) <= MAX_SEARCHED:
            value = stack.pop()
            if id(value) in seen:
                continue
            seen[id(value)] = None
            if hasattr(value, "dtype") and hasattr(value, "reshape"):
                value = value.reshape(-1).tolist() if value.dtype == object else []
            if isinstance(value, list | tuple):
                stack += reversed(value)
            elif (part := part_of(value)) is not None:
                found.append(part)
        return found

    def text(self, name: str) -> str:
        """An attribute that is text, else ""."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str, default: float) -> float:
        """An attribute that is a number, else ``default``."""
        return number_of(self.attributes.get(name), default)

    def names(self, name: str) -> tuple[str, ...]:
        """An attribute that is a list or an array of names, as text."""
        return names_of(self.attributes.get(name))


def number_of(value: Any, default: float) -> float:
    """A scalar of Python or NumPy as a float, else ``default``."""
    value = value.item() if hasattr(value, "item") and getattr(value, "size", 1) == 1 else value
    return float(value) if isinstance(value, int | float) else default


def names_of(value: Any) -> tuple[str, ...]:
    """A list or an array of labels as text; () for anything else."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        return ()
    return tuple(_label(item) for item in value)


def _label(item: Any) -> str:
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    if isinstance(item, float) and item.is_integer() and abs(item) < 1e15:
        return str(int(item))
    return item if isinstance(item, str) else str(item) if isinstance(item, int | float) else "?"


def part_of(value: Any) -> Part | None:
    """The object that ``value`` is or describes, None when it is none of a library."""
    if isinstance(value, Part):
        return value
    if isinstance(value, Instance):
        if not isinstance(value.callable, Global):
            return None
        made = value.callable
        attributes = {k: v for k, v in value.attributes.items() if isinstance(k, str)}
        return Part(made.module, made.name, attributes, value.args, value)
    cls = type(value)
    if cls.__module__ in ("builtins", "numpy") or isinstance(value, type):
        return None
    return Part(cls.__module__, cls.__name__, _attributes_of(value), _args_of(value), value)


def _attributes_of(value: Any) -> Mapping[str, Any]:
    if type(value).__name__ == "Tree":
        state = value.__getstate__()
        return state if isinstance(state, dict) else {}
    return vars(value) if hasattr(value, "__dict__") else {}


def _args_of(value: Any) -> tuple[Any, ...]:
    if type(value).__name__ != "Tree":
        return ()
    args = value.__reduce__()[1]
    return args if isinstance(args, tuple) else ()


def is_estimator(part: Part) -> bool:
    """Whether an object is something that predicts or transforms."""
    if part.library == "sklearn":
        return (
            "_sklearn_version" in part.attributes
            or part.name
            in (
                "Pipeline",
                "ColumnTransformer",
            )
            or any(key.endswith("_") and not key.startswith("_") for key in part.attributes)
        )
    return part.name in ("Booster",) or "_Booster" in part.attributes or part.library == "catboost"


def find_estimators(root: Any) -> list[tuple[str, Part]]:
    """The outermost estimators in nested containers, each with the keys that lead to it."""
    found: list[tuple[str, Part]] = []
    seen: dict[int, None] = {}
    stack: list[tuple[str, Any]] = [("", root)]
    while stack and len(seen) < MAX_SEARCHED:
        path, value = stack.pop()
        if id(value) in seen:
            continue
        if isinstance(value, dict):
            seen[id(value)] = None
            stack += [(f"{path}/{k}".strip("/")[:200], v) for k, v in reversed(value.items())]
        elif isinstance(value, list | tuple):
            seen[id(value)] = None
            numbered = list(enumerate(value[:1000]))
            stack += [(f"{path}/{k}".strip("/")[:200], v) for k, v in reversed(numbered)]
        else:
            part = part_of(value)
            if part is None:
                continue
            seen[id(value)] = None
            if is_estimator(part):
                found.append((path, part))
            elif isinstance(value, Instance):
                stack += [(path, item) for item in reversed(list(part.attributes.values()))]
    return found
