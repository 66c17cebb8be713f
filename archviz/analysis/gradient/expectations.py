"""Parameters that are meant to get no gradient, by patterns of their names."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from archviz.analysis.gradient.report import GradientReport, Observation, ParameterVerdict
from archviz.analysis.gradient.words import Confidence, Verdict
from archviz.errors import OptionError
from archviz.options import nearest
from archviz.records import replace

_NO_GRADIENT = frozenset(Verdict) - {Verdict.OK}


def with_expectations(report: GradientReport, patterns: Sequence[str]) -> GradientReport:
    """The report with parameters marked that should get no gradient, and those that do noted.

    Raises:
        OptionError: A pattern matches no parameter.
    """
    if not patterns:
        return report
    parameters: dict[str, ParameterVerdict] = {}
    unexpected: list[Observation] = []
    met: set[str] = set()
    for name, item in report.parameters.items():
        mine = [pattern for pattern in patterns if fnmatchcase(name, pattern)]
        met.update(mine)
        if mine and item.verdict is Verdict.OK:
            unexpected.append(
                Observation("unexpected", name, f"gets gradient, though {mine[0]!r} should not")
            )
        elif mine and item.verdict in _NO_GRADIENT:
            item = replace(item, confidence=Confidence.INTENDED, note="expected")
        parameters[name] = item
    for pattern in patterns:
        if pattern not in met:
            raise OptionError(
                f"no parameter matches {pattern!r}", nearest(pattern, report.parameters)
            )
    return replace(report, parameters=parameters, observations=(*report.observations, *unexpected))
