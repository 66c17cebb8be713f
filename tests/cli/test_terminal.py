"""What happens on a terminal, with a closed pipe, and on an interruption."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from samples import samples_of

from archviz import api
from archviz.errors import ArchvizError
from archviz_cli import console, main, progress
from archviz_cli.console import Console
from archviz_cli.progress import ProgressLine

SAMPLE = samples_of("onnx")[0]


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    # Not sys.stderr itself, which pytest takes back for each phase of a test.
    for module in (console, progress):
        monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=stream))
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def wait_for(text: str, stream: Terminal) -> None:
    for _ in range(500):
        if text in stream.getvalue():
            return
        time.sleep(0.01)
    pytest.fail(f"{text!r} did not appear in {stream.getvalue()!r}")


def test_what_takes_long_has_a_line_that_vanishes(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    with Console().stages():
        logging.getLogger("archviz.api").info("reading %s", "a\x1bb.onnx")
        wait_for("reading a�b.onnx …", terminal)
        logging.getLogger("archviz.views").info("laying out 1,204 boxes")
        wait_for("laying out 1,204 boxes …", terminal)
    assert terminal.getvalue().endswith("\r\x1b[2K")
    assert logging.getLogger("archviz").handlers == []


def test_what_is_quick_shows_no_progress(terminal: Terminal) -> None:
    with Console().stages():
        logging.getLogger("archviz.api").info("reading")
    assert terminal.getvalue() == ""


def test_no_progress_is_told_when_quiet_or_to_a_file(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Console(quiet=True).stages():
        assert logging.getLogger("archviz").handlers == []
    monkeypatch.setattr(console, "sys", SimpleNamespace(stderr=io.StringIO()))
    with Console().stages():
        assert logging.getLogger("archviz").handlers == []


def test_a_line_that_is_due_after_the_end_does_not_appear(terminal: Terminal) -> None:
    line = ProgressLine()
    line.emit(logging.LogRecord("archviz", logging.INFO, "", 0, "reading", (), None))
    line.close()
    line._become_due()
    assert terminal.getvalue() == ""


def test_errors_are_red_on_a_terminal_unless_colour_is_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Console().error(ArchvizError("it is wrong", "do this"))
    assert terminal.getvalue() == "archviz: \x1b[1;31merror\x1b[0m: it is wrong; do this\n"
    terminal.truncate(0)
    terminal.seek(0)
    monkeypatch.setenv("NO_COLOR", "1")
    Console().error(ArchvizError("it is wrong"))
    assert terminal.getvalue() == "archviz: error: it is wrong\n"


def test_an_interruption_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "load", interrupt)
    assert main.run(["summary", str(SAMPLE)]) == main.INTERRUPTED
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
def test_an_interrupted_process_leaves_nothing_behind(tmp_path: Path) -> None:
    """Standard input never ends, so that the signal comes while archviz reads."""
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "archviz", "render", "-v", "-", "-o", str(tmp_path / "x.svg")],
        stdin=read,
        stderr=subprocess.PIPE,
    )
    os.write(write, b"x" * 200_000)  # more than a pipe holds: this returns once it is being read
    for _ in range(10):
        process.send_signal(signal.SIGINT)
        # Python sees no signal that comes just before it waits for input, so that it takes another.
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, errors = process.communicate(timeout=10)
            break
    os.close(write)
    os.close(read)
    assert process.returncode == main.INTERRUPTED
    assert b"Traceback" not in errors
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="pipes close differently there")
def test_a_closed_pipe_is_quiet() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "archviz", "render", str(SAMPLE), "-f", "json", "-o", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == main.CLOSED_PIPE
    assert errors == b""


def completions(line: str, shell: str, into: Path) -> str:
    """What a shell is offered for the end of ``line``."""
    subprocess.run(
        [sys.executable, "-m", "archviz"],
        env={
            **os.environ,
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_SHELL": shell,
            "_ARGCOMPLETE_IFS": "\n",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(into),
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        },
        capture_output=True,
        timeout=60,
        check=True,
    )
    return into.read_text()


def test_completion_offers_plugins_and_says_what_they_are(tmp_path: Path) -> None:
    offered = completions("archviz render x.onnx --format ", "zsh", tmp_path / "formats")
    assert "svg" in offered
    assert "Graphviz" in offered


def test_completion_offers_commands_options_and_choices(tmp_path: Path) -> None:
    into = tmp_path / "offered"
    assert completions("archviz ren", "bash", into).split() == ["render"]
    assert completions("archviz render --dir", "bash", into).split() == ["--direction"]
    assert completions("archviz render --direction ", "bash", into).split() == ["auto", "TB", "LR"]
    offered = completions("archviz check-figure a.pdf --ignore p", "bash", into)
    assert offered.split() == ["pixels", "pages"]


@pytest.mark.skipif(os.name == "nt", reason="there is no bash")
def test_bash_reads_what_is_printed_for_it() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "archviz", "completion", "bash"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert printed
    done = subprocess.run(
        ["bash", "-c", 'eval "$1"; complete -p archviz', "bash", printed],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.rstrip().endswith("archviz")
