"""Counts work instead of timing it, so that growth can be tested on any machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines_run(function: Callable[[], object]) -> int:
    """How many lines of Python ``function`` runs."""
    count = 0

    def trace(_: FrameType, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def growth(run: Callable[[int], Callable[[], object]], small: int, factor: int = 4) -> float:
    """How much more work ``run`` makes of an input ``factor`` times as large, per element.

    Args:
        run: Gives the work to count for a size; what it does before is not counted.
        small: The smaller size.
        factor: How much larger the other is.

    Returns:
        1 when work grows with the input, ``factor`` when with its square.
    """
    return lines_run(run(small * factor)) / lines_run(run(small)) / factor
