"""Finds stored weights and buffers that no operation uses.

They are carried in the file and shown by optimizers, yet change nothing: a layer that was defined
and never called, or a checkpoint with more than the model. Constants are left out, since exporters
leave them behind as a matter of course.
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.diagnostics import Diagnostic, Severity
from archviz.ir import Model
from archviz.ir.walk import all_nodes
from archviz.rules import Rule

NAME = "unused-parameter"
CODE = "AVS002"


def check(model: Model) -> Iterable[Diagnostic]:
    """A finding for every unused weight or buffer."""
    used = {use.parameter for node in all_nodes(model.graph) for use in node.parameters}
    for parameter in model.graph.parameters.values():
        if parameter.name not in used and parameter.kind != "constant":
            yield Diagnostic(
                name=NAME,
                code=CODE,
                severity=Severity.WARNING,
                message=f"no operation uses the {parameter.kind} {parameter.name!r}",
                hint="remove it, or call the layer it belongs to",
            )


RULE = Rule(name=NAME, code=CODE, title="a stored weight that nothing uses", check=check)
