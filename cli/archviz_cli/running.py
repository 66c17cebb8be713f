"""What commands share: each source in turn, one that fails not stopping the others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from archviz.errors import ArchvizError, RendererError
from archviz.output import encode
from archviz_cli.console import Console

COULD_NOT_RUN = 2
FINDINGS = 1
UNFINISHED = 3


class ClosedPipeError(Exception):
    """Nobody reads standard output any more."""


def each(sources: Sequence[str], work: Callable[[str], int], console: Console) -> int:
    """Runs ``work`` on every source; the highest exit code of all."""
    code = 0
    for name in sources:
        try:
            with console.stages():
                code = max(code, work(name))
        except ArchvizError as error:
            console.error(error)
            code = COULD_NOT_RUN
    return code


def print_text(content: str | bytes) -> None:
    """Writes to standard output, as it is.

    Raises:
        ClosedPipeError: Nobody reads it any more.
        RendererError: It cannot be written.
    """
    if not content:
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(encode(content))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ClosedPipeError from None
    except OSError as error:
        raise RendererError(
            f"standard output cannot be written ({(error.strerror or str(error)).lower()})",
            "name another place for the output",
        ) from None
