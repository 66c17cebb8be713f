"""What is installed: three packages, their data, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from source_tree import PACKAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

needs_builder = pytest.mark.skipif(
    not find_spec("build") or not find_spec("hatchling"),
    reason="build and hatchling come with the extra dev",
)


def build(kind: str, source: Path, target: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "-o", target, source],
        capture_output=True,
        check=True,
        timeout=300,
    )
    (made,) = target.iterdir()
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in sorted(archive.namelist())}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(build("wheel", ROOT, tmp_path_factory.mktemp("wheel")))


@needs_builder
def test_the_wheel_installs_three_names(wheel: dict[str, bytes]) -> None:
    names = {name.partition("/")[0] for name in wheel}
    assert names == {*PACKAGES, f"archviz-{PROJECT['version']}.dist-info"}


@needs_builder
def test_the_wheel_has_every_file_of_the_packages(wheel: dict[str, bytes]) -> None:
    wanted = {
        f"{package}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for package, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name: data for name, data in wheel.items() if ".dist-info/" not in name} == wanted
    assert {"archviz/py.typed", "archviz_cli/py.typed"} <= set(wanted)


@needs_builder
def test_the_source_archive_makes_the_same_wheel(wheel: dict[str, bytes], tmp_path: Path) -> None:
    archive = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert contents(build("wheel", source, tmp_path / "again")) == wheel
    for needed in ("LICENSE", "README.md", "CHANGELOG.md", "tests/conftest.py", "constraints.txt"):
        assert (source / needed).exists()


def test_the_version_is_said_once_more_and_the_same() -> None:
    import archviz

    assert archviz.__version__ == PROJECT["version"]


def test_the_constraints_pin_everything_that_is_required() -> None:
    pinned = {
        line.partition("==")[0].lower()
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    }
    wanted = [*PROJECT["dependencies"]]
    for name, extra in PROJECT["optional-dependencies"].items():
        wanted += extra if name != "graphviz" else []
    names = {item.partition(">")[0].partition("[")[0].lower() for item in wanted} - {"archviz"}
    assert names <= pinned
