"""Ranks: which row of the drawing a vertex is in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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


def assign_ranks(
    count: int,
    ends: Sequence[tuple[int, int]],
    inlets: Sequence[int],
    outlets: Sequence[int],
    late: Iterable[int],
) -> list[int]:
    """Ranks by longest path, then pulled to the side where a vertex has more links.

    Args:
        count: Number of vertices.
        ends: Source and target of each arc; there is no cycle.
        inlets: Vertices that must be alone in the first rank.
        outlets: Vertices that must be alone in the last rank.
        late: Vertices that stand directly above what they are linked to.

    Returns:
        A rank for each vertex; none is empty, and every arc goes down.
    """
    outs: list[list[int]] = [[] for _ in range(count)]
    ins: list[list[int]] = [[] for _ in range(count)]
    for source, target in ends:
        outs[source].append(target)
        ins[target].append(source)
    ranks = [0] * count
    waiting = list(map(len, ins))
    order = [v for v in range(count) if not waiting[v]]
    for u in order:
        below = ranks[u] + 1
        for v in outs[u]:
            if ranks[v] < below:
                ranks[v] = below
            waiting[v] -= 1
            if not waiting[v]:
                order.append(v)
    fixed = [False] * count
    for v in (*inlets, *outlets):
        fixed[v] = True
    if inlets:
        for v in range(count):
            if not fixed[v] and not ranks[v]:
                ranks[v] = 1
        for u in order:
            below = ranks[u] + 1
            for v in outs[u]:
                if ranks[v] < below:
                    ranks[v] = below
    # What hangs on nothing above it goes down to where it is used.
    loose = [False] * count
    is_outlet = [False] * count
    for v in outlets:
        is_outlet[v] = True
    for u in order:
        loose[u] = not fixed[u] and all(loose[p] and len(outs[p]) == 1 for p in ins[u])
    for u in late:
        loose[u] = True
    for u in reversed(order):
        used_at = [ranks[v] for v in outs[u] if not is_outlet[v]]
        if used_at and not fixed[u] and (loose[u] or len(used_at) > len(ins[u])):
            ranks[u] = max(ranks[u], min(used_at) - 1)
    for u in order:
        over = ins[u]
        if over and not fixed[u] and len(over) > len(outs[u]):
            ranks[u] = min(ranks[u], max(ranks[v] for v in over) + 1)
    last = max((ranks[v] for v in range(count) if not is_outlet[v]), default=-1)
    for v in outlets:
        ranks[v] = last + 1
    used = [False] * (last + 2)
    for rank in ranks:
        used[rank] = True
    renumbered = []
    empty = 0
    for rank, is_used in enumerate(used):
        renumbered.append(rank - empty)
        empty += not is_used
    return [renumbered[rank] for rank in ranks]
