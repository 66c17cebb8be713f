"""GitHub: workflow commands, which a run shows beside the lines of a change."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.baseline import relative
from archviz.diagnostics import Diagnostic, Severity
from archviz.ir import Model
from archviz.reporters import Reporter
from archviz.table import one_line

COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
MOST = 10
"""Annotations of one kind that GitHub shows for a step."""


def report(models: Sequence[Model]) -> str:
    """A command a diagnostic, "::error file=…,line=…,title=…::message", and how many are left."""
    lines: list[str] = []
    for severity, command in COMMAND.items():
        found = [
            (model, item)
            for model in models
            for item in model.diagnostics
            if item.severity is severity and not item.is_suppressed
        ]
        lines += [_line(command, model, item) for model, item in found[:MOST]]
        if len(found) > MOST:
            lines.append(f"::{command} title=archviz::{len(found) - MOST} more of this kind")
    return "".join(f"{line}\n" for line in lines)


def _line(command: str, model: Model, item: Diagnostic) -> str:
    properties = []
    place = item.location
    if place is not None:
        properties.append(("file", relative(place.file)))
        for name, number in (
            ("line", place.line),
            ("endLine", place.end_line),
            ("col", place.column),
            ("endColumn", place.end_column if place.end_line == place.line else 0),
        ):
            if number:
                properties.append((name, str(number)))
    properties.append(("title", f"{item.code} {item.name}".strip()))
    told = ",".join(
        f"{name}={_escaped(one_line(text), is_property=True)}" for name, text in properties
    )
    text = f"{model.source}: {item.message}"
    if item.hint:
        text += f"; {item.hint}"
    return f"::{command} {told}::{_escaped(one_line(text))}"


def _escaped(text: str, *, is_property: bool = False) -> str:
    """As the runner's own toolkit escapes: a percent sign first, then what ends a part."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text


REPORTER = Reporter(name="github", title="annotations of GitHub workflows", report=report)
