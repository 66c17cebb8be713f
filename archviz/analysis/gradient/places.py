"""Which line of code to show for an operation."""

from __future__ import annotations

import linecache
import os
from itertools import islice

from archviz.analysis.gradient.graph import Frame, Operation
from archviz.diagnostics import SourceLocation

PACKAGES = "site-packages"
FRAMEWORKS = ("keras", "tf_keras")
"""Packages whose classes run the user's functions; their own lines say nothing to the user."""


def locate(frame: Frame) -> SourceLocation:
    """The line and columns of a frame, with the line's text."""
    if isinstance(frame, SourceLocation):
        return frame
    code, offset = frame
    if offset < 0:  # the definition itself
        line = code.co_firstlineno
        text = linecache.getline(code.co_filename, line).strip()
        return SourceLocation(code.co_filename, line, code.co_name, text=text)
    start, end, column, end_column = next(
        islice(code.co_positions(), max(0, offset) // 2, None), (None, None, None, None)
    )
    line = start or code.co_firstlineno
    text = linecache.getline(code.co_filename, line)
    last = linecache.getline(code.co_filename, end) if end and end != line else text
    return SourceLocation(
        file=code.co_filename,
        line=line,
        function=code.co_name,
        column=0 if column is None else _characters(text, column) + 1,
        end_line=end or line,
        end_column=0 if end_column is None else _characters(last, end_column) + 1,
        text=text.strip(),
    )


def best_frame(operation: Operation, home: str = "") -> Frame | None:
    """The innermost frame of the user's code or of the package ``home``; else the innermost."""
    homes = ("",) if home in FRAMEWORKS else ("", home)
    for frame in operation.frames:
        if package_of(_file(frame)) in homes:
            return frame
    return operation.frames[0] if operation.frames else None


def package_of(file: str) -> str:
    """Name of the installed package that ``file`` belongs to; "" for the user's own."""
    _, found, rest = file.rpartition(f"{PACKAGES}{os.sep}")
    return rest.split(os.sep)[0] if found else ""


def _file(frame: Frame) -> str:
    return frame.file if isinstance(frame, SourceLocation) else frame[0].co_filename


def _characters(text: str, offset: int) -> int:
    """Columns of code objects count bytes of UTF-8."""
    return len(text.encode()[:offset].decode(errors="ignore"))
