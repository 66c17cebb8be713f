"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

GAP = 2
"""Spaces between columns."""


def aligned(
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[int] = (),
    least: Sequence[int] = (),
    width: int = 80,
) -> Iterator[str]:
    """Lines of a table; a column that is empty in every row takes no room.

    Args:
        rows: Cells by row, as many in each.
        right: Columns that are flushed right.
        least: How narrow the first columns may become; the others, and what is beyond, keep
            their widths.
        width: Columns of text the table should stay within.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    over = sum(widths) + GAP * (sum(map(bool, widths)) - 1) - width
    while over > 0:
        room = [max(0, have - low) for have, low in zip(widths, least, strict=False)]
        if not any(room):
            break
        widths[max(range(len(room)), key=room.__getitem__)] -= 1
        over -= 1
    for row in rows:
        cells = [
            f"{shortened(cell, size):{'>' if index in right else '<'}{size}}"
            for index, (cell, size) in enumerate(zip(row, widths, strict=True))
            if size
        ]
        yield (" " * GAP).join(cells).rstrip()


def shortened(text: str, width: int) -> str:
    """``text``, or its two ends around an ellipsis when it is longer than ``width``."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def one_line(text: str) -> str:
    """``text`` with U+FFFD for what would break the line or steer a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
