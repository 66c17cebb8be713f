"""What archviz found or lost: plain values that reporters print."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic matters, in rising order."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A place in the user's code, not the framework's.

    Attributes:
        file: Path as the framework recorded it.
        line: Line number from 1; 0 when unknown.
        function: Name of the enclosing function, or "".
    """

    file: str
    line: int = 0
    function: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to know about a model.

    Attributes:
        name: What it is, in kebab case; "allow <name>" reads right.
        severity: How much it matters.
        message: One sentence.
        nodes: Ids of the nodes it is about.
        location: The user's source line, when known.
        hint: The next step, or "".
        code: The rule's code ("AVS001"); "" for what importers and passes report.
    """

    name: str
    severity: Severity
    message: str
    nodes: tuple[str, ...] = ()
    location: SourceLocation | None = None
    hint: str = ""
    code: str = ""
