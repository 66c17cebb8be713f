"""The samples under tests/samples, a folder an importer."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from archviz import api
from archviz.ir import Model

FOLDER = Path(__file__).resolve().parent / "samples"
NOT_SAMPLES = (".py", ".md")


def samples_of(importer: str) -> list[Path]:
    """Files and folders that the importer of that name should read."""
    folder = FOLDER / importer
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix not in NOT_SAMPLES and not path.name.startswith((".", "__"))
    )


def every_sample() -> list[Path]:
    """The samples of every importer."""
    return [path for folder in sorted(FOLDER.iterdir()) for path in samples_of(folder.name)]


def sample_id(path: Path) -> str:
    """What a sample is called in test names."""
    return path.relative_to(FOLDER).as_posix()


@cache
def loaded(path: Path) -> Model:
    """The model in a sample, read once in a test run."""
    return api.load(path, importer=path.parent.name)


each_sample = pytest.mark.parametrize("sample", every_sample(), ids=sample_id)
