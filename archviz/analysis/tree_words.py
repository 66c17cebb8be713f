"""What a split or a leaf says in formats that other tools lay out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archviz.ir import Condition

LISTED = 12
"""Categories, terms and values that a label holds."""


def tree_lines(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The lines of a node of a tree, from the attributes that a view of it has."""
    return tuple(line for line in (_head(attributes), *_facts(attributes)) if line)


def _head(facts: Mapping[str, Any]) -> str:
    condition = Condition[str(facts["condition"]).upper()] if "condition" in facts else None
    if condition is None:
        return _answer(facts)
    name = str(facts.get("feature", ""))
    if condition is Condition.OBLIQUE:
        name = " + ".join(
            f"{weight:.4g}·{feature}"
            for feature, weight in _some(zip(facts["features"], facts["weights"], strict=True))
        )
    if condition in (Condition.IN, Condition.NOT_IN):
        listed = [str(item) for item in facts["categories"]]
        more = [f"+{len(listed) - LISTED}"] if len(listed) > LISTED else []
        verb = "in" if condition is Condition.IN else "not in"
        return f"{name} {verb} {{{', '.join([*listed[:LISTED], *more])}}}"
    if condition is Condition.TRUE:
        return f"{name} is true"
    if condition is Condition.MISSING:
        return f"{name} is missing"
    return f"{name} {condition.symbol} {facts['threshold']:.6g}"


def _some(items: Any) -> list[Any]:
    return list(items)[:LISTED]


def _answer(facts: Mapping[str, Any]) -> str:
    if "class" in facts:
        return str(facts["class"])
    if facts.get("features"):
        terms = _some(zip(facts["features"], facts["weights"], strict=True))
        return " + ".join(
            [f"{facts['constant']:.6g}", *(f"{weight:.4g}·{name}" for name, weight in terms)]
        )
    return _values(facts)


def _values(facts: Mapping[str, Any]) -> str:
    value = facts.get("value")
    if value is None:
        return ""
    if isinstance(value, tuple):
        more = ", …" if len(value) > LISTED else ""
        return f"[{', '.join(f'{item:.4g}' for item in value[:LISTED])}{more}]"
    return f"{value:.6g}"


def _facts(facts: Mapping[str, Any]) -> list[str]:
    counted = []
    if "samples" in facts:
        counted.append(f"n {facts['samples']:,.6g}")
    elif "weight" in facts:
        counted.append(f"weight {facts['weight']:.6g}")
    counted += [f"{name} {facts[name]:.4g}" for name in ("impurity", "gain") if name in facts]
    lines = [" · ".join(counted)]
    if "class" in facts:
        lines.append(_values(facts))
    if "hidden_nodes" in facts:
        nodes, leaves = facts["hidden_nodes"] - 1, facts["hidden_leaves"]
        lines.append(f"… {nodes:,} more nodes, {leaves:,} leaves")
    return lines
