"""What a shell offers for the values of options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

Completer = Callable[..., Iterable[str] | dict[str, str]]
"""Called by argcomplete with what is typed so far; a dictionary says what each value is."""


def completed(action: argparse.Action, completer: Completer) -> None:
    """Has the values of an argument completed by ``completer``."""
    action.completer = completer  # type: ignore[attr-defined]


def from_names(*names: str) -> Completer:
    """Offers these."""
    return lambda **_: names


def from_family(family: str) -> Completer:
    """Offers the plugins of a family, and says what they are."""

    def complete(prefix: str = "", **_: Any) -> dict[str, str]:
        from archviz.catalogue import entries

        found = entries(family)
        return {entry.name: entry.title for entry in found if entry.name.startswith(prefix)}

    return complete


def venues(**_: Any) -> Iterable[str]:
    """Offers the names of venues."""
    from archviz.length import VENUES

    return VENUES


def checks(**_: Any) -> Iterable[str]:
    """Offers the names of checks of figures."""
    from archviz.figure_check import CHECKS

    return CHECKS


def widths(**_: Any) -> Iterable[str]:
    """Offers the names of widths."""
    from archviz.length import WIDTHS

    return WIDTHS
