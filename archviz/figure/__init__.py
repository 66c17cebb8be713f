"""Figures for documents: drawn in a process of their own, and kept until what they show changes.

Sphinx, Markdown and ``archviz embed`` ask for figures here. A figure is asked for in text, by a
target and the options of ``archviz render``. The process that draws it has a time limit, so that
neither a framework nor a model that never ends gets into the program that builds the document.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archviz.errors import ArchvizError, RendererError
from archviz.figure.cache import Entry, identity
from archviz.figure.settings import check, slug
from archviz.records import field, record

TIME_LIMIT = 120
"""Seconds that drawing one figure may take."""

FORMATS = ("svg", "pdf", "markdown")
"""What a document can need: a picture for pages, one for paper, and words."""


@record
class Request:
    """What a document asks for.

    Attributes:
        target: A path, or "package.module:attribute".
        options: Options of ``archviz render`` by their long names, each with the values given;
            one without a value has ("",).
        folder: Where relative paths start; the current folder if not given.
        fallback: A file to draw where a package that the target needs is not installed, as a rule
            a ``*.archviz.json``; "" for none.
        formats: What to draw; "svg:theme=dark" gives one of them options of its own.
    """

    target: str
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folder: Path = Path()
    fallback: str = ""
    formats: tuple[str, ...] = FORMATS


@record
class Figure:
    """A finished figure.

    Attributes:
        files: Where each format stands.
        alt: What the picture shows, in a sentence or two.
        sources: The files that it was made from, apart from installed packages.
        note: What the reader of a log should know; "" for nothing.
    """

    files: Mapping[str, Path]
    alt: str
    sources: tuple[Path, ...] = ()
    note: str = ""

    def text(self, format: str) -> str:
        """The content of a format that is text."""
        return self.files[format].read_text(encoding="utf-8")


def make(request: Request, cache: Path, *, time_limit: float = TIME_LIMIT) -> Figure:
    """The figure that a document asks for.

    Args:
        request: What to draw.
        cache: The folder that figures are kept in; it is made.
        time_limit: Seconds that drawing may take.

    Raises:
        ArchvizError: An option does not exist, or the model cannot be read or drawn.
    """
    check(request.options)
    key = identity(request)
    entry = Entry(cache / key[:20], f"{slug(request.target)}-{key[:12]}")
    if not entry.is_fresh(request.formats):
        try:
            entry.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RendererError(
                f"{cache}: figures cannot be kept there ({error.strerror})", "name another folder"
            ) from None
        entry.keep(_drawn(request, entry, time_limit))
    facts = entry.facts
    return Figure(
        {name: entry.file(name) for name in request.formats},
        facts["alt"],
        tuple(Path(path) for path in facts["sources"]),
        facts["note"],
    )


def _drawn(request: Request, entry: Entry, time_limit: float) -> dict[str, Any]:
    """What a process of its own says about the figure, whose files it has written."""
    with tempfile.TemporaryDirectory(prefix="archviz-") as scratch:
        answer = Path(scratch, "answer.json")
        work = {
            "target": _placed(request.target, request.folder),
            "fallback": _placed(request.fallback, request.folder) if request.fallback else "",
            "options": {name: list(values) for name, values in request.options.items()},
            "files": {name: str(entry.file(name)) for name in request.formats},
            "answer": str(answer),
        }
        command = [sys.executable, "-m", "archviz.figure.process"]
        code, said = _run(command, json.dumps(work), request.target, time_limit)
        if not answer.exists():
            lines = said.strip().splitlines()
            raise RendererError(
                f"{request.target}: the process that draws it has ended with code {code}"
                + (f": {lines[-1][:200]}" if lines else ""),
                "draw it with archviz render to see why",
            )
        found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise ArchvizError(found["error"], found["hint"])
    return found


def _placed(target: str, folder: Path) -> str:
    """The target as seen from the current folder; what names a module stays as it is."""
    from archviz.source import names_an_object

    path = folder / target
    if not path.exists() and names_an_object(target):
        return target
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)


def _run(command: Sequence[str], text: str, target: str, time_limit: float) -> tuple[int, str]:
    """The process's exit code, and what it said on standard error."""
    # What a document's builder can import, its configuration's own folders too, the process can.
    places = [os.path.abspath(place) for place in dict.fromkeys([*sys.path, ""])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said = process.communicate(text, timeout=time_limit)[1]
        except subprocess.TimeoutExpired:
            raise RendererError(
                f"{target}: drawing it took longer than {time_limit:g} seconds",
                "raise the time limit, or draw a file: archviz render "
                f"{target} -o model.archviz.json",
            ) from None
        finally:
            _end(process)
    return process.returncode, said


def _end(process: subprocess.Popen[str]) -> None:
    """Ends the process and those that it started, if they are still there."""
    import signal

    if process.poll() is not None:
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError):  # no such thing as groups, or just ended
        process.kill()
    process.communicate()
