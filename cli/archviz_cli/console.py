"""What the command line says on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from archviz.errors import ArchvizError
from archviz.ir import Model, Severity
from archviz.records import record, replace
from archviz.table import one_line


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
        if shown:
            from archviz.reporters import REPORTERS

            sys.stderr.write(REPORTERS.get("text").report([replace(model, diagnostics=shown)]))

    @contextmanager
    def stages(self) -> Iterator[None]:
        """Tells the stages of what runs inside: lines when verbose, or one that vanishes."""
        if self.verbose or (not self.quiet and sys.stderr.isatty()):
            from archviz_cli.progress import told

            with told(self.verbose):
                yield
        else:
            yield


def _is_colored() -> bool:
    return (
        sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
