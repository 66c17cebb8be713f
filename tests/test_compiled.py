"""The data that archviz reads is what its TOML files say."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from archviz.compiled import FILE, compiled

SCRIPT = Path(__file__).resolve().parents[1] / "templates" / "compile_data.py"
MADE: dict[str, Any] = runpy.run_path(str(SCRIPT))


@pytest.mark.parametrize("folder", MADE["FOLDERS"], ids=lambda folder: folder.name)
def test_it_is_compiled_from_the_files_beside_it(folder: Path) -> None:
    text = (folder / FILE).read_text(encoding="utf-8")
    assert text == MADE["compiled"](folder), "run: python templates/compile_data.py"


def test_every_folder_with_toml_is_compiled() -> None:
    root = SCRIPT.parents[1]
    places = {
        path.parent
        for package in (root / "archviz", root / "templates" / "archviz_templates")
        for path in package.rglob("*.toml")
    }
    assert places == set(MADE["FOLDERS"])


def test_it_is_read_by_the_name_of_the_file() -> None:
    assert "category" in compiled("archviz.ops")["keras"]
    assert compiled("archviz_templates", "themes")["dark"]["extends"] == "light"
