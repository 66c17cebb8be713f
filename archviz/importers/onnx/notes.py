"""What reading a model found odd, gathered so that one fault is one diagnostic."""

from __future__ import annotations

from archviz.ir import Diagnostic, Severity

MAX_NAMED = 5
MAX_NODES = 100
"""Node ids that one diagnostic lists."""

_FAULTS = {
    "missing-value": (
        Severity.WARNING,
        "{names} {is_are} consumed, and nothing produces {it_them}",
        "the file is cut or was edited by hand: export it again",
    ),
    "duplicate-value": (
        Severity.WARNING,
        "{names} {is_are} produced more than once; consumers get the latest before them",
        "",
    ),
    "recursive-function": (
        Severity.WARNING,
        "{names} {calls_call} itself, directly or through others, and stays one node",
        "",
    ),
    "large-function": (
        Severity.WARNING,
        "calls of {names} would expand to too many nodes and stay one node each",
        "",
    ),
    "unknown-operator": (
        Severity.WARNING,
        "the imported operator sets have no {names}",
        "",
    ),
    "branch-input": (
        Severity.WARNING,
        "a branch of an If declares {names} as input, which an If does not give; what is called "
        "so around it is taken",
        "",
    ),
    "broken-trees": (
        Severity.WARNING,
        "the decision trees of an ensemble are left out: {names}",
        "export the model again",
    ),
    "deep-subgraph": (Severity.WARNING, "subgraphs nest too deep inside {names}", ""),
    "deep-rank": (Severity.WARNING, "{names} claims more than 64 dimensions", ""),
}


class Notes:
    """Collects diagnostics; those of one name become one."""

    def __init__(self) -> None:
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
            severity, message, hint = _FAULTS[kind]
            plural = len(names) > 1
            text = message.format(
                names=_named(list(names)),
                is_are="are" if plural else "is",
                it_them="them" if plural else "it",
                calls_call="call" if plural else "calls",
            )
            found.append(Diagnostic(kind, severity, text, tuple(nodes), hint=hint))
        return tuple(found)


def _named(names: list[str]) -> str:
    shown = ", ".join(repr(name[:80]) for name in names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown
