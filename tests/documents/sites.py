"""Building the sample sites where there are no frameworks, no Graphviz and no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BLOCK = HERE.parent / "samples" / "onnx" / "resnet_block.onnx"


def copied(name: str, folder: Path) -> Path:
    """A site of its own to build, with its models."""
    site = folder / name
    shutil.copytree(HERE / name, site, ignore=shutil.ignore_patterns("__pycache__", "_build"))
    models = HERE / "sphinx_site"
    for file in (models / "models.py", models / "network.archviz.json", BLOCK):
        shutil.copy(file, site)
    return site


def python(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """What Python does with the arguments in ``folder``, with nothing heavy at hand."""
    place = os.pathsep.join(
        filter(None, [str(HERE / "nothing_heavy"), os.environ.get("PYTHONPATH")])
    )
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": place, "PATH": "", "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
