"""The house rules that can be read off the tree."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from source_tree import ROOT, modules, tree

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
MOST_LINES = 500
"""Where a module has certainly become a folder; DESIGN §6 asks for some 300."""


def tracked() -> list[Path]:
    """Files under version control, or else all that an archive of the sources holds."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60
        ).stdout.decode()
        return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        return [
            path
            for path in ROOT.rglob("*")
            if path.is_file()
            and not {"__pycache__", "build", "dist", "node_modules"} & set(path.parts)
            and not any(p[0] == "." and p != ".ci" for p in path.relative_to(ROOT).parts[:-1])
        ]


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    found = [path for path in tracked() if path.stem.lower() in FORBIDDEN_NAMES]
    assert not found, "name a module after the one thing it holds"


def test_no_two_files_of_tests_have_one_name() -> None:
    names = Counter(path.name for path in tracked() if path.name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == [], "pytest imports only one"


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    places = re.compile(
        rb"/(?:home|Users|root)/(?!me\b)[A-Za-z0-9_.-]+|/(?:work|tmp)/[A-Za-z0-9_.-]+"
    )
    found = []
    for path in tracked():
        if path.suffix in (".py", ".md", ".toml", ".txt", ".json", ".svg", "") or "ci" in path.name:
            found += [
                f"{path.relative_to(ROOT)}: {match.group().decode()}"
                for match in places.finditer(path.read_bytes())
            ]
    assert not found


@pytest.mark.parametrize("module", modules())
def test_every_module_class_and_function_in_reach_of_users_has_a_docstring(module: str) -> None:
    missing = []
    root = tree(modules()[module])
    if not ast.get_docstring(root):
        missing.append(module)
    for node in root.body:
        members = [node, *(node.body if isinstance(node, ast.ClassDef) else ())]
        for item in members:
            if (
                isinstance(item, ast.FunctionDef | ast.ClassDef)
                and not item.name.startswith("_")
                and not (isinstance(node, ast.ClassDef) and node.name.startswith("_"))
                and not ast.get_docstring(item)
            ):
                missing.append(item.name)  # noqa: PERF401 - a comprehension would hide the rule
    assert not missing


@pytest.mark.parametrize("module", modules())
def test_no_module_has_grown_into_a_folder(module: str) -> None:
    lines = modules()[module].read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, "split it into a folder of its own name"


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith("archviz.")])
def test_the_library_never_prints(module: str) -> None:
    printing = [
        node.lineno
        for node in ast.walk(tree(modules()[module]))
        if (isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.stdout.write"))
    ]
    assert not printing, "log it, return it, or raise it"


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\(([^)#]+)")
    broken = []
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        prose = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in link.findall(prose):
            if "://" not in target and not (document.parent / target).exists():
                broken.append(f"{document.name}: {target}")  # noqa: PERF401
    assert not broken


def test_the_readme_has_the_two_commands_that_ci_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (python3 .*)$", text, re.MULTILINE)
    assert len(commands) == 2
    assert "archviz render tests/samples/" in commands[0]
    assert commands[1].endswith("-m pytest -n auto")
    assert (ROOT / commands[0].split("render ")[1].split()[0]).is_file()
