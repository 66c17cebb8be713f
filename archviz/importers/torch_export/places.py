"""Where an operation of an exported program comes from: modules, and a line of the user's code."""

from __future__ import annotations

import re
from typing import Any

from archviz.ir import SourceLocation
from archviz.ir.module_calls import MAX_DEPTH, Entry
from archviz.reading.names import clean

MAX_PART = 200

_CALL = re.compile(r"@(\d{1,6})$")
_FRAME = re.compile(r'File "([^"\n]{1,1000})", line (\d{1,9})(?:, in ([^\n]{1,200}))?')
_FRAMEWORK = re.compile(r"(?:^|[/\\])(?:site|dist)-packages[/\\]|^<|[/\\]torch[/\\]")


def entries(stack: str) -> list[Entry]:
    """The calls of modules around an operation, from the outside in.

    Args:
        stack: An ``nn_module_stack``: "key,path,class" for each, joined by semicolons, where the
            key ends with "@n" for a later call of the same module.
    """
    found = []
    for item in stack.split(";")[: 2 * MAX_DEPTH] if stack else ():
        key, _, rest = item.partition(",")
        path, separator, type_ = rest.partition(",")
        if separator:
            match = _CALL.search(key)
            number = int(match.group(1)) + 1 if match else 1
            parts = ".".join(_part(part) for part in path.split(".")) if path else ""
            found.append(Entry(key, parts, clean(type_.rpartition(".")[2])[:MAX_PART], number))
    return found


def _part(text: str) -> str:
    shown = clean(text)
    return shown if len(shown) <= MAX_PART else f"{shown[: MAX_PART - 1]}…"


def location(trace: Any, known: dict[str, SourceLocation | None]) -> SourceLocation | None:
    """The innermost line of the user's own code in a stack trace.

    Args:
        trace: As Python prints it.
        known: Answers for traces seen before.
    """
    if not isinstance(trace, str) or not trace:
        return None
    if trace not in known:
        frames = [match for match in _FRAME.findall(trace[-8000:]) if match[0]]
        own = [frame for frame in frames if not _FRAMEWORK.search(frame[0])]
        known[trace] = (
            SourceLocation(clean(own[-1][0]), int(own[-1][1]), clean(own[-1][2])) if own else None
        )
    return known[trace]
