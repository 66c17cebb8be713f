"""From verdicts to findings: what one line keeps gradient from is one finding."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from archviz.analysis.gradient.report import Culprit, GradientReport, ParameterVerdict
from archviz.analysis.gradient.words import Confidence, Kind, Verdict
from archviz.diagnostics import Diagnostic, Severity, TraceStep

NAMED = 3
"""Parameters that a message names before it counts the rest."""

_WEAKENED = {
    Confidence.CERTAIN: Severity.ERROR,
    Confidence.LIKELY: Severity.WARNING,
    Confidence.VALUE_DEPENDENT: Severity.INFO,
    Confidence.INTENDED: Severity.INFO,
    Confidence.STATIC: Severity.INFO,
}
"""The most that a finding of that confidence is."""
_ORDER = (Severity.INFO, Severity.WARNING, Severity.ERROR)


def by_culprit(
    report: GradientReport,
    kinds: Collection[Kind],
    *,
    name: str,
    code: str,
    severity: Severity = Severity.ERROR,
    verb: str = "keeps gradient from",
) -> Iterator[Diagnostic]:
    """A finding for each culprit of these kinds, with everything it is the first to starve."""
    for culprit, names in report.groups():
        if culprit.kind in kinds:
            items = [_item(report, each) for each in names]
            confidence = _best(items)
            yield Diagnostic(
                name=name,
                code=code,
                severity=_least(severity, _WEAKENED[confidence]),
                message=_sentence(culprit, names, items, verb, confidence),
                nodes=(culprit.node,) if culprit.node else (),
                location=culprit.location if culprit.location.line else None,
                hint=culprit.suggestion,
                module=culprit.module,
                parameters=tuple(names),
                trace=tuple(
                    TraceStep(f"{step.op} [{step.kind}]", step.location)
                    for step in culprit.chain
                    if step.location is not None
                ),
            )


def by_verdict(
    report: GradientReport,
    verdict: Verdict,
    *,
    name: str,
    code: str,
    severity: Severity,
    text: str,
    hint: str,
    milder: str = "",
) -> Iterator[Diagnostic]:
    """A finding for each module with parameters of this verdict and no culprit.

    Args:
        report: The check.
        verdict: Which parameters.
        name: Of the rule.
        code: Of the rule.
        severity: Of the findings.
        text: What is said after the parameters' names.
        hint: The next step.
        milder: Start of the notes with which a finding is no more than information.
    """
    groups: dict[tuple[str, bool], list[str]] = {}
    for each, item in report.parameters.items():
        if item.verdict is verdict and not item.culprits:
            is_mild = bool(milder) and item.note.startswith(milder)
            groups.setdefault((each.rpartition(".")[0], is_mild), []).append(each)
    for (module, is_mild), names in _merged(groups).items():
        items = [report.parameters[each] for each in names]
        most = _WEAKENED[_best(items)]
        note = f"; {items[0].note}" if items[0].note else ""
        yield Diagnostic(
            name=name,
            code=code,
            severity=Severity.INFO if is_mild else _least(severity, most),
            message=f"{listed(names)} {text}{note}",
            hint=hint,
            module=module,
            parameters=tuple(names),
        )


def _merged(groups: dict[tuple[str, bool], list[str]]) -> dict[tuple[str, bool], list[str]]:
    """Groups of modules inside one another become one, that of the outermost."""
    merged: dict[tuple[str, bool], list[str]] = {}
    for (module, is_mild), names in groups.items():
        parts = module.split(".")
        for depth in range(1, len(parts)):
            around = (".".join(parts[:depth]), is_mild)
            if around in merged:
                merged[around] += names
                break
        else:
            siblings = (parts[0] if len(parts) > 1 else module, is_mild)
            merged.setdefault(siblings, []).extend(names)
    return merged


def listed(names: Sequence[str]) -> str:
    """Some names in full, the rest counted: "a, b, c and 4 more"."""
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 parameter", "12 parameters"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _item(report: GradientReport, name: str) -> ParameterVerdict:
    if name in report.parameters:
        return report.parameters[name]
    return report.inputs[name.removeprefix("input ")]


def _best(items: Sequence[ParameterVerdict]) -> Confidence:
    """The confidence of the surest item."""
    order = list(_WEAKENED)
    return min((item.confidence for item in items), key=order.index)


def _least(*severities: Severity) -> Severity:
    return min(severities, key=_ORDER.index)


def _sentence(
    culprit: Culprit,
    names: Sequence[str],
    items: Sequence[ParameterVerdict],
    verb: str,
    confidence: Confidence,
) -> str:
    where = f" in {culprit.module}" if culprit.module else ""
    if not culprit.location.line and culprit.node:
        where = f" ({culprit.node})"
    region = f"{culprit.region} around " if culprit.region else ""
    size = sum(item.elements for item in items)
    text = (
        f"{region}{short_name(culprit.op)}{where} {verb} {counted(len(names), 'parameter')} "
        f"({counted(size, 'element')}): {listed(names)}"
    )
    if confidence is Confidence.STATIC:
        return f"{text}, whatever the loss; judged by the file alone"
    if confidence is Confidence.INTENDED:
        return f"{text}; {items[0].note}"
    return f"{text}; {culprit.note}" if culprit.note else text


def short_name(op: str) -> str:
    """The operation without the framework's prefixes."""
    for prefix in ("torch.Tensor.", "torch.nn.functional.", "torch."):
        op = op.removeprefix(prefix)
    return op
