"""Law 3: what passes between the stages are plain frozen values with slots."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from source_tree import FAMILIES, modules

VALUE_MODULES = [
    name
    for name in modules()
    if name.startswith(("archviz.ir", "archviz.scene", "archviz.diagnostics")) or name in FAMILIES
]


def value_classes() -> list[type]:
    found = {}
    for name in VALUE_MODULES:
        for item in vars(import_module(name)).values():
            if inspect.isclass(item) and dataclasses.is_dataclass(item):
                found[f"{item.__module__}.{item.__qualname__}"] = item
    return list(found.values())


@pytest.mark.parametrize("value", value_classes(), ids=lambda value: value.__qualname__)
def test_a_value_is_frozen_and_has_slots(value: type) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        object.__new__(value).anything = 1
    assert "__slots__" in vars(value)
    assert not hasattr(value, "__dict__") or "__dict__" not in dir(value)


def test_the_values_are_all_there() -> None:
    names = {value.__qualname__ for value in value_classes()}
    assert {"Model", "Graph", "Node", "Scene", "Group", "Diagnostic", "Importer"} <= names


def test_models_travel_between_processes(model: object) -> None:
    assert pickle.loads(pickle.dumps(model)) == model


@pytest.mark.parametrize("module", modules())
def test_what_only_holds_fields_is_a_record_or_mutable(module: str) -> None:
    """The module of dataclasses takes long to load, and its fields are none of a record's."""
    text = Path(find_spec(module).origin).read_text(encoding="utf-8")  # type: ignore[union-attr, arg-type]
    if module != "archviz.records":
        assert not re.search(r"from dataclasses import .*\b(dataclass|field|replace)\b", text)
