"""Rules: each yields one kind of finding about a Model.

A module here is one rule, named after what it finds; its docstring is its documentation, it ends
with ``RULE``, and the entry-point group for other distributions is ``archviz.rules``. Codes are
never reused: AVG gradient, AVS structure, AVT types, AVE ensembles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from archviz.diagnostics import Diagnostic
from archviz.ir import Model
from archviz.registry import Registry


@dataclass(frozen=True, slots=True)
class Rule:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's; "allow <name>" reads right.
        code: "AVS001"; never reused.
        title: What a finding means, in a few words.
        check: Yields a diagnostic, with this name and code, for each finding.
    """

    name: str
    code: str
    title: str
    check: Callable[[Model], Iterable[Diagnostic]]


RULES: Registry[Rule] = Registry("archviz.rules", "RULE", Rule)
