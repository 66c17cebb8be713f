"""Measures of a finished layout that do not depend on the engine."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import NamedTuple

from layout_graphs import Sample

from archviz.layouts import Placement

Piece = tuple[float, float, float, float, int]
"""A piece of a route as x, y, x, y, link; the upper end first."""


class Quality(NamedTuple):
    """What is seen of a layout.

    Attributes:
        crossings: Places, to 2 px, where routes without a common end cross; a bundle counts once.
        straight: Share of links that run exactly straight down.
        length: Mean length of a route in pixels.
        ink: Length of all lines over the number of links, what routes share drawn once.
        over_boxes: Routes through a box they do not end at, by 2 px or more.
        overlaps: Pairs of boxes that overlap.
    """

    crossings: int
    straight: float
    length: float
    ink: float
    over_boxes: int
    overlaps: int


def measure(sample: Sample, placement: Placement) -> Quality:
    """The quality of a layout of ``sample``."""
    found = _pieces(sample, placement)
    count = len(placement.routes)
    straight = 0
    for route in placement.routes:
        across = [point.x for point in route.points]
        straight += max(across) - min(across) < 2
    length = sum(((s[2] - s[0]) ** 2 + (s[3] - s[1]) ** 2) ** 0.5 for s in found)
    return Quality(
        _crossings(sample, found),
        straight / count,
        length / count,
        _drawn_length(sample, placement) / count,
        _over_boxes(sample, placement, found),
        _overlaps(sample, placement),
    )


def _pieces(sample: Sample, placement: Placement) -> list[Piece]:
    found = []
    for k, route in enumerate(placement.routes):
        for a, b in pairwise(route.points):
            upper, lower = sorted((a, b), key=lambda point: point.y)
            found.append((upper.x, upper.y, lower.x, lower.y, k))
    return sorted(found, key=lambda s: s[1])


def _crossings(sample: Sample, found: list[Piece]) -> int:
    places: set[tuple[int, int]] = set()
    active: list[Piece] = []
    for s in found:
        active = [t for t in active if t[3] >= s[1]]
        a = sample.links[s[4]]
        left, right = min(s[0], s[2]), max(s[0], s[2])
        for t in active:
            if max(t[0], t[2]) < left or min(t[0], t[2]) > right:
                continue
            b = sample.links[t[4]]
            if a.source in (b.source, b.target) or a.target in (b.source, b.target):
                continue
            place = _meeting(s, t)
            if place:
                places.add((round(place[0] / 2), round(place[1] / 2)))
        active.append(s)
    return len(places)


def _meeting(s: Piece, t: Piece) -> tuple[float, float] | None:
    dx, dy = s[2] - s[0], s[3] - s[1]
    ex, ey = t[2] - t[0], t[3] - t[1]
    across = dx * ey - dy * ex
    if abs(across) < 1e-9:
        return None
    p = ((t[0] - s[0]) * ey - (t[1] - s[1]) * ex) / across
    q = ((t[0] - s[0]) * dy - (t[1] - s[1]) * dx) / across
    if 1e-6 < p < 1 - 1e-6 and 1e-6 < q < 1 - 1e-6:
        return s[0] + p * dx, s[1] + p * dy
    return None


def _over_boxes(sample: Sample, placement: Placement, found: list[Piece]) -> int:
    leaves = sorted((placement.areas[i].y, i) for i in sample.leaves)
    tops = [y for y, _ in leaves]
    tallest = max(placement.areas[i].height for _, i in leaves)
    hit: set[tuple[int, int]] = set()
    for x0, y0, x1, y1, k in found:
        link = sample.links[k]
        for _, i in leaves[bisect_left(tops, y0 - tallest) : bisect_left(tops, y1)]:
            area = placement.areas[i]
            if i in (link.source, link.target):
                continue
            low, high = max(y0, area.y + 2), min(y1, area.y + area.height - 2)
            if low > high:
                continue
            share = [(y - y0) / (y1 - y0) for y in (low, high)] if y1 > y0 else [0.0, 1.0]
            ends = sorted(x0 + s * (x1 - x0) for s in share)
            if ends[0] < area.x + area.width - 2 and ends[1] > area.x + 2:
                hit.add((k, i))
    return len(hit)


def _overlaps(sample: Sample, placement: Placement) -> int:
    leaves = sorted((placement.areas[i].y, placement.areas[i]) for i in sample.leaves)
    count = 0
    for i, (_, a) in enumerate(leaves):
        for y, b in leaves[i + 1 :]:
            if y >= a.y + a.height - 0.5:
                break
            count += a.x < b.x + b.width - 0.5 and b.x < a.x + a.width - 0.5
    return count


def _drawn_length(sample: Sample, placement: Placement) -> float:
    total = 0.0
    lines: dict[tuple[int, str, float], list[tuple[float, float]]] = {}
    for link, route in zip(sample.links, placement.routes, strict=True):
        for a, b in pairwise(route.points):
            if a.x == b.x:
                lines.setdefault((link.source, "x", a.x), []).append((min(a.y, b.y), max(a.y, b.y)))
            elif a.y == b.y:
                lines.setdefault((link.source, "y", a.y), []).append((min(a.x, b.x), max(a.x, b.x)))
            else:
                total += ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5
    for spans in lines.values():
        end = float("-inf")
        for low, high in sorted(spans):
            total += max(0.0, high - max(low, end))
            end = max(end, high)
    return total
