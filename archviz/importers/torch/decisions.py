"""Answers for branches that depend on contents a ghost lacks."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

LIKELY_TRUE = frozenset({"all", "isfinite", "equal", "allclose", "isclose"})
"""Functions whose result is asserted more often than not."""

PATIENCE = 200
"""Times that one place in code may ask before its answer changes: a loop on it must end."""


class Decisions:
    """Yes or no for each place in code that branches on contents.

    Args:
        flipped: The places that get the unlikely answer.
    """

    def __init__(self, flipped: frozenset[Hashable] = frozenset()) -> None:
        self.flipped = flipped
        self.taken: dict[Hashable, int] = {}

    def take(self, producer: str, place: Hashable = None) -> bool:
        """The answer for a branch at ``place`` on the result of the function ``producer``."""
        key: Hashable = len(self.taken) if place is None else place
        times = self.taken[key] = self.taken.get(key, 0) + 1
        return ((producer in LIKELY_TRUE) != (key in self.flipped)) != (times > PATIENCE)

    def next(self) -> Decisions | None:
        """The same but for the latest place not flipped yet; None when all were."""
        for place in reversed(self.taken):
            if place not in self.flipped:
                return Decisions(self.flipped | {place})
        return None

    def alternatives(self, most: int) -> Iterator[Decisions]:
        """The same but for one place each, ``most`` of them, in the order they came up."""
        for place in list(self.taken)[:most]:
            yield Decisions(self.flipped ^ {place})
