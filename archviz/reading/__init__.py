"""Bounded readers of byte formats that several importers share; they know no framework.

Everything a file claims about its own size is checked before it is believed, and nothing in a
file is ever run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from archviz.errors import ImporterError


class MalformedError(ImporterError):
    """Bytes that break their format or claim too much; the importer adds the name of the file."""


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Adds the name of a file to the errors of the readers in here.

    Args:
        name: What messages call the file.

    Raises:
        ImporterError: In place of a MalformedError.
    """
    try:
        yield
    except MalformedError as error:
        raise ImporterError(f"{name}: {error.message}", error.hint, offset=error.offset) from None
