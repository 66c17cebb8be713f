"""The project's Python files and what each imports, read from syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "archviz": ROOT / "archviz",
    "archviz_cli": ROOT / "cli" / "archviz_cli",
    "archviz_templates": ROOT / "templates" / "archviz_templates",
}
FAMILIES = {
    "archviz.importers": "IMPORTER",
    "archviz.passes": "PASS",
    "archviz.rules": "RULE",
    "archviz.reporters": "REPORTER",
    "archviz.layouts": "LAYOUT",
    "archviz.views": "VIEW",
    "archviz.renderers": "RENDERER",
    "archviz.overlays": "OVERLAY",
    "archviz_cli.commands": "COMMAND",
}


@cache
def modules() -> dict[str, Path]:
    """Every module of the three packages by its dotted name."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(module: str, *, top_level_only: bool = False) -> Iterator[str]:
    """Dotted names that the module imports when it runs, those for type checkers left out.

    "from a import b" gives "a.b" when that is a module of the project, and "a" otherwise.
    """
    for node in _statements(tree(modules()[module]), top_level_only):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in modules() else str(node.module)


def _statements(node: ast.AST, top_level_only: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from child.orelse
            continue
        if top_level_only and isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        ):
            continue
        yield child
        yield from _statements(child, top_level_only)
