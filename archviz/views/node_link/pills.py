"""Inputs and outputs as pills, many alike ones as one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archviz.ir import Graph

MOST_PILLS = 8
"""Above this many, those that differ only in a number (caches of each layer) share a pill."""

_NUMBER = re.compile(r"\d+")


def grouped(values: Sequence[str], graph: Graph) -> list[tuple[str, list[str]]]:
    """Titles of pills with the ids of the values that each stands for, in first order."""
    if len(values) <= MOST_PILLS:
        return [(value, [value]) for value in values]
    alike: dict[object, list[str]] = {}
    for value in values:
        known = graph.values.get(value)
        key = (_NUMBER.sub("#", value), known.type if known is not None else None)
        alike.setdefault(key, []).append(value)
    pills = []
    for ids in alike.values():
        if len(ids) < 3:
            pills += [(value, [value]) for value in ids]
        else:
            pills.append((f"{_span(ids[0], ids[-1])} ×{len(ids)}", ids))
    return pills


def _span(first: str, last: str) -> str:
    """The range of two names: "past.0–11.key" for "past.0.key" and "past.11.key"."""
    ends = _NUMBER.findall(last)
    position = -1

    def join(match: re.Match[str]) -> str:
        nonlocal position
        position += 1
        end = ends[position] if position < len(ends) else match.group()
        return match.group() if end == match.group() else f"{match.group()}–{end}"

    return _NUMBER.sub(join, first)
