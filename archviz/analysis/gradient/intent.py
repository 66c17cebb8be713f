"""Which stops look deliberate, and which modules are alternatives that this call left out."""

from __future__ import annotations

import re

from archviz.analysis.gradient.graph import ModuleFacts, ValueGraph
from archviz.analysis.gradient.report import ParameterVerdict
from archviz.analysis.gradient.words import STOPS, Confidence, Verdict
from archviz.records import replace

Verdicts = dict[str, ParameterVerdict]

TEACHER = re.compile(
    r"(^|[._])(teacher|target|ema|momentum|slow|ref|reference|frozen|key_encoder|encoder_k)"
    r"([._]|$)",
    re.IGNORECASE,
)
"""Names that people give to a copy which only follows the trained one."""

LEAST_FOR_TWIN = 3
"""Parameters that two modules need in common before one counts as the other's momentum copy."""


def mark_intended(graph: ValueGraph, found: Verdicts) -> None:
    """Marks explicit stops over whole modules that follow a connected twin, or are named so."""
    stopped = {
        name
        for name, item in found.items()
        if item.verdict is Verdict.CUT and item.culprits and item.culprits[0].kind in STOPS
    }
    if not stopped:
        return
    for module in graph.modules.values():
        names = [f"{module.path}.{name}" for name in module.parameters]
        known = [name for name in names if name in found]
        if not module.path or not known or not stopped.issuperset(known):
            continue
        twin = _twin(graph, module, found)
        if twin or TEACHER.search(module.path):
            why = f"has the structure of {twin}" if twin else "is named like a copy that follows"
            for name in known:
                found[name] = replace(
                    found[name],
                    confidence=Confidence.INTENDED,
                    note=f"looks intended: {module.path} {why}",
                )


def _twin(graph: ValueGraph, module: ModuleFacts, found: Verdicts) -> str:
    """Path of a connected module beside it with the same parameter names and shapes, or "".

    A copy that follows another does not feed it, as one layer of a stack feeds the next.
    """
    if len(module.parameters) < LEAST_FOR_TWIN:
        return ""
    fed = _fed_by(graph, module.path)
    for other in graph.modules.values():
        apart = not (
            f"{other.path}.".startswith(f"{module.path}.")
            or f"{module.path}.".startswith(f"{other.path}.")
        )
        if (
            other.path
            and apart
            and other.parameters == module.parameters
            and not _is_in(other.path, fed)
        ):
            names = [f"{other.path}.{name}" for name in other.parameters]
            if all(
                found[name].verdict in (Verdict.OK, Verdict.FROZEN)
                for name in names
                if name in found
            ):
                return other.path
    return ""


def _fed_by(graph: ValueGraph, path: str) -> set[str]:
    """Paths of the modules that read what was computed with the parameters of module ``path``."""
    carried = {
        target.value for name, target in graph.targets.items() if name.startswith(f"{path}.")
    }
    found = set()
    for operation in graph.operations:
        if not carried.isdisjoint(operation.inputs):
            carried.update(operation.outputs)
            found.add(operation.module)
    return found


def _is_in(path: str, found: set[str]) -> bool:
    return any(f"{name}.".startswith(f"{path}.") for name in found)


def mark_alternatives(graph: ValueGraph, found: Verdicts) -> None:
    """Turns "unused" into "not-run" where a sibling of the same class was taken instead.

    This is routing between experts, and layers that are dropped at random.
    """
    for module in graph.modules.values():
        if not module.is_choice:
            continue
        prefix = f"{module.path}." if module.path else ""
        children = [
            other
            for path, other in graph.modules.items()
            if path.startswith(prefix) and path != module.path and "." not in path[len(prefix) :]
        ]
        names = {
            child.path: [
                f"{child.path}.{name}"
                for name in child.parameters
                if f"{child.path}.{name}" in found
            ]
            for child in children
        }
        taken = {
            child.type
            for child in children
            if any(found[name].verdict is Verdict.OK for name in names[child.path])
        }
        for child in children:
            mine = names[child.path]
            if (
                mine
                and child.type in taken
                and child.calls == 0
                and all(found[name].verdict in (Verdict.UNUSED, Verdict.FROZEN) for name in mine)
            ):
                for name in mine:
                    if found[name].verdict is Verdict.UNUSED:
                        found[name] = replace(
                            found[name],
                            verdict=Verdict.NOT_RUN,
                            note=f"{child.path} did not run, another {child.type} did",
                        )
