"""Answers for branches that depend on contents a ghost lacks."""

from __future__ import annotations

LIKELY_TRUE = frozenset({"all", "isfinite", "equal", "allclose", "isclose"})
"""Functions whose result is asserted more often than not."""


class Decisions:
    """Yes or no for each such branch, in the order in which they come.

    Args:
        flipped: Positions of the branches that get the unlikely answer.
    """

    def __init__(self, flipped: frozenset[int] = frozenset()) -> None:
        self.flipped = flipped
        self.taken: list[tuple[str, bool]] = []

    def take(self, producer: str) -> bool:
        """The answer for a branch on the result of the function ``producer``."""
        answer = (producer in LIKELY_TRUE) != (len(self.taken) in self.flipped)
        self.taken.append((producer, answer))
        return answer

    def next(self) -> Decisions | None:
        """The same but for the latest branch not flipped yet; None when all were."""
        for position in range(len(self.taken) - 1, -1, -1):
            if position not in self.flipped:
                return Decisions(self.flipped | {position})
        return None
