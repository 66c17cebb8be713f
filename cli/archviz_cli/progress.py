"""Stages told on standard error: line by line, or in one line that vanishes."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from archviz.table import one_line

PATIENCE = 1.0
"""Seconds before a progress line appears."""

_ERASE = "\r\x1b[2K"


@contextmanager
def told(verbose: bool) -> Iterator[None]:
    """Tells the stages of what runs inside: lines when verbose, or one that vanishes."""
    handler: logging.Handler
    if verbose:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("archviz: %(message)s"))
    else:
        handler = ProgressLine()
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
