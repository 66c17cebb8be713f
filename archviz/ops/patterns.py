"""What readers take for one operation, as patterns.toml writes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from archviz.compiled import compiled
from archviz.records import field, record

PATTERNS = "patterns"


@record
class Compound:
    """A subgraph that is drawn as one card.

    Attributes:
        name: The operator that the card shows.
        category: Its colour category.
        match: The expression that describes the subgraph.
        into: Operators one of which must consume the result; empty for any.
        then: Operators that go into the card when they alone use the result.
        strips: Operators and categories of the parts that the card shows.
        sizes: For each attribute the name of an operand, an axis, and the rank that it must have.
        keep: Attributes that the card has from its parts.
    """

    name: str
    category: str
    match: str
    into: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    strips: tuple[str, ...] = ()
    sizes: Mapping[str, tuple[str, int, int]] = field(default_factory=dict)
    keep: tuple[str, ...] = ()


@cache
def compounds() -> tuple[Compound, ...]:
    """Subgraphs in the order in which they are looked for."""
    return tuple(
        Compound(
            entry["name"],
            entry["category"],
            entry["match"],
            tuple(entry.get("into", ())),
            tuple(entry.get("then", ())),
            tuple(entry.get("strips", ())),
            {key: tuple(size) for key, size in entry.get("sizes", {}).items()},
            tuple(entry.get("keep", ())),
        )
        for entry in _read()["subgraph"]
    )


@cache
def compound_named(name: str) -> Compound | None:
    """The first subgraph of that name."""
    return next((found for found in compounds() if found.name == name), None)


@cache
def rules() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """The parameters and the alternatives of each rule that expressions use, by its name."""
    found = {}
    for head, alternatives in _read()["rule"].items():
        name, _, rest = head.partition("(")
        parameters = tuple(word.strip() for word in rest.rstrip(")").split(",") if word)
        found[name] = (parameters, tuple(alternatives))
    return found


@cache
def chains() -> tuple[tuple[str, ...], ...]:
    """The steps of each chain; the first is a category, and never left out."""
    return tuple(tuple(entry["steps"]) for entry in _read()["chain"])


def _read() -> dict[str, Any]:
    patterns: dict[str, Any] = compiled(__package__)[PATTERNS]
    return patterns
