"""Adding a format as somebody else would: a distribution of their own, one file, one sample."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

IMPORTER = '''
"""Toy models: a line an operation."""

from archviz.errors import ImporterError
from archviz.importers import Confidence, Importer
from archviz.ir import Model, TensorType
from archviz.ir.build import GraphBuilder


def sniff(source):
    """A file whose first line says so."""
    return Confidence.CONTENT if source.head.startswith(b"toy model") else Confidence.NONE


def read(source, *, shout: bool = False):
    """Each line is an operation on what the line before gives."""
    with source.open() as stream:
        ops = stream.read().decode().split("\\n")[1:]
    if not any(ops):
        raise ImporterError(f"{source.name}: a toy without operations", "add a line")
    builder = GraphBuilder(source.name)
    value = builder.value("x", TensorType("float32", (1, 8)))
    builder.inputs.append(value)
    for op in filter(None, ops):
        result = builder.value("y", TensorType("float32", (1, 8)))
        builder.node(op.upper() if shout else op, (value,), (result,))
        value = result
    builder.outputs.append(value)
    return Model(builder.build(), "toy", source.name)


IMPORTER = Importer("toy", "toy models", sniff, read, (".toy",))
'''


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A folder that holds the toy distribution as pip would install it, and a sample."""
    site = tmp_path / "site"
    metadata = site / "archviz_toy-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "archviz_toy.py").write_text(IMPORTER)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: archviz-toy\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[archviz.importers]\ntoy = archviz_toy:IMPORTER\n")
    (tmp_path / "x.toy").write_text("toy model\nWiggle\nWobble\n")
    return tmp_path


def archviz(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archviz", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "site"), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_format_of_another_distribution_is_drawn(toy: Path) -> None:
    done = archviz(toy, "render", "x.toy")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "x.svg: 2 boxes\n")
    picture = (toy / "x.svg").read_text(encoding="utf-8")
    assert "Wiggle" in picture
    assert "Wobble" in picture


def test_it_is_listed_with_its_options_and_takes_them(toy: Path) -> None:
    listed = archviz(toy, "show", "formats").stdout
    assert "toy models (from another distribution)" in listed
    assert "shout" in listed
    summed = archviz(toy, "summary", "x.toy")
    assert summed.stdout.splitlines()[1].split()[:2] == ["Wiggle", "Wiggle"]


def test_its_errors_are_told_as_archviz_tells_its_own(toy: Path) -> None:
    (toy / "x.toy").write_text("toy model\n")
    done = archviz(toy, "render", "x.toy")
    assert done.returncode == 2
    assert done.stderr == "archviz: error: x.toy: a toy without operations; add a line\n"
    assert not (toy / "x.svg").exists()


def test_a_distribution_that_does_not_load_is_named(toy: Path) -> None:
    (toy / "site" / "archviz_toy.py").write_text("import no_such_package\n")
    done = archviz(toy, "render", "x.toy")
    assert done.returncode == 2
    assert "the plugin 'toy' of group 'archviz.importers' does not load" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bug_in_a_plugin_shows_its_traceback_and_asks_for_a_report(toy: Path) -> None:
    broken = IMPORTER.replace("builder = GraphBuilder(source.name)", "1 / 0")
    (toy / "site" / "archviz_toy.py").write_text(broken)
    done = archviz(toy, "render", "x.toy")
    assert done.returncode == 70
    assert "ZeroDivisionError" in done.stderr
    assert done.stderr.endswith(
        "archviz: this is a bug in archviz; please report it with the lines above\n"
    )
