"""What reading a source found odd, gathered so that one fault is one diagnostic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from archviz.diagnostics import Diagnostic, Severity

MAX_NAMED = 5
MAX_NODES = 100
"""Node ids that one diagnostic lists."""

Fault: TypeAlias = tuple[Severity, str, str]
"""How bad a fault is, its sentence and what to do; the sentence names its cases as "{names}"."""


class Notes:
    """Collects diagnostics; those of one name become one.

    Args:
        table: The faults that there may be, by name.
    """

    def __init__(self, table: Mapping[str, Fault]) -> None:
        self._table = table
        self._found: list[Diagnostic] = []
        self._faults: dict[str, tuple[dict[str, None], list[str]]] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        """Adds a finished diagnostic."""
        self._found.append(diagnostic)

    def fault(self, kind: str, name: str, node: str = "") -> None:
        """Notes one more case of a fault, about ``name`` and at ``node``."""
        names, nodes = self._faults.setdefault(kind, ({}, []))
        names[name] = None
        if node and len(nodes) < MAX_NODES:
            nodes.append(node)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything noted."""
        found = list(self._found)
        for kind, (names, nodes) in self._faults.items():
            severity, message, hint = self._table[kind]
            plural = len(names) > 1
            text = message.format(
                names=_named(list(names)),
                is_are="are" if plural else "is",
                it_them="them" if plural else "it",
                calls_call="call" if plural else "calls",
                s="s" if plural else "",
            )
            found.append(Diagnostic(kind, severity, text, tuple(nodes), hint=hint))
        return tuple(found)


def _named(names: list[str]) -> str:
    shown = ", ".join(repr(name[:80]) for name in names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown
