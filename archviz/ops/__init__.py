"""What is known of operators, as data: one TOML file a framework.

Names are the frameworks' own. A name that two frameworks share means the same in both.
"""

from __future__ import annotations

from functools import cache

from archviz.compiled import compiled
from archviz.ops.patterns import PATTERNS, compounds
from archviz.records import record

OTHER = "other"
"""The category of operators that no table names."""


@record
class OperatorTable:
    """All tables in one.

    Attributes:
        category: Category by operator: conv, linear, attention, norm, act, pool, recurrent,
            embedding.
        merge: Symbol by operator that joins values: plus, times, minus, divide, join.
        role: Roles by operator: identity, constant, shape, random.
        attribute: Short label by the name of an attribute worth showing, in display order.
        inputs: Names of inputs by operator, for those whose later inputs are settings.
    """

    category: dict[str, str]
    merge: dict[str, str]
    role: dict[str, str]
    attribute: dict[str, str]
    inputs: dict[str, list[str]]


@cache
def table() -> OperatorTable:
    """The tables of every framework, read once."""
    category: dict[str, str] = {}
    merge: dict[str, str] = {}
    role: dict[str, str] = {}
    attribute: dict[str, str] = {}
    inputs: dict[str, list[str]] = {}
    for name, data in compiled(__name__).items():
        if name == PATTERNS:
            continue
        for target, section in ((category, "category"), (merge, "merge"), (role, "role")):
            for key, operators in data.get(section, {}).items():
                target.update(dict.fromkeys(operators, key))
        attribute.update(data.get("attribute", {}))
        inputs.update(data.get("inputs", {}))
    for compound in compounds():
        category.setdefault(compound.name, compound.category)
    return OperatorTable(category, merge, role, attribute, inputs)


def category_of(operator: str) -> str:
    """What a reader takes ``operator`` for; "other" when no table names it."""
    return table().category.get(operator, OTHER)


def input_name(operator: str, index: int) -> str:
    """What ``operator`` calls its input at ``index``; "" when that is not known."""
    names = table().inputs.get(operator, [])
    return names[index] if 0 <= index < len(names) else ""
