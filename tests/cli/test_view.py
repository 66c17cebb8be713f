"""``archviz view``: where the page goes, and when a browser is opened."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from samples import samples_of

from archviz_cli.commands import view as viewing
from archviz_cli.main import run

SAMPLE = next(path for path in samples_of("onnx") if path.name == "resnet_block.onnx")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Addresses that a browser was asked to open, where there is a screen."""
    found: list[str] = []
    monkeypatch.setattr(viewing.webbrowser, "open", lambda url: found.append(url) or True)
    monkeypatch.setattr(viewing.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    return found


def test_the_page_is_written_and_opened(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["view", str(SAMPLE)]) == 0
    page = Path(capsys.readouterr().out.strip())
    assert asked == [page.as_uri()]
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    if sys.platform != "win32":
        assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_a_page_that_is_kept_is_where_it_was_asked_for(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "kept.html"
    assert run(["view", str(SAMPLE), "-o", str(target), "--no-browser"]) == 0
    assert Path(capsys.readouterr().out.strip()) == target.resolve()
    assert target.exists()
    assert asked == []


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="those always have a screen")
def test_without_a_screen_nothing_is_opened_and_the_next_step_is_said(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert run(["view", str(SAMPLE)]) == 0
    printed = capsys.readouterr()
    assert Path(printed.out.strip()).exists()
    assert "no screen here" in printed.err
    assert asked == []


def test_a_file_that_is_no_model_leaves_no_page(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.onnx"
    wrong.write_bytes(b"nothing of the kind")
    assert run(["view", str(wrong)]) == 2
    assert capsys.readouterr().out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.onnx"]
    assert asked == []
