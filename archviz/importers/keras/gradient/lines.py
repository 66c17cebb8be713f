"""The lines of the user's code among the frames of a framework's traceback."""

from __future__ import annotations

import linecache
import os
import sysconfig
from collections.abc import Iterable, Iterator

from archviz.diagnostics import SourceLocation

_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
_PATHS = sysconfig.get_paths()
_NOT_THE_USERS = tuple(
    os.path.abspath(folder) + os.sep
    for folder in (_OURS, *(_PATHS[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")))
)
_PACKAGES = f"{os.sep}site-packages{os.sep}"


def user_lines(frames: Iterable[tuple[str, int, str]]) -> Iterator[SourceLocation]:
    """Those frames that lie in no installed package, in their order.

    Args:
        frames: File, line and function of each.
    """
    for name, line, function in frames:
        full = os.path.abspath(name)
        if not full.startswith(_NOT_THE_USERS) and _PACKAGES not in full:
            text = linecache.getline(name, line).strip()
            yield SourceLocation(name, line, function, text=text)
