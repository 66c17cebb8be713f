"""The quick constructor makes what the dataclass makes."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from archviz.ir import Node, Parameter, ParameterUse, TensorType, Value
from archviz.ir.quick import changing, quick


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    names: tuple[str, ...] = ("a",)
    parts: list[int] = field(default_factory=list)


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (Node, ("id", "op", ("a", None), ("b",))),
        (Node, ("id", "op")),
        (Value, ("v", TensorType("float32", (1,)), True)),
        (Parameter, ("w", TensorType("float32"))),
        (ParameterUse, ("w", "W", 2)),
        (Point, (3,)),
        (Point, (3, ("b",), [1])),
    ],
)
def test_it_makes_what_the_class_makes(cls: type, arguments: tuple[object, ...]) -> None:
    made, expected = quick(cls)(*arguments), cls(*arguments)
    assert type(made) is cls
    assert made == expected
    assert repr(made) == repr(expected)
    assert copy.copy(made) == expected
    assert pickle.loads(pickle.dumps(made)) == expected


def test_it_takes_names_and_fills_in_defaults_of_its_own() -> None:
    make = quick(Point)
    first, second = make(x=1), make(x=1, names=("b",))
    assert first == Point(1)
    assert second == Point(1, ("b",))
    assert first.parts is not second.parts


def test_what_it_makes_is_frozen() -> None:
    made = quick(Point)(1)
    with pytest.raises(FrozenInstanceError):
        made.x = 2  # type: ignore[misc]


def test_it_refuses_what_the_class_refuses() -> None:
    for wrong in ((), (1, (), [], 4)):
        with pytest.raises(TypeError):
            Point(*wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            quick(Point)(*wrong)


def test_every_field_of_a_node_is_there() -> None:
    made = quick(Node)("id", "op")
    assert all(hasattr(made, item.name) for item in fields(Node))


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
