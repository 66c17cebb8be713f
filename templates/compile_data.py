"""Compiles archviz's TOML data to JSON: python templates/compile_data.py after a change to one.

Parsing TOML, in Python, took a twentieth of the time that drawing a small model takes.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from archviz.compiled import FILE

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    ROOT / "archviz" / "ops",
    ROOT / "archviz" / "ops" / "gradients",
    ROOT / "templates" / "archviz_templates" / "themes",
)


def compiled(folder: Path) -> str:
    """What the TOML files in ``folder`` say, as JSON, a file a line."""
    found = {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.toml"))
    }
    lines = [f"{json.dumps(name)}: {json.dumps(data)}" for name, data in found.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    for each in FOLDERS:
        (each / FILE).write_text(compiled(each), encoding="utf-8")
