"""Scopes for operations that say which calls of which modules they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archviz.ir.graph import ScopePath

MAX_DEPTH = 48


class Entry(NamedTuple):
    """One call of a module around an operation.

    Attributes:
        key: Tells the call from others right inside the same call.
        path: The module's dotted path from the model; "" for the model itself.
        type: The module's class.
        number: Which call of the module it is, from 1.
    """

    key: str
    path: str
    type: str
    number: int = 1


class _Call:
    """One call, with the calls and operations right inside it in order."""

    __slots__ = ("children", "entry", "order", "parts", "scope")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.parts: tuple[str, ...] = ()
        self.children: dict[str, _Call] = {}
        self.order: list[_Call | None] = []
        self.scope: ScopePath = ()


class ModuleCalls:
    """Scopes of operations.

    A module's call is one scope. A list of modules becomes one where its members follow one
    another with nothing between, so that merging it closes no cycle; else "layer.0" is one name.

    Args:
        stacks: For each operation, in order of execution, the calls around it from the outside in.

    Attributes:
        scopes: The scope of each operation.
        types: The class of every scope, parents before children.
        root: The class of the whole model, or "".
    """

    def __init__(self, stacks: Sequence[Sequence[Entry]]) -> None:
        self.root = ""
        outermost = _Call(Entry("", "", ""))
        calls = [self._call_of(outermost, stack) for stack in stacks]
        self.types: dict[ScopePath, str] = {}
        self._name(outermost)
        self.scopes = [call.scope for call in calls]

    def _call_of(self, outermost: _Call, stack: Sequence[Entry]) -> _Call:
        here = outermost
        for entry in stack:
            if not entry.path and here is outermost:
                self.root = self.root or entry.type
                continue
            following = here.children.get(entry.key)
            if following is None:
                following = here.children[entry.key] = _Call(entry)
            if not here.order or here.order[-1] is not following:
                here.order.append(following)
            here = following
        here.order.append(None)
        return here

    def _name(self, call: _Call) -> None:
        start = f"{call.entry.path}." if call.entry.path else ""
        for child in call.children.values():
            path = child.entry.path
            own = path.removeprefix(start) if path.startswith(start) else path
            child.parts = tuple(own.split("."))
        together = _contiguous(call)
        taken: set[ScopePath] = set()
        for child in call.children.values():
            parts = _joined(child.parts, together)
            number = child.entry.number
            last = parts[-1] if number == 1 else f"{parts[-1]}@{number}"
            scope = (*call.scope, *parts[:-1], last)
            while scope in taken:
                scope = (*scope[:-1], f"{scope[-1]}'")
            taken.add(scope)
            for length in range(len(call.scope) + 1, len(scope)):
                self.types.setdefault(scope[:length], "")
            self.types[scope] = child.entry.type
            child.scope = scope
            if len(scope) < MAX_DEPTH:
                self._name(child)
            else:
                _flatten(child, scope)


def _flatten(call: _Call, scope: ScopePath) -> None:
    """Gives everything inside a call the call's own scope."""
    stack = [call]
    while stack:
        here = stack.pop()
        here.scope = scope
        stack += here.children.values()


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
