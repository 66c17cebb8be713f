"""Links beside the drawing: those over very many ranks, and those that go back up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from archviz.layouts.sugiyama.measures import NEAR, PITCH


@dataclass(slots=True)
class Lane:
    """One column beside the ranks ``first`` to ``last``, for all such links of one net.

    Attributes:
        net: Whose it is.
        source: Rank the net starts in.
        targets: Ranks where it ends.
        before: Links that it must cross on its way from or to the left, next to its ends.
        after: The same on the right.
        is_back: Whether it runs up.
        first: Uppermost rank beside it.
        last: Lowest rank beside it.
        x: Its position.
    """

    net: int
    source: int
    targets: list[int]
    is_back: bool
    before: int = 0
    after: int = 0
    first: int = 0
    last: int = 0
    x: float = 0.0

    def close(self) -> None:
        """Sets the ranks beside it once all targets are known."""
        if self.is_back:
            self.first, self.last = min(self.targets), self.source
        else:
            self.first, self.last = self.source + 1, max(self.targets) - 1


def place_lanes(
    lanes: Sequence[Lane],
    left: list[float],
    right: list[float],
    rows: Sequence[Sequence[float]],
    starts: Sequence[float],
) -> None:
    """Sets the positions of ``lanes``, short ones innermost, on the side that crosses less.

    Args:
        lanes: All lanes.
        left: Where a lane may lie left of each rank; grows with the lanes.
        right: The same on the right.
        rows: Positions of what is in each rank, sorted.
        starts: Position of each lane's net in its source's rank.
    """
    order = sorted(
        range(len(lanes)), key=lambda i: (lanes[i].last - lanes[i].first, lanes[i].first, i)
    )
    for i in order:
        lane = lanes[i]
        a, b = lane.first, lane.last + 1
        low = min(left[a:b])
        high = max(right[a:b])
        before, after = lane.before, lane.after
        for rank, x in ((lane.source, starts[i]), *((r, starts[i]) for r in lane.targets)):
            before += bisect_left(rows[rank], x - NEAR)
            after += len(rows[rank]) - bisect_left(rows[rank], x + NEAR)
        to_left = (before, starts[i] - low) < (after, high - starts[i])
        if before == after:
            to_left = not lane.is_back
        lane.x = low if to_left else high
        if to_left:
            left[a:b] = [low - PITCH] * (b - a)
        else:
            right[a:b] = [high + PITCH] * (b - a)
