"""Making and changing frozen values quickly, for models with a million of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def quick(cls: Callable[..., T]) -> Callable[..., T]:
    """A constructor like ``cls``, a frozen dataclass with slots, that takes a quarter of the time.

    The constructor of a frozen dataclass sets each field through ``object.__setattr__``. This one
    fills an object of a twin class that is not frozen, and then makes it one of ``cls``.
    """
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    namespace: dict[str, Any] = {"cls": cls}
    parameters = []
    body = []
    for field in fields(cls):  # type: ignore[arg-type]
        default = f"default_{field.name}"
        if field.default is not MISSING:
            namespace[default] = field.default
            parameters.append(f"{field.name}={default}")
            body.append(f"self.{field.name} = {field.name}")
        elif field.default_factory is not MISSING:
            namespace |= {default: field.default_factory, "MISSING": MISSING}
            parameters.append(f"{field.name}=MISSING")
            body.append(
                f"self.{field.name} = {default}() if {field.name} is MISSING else {field.name}"
            )
        else:
            parameters.append(field.name)
            body.append(f"self.{field.name} = {field.name}")
    source = f"def __init__(self, {', '.join(parameters)}):\n "
    exec(source + "\n ".join([*body, "self.__class__ = cls"]), namespace)
    return type("Draft", (), {"__slots__": tuple(names), "__init__": namespace["__init__"]})


def changing(cls: Callable[..., T]) -> Callable[..., T]:
    """``dataclasses.replace`` for ``cls``, frozen and with slots, in an eighth of the time."""
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    draft = type("Draft", (), {"__slots__": tuple(names)})
    namespace: dict[str, Any] = {"cls": cls, "draft": draft, "KEPT": MISSING}
    body = [f"made.{name} = item.{name} if {name} is KEPT else {name}" for name in names]
    source = f"def change(item, *, {', '.join(f'{name}=KEPT' for name in names)}):\n "
    exec(
        source + "\n ".join(["made = draft()", *body, "made.__class__ = cls", "return made"]),
        namespace,
    )
    change: Callable[..., T] = namespace["change"]
    return change
