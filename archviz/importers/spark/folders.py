"""The files of Spark's folders, within bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from archviz.errors import ImporterError

MAX_LINE = 16 << 20
MAX_PARQUET = 2 << 30
MAX_STAGES = 1000


def metadata(folder: Path) -> dict[str, Any]:
    """The first line of JSON in ``metadata``.

    Raises:
        ValueError: There is none.
    """
    for part in sorted((folder / "metadata").glob("part-*")):
        with part.open(encoding="utf-8", errors="replace") as stream:
            line = stream.readline(MAX_LINE)
        if line.strip():
            found = json.loads(line)
            if isinstance(found, dict):
                return found
    raise ValueError("its metadata are missing")


def settings(about: dict[str, Any]) -> dict[str, Any]:
    """The settings of a stage, those left at their default too."""
    found: dict[str, Any] = {}
    for key in ("defaultParamMap", "paramMap"):
        given = about.get(key)
        if isinstance(given, dict):
            found.update(given)
    return found


def rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of a folder of Parquet files.

    Raises:
        ImporterError: pyarrow is missing.
        ValueError: The files cannot be read.
    """
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise ImporterError("reading Parquet takes pyarrow", "run: pip install pyarrow") from None
    found: list[dict[str, Any]] = []
    left = MAX_PARQUET
    for part in sorted(folder.glob("part-*.parquet")):
        left -= part.stat().st_size
        if left < 0:
            raise ValueError("its nodes are too large")
        try:
            found += parquet.read_table(part).to_pylist()
        except Exception as error:  # pyarrow has errors of its own kinds
            raise ValueError(str(error)) from None
    return found


def stages(folder: Path) -> list[Path]:
    """The stages of a pipeline in order; the folder itself when it is none."""
    inner = folder / "stages"
    if not inner.is_dir():
        return [folder]
    listed = [path for path in inner.iterdir() if path.is_dir()]
    numbered = sorted(listed, key=lambda path: (len(path.name.partition("_")[0]), path.name))
    return numbered[:MAX_STAGES]
