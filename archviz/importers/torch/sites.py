"""Where in the user's code an operation was called."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType

import torch

from archviz.diagnostics import SourceLocation
from archviz.importers.torch.recording import Frame, Operation

DEEPEST = 120
"""Frames that are looked at, from the innermost."""

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_TORCH = os.path.dirname(os.path.abspath(torch.__file__)) + os.sep
_INSTALLED = tuple(
    sorted(
        {
            os.path.abspath(sysconfig.get_paths()[key]) + os.sep
            for key in ("stdlib", "platstdlib", "purelib", "platlib")
        },
        key=len,
        reverse=True,
    )
)
PACKAGES = f"{os.sep}site-packages{os.sep}"
_STANDARD = tuple(
    os.path.abspath(sysconfig.get_paths()[key]) + os.sep for key in ("stdlib", "platstdlib")
)
_BOUNDARY, _FRAMEWORK, _LIBRARY, _USER, _MODULE_CALL = range(5)
_INNER = {"forward_call": _BOUNDARY, "module_call": _MODULE_CALL}
"""Functions of this package that a recorded call goes through."""
_kinds: dict[CodeType, int] = {}


def _kind(code: CodeType) -> int:
    """Whose code it is."""
    name = code.co_filename
    if name.startswith(_OURS):
        return _INNER.get(code.co_name, _FRAMEWORK)
    if name.startswith((_TORCH, "<")):
        return _FRAMEWORK
    if os.path.abspath(name).startswith(_STANDARD) and PACKAGES not in name:
        return _FRAMEWORK
    return _USER if is_users(name) else _LIBRARY


def is_users(name: str) -> bool:
    """Whether a file is the user's own, neither PyTorch's nor an installed package's."""
    full = os.path.abspath(name)
    inside = name.startswith("<") or full.startswith((_OURS, _TORCH, *_INSTALLED))
    return not inside and PACKAGES not in full


def whose_code(code: CodeType) -> str:
    """Whose it is: "user", "library" (another installed package), "framework" or "boundary"."""
    kind = _kinds.get(code)
    if kind is None:
        kind = _kinds[code] = _kind(code)
    return ("boundary", "framework", "library", "user", "framework")[kind]


class CallSites:
    """Finds where the operations of one recording are called.

    What is above a module call is the same for all operations in it, and is looked at once.
    """

    def __init__(self) -> None:
        self._above: dict[int, tuple[Frame, ...] | None] = {}

    def enter(self, frame: int) -> None:
        """Notes that a module call begins, whose frame has this ``id``."""
        self._above[frame] = None

    def leave(self, frame: int) -> None:
        """Forgets a module call that ended."""
        self._above.pop(frame, None)

    def calling_frames(self, skip: int = 2) -> tuple[Frame, ...]:
        """The user's innermost frame in the recorded call; before it, a library's if there is one.

        A library here is an installed package other than PyTorch. Without any frame of the user's
        own, as in a model of transformers, the library's alone is given.
        """
        return self._from(sys._getframe(skip))

    def _from(self, frame: FrameType | None) -> tuple[Frame, ...]:
        library: Frame | None = None
        kinds = _kinds
        for _ in range(DEEPEST):
            if frame is None:
                break
            code = frame.f_code
            kind = kinds.get(code)
            if kind is None:
                kind = kinds[code] = _kind(code)
            if kind == _USER:
                mine = (code, frame.f_lasti)
                return (mine,) if library is None else (library, mine)
            if kind == _LIBRARY:
                if library is None:
                    library = (code, frame.f_lasti)
            elif kind == _BOUNDARY:
                break
            elif kind == _MODULE_CALL and id(frame) in self._above:
                above = self._above[id(frame)]
                if above is None:
                    above = self._above[id(frame)] = self._from(frame.f_back)
                if library is None:
                    return above
                is_users_own = bool(above) and kinds[above[-1][0]] == _USER
                return (library, above[-1]) if is_users_own else (library,)
            frame = frame.f_back
        return () if library is None else (library,)


class Locations:
    """Finds the lines of operations' frames; each place once, as a layer's are all layers' own."""

    def __init__(self) -> None:
        self._known: dict[Frame, SourceLocation] = {}

    def of(self, operation: Operation) -> SourceLocation | None:
        """The user's line, or a library's when the user has none; None without either."""
        if not operation.frames:
            return operation.place
        frame = operation.frames[-1]
        found = self._known.get(frame)
        if found is None:
            found = self._known[frame] = locate(frame)
        return found


def locate(frame: Frame) -> SourceLocation:
    """File, line and function of a frame; the file is relative to where it is looked for."""
    code, offset = frame
    line = code.co_firstlineno
    for start, end, number in code.co_lines():
        if start <= offset < end and number is not None:
            line = number
            break
    return SourceLocation(shown_file(code.co_filename), line, code.co_name)


def shown_file(name: str) -> str:
    """A file as users know it: under the working folder or under the installed packages."""
    return _shown_from(name, os.getcwd())


@lru_cache(maxsize=256)
def _shown_from(name: str, here: str) -> str:
    full = os.path.abspath(name)
    for folder in (*_INSTALLED, here + os.sep):
        if full.startswith(folder):
            return Path(full[len(folder) :]).as_posix()
    return Path(full).as_posix()
