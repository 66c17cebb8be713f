"""Text: one line a diagnostic, in the form that editors and terminals link."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.diagnostics import Diagnostic
from archviz.ir import Model
from archviz.reporters import Reporter
from archviz.table import one_line

NAMED_NODES = 3
"""Nodes that a line names before it counts the rest."""


def report(models: Sequence[Model]) -> str:
    """A line a diagnostic, "model.onnx: warning: message (node) [dead-operation AVS001]"."""
    return "".join(
        f"{one_line(line(item, model.source))}\n"
        for model in models
        for item in model.diagnostics
        if not item.is_suppressed
    )


def line(item: Diagnostic, source: str) -> str:
    """One diagnostic without the line's end."""
    text = f"{source}: {item.severity}: {item.message}"
    if item.location:
        text += f" at {item.location.file}:{item.location.line}"
    unnamed = [node for node in item.nodes if node not in item.message]
    if unnamed:
        more = len(unnamed) - NAMED_NODES
        text += f" ({', '.join(unnamed[:NAMED_NODES])}{f' and {more:,} more' if more > 0 else ''})"
    if item.hint:
        text += f"; {item.hint}"
    return f"{text} [{item.name}{f' {item.code}' if item.code else ''}]"


REPORTER = Reporter(name="text", title="one line a diagnostic", report=report)
