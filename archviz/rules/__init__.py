"""Rules: each yields one kind of finding about a Model, or about a gradient check of one.

A module here is one rule, named after what it finds; its docstring is its documentation, it ends
with ``RULE``, and the entry-point group for other distributions is ``archviz.rules``. Codes are
never reused: AVG gradient, AVS structure, AVT types, AVE ensembles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from archviz.diagnostics import Diagnostic
from archviz.records import record
from archviz.registry import Registry


@record
class Rule:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's; "allow <name>" reads right.
        code: "AVS001"; never reused.
        title: What a finding means, in a few words.
        check: Yields a diagnostic, with this name and code, for each finding.
        about: What ``check`` takes: a "model", or the report of a "gradients" check.
    """

    name: str
    code: str
    title: str
    check: Callable[[Any], Iterable[Diagnostic]]
    about: Literal["model", "gradients"] = "model"


RULES: Registry[Rule] = Registry("archviz.rules", "RULE", Rule)
