"""Positions across: strips of aligned vertices kept apart and near what they are linked to.

Each round moves every strip towards the mean of its links' other ends and then restores the
distances by merging strips that would overlap into rigid blocks (Dwyer, Marriott and Stuckey,
"Fast node overlap removal", 2005).
"""

from __future__ import annotations

from collections.abc import Sequence


def space(
    apart: Sequence[dict[int, float]],
    order: Sequence[int],
    pulls: Sequence[Sequence[tuple[int, float, float]]],
    weights: Sequence[float],
    anchors: Sequence[bool],
    *,
    rounds: int,
) -> list[float]:
    """Positions of strips.

    Args:
        apart: For each strip, strips to its left and the least distance from them.
        order: The strips, each after those on its left.
        pulls: For each strip, strips it is linked to, the distance it wants from them, and how
            much.
        weights: How much each strip resists being pushed.
        anchors: Strips that are to stay at 0.
        rounds: How often to improve.
    """
    positions = _settle([0.0] * len(apart), weights, order, apart)
    totals = [sum([weight for _, _, weight in near]) for near in pulls]
    for turn in range(rounds):
        wanted = positions[:]
        for strip in order if turn % 2 == 0 else reversed(order):
            if anchors[strip]:
                wanted[strip] = 0.0
                continue
            near = pulls[strip]
            if near:
                pull = sum([(wanted[other] + away) * weight for other, away, weight in near])
                wanted[strip] = pull / totals[strip]
        moved = _settle(wanted, weights, order, apart)
        change = max([abs(a - b) for a, b in zip(moved, positions, strict=True)], default=0.0)
        positions = moved
        if change < 0.25:
            break
    return positions


def left_to_right(apart: Sequence[dict[int, float]]) -> list[int]:
    """Strips so that each comes after those on its left."""
    right: list[list[int]] = [[] for _ in apart]
    for strip, lefts in enumerate(apart):
        for left in lefts:
            right[left].append(strip)
    waiting = [len(lefts) for lefts in apart]
    order = [strip for strip in range(len(apart)) if not waiting[strip]]
    for strip in order:
        for other in right[strip]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order


def _settle(
    wanted: Sequence[float],
    weights: Sequence[float],
    order: Sequence[int],
    apart: Sequence[dict[int, float]],
) -> list[float]:
    """Positions near ``wanted`` that keep the distances."""
    count = len(wanted)
    block = list(range(count))
    offset = [0.0] * count
    members = [[strip] for strip in range(count)]
    lefts: list[list[tuple[int, float, int]]] = [[] for _ in range(count)]
    at = [*wanted]
    mass = [*weights]
    for strip in order:
        current = strip
        lefts[strip] = [(left, gap, strip) for left, gap in apart[strip].items()]
        while lefts[current]:
            worst = 1e-6
            found = None
            here = at[current]
            for entry in lefts[current]:
                left, gap, right = entry
                short = at[block[left]] + offset[left] + gap - here - offset[right]
                if short > worst:
                    worst, found = short, entry
            if found is None:
                break
            left, gap, right = found
            other = block[left]
            shift = offset[left] + gap - offset[right]
            position = (mass[other] * at[other] + mass[current] * (at[current] - shift)) / (
                mass[other] + mass[current]
            )
            if len(members[other]) >= len(members[current]):
                kept, gone = other, current
            else:
                kept, gone, shift = current, other, -shift
                position -= shift
            for member in members[gone]:
                offset[member] += shift
                block[member] = kept
            members[kept] += members[gone]
            lefts[kept] = [entry for entry in lefts[kept] + lefts[gone] if block[entry[0]] != kept]
            members[gone] = []
            lefts[gone] = []
            mass[kept] += mass[gone]
            at[kept] = position
            current = kept
    return [at[block[strip]] + offset[strip] for strip in range(count)]
