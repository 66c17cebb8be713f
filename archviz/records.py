"""Classes that only hold fields: records, which cannot be changed, and mutable ones.

Everything that goes from stage to stage is a record, and the picture of a large model has a
million of them. ``dataclass(frozen=True, slots=True)`` sets each field through
``object.__setattr__``, which takes four times as long as to set it. It compiles six methods for
each class, of which five can be the same for all and the sixth is seldom needed before the end,
and its module loads those that take apart source code. The hundred classes behind a small figure
took a fifth of the time from the start of the process to its end. So nothing here imports
:mod:`dataclasses`, until somebody asks it for something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

T = TypeVar("T")
MISSING: Any = object()

if TYPE_CHECKING:
    from dataclasses import field as field
    from dataclasses import replace as replace
else:

    class Field:
        """A field of which more is to be said than its type and its default."""

        __slots__ = ("compare", "default", "default_factory", "repr")

        def __init__(self, default: Any, default_factory: Any, compare: bool, repr: bool) -> None:
            self.default = default
            self.default_factory = default_factory
            self.compare = compare
            self.repr = repr

    def field(
        *,
        default: Any = MISSING,
        default_factory: Any = MISSING,
        compare: bool = True,
        repr: bool = True,
    ) -> Field:
        """What ``field`` of :mod:`dataclasses` is there."""
        return Field(default, default_factory, compare, repr)

    def replace(item: Any, /, **changes: Any) -> Any:
        """``item`` with other values in some fields, as ``replace`` of :mod:`dataclasses`."""
        cls = item.__class__
        return cls(**{name: getattr(item, name) for name in cls.__match_args__} | changes)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Makes of ``cls`` what ``dataclass(frozen=True, slots=True)`` makes of it.

    ``fields``, ``replace`` and ``asdict`` of :mod:`dataclasses`, copies, pickles, patterns of
    ``match`` and ``__post_init__`` work as for those. A class that has an ``__eq__`` of its own
    keeps it, and its ``__hash__``; likewise ``__reduce__``. Defaults are described by ``field`` of
    this module.

    Raises:
        TypeError: ``cls`` has a base class.
    """
    fields = _fields(cls)
    members: dict[str, Any] = {
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__repr__": _representation([name for name, each in fields.items() if each.repr]),
    }
    if "__eq__" not in vars(cls):
        compared = [name for name, each in fields.items() if each.compare]
        members["__eq__"], members["__hash__"] = _comparison(compared)
    return _with_slots(cls, fields, members, is_frozen=True)


@dataclass_transform(eq_default=False, field_specifiers=(field,))
def mutable(cls: type[T]) -> type[T]:
    """Makes of ``cls`` what ``dataclass(slots=True, eq=False, repr=False)`` makes of it."""
    return _with_slots(cls, _fields(cls), {}, is_frozen=False)


def _fields(cls: type) -> dict[str, Any]:
    own, plain = vars(cls), field()
    found = dict.fromkeys(cls.__annotations__, plain)
    for name in found:
        if name in own:
            value = own[name]
            found[name] = value if value.__class__ is plain.__class__ else field(default=value)
            if found[name].default.__class__.__hash__ is None:
                raise ValueError(f"the default of {name} can be changed: use default_factory")
    return found


def _with_slots(
    cls: type[T], fields: Mapping[str, Any], members: dict[str, Any], *, is_frozen: bool
) -> type[T]:
    """``cls`` with slots for ``fields``, and a constructor that is compiled when it is needed."""

    def __new__(kind: type, /, *values: Any, **named: Any) -> Any:  # noqa: N807
        return compiled()(kind, *values, **named)

    def compiled() -> Callable[..., Any]:
        maker = made.__new__ = _maker(made, fields, is_frozen)
        made.__signature__ = None
        return maker

    names = tuple(fields)
    gone = {*names, "__dict__", "__weakref__"}
    bases = (_draft(cls, names),) if is_frozen else cls.__bases__
    made: Any = type(cls)(  # type: ignore[misc]
        cls.__name__,
        bases,
        {
            "__reduce__": _reduced,
            **{name: value for name, value in vars(cls).items() if name not in gone},
            **members,
            "__dataclass_fields__": _Dataclass(fields),
            "__fields__": fields,
            "__match_args__": names,
            "__new__": __new__,
            "__qualname__": cls.__qualname__,
            "__replace__": replace,
            "__signature__": _Signature(compiled),
            "__slots__": () if is_frozen else names,
        },
    )
    made.__slots__ = names
    return made  # type: ignore[no-any-return]


