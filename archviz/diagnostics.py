"""What archviz found or lost: plain values that reporters print."""

from __future__ import annotations

from enum import StrEnum

from archviz.records import record


class Severity(StrEnum):
    """How much a diagnostic matters, in rising order."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@record
class SourceLocation:
    """A place in the user's code, not the framework's.

    Attributes:
        file: Path as the framework recorded it.
        line: Line number from 1; 0 when unknown.
        function: Name of the enclosing function, or "".
        column: Column of the first character, from 1; 0 when unknown.
        end_line: The last line; 0 when unknown.
        end_column: Column behind the last character; 0 when unknown.
        text: What the line says, or "".
    """

    file: str
    line: int = 0
    function: str = ""
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    text: str = ""


@record
class TraceStep:
    """One place on the way that a diagnostic tells."""

    message: str
    location: SourceLocation


@record
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
        module: Dotted path of the module it happens in, or "".
        parameters: Names of the parameters it is about.
        trace: Places it goes through, in order.
        is_suppressed: Whether a comment, a baseline or an option says to leave it.
    """

    name: str
    severity: Severity
    message: str
    nodes: tuple[str, ...] = ()
    location: SourceLocation | None = None
    hint: str = ""
    code: str = ""
    module: str = ""
    parameters: tuple[str, ...] = ()
    trace: tuple[TraceStep, ...] = ()
    is_suppressed: bool = False
