"""The entry point: runs a command and turns what goes wrong into a line and an exit code.

0 is clean, 1 means findings, 2 that it could not run, 3 that an analysis could not finish; 70 is a
bug in archviz, 130 an interruption, 141 a closed pipe.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from archviz import __version__
from archviz.errors import ArchvizError

COULD_NOT_RUN = 2
BUG = 70
INTERRUPTED = 130
CLOSED_PIPE = 141

ALLOCATIONS = 100_000
"""Objects made between two searches for garbage: a process of one command leaves little."""


def main() -> None:
    """Runs the command line of this process."""
    gc.set_threshold(ALLOCATIONS)
    code = run(sys.argv[1:])
    gc.freeze()  # or the interpreter would look for garbage in all that ends with it
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """The exit code of ``archviz`` with these arguments."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = CLOSED_PIPE
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == CLOSED_PIPE:
        # The interpreter flushes once more at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _run(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--version"]:  # answered without loading the command line
        sys.stdout.write(f"archviz {__version__}\n")
        return 0
    from archviz_cli import command_line
    from archviz_cli.console import Console
    from archviz_cli.running import ClosedPipeError

    try:
        if "_ARGCOMPLETE" in os.environ:  # a shell asks what could come next
            import argcomplete

            argcomplete.autocomplete(command_line.whole())
        return command_line.run(arguments)
    except ArchvizError as error:
        Console().error(error)
        return COULD_NOT_RUN
    except SystemExit as leaving:  # after help, or the version
        return int(leaving.code or 0)
    except ClosedPipeError:
        return CLOSED_PIPE
    except Exception:
        import traceback

        traceback.print_exc()
        sys.stderr.write(
            "archviz: this is a bug in archviz; please report it with the lines above\n"
        )
        return BUG
