"""Reporters: each prints diagnostics in one format.

A module here is one format and ends with ``REPORTER``; the entry-point group for other
distributions is ``archviz.reporters``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archviz.ir import Model
from archviz.records import record
from archviz.registry import Registry


@record
class Reporter:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's.
        title: A few words for listings.
        report: Text for the diagnostics of some models, "" when there is nothing to say.
    """

    name: str
    title: str
    report: Callable[[Sequence[Model]], str]


REPORTERS: Registry[Reporter] = Registry("archviz.reporters", "REPORTER", Reporter)
