"""What is installed: every plugin and theme with its options."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from archviz.errors import OptionError
from archviz.importers import IMPORTERS
from archviz.layouts import LAYOUTS
from archviz.options import describe_type, nearest, options_of
from archviz.overlays import OVERLAYS
from archviz.passes import PASSES
from archviz.records import record
from archviz.registry import Registry
from archviz.renderers import RENDERERS
from archviz.reporters import REPORTERS
from archviz.rules import RULES
from archviz.table import aligned
from archviz.theme import load_theme, theme_names
from archviz.views import VIEWS


@record
class OptionEntry:
    """An option as ``archviz show`` lists it: its name, what it takes, and its default."""

    name: str
    takes: str
    default: str


@record
class Entry:
    """One plugin or theme.

    Attributes:
        family: The family's plural name.
        name: What users write.
        title: A few words.
        suffixes: File name endings, for formats.
        loses: What a format does not hold, as its renderer says.
        options: What can be set.
        is_builtin: Whether it ships with archviz.
    """

    family: str
    name: str
    title: str
    suffixes: tuple[str, ...] = ()
    loses: str = ""
    options: tuple[OptionEntry, ...] = ()
    is_builtin: bool = True

    def to_json(self) -> dict[str, Any]:
        """The entry as a tree of JSON values."""
        return asdict(self)


def entries(family: str) -> list[Entry]:
    """Everything that ``family``, "importers" or "themes", has on this machine."""
    if family == "themes":
        return [Entry(family, name, _theme_title(name)) for name in theme_names()]
    registry, function = FAMILIES[family]
    return [
        Entry(
            family=family,
            name=plugin.name,
            title=plugin.title,
            suffixes=getattr(plugin, "suffixes", ()),
            loses=getattr(plugin, "loses", ""),
            options=_options(getattr(plugin, function)),
            is_builtin=plugin.name in registry.builtin_names,
        )
        for plugin in registry.all()
    ]


FAMILIES: dict[str, tuple[Registry[Any], str]] = {
    "importers": (IMPORTERS, "read"),
    "renderers": (RENDERERS, "render"),
    "passes": (PASSES, "apply"),
    "layouts": (LAYOUTS, "place"),
    "views": (VIEWS, "draw"),
    "rules": (RULES, "check"),
    "reporters": (REPORTERS, "report"),
    "overlays": (OVERLAYS, "prepare"),
}
"""For each family its registry and the function whose keyword parameters are the options."""


def listing(found: Iterable[Entry]) -> Iterator[str]:
    """Lines that say what the entries are, family by family."""
    for number, (family, members) in enumerate(groupby(found, lambda entry: entry.family)):
        if number:
            yield ""
        yield family
        rows: list[tuple[str, str, str]] = []
        for entry in members:
            origin = "" if entry.is_builtin else " (from another distribution)"
            rows.append((f"  {entry.name}", " ".join(entry.suffixes), entry.title + origin))
            if entry.loses:
                rows.append(("", "", f"  loses {entry.loses}"))
            for option in entry.options:
                default = f" [{option.default}]" if option.default else ""
                rows.append((f"    {option.name}", "", f"{option.takes}{default}"))
        yield from aligned(rows)


def rule_text(name: str) -> str:
    """The documentation of the rule of that name or code.

    Raises:
        OptionError: There is none.
    """
    rules = list(RULES.all())
    for rule in rules:
        if name.lower() in (rule.name, rule.code.lower()):
            documentation = inspect.getdoc(sys.modules[rule.check.__module__]) or rule.title
            return f"{rule.code} {rule.name}: {rule.title}\n\n{documentation}\n"
    raise OptionError(f"there is no rule {name!r}", nearest(name, [rule.name for rule in rules]))


def rules_page() -> str:
    """All built-in rules with their documentation, as Markdown."""
    rules = sorted(RULES.builtin(), key=lambda rule: rule.code)
    lines = ["# Rules", "", "`archviz show rule CODE` prints the same.", ""]
    lines += ["| code | name | what it finds |", "| --- | --- | --- |"]
    lines += [f"| [{r.code}](#{r.code.lower()}) | {r.name} | {r.title} |" for r in rules]
    for rule in rules:
        documentation = inspect.getdoc(sys.modules[rule.check.__module__]) or rule.title
        lines += ["", f"## {rule.code}", "", f"`{rule.name}`", "", documentation]
    return "\n".join(lines) + "\n"


def _theme_title(name: str) -> str:
    return (
        "light, and dark where the system asks for it" if name == "auto" else load_theme(name).title
    )


def _options(function: Callable[..., object]) -> tuple[OptionEntry, ...]:
    return tuple(
        OptionEntry(option.name, describe_type(option.annotation), _default(option.default))
        for option in options_of(function).values()
    )


def _default(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value)
