"""Law 1: a plural folder is a family of plugins, and each module of it is one plugin."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest
from source_tree import FAMILIES, PACKAGES, tree


def folder_of(family: str) -> Path:
    package, _, name = family.partition(".")
    return PACKAGES[package] / name


def plugin_files(family: str) -> list[Path]:
    folder = folder_of(family)
    single = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    return sorted([*single, *folder.glob("*/__init__.py")])


PLUGINS = [
    pytest.param(family, path, id=f"{family}/{path.relative_to(folder_of(family))}")
    for family in FAMILIES
    for path in plugin_files(family)
]


@pytest.mark.parametrize(("family", "path"), PLUGINS)
def test_every_module_of_a_family_ends_with_its_constant(family: str, path: Path) -> None:
    last = tree(path).body[-1]
    assert isinstance(last, ast.Assign | ast.AnnAssign), f"end {path.name} with {FAMILIES[family]}"
    target = last.targets[0] if isinstance(last, ast.Assign) else last.target
    assert isinstance(target, ast.Name)
    assert target.id == FAMILIES[family], f"end {path.name} with {FAMILIES[family]} = …"


@pytest.mark.parametrize(("family", "path"), PLUGINS)
def test_a_plugin_has_the_name_of_its_module(family: str, path: Path) -> None:
    stem = path.parent.name if path.name == "__init__.py" else path.stem
    plugin = getattr(import_module(f"{family}.{stem}"), FAMILIES[family])
    assert plugin.name == stem.replace("_", "-")
    assert plugin.title


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_one_contract_and_one_registry_named_after_the_folder(family: str) -> None:
    package = import_module(family)
    registry = getattr(package, family.rpartition(".")[2].upper())
    assert registry.package == family
    assert registry.constant == FAMILIES[family]
    assert registry.contract.__module__ == family


def test_every_plural_folder_is_a_family() -> None:
    concepts = {"analysis", "figure", "ir", "ops", "reading"}
    found = {
        f"{name}.{path.parent.name}"
        for name in ("archviz", "archviz_cli")
        for path in PACKAGES[name].glob("*/__init__.py")
    }
    assert found == {*FAMILIES, *(f"archviz.{concept}" for concept in concepts)}
