"""What the command line says on standard error, and its progress line."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from archviz.errors import ArchvizError
from archviz.ir import Model, Severity
from archviz.records import record
from archviz.reporters import REPORTERS
from archviz.table import one_line

PATIENCE = 1.0
"""Seconds before a progress line appears."""

_ERASE = "\r\x1b[2K"


@record
class Console:
    """How much is said.

    Attributes:
        verbose: Whether stages and diagnostics of any severity are told.
        quiet: Whether only errors are told.
    """

    verbose: bool = False
    quiet: bool = False

    def with_flags(self, verbose: bool, quiet: bool) -> Console:
        """The console after a command's own ``-v`` and ``-q``."""
        return Console(verbose or self.verbose, quiet or self.quiet)

    def error(self, error: ArchvizError) -> None:
        """Says that something could not run."""
        word = "\x1b[1;31merror\x1b[0m" if _is_colored() else "error"
        sys.stderr.write(f"archviz: {word}: {one_line(str(error))}\n")

    def note(self, text: str) -> None:
        """Says what was done."""
        if not self.quiet:
            sys.stderr.write(f"{one_line(text)}\n")

    def diagnostics(self, model: Model) -> None:
        """Says what the importer lost or assumed, or all that it noted when verbose."""
        if self.quiet:
            return
        shown = tuple(
            item
            for item in model.diagnostics
            if self.verbose
            or item.severity is not Severity.INFO
            or item.name.startswith("assumed-")
        )
        sys.stderr.write(REPORTERS.get("text").report([replace(model, diagnostics=shown)]))

    @contextmanager
    def stages(self) -> Iterator[None]:
        """Tells the stages of what runs inside: lines when verbose, or one that vanishes."""
        if self.verbose:
            handler: logging.Handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("archviz: %(message)s"))
        elif not self.quiet and sys.stderr.isatty():
            handler = ProgressLine()
        else:
            yield
            return
        root = logging.getLogger("archviz")
        level = root.level
        root.setLevel(logging.INFO)
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
            handler.close()


class ProgressLine(logging.Handler):
    """A line with the current stage, which appears after a second and is erased at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._stage = ""
        self._is_due = False
        self._is_shown = False
        self._timer = threading.Timer(PATIENCE, self._become_due)
        self._timer.daemon = True
        self._timer.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Notes a stage and, once it takes long, shows it."""
        self._stage = record.getMessage()
        if self._is_due:
            self._show()

    def _become_due(self) -> None:
        with self.lock or threading.Lock():
            self._is_due = True
            if self._stage:
                self._show()

    def _show(self) -> None:
        import shutil

        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(_ERASE + one_line(f"{self._stage} …")[:width])
        sys.stderr.flush()
        self._is_shown = True

    def close(self) -> None:
        """Erases the line."""
        self._timer.cancel()
        with self.lock or threading.Lock():
            self._is_due = False
            self._stage = ""
            if self._is_shown:
                sys.stderr.write(_ERASE)
                sys.stderr.flush()
        super().close()


def _is_colored() -> bool:
    return (
        sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
