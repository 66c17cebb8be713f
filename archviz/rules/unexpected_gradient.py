"""Finds parameters that ``frozen`` or ``expect_cut`` name, and that get gradient all the same.

The opposite of all other rules: gradient flows where it should not, for want of a ``detach()`` or
of ``requires_grad_(False)``. It is found only where patterns were given.
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.report import GradientReport
from archviz.diagnostics import Diagnostic, Severity
from archviz.rules import Rule

NAME = "unexpected-gradient"
CODE = "AVG024"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every such parameter."""
    for item in report.observations:
        if item.kind == "unexpected":
            yield Diagnostic(
                name=NAME,
                code=CODE,
                severity=Severity.ERROR,
                message=f"{item.subject} {item.text}",
                hint="freeze it with requires_grad_(False), or detach what it is used in",
                module=item.subject.rpartition(".")[0],
                parameters=(item.subject,),
            )


RULE = Rule(NAME, CODE, "a parameter that should get no gradient gets some", check, "gradients")
