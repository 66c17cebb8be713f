"""Which call of which module an operation belongs to, as scopes.

``nn_module_stack`` lists the modules around an operation from the outside in, each as
"key,path,class" where the key ends with "@n" for a later call of the same module.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archviz.ir import ScopePath, SourceLocation
from archviz.reading.names import clean

MAX_DEPTH = 48
MAX_PART = 200

_CALL = re.compile(r"@(\d{1,6})$")
_FRAME = re.compile(r'File "([^"\n]{1,1000})", line (\d{1,9})(?:, in ([^\n]{1,200}))?')
_FRAMEWORK = re.compile(r"(?:^|[/\\])(?:site|dist)-packages[/\\]|^<|[/\\]torch[/\\]")

Entry = tuple[str, str, str]
"""Key, path and class of one module around an operation."""


@dataclass(slots=True)
class _Call:
    """One call of a module, with the calls and operations right inside it in order."""

    path: str
    type: str
    number: int
    parts: tuple[str, ...] = ()
    children: dict[str, _Call] = field(default_factory=dict)
    order: list[_Call | None] = field(default_factory=list)
    scope: ScopePath = ()


class Places:
    """Scopes of operations.

    A module's call is one scope. A list of modules becomes one where its members follow one
    another with nothing between, so that merging it closes no cycle; else "layer.0" is one name.

    Args:
        stacks: The ``nn_module_stack`` of each operation, in order of execution.

    Attributes:
        scopes: The scope of each operation.
        types: The class of every scope, parents before children.
        root: The class of the whole model, or "".
    """

    def __init__(self, stacks: Sequence[str]) -> None:
        self._known: dict[str, _Call] = {}
        self._root = _Call("", "", 0)
        calls = [self._call_of(stack) for stack in stacks]
        self.types: dict[ScopePath, str] = {}
        self._name(self._root)
        self.scopes = [call.scope for call in calls]
        self.root = self._root.type

    def _call_of(self, stack: str) -> _Call:
        here = self._root
        for key, path, type_ in entries(stack):
            if not path and here is self._root:
                here.type = here.type or type_
                continue
            following = here.children.get(key)
            if following is None:
                match = _CALL.search(key)
                number = int(match.group(1)) + 1 if match else 1
                following = here.children[key] = _Call(path, type_, number)
            if not here.order or here.order[-1] is not following:
                here.order.append(following)
            here = following
        here.order.append(None)
        return here

    def _name(self, call: _Call) -> None:
        start = f"{call.path}." if call.path else ""
        for child in call.children.values():
            own = child.path.removeprefix(start) if child.path.startswith(start) else child.path
            child.parts = tuple(own.split(".")) or (own,)
        together = _contiguous(call)
        taken: set[ScopePath] = set()
        for child in call.children.values():
            parts = _joined(child.parts, together)
            last = parts[-1] if child.number == 1 else f"{parts[-1]}@{child.number}"
            path = (*call.scope, *(_part(part) for part in parts[:-1]), _part(last))
            while path in taken:
                path = (*path[:-1], f"{path[-1]}'")
            taken.add(path)
            for length in range(len(call.scope) + 1, len(path)):
                self.types.setdefault(path[:length], "")
            self.types[path] = child.type
            child.scope = path
            if len(path) < MAX_DEPTH:
                self._name(child)
            else:
                _flatten(child, path)


def _flatten(call: _Call, scope: ScopePath) -> None:
    """Gives everything inside a call the call's own scope."""
    stack = [call]
    while stack:
        here = stack.pop()
        here.scope = scope
        stack += here.children.values()


def entries(stack: str) -> list[Entry]:
    """The modules around an operation, from the outside in."""
    found = []
    for item in stack.split(";")[: 2 * MAX_DEPTH] if stack else ():
        key, _, rest = item.partition(",")
        path, separator, type_ = rest.partition(",")
        if separator:
            found.append((key, path, clean(type_.rpartition(".")[2])[:MAX_PART]))
    return found


def _contiguous(call: _Call) -> set[tuple[str, ...]]:
    """Prefixes of names whose calls follow one another with no operation between."""
    places: dict[tuple[str, ...], list[int]] = {}
    for index, child in enumerate(call.order):
        for length in range(1, len(child.parts) if child is not None else 0):
            places.setdefault(child.parts[:length], []).append(index)  # type: ignore[union-attr]
    return {prefix for prefix, found in places.items() if found[-1] - found[0] == len(found) - 1}


def _joined(parts: tuple[str, ...], together: set[tuple[str, ...]]) -> tuple[str, ...]:
    """The parts of a name, those that are no scope of their own joined to the next."""
    found: list[str] = []
    start = 0
    for end in range(1, len(parts) + 1):
        if end == len(parts) or parts[:end] in together:
            found.append(".".join(parts[start:end]))
            start = end
    return tuple(found)


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
