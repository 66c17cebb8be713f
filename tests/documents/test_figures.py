"""Figures for documents: kept while nothing changes, drawn in a process that cannot do harm."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import small_model

import archviz
from archviz import figure
from archviz.errors import ArchvizError, OptionError
from archviz.figure import Request, make
from archviz.figure.settings import arguments, fitting, slug


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    archviz.render(small_model(), tmp_path / "net.archviz.json")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_figure_is_drawn_once_and_again_when_its_file_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Request("net.archviz.json", {"depth": ("0",)}, formats=("svg", "pdf", "markdown"))
    first = make(asked, folder / "cache")
    assert first.text("svg").startswith("<svg ")
    assert first.files["pdf"].read_bytes().startswith(b"%PDF-")
    assert first.alt.startswith("Node-link diagram of conv1.test")
    assert first.sources == (Path("net.archviz.json"),)

    started: list[object] = []
    run = figure._run
    monkeypatch.setattr(figure, "_run", lambda *given: (started.append(given), run(*given))[1])
    assert make(asked, folder / "cache") == first
    assert not started
    archviz.render(small_model("other"), folder / "net.archviz.json")
    again = make(asked, folder / "cache")
    assert len(started) == 1
    assert again.files == first.files
    assert "other.test" in again.text("svg")


def test_options_and_formats_tell_figures_apart(folder: Path) -> None:
    asked = [
        Request("net.archviz.json"),
        Request("net.archviz.json", {"depth": ("1",)}),
        Request("net.archviz.json", {"depth": ("2",)}),
        Request("net.archviz.json", formats=("png",)),
        Request("net.archviz.json", folder=folder / "elsewhere"),
        Request("net.archviz.json", fallback="other.archviz.json"),
    ]
    assert len({figure.identity(request) for request in asked}) == len(asked)


def test_a_model_that_never_ends_is_ended_with_all_that_it_started(folder: Path) -> None:
    (folder / "slow.py").write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('child', 'w').write(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    with pytest.raises(ArchvizError, match=r"slow:build: drawing it took longer than 3 seconds"):
        make(Request("slow:build"), folder / "cache", time_limit=3)
    child = int((folder / "child").read_text())
    for _ in range(50):
        if not _is_running(child):
            break
        time.sleep(0.1)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_model_that_ends_the_process_is_an_error_of_one_sentence(folder: Path) -> None:
    (folder / "ends.py").write_text("import os\nos.write(2, b'out of luck\\n')\nos._exit(3)\n")
    with pytest.raises(ArchvizError, match="has ended with code 3: out of luck; draw it with"):
        make(Request("ends:build"), folder / "cache")


def test_a_committed_file_stands_in_where_a_package_is_missing(folder: Path) -> None:
    (folder / "needy.py").write_text("import a_framework_that_is_not_there\n")
    asked = Request("needy:build", fallback="net.archviz.json", formats=("svg",))
    found = make(asked, folder / "cache")
    assert "conv1.test" in found.text("svg")
    assert found.note.endswith("as a_framework_that_is_not_there is not installed")
    (folder / "a_framework_that_is_not_there.py").touch()
    with pytest.raises(ArchvizError, match="has no attribute 'build'"):
        make(asked, folder / "cache")


def test_a_broken_model_is_no_reason_to_draw_what_stands_in_for_it(folder: Path) -> None:
    (folder / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ArchvizError, match="division by zero"):
        make(Request("broken:build", fallback="net.archviz.json"), folder / "cache")


def test_an_option_that_no_figure_has_is_told_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no option 'dpeth'; did you mean 'depth'"):
        make(Request("nothing.onnx", {"dpeth": ("1",)}), tmp_path)


def test_options_in_text_become_the_arguments_that_python_takes() -> None:
    loaded, drawn = arguments(
        {
            "depth": ("2",),
            "raw": ("",),
            "legend": ("no",),
            "hide": ("Relu", "MaxPool"),
            "columns": ("3",),
            "input": ("1,3,224,224", "ids=int64:1,128", "sizes=[3,5]"),
            "shape": ("x=1,3,8,8",),
            "pass": ("fuse:compound=false",),
            "from": ("torch",),
            "max-depth": ("4",),
        }
    )
    assert loaded == {
        "input": ("1x3x224x224", "ids=int64:1x128", "sizes=[3,5]"),
        "bindings": {"x": (1, 3, 8, 8)},
        "importer": "torch",
    }
    assert drawn == {
        "depth": 2,
        "raw": True,
        "legend": False,
        "hide": ("Relu", "MaxPool"),
        "columns": 3,
        "passes": ("fuse:compound=false",),
        "max_depth": "4",
    }
    assert fitting({"embed_fonts": True, "depth": 1}, "pdf") == {"depth": 1, "fit": "page"}
    with pytest.raises(OptionError, match="'depth' is given 2 times"):
        arguments({"depth": ("1", "2")})


def test_files_are_called_after_what_they_show() -> None:
    assert slug("models/net.archviz.json") == "net"
    assert slug("package.module:build_model") == "build-model"
    assert slug("../<&>") == "figure"
