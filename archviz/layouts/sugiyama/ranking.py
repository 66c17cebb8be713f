"""Ranks: which row of the drawing a vertex is in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import gt, lt


def back_arcs(count: int, ends: Sequence[tuple[int, int]], first: Sequence[int]) -> list[bool]:
    """Which arcs close a cycle, found depth-first in index order.

    Args:
        count: Number of vertices.
        ends: Source and target of each arc.
        first: Vertices to start from before the others.
    """
    outgoing: list[list[int]] = [[] for _ in range(count)]
    entered = [0] * count
    for arc, (source, target) in enumerate(ends):
        outgoing[source].append(arc)
        entered[target] += 1
    closes = [False] * len(ends)
    if _is_acyclic(outgoing, ends, entered[:]):
        return closes
    state = [0] * count
    roots = [*first, *(v for v in range(count) if not entered[v]), *range(count)]
    for root in roots:
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(outgoing[root]))]
        while stack:
            vertex, remaining = stack[-1]
            for arc in remaining:
                target = ends[arc][1]
                if state[target] == 1:
                    closes[arc] = True
                elif not state[target]:
                    state[target] = 1
                    stack.append((target, iter(outgoing[target])))
                    break
            else:
                state[vertex] = 2
                stack.pop()
    return closes


def ways(count: int, ends: Sequence[tuple[int, int]]) -> tuple[list[int], list[int], list[bool]]:
    """The longest way to each vertex and from it, and the arcs left out because they go back."""
    closes = back_arcs(count, ends, ())
    outs: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for (source, target), is_back in zip(ends, closes, strict=True):
        if not is_back:
            outs[source].append(target)
            waiting[target] += 1
    before = [0] * count
    after = [0] * count
    order = [v for v in range(count) if not waiting[v]]
    for u in order:
        for v in outs[u]:
            before[v] = max(before[v], before[u] + 1)
            waiting[v] -= 1
            if not waiting[v]:
                order.append(v)
    for u in reversed(order):
        after[u] = max([after[v] + 1 for v in outs[u]], default=0)
    return before, after, closes


def _is_acyclic(
    outgoing: list[list[int]], ends: Sequence[tuple[int, int]], waiting: list[int]
) -> bool:
    ready = [v for v, count in enumerate(waiting) if not count]
    for vertex in ready:
        for arc in outgoing[vertex]:
            target = ends[arc][1]
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return len(ready) == len(waiting)


def longest_ways(
    down: Sequence[Sequence[int]],
    sources: Sequence[int],
    targets: Sequence[int],
    entering: Sequence[int],
) -> tuple[Sequence[int], list[int]]:
    """Vertices so that links go to later ones, and for each the longest way to it.

    Some vertices are missing when there is a cycle.

    Args:
        down: Targets of links by their source.
        sources: Of each link.
        targets: Of each link.
        entering: How many links end at each vertex.
    """
    count = len(down)
    ranks = [0] * count
    if all(map(lt, sources, targets)):
        _push_down(ranks, down, range(count))
        return range(count), ranks
    waiting = [*entering]
    order = [v for v, links in enumerate(waiting) if not links]
    for u in order:
        below = ranks[u] + 1
        for v in down[u]:
            if ranks[v] < below:
                ranks[v] = below
            waiting[v] = links = waiting[v] - 1
            if not links:
                order.append(v)
    return order, ranks


def assign_ranks(
    down: Sequence[Sequence[int]],
    sources: Sequence[int],
    targets: Sequence[int],
    entering: Sequence[int],
    order: Sequence[int],
    ranks: list[int],
    inlets: Sequence[int],
    outlets: Sequence[int],
    late: Iterable[int],
) -> list[int]:
    """Ranks by longest way, then pulled to the side where a vertex has more links.

    Args:
        down: Targets of links by their source.
        sources: Of each link.
        targets: Of each link.
        entering: How many links end at each vertex.
        order: Vertices so that all links go to later ones.
        ranks: The longest way to each vertex, which is changed.
        inlets: Vertices that must be alone in the first rank.
        outlets: Vertices that must be alone in the last rank.
        late: Vertices that stand directly above what they are linked to.

    Returns:
        A rank for each vertex; none is empty, and every link goes down.
    """
    count = len(down)
    fixed = dict.fromkeys((*inlets, *outlets), True)
    if inlets:
        for v in range(count):
            if not ranks[v] and v not in fixed:
                ranks[v] = 1
        _push_down(ranks, down, order)
    leaving = list(map(len, down))
    # What hangs on nothing above it goes down to where it is used.
    loose = dict.fromkeys([v for v in order if not entering[v] and v not in fixed], True)
    hanging = list(loose)
    waiting: dict[int, int] = {}
    for u in hanging:
        if leaving[u] == 1:
            v = down[u][0]
            waiting[v] = waiting.get(v, entering[v]) - 1
            if not waiting[v] and v not in fixed:
                loose[v] = True
                hanging.append(v)
    loose.update(dict.fromkeys(late, True))
    rank_of = ranks.__getitem__
    is_outlet = dict.fromkeys(outlets, True)
    goes_down = list(map(gt, leaving, entering))
    for u in loose:
        goes_down[u] = True
    for u in reversed([v for v in order if goes_down[v]]):
        if u in fixed:
            continue
        near = [v for v in down[u] if v not in is_outlet] if outlets else down[u]
        if near and (len(near) > entering[u] or u in loose):
            above = min(map(rank_of, near)) - 1
            if ranks[u] < above:
                ranks[u] = above
    goes_up = list(map(gt, entering, leaving))
    over: dict[int, list[int]] = {v: [] for v in order if goes_up[v] and v not in fixed}
    for u, v in zip(sources, targets, strict=True):
        if goes_up[v] and v in over:
            over[v].append(u)
    for v, near in over.items():
        below = max(map(rank_of, near)) + 1
        if ranks[v] > below:
            ranks[v] = below
    if outlets:
        last = max([rank for v, rank in enumerate(ranks) if v not in is_outlet], default=-1)
        for v in outlets:
            ranks[v] = last + 1
    used = set(ranks)
    if len(used) == max(ranks, default=-1) + 1:
        return ranks
    renumbered = {rank: number for number, rank in enumerate(sorted(used))}
    return [renumbered[rank] for rank in ranks]


def _push_down(ranks: list[int], down: Sequence[Sequence[int]], order: Sequence[int]) -> None:
    """Puts each vertex below all that link to it."""
    for u in order:
        below = ranks[u] + 1
        for v in down[u]:
            if ranks[v] < below:
                ranks[v] = below
