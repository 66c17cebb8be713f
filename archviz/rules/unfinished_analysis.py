"""Says that part of the analysis could not be done, and why.

Verdicts then rest on the graph alone. The exit code is 3, never 0: a check that did not finish must
not pass.
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.report import GradientReport
from archviz.diagnostics import Diagnostic, Severity
from archviz.rules import Rule

NAME = "unfinished-analysis"
CODE = "AVG090"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every part that is missing."""
    for reason in report.incomplete:
        yield Diagnostic(
            name=NAME,
            code=CODE,
            severity=Severity.WARNING,
            message=reason,
            hint="run the model's own backward pass, and check on its own device",
        )


RULE = Rule(NAME, CODE, "the analysis could not finish", check, "gradients")