def _maker(
    cls: type, fields: Mapping[str, Any], is_frozen: bool, *, takes_class: bool = True
) -> Callable[..., Any]:
    """The constructor of ``cls``, or a function that does the same and does not take the class."""
    namespace: dict[str, Any] = {"MISSING": MISSING}
    parameters = []
    body = []
    for name, each in fields.items():
        value = name
        if each.default is not MISSING:
            namespace[f"default_{name}"] = each.default
            parameters.append(f"{name}=default_{name}")
        elif each.default_factory is not MISSING:
            namespace[f"default_{name}"] = each.default_factory
            parameters.append(f"{name}=MISSING")
            value = f"default_{name}() if {name} is MISSING else {name}"
        else:
            parameters.append(name)
        body.append(f"self.{name} = {value}")
    if takes_class:
        parameters.insert(0, "cls")
    else:
        namespace["cls"] = cls
    if is_frozen:
        namespace["draft"] = cls.__base__
        body = ["self = draft()", *body, "self.__class__ = cls"]
    else:
        namespace["new"] = object.__new__
        body = ["self = new(cls)", *body]
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    body.append("return self")
    exec(f"def __new__({', '.join(parameters)}):\n " + "\n ".join(body), namespace)
    made: Callable[..., Any] = namespace["__new__"]
    made.__qualname__ = f"{cls.__qualname__}.__new__"  # what a wrong call's message names
    return made


def changing(cls: Callable[..., T]) -> Callable[..., T]:
    """``replace`` for the record ``cls``, in a quarter of the time."""
    names: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]
    draft = cls.__base__  # type: ignore[attr-defined]
    namespace: dict[str, Any] = {"cls": cls, "draft": draft, "KEPT": MISSING}
    body = [f"made.{name} = item.{name} if {name} is KEPT else {name}" for name in names]
    source = f"def change(item, *, {', '.join(f'{name}=KEPT' for name in names)}):\n "
    exec(
        source + "\n ".join(["made = draft()", *body, "made.__class__ = cls", "return made"]),
        namespace,
    )
    change: Callable[..., T] = namespace["change"]
    return change


@cache
def making(cls: Any) -> Callable[..., Any]:
    """The record ``cls`` as a function, which takes half of the time."""
    return _maker(cls, cls.__fields__, is_frozen=True, takes_class=False)


def _draft(cls: type, names: tuple[str, ...]) -> type:
    """The fields of a record, as objects that can be changed until they are made one of ``cls``.

    It is the base of the record, for Python then sees at once that both look alike.
    """
    if cls.__bases__ != (object,):
        raise TypeError(f"{cls.__name__} is a record, which has no base class")
    return type("Draft", (), {"__slots__": names})


class _Dataclass:
    """Fields of a class as :mod:`dataclasses` knows them, made when it asks for them."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields

    def __get__(self, item: object, cls: Any) -> Any:
        import dataclasses

        twin: Any = type(cls.__name__, (), {"__annotations__": cls.__annotations__})
        for name, each in self.fields.items():
            given = {"compare": each.compare, "repr": each.repr}
            if each.default is not MISSING:
                given["default"] = each.default
            if each.default_factory is not MISSING:
                given["default_factory"] = each.default_factory
            setattr(twin, name, dataclasses.field(**given))
        cls.__dataclass_fields__ = dataclasses.dataclass(twin).__dataclass_fields__
        return cls.__dataclass_fields__


class _Signature:
    """None, once the constructor is there whose signature is asked for."""

    def __init__(self, compiled: Callable[[], Callable[..., Any]]) -> None:
        self.compiled = compiled

    def __get__(self, item: object, cls: Any) -> None:
        self.compiled()


def _comparison(
    names: list[str],
) -> tuple[Callable[[Any, object], bool], Callable[[Any], int]]:
    key: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807 - the name lets it return this
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(key(self) == key(other))

    return __eq__, lambda self: hash(key(self))


def _representation(names: list[str]) -> Callable[[Any], str]:
    def representation(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({values})"

    return representation


def _reduced(self: Any) -> tuple[type, tuple[Any, ...]]:
    return self.__class__, tuple(getattr(self, name) for name in self.__match_args__)


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")
