"""What the analysis says: a verdict for every parameter, with its culprits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archviz.analysis.gradient.words import HEALTHY, SUGGESTION, Confidence, Kind, Verdict
from archviz.diagnostics import Diagnostic, Severity, SourceLocation
from archviz.records import field, record

SCHEMA_VERSION = 1


@record
class Step:
    """A cut on the way from a parameter to the loss."""

    kind: Kind
    op: str
    location: SourceLocation | None


@record
class Culprit:
    """What keeps gradient from a parameter.

    Attributes:
        kind: How.
        op: The operation, as the framework calls it.
        location: The line to look at; of the region for no_grad and inference_mode.
        module: Dotted path of the module it ran in; "" for the outermost or the loss.
        node: The node's id in the model's graph; "" when it has none.
        region: What switched gradient off: "no_grad", "inference_mode", "checkpoint", or "".
        chain: All cuts from here on to the loss.
        stack: Places that called it, innermost first.
        note: What else is known.
    """

    kind: Kind
    op: str
    location: SourceLocation
    module: str = ""
    node: str = ""
    region: str = ""
    chain: tuple[Step, ...] = ()
    stack: tuple[SourceLocation, ...] = ()
    note: str = ""

    @property
    def suggestion(self) -> str:
        """What to do about it."""
        if self.region == "checkpoint":
            return (
                "pass use_reentrant=False to checkpoint, or give it an input that requires gradient"
            )
        return SUGGESTION[self.kind]

    @property
    def key(self) -> tuple[Kind, str, int | str]:
        """What makes two culprits one finding: the line, or the operation where none is known."""
        return self.kind, self.location.file, self.location.line or self.node


@record
class ParameterVerdict:
    """What becomes of one parameter, or of one input that was asked about.

    Attributes:
        verdict: In one word.
        shape: Its sizes.
        culprits: Who is to blame, best first; empty when it is fine or unused.
        note: What else is known.
        confidence: How sure the verdict is.
        aliases: Its other names.
    """

    verdict: Verdict
    shape: tuple[int, ...] = ()
    culprits: tuple[Culprit, ...] = ()
    note: str = ""
    confidence: Confidence = Confidence.CERTAIN
    aliases: tuple[str, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Whether nothing needs an explanation."""
        return self.verdict in HEALTHY

    @property
    def elements(self) -> int:
        """Number of elements."""
        product = 1
        for size in self.shape:
            product *= size
        return product


@record
class Observation:
    """Something else that was noticed: an unregistered leaf, a gradient lost in rounding.

    Attributes:
        kind: "unregistered" or "rounding-noise".
        subject: The parameter, or a description of the tensor.
        text: One sentence.
        location: Where, when known.
    """

    kind: str
    subject: str
    text: str
    location: SourceLocation | None = None


@record
class GradientReport:
    """The result of a gradient check.

    Attributes:
        parameters: Verdicts by parameter name, in the model's order.
        inputs: Verdicts of the inputs that require gradient.
        findings: What the rules made of it, errors first.
        observations: What else was noticed.
        incomplete: Why parts of the analysis could not finish; empty when it did.
        source: What the model is called.
        facts: Numbers about the run: operations, values, made-up branches, versions.
        backward: How far backward was followed: "none", "shapes" (ghost tensors), "values", or
            "static" where a file alone was judged.
    """

    parameters: Mapping[str, ParameterVerdict]
    inputs: Mapping[str, ParameterVerdict] = field(default_factory=dict)
    findings: tuple[Diagnostic, ...] = ()
    observations: tuple[Observation, ...] = ()
    incomplete: tuple[str, ...] = ()
    source: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict)
    backward: str = "none"

    @property
    def ok(self) -> bool:
        """Whether the analysis finished and found no error."""
        return not self.incomplete and not any(
            item.severity is Severity.ERROR for item in self.findings
        )

    def groups(self) -> list[tuple[Culprit, list[str]]]:
        """First culprits with the parameters they starve, most elements first."""
        found: dict[tuple[Kind, str, int | str], tuple[Culprit, list[str]]] = {}
        every = {**self.parameters, **{f"input {k}": v for k, v in self.inputs.items()}}
        for name, item in every.items():
            for culprit in item.culprits[:1]:
                found.setdefault(culprit.key, (culprit, []))[1].append(name)
        return sorted(
            found.values(), key=lambda group: -sum(every[name].elements for name in group[1])
        )

    def counts(self) -> dict[str, int]:
        """How many parameters have each verdict, in the order of :class:`Verdict`."""
        tally = {str(verdict): 0 for verdict in Verdict}
        for item in self.parameters.values():
            tally[item.verdict] += 1
        return {verdict: number for verdict, number in tally.items() if number}

    def to_json(self) -> dict[str, Any]:
        """The report as a tree of JSON values, with its schema version."""
        from archviz.ir.serde import diagnostic_to_json

        culprits: dict[Any, int] = {}
        listed: list[dict[str, Any]] = []
        parameters = {}
        for name, item in [*self.parameters.items(), *self.inputs.items()]:
            for culprit in item.culprits:
                if culprit.key not in culprits:
                    culprits[culprit.key] = len(listed)
                    listed.append(_culprit_to_json(culprit))
            parameters[name] = {
                "verdict": str(item.verdict),
                "shape": list(item.shape),
                "confidence": str(item.confidence),
                "culprits": [culprits[culprit.key] for culprit in item.culprits],
                **({"note": item.note} if item.note else {}),
                **({"aliases": list(item.aliases)} if item.aliases else {}),
            }
        names = list(self.parameters)
        return {
            "archviz-gradients": SCHEMA_VERSION,
            "source": self.source,
            "ok": self.ok,
            "counts": self.counts(),
            "backward": self.backward,
            "incomplete": list(self.incomplete),
            "parameters": {name: parameters[name] for name in names},
            "inputs": {name: parameters[name] for name in self.inputs},
            "culprits": listed,
            "observations": [
                {"kind": item.kind, "subject": item.subject, "text": item.text}
                for item in self.observations
            ],
            "findings": [diagnostic_to_json(item) for item in self.findings],
            "facts": dict(self.facts),
        }

    def __str__(self) -> str:
        tally = ", ".join(f"{number} {verdict}" for verdict, number in self.counts().items())
        lines = [f"{len(self.parameters)} parameters: {tally or 'none'}"]
        lines += [f"unfinished: {reason}" for reason in self.incomplete]
        for item in self.findings:
            lines += described(item)
        return "\n".join(lines)


def described(item: Diagnostic) -> list[str]:
    """Lines for one finding: place, message, the source line, and the next step."""
    place = f"{item.location.file}:{item.location.line}: " if item.location else ""
    lines = [f"{place}{item.severity} {item.code} {item.message}"]
    if item.location and item.location.text:
        lines.append(f"    {item.location.text}")
    if item.hint:
        lines.append(f"    fix: {item.hint}")
    return lines


def _culprit_to_json(culprit: Culprit) -> dict[str, Any]:
    from archviz.ir.serde import location_to_json

    data = {
        "kind": str(culprit.kind),
        "op": culprit.op,
        "location": location_to_json(culprit.location),
        "module": culprit.module,
        "node": culprit.node,
        "region": culprit.region,
        "suggestion": culprit.suggestion,
        "note": culprit.note,
        "chain": [
            {"kind": str(step.kind), "op": step.op, "location": location_to_json(step.location)}
            for step in culprit.chain
        ],
    }
    return {key: value for key, value in data.items() if value not in ("", [], None)}
