"""A record is what the standard library's frozen dataclass with slots would be.

A mutable class is what its dataclass with slots and without comparison would be.
"""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, fields
from inspect import signature
from typing import Any

import pytest

from archviz.ir import Node, Parameter, ParameterUse, TensorType, Value
from archviz.records import MISSING, changing, field, making, mutable, record, replace


class Point:
    """A point."""

    x: int
    names: tuple[str, ...] = ("a",)
    parts: list[int] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)


class One:
    """One field, and what is worked out from it."""

    x: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", self.x + 1)


class Names:
    """Fields with the names of what makes them."""

    kind: int
    values: int
    named: int = 0
    default_kind: int = 1


class Empty:
    """No field."""


@record
class Pair:
    """For pickles, which look for the class by its name."""

    first: int
    second: tuple[int, ...] = ()


OBJECT_HAS = ("__dict__", "__weakref__")


def both(cls: type) -> tuple[Any, Any]:
    """``cls`` as a record, and as the dataclass that it stands for."""
    body = {name: value for name, value in vars(cls).items() if name not in OBJECT_HAS}
    ours, theirs = (type(cls.__name__, (), dict(body)) for _ in range(2))
    for name in ("parts", "note"):
        if name in body:
            setattr(theirs, name, as_in_dataclasses(body[name]))
    return record(ours), dataclass(frozen=True, slots=True)(theirs)


def as_in_dataclasses(ours: Any) -> Any:
    if ours.default is MISSING:
        return dataclasses.field(
            default_factory=ours.default_factory, compare=ours.compare, repr=ours.repr
        )
    return dataclasses.field(default=ours.default, compare=ours.compare, repr=ours.repr)


CALLS: list[tuple[type, tuple[object, ...], dict[str, object]]] = [
    (Point, (3,), {}),
    (Point, (3, ("b",), [1]), {}),
    (Point, (), {"x": 3, "note": "n"}),
    (One, (3,), {}),
    (Names, (), {"values": 1, "kind": 2}),
    (Empty, (), {}),
]
WRONG: list[tuple[type, tuple[object, ...], dict[str, object]]] = [
    (Point, (), {}),
    (Point, (1, (), [], "", 5), {}),
    (Point, (1,), {"x": 1}),
    (Point, (1,), {"y": 1}),
    (Empty, (1,), {}),
]


@pytest.mark.parametrize(("cls", "arguments", "keywords"), CALLS)
def test_it_holds_says_and_hides_the_same(
    cls: type, arguments: tuple[object, ...], keywords: dict[str, object]
) -> None:
    ours, theirs = both(cls)
    assert list(signature(ours).parameters) == list(signature(theirs).parameters)
    made, expected = ours(*arguments, **keywords), theirs(*arguments, **keywords)
    assert asdict(made) == asdict(expected)
    assert repr(made) == repr(expected)
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__slots__ == theirs.__slots__
    assert list(signature(ours).parameters) == list(signature(theirs).parameters)
    assert not hasattr(made, "__dict__")


@pytest.mark.parametrize(("cls", "arguments", "keywords"), WRONG)
def test_it_refuses_the_same_calls(
    cls: type, arguments: tuple[object, ...], keywords: dict[str, object]
) -> None:
    for each in both(cls):
        with pytest.raises(TypeError):
            each(*arguments, **keywords)


@pytest.mark.parametrize("cls", [Point, One, Empty])
def test_it_is_equal_to_its_like_alone(cls: type) -> None:
    for make in both(cls):
        arguments = [] if cls is Empty else [1]
        assert make(*arguments) == make(*arguments)
        assert (make(*arguments) != make(*arguments)) is False
        if cls is not Empty:
            assert make(1) != make(2)
        if cls is One:
            assert hash(make(1)) == hash(make(1))
        if cls is Point:  # a list has no hash
            assert make(1, note="a") == make(1, note="b")
            with pytest.raises(TypeError):
                hash(make(1))
    ours, theirs = both(cls)
    assert ours(*arguments) != theirs(*arguments)


def test_defaults_that_are_made_are_made_each_time() -> None:
    ours, _ = both(Point)
    assert ours(1).parts is not ours(1).parts


def test_it_is_frozen() -> None:
    pair = Pair(1)
    with pytest.raises(FrozenInstanceError, match="'first'"):
        pair.first = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="'first'"):
        del pair.first
    with pytest.raises(FrozenInstanceError):
        pair.third = 2  # type: ignore[attr-defined]


