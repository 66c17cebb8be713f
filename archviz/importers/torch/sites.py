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
_BOUNDARY, _FRAMEWORK, _LIBRARY, _USER = range(4)
_kinds: dict[CodeType, int] = {}


def _kind(code: CodeType) -> int:
    """Whose code it is."""
    name = code.co_filename
    if name.startswith(_OURS):
        return _BOUNDARY if code.co_name == "forward_call" else _FRAMEWORK
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
    return ("boundary", "framework", "library", "user")[kind]


def calling_frames(skip: int = 2) -> tuple[Frame, ...]:
    """The user's innermost frame inside the recorded call; before it, a library's if there is one.

    A library here is an installed package other than PyTorch. Without any frame of the user's
    own, as in a model of transformers, the library's alone is given.
    """
    frame: FrameType | None = sys._getframe(skip)
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
        frame = frame.f_back
    return () if library is None else (library,)


def location(operation: Operation) -> SourceLocation | None:
    """The user's line, or a library's when the user has none; None without either."""
    return locate(operation.frames[-1]) if operation.frames else operation.place


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