def test_a_default_that_can_be_changed_is_refused() -> None:
    class Shared:
        x: list[int] = []  # noqa: RUF012

    for kind in (record, mutable):
        with pytest.raises(ValueError, match="x"):
            kind(Shared)


def through_a_pickle(value: Pair) -> Pair:
    again: Pair = pickle.loads(pickle.dumps(value))
    return again


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, through_a_pickle])
def test_copies_are_equal_and_frozen(copied: Callable[[Pair], Pair]) -> None:
    pair = Pair(1, (2,))
    found = copied(pair)
    assert found == pair
    assert type(found) is Pair
    with pytest.raises(FrozenInstanceError):
        found.first = 2  # type: ignore[misc]


def test_it_keeps_an_equality_of_its_own() -> None:
    @record
    class Same:
        x: int
        __eq__ = object.__eq__
        __hash__ = object.__hash__

    assert Same(1) != Same(1)
    assert len({Same(1), Same(1)}) == 2


def test_it_keeps_a_way_of_its_own_into_pickles() -> None:
    @record
    class Half:
        x: int
        y: int = 0

        def __reduce__(self) -> tuple[type, tuple[int]]:
            return Half, (self.x,)

    assert copy.copy(Half(1, 2)) == Half(1, 0)


def test_it_is_replaced_and_matched() -> None:
    assert replace(Pair(1), second=(3,)) == Pair(1, (3,))
    match Pair(1, (2,)):
        case Pair(first, (second,)):
            assert (first, second) == (1, 2)
        case _:
            pytest.fail("a record does not match")


@pytest.mark.parametrize(
    "made",
    [
        Node("id", "op", ("a", None), ("b",)),
        Value("v", TensorType("float32", (1,)), True),
        Parameter("w", TensorType("float32")),
        ParameterUse("w", "W", 2),
    ],
)
def test_every_field_of_the_graph_is_there(made: object) -> None:
    assert all(hasattr(made, item.name) for item in fields(made))  # type: ignore[arg-type]
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("cls", [Point, One])
def test_a_function_makes_the_same(cls: type) -> None:
    ours, _ = both(cls)
    make = making(ours)
    assert make(3) == making(ours)(3) == ours(3)
    assert type(make(x=3)) is ours
    with pytest.raises(TypeError, match="argument"):
        make()


def test_what_is_changed_is_what_replace_makes() -> None:
    node = Node("id", "op", ("a",), ("b",), attributes={"k": 1})
    changed = changing(Node)(node, inputs=("c", None), scope=("s",))
    assert changed == replace(node, inputs=("c", None), scope=("s",))
    assert type(changed) is Node
    assert node.inputs == ("a",)
    assert pickle.loads(pickle.dumps(changed)) == changed
    with pytest.raises(FrozenInstanceError):
        changed.op = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        changing(Node)(node, nothing=1)


@mutable
class Heap:
    """For pickles, as above."""

    first: int
    rest: list[int] = field(default_factory=list)
    note: str = ""

    def __len__(self) -> int:
        return 1 + len(self.rest)


def test_a_mutable_class_can_be_changed() -> None:
    assert list(signature(Heap).parameters) == ["first", "rest", "note"]
    heap, other = Heap(1), Heap(1)
    assert (heap.first, heap.rest, heap.note) == (1, [], "")
    heap.rest.append(2)
    heap.note = "n"
    assert (len(heap), len(other)) == (2, 1)
    assert not hasattr(heap, "__dict__")
    assert [item.name for item in fields(Heap)] == ["first", "rest", "note"]  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        heap.more = 3  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Heap()  # type: ignore[call-arg]


def test_a_mutable_object_is_equal_to_itself_alone() -> None:
    heap = Heap(1)
    assert heap == heap
    assert heap != Heap(1)
    assert len({heap, Heap(1)}) == 2


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, replace, through_a_pickle])
def test_a_mutable_object_is_copied(copied: Callable[[Any], Any]) -> None:
    heap = Heap(1, [2], "n")
    found = copied(heap)
    assert found is not heap
    assert (found.first, found.rest, found.note) == (1, [2], "n")


def test_a_class_with_a_base_is_refused() -> None:
    class Under(Point):
        more: int

    with pytest.raises(TypeError, match="Under is a record, which has no base class"):
        record(Under)
