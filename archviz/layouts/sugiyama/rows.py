"""Ranks of a part's vertices, and where nothing but lanes passes from one rank to the next."""

from __future__ import annotations

from itertools import accumulate
from operator import sub

from archviz.layouts.sugiyama.measures import LANE_SPAN
from archviz.layouts.sugiyama.parts import Part
from archviz.layouts.sugiyama.ranking import assign_ranks, back_arcs, longest_ways
from archviz.layouts.sugiyama.staggering import stagger


def rank_vertices(part: Part) -> None:
    """Sets the rank and the place of each vertex, and which links go back or beside."""
    sources, targets = part.sources, part.targets
    count = len(part.kinds)
    inlets, outlets = [*part.inlets.values()], [*part.outlets.values()]
    down, entering = _below(count, sources, targets)
    order, ranks = longest_ways(down, sources, targets, entering)
    upper, lower = sources, targets
    if len(order) < count:
        closes = back_arcs(count, list(zip(sources, targets, strict=True)), inlets)
        part.back = {link: True for link, is_back in enumerate(closes) if is_back}
        upper, lower = sources[:], targets[:]
        for link in part.back:
            upper[link], lower[link] = targets[link], sources[link]
        down, entering = _below(count, upper, lower)
        order, ranks = longest_ways(down, upper, lower, entering)
    if part.plan:
        rank = part.plan.rank
    else:
        rank = assign_ranks(down, upper, lower, entering, order, ranks, inlets, outlets, part.tags)
        stagger(rank, down, entering, part.vertices, part.kinds)
    part.rank = rank
    part.order = sorted(range(count), key=rank.__getitem__)
    width = [0] * (max(rank, default=-1) + 1)
    for r in rank:
        width[r] += 1
    part.first = [0, *accumulate(width)]
    if part.spine >= 0:
        # Side inputs come in on the left, where rails run when nothing speaks against it.
        part.order.remove(part.spine)
        part.order.insert(width[0] - 1, part.spine)
    part.place = place = [0] * count
    for i, v in enumerate(part.order):
        place[v] = i
    leaving = [0] * count
    starts = [place[u] for u in sources]
    for at in starts:
        leaving[at] += 1
    part.outgoing = sorted(range(len(sources)), key=starts.__getitem__)
    part.leads = [0, *accumulate(leaving)]


def _below(count: int, sources: list[int], targets: list[int]) -> tuple[list[list[int]], list[int]]:
    """Targets of links by their source, and how many links end at each vertex."""
    down: list[list[int]] = [[] for _ in range(count)]
    entering = [0] * count
    for u, v in zip(sources, targets, strict=True):
        down[u].append(v)
        entering[v] += 1
    return down, entering


def find_cuts(part: Part) -> None:
    """Sets which links run beside the ranks, and the ranks with a bottleneck."""
    rank, back, beside, joined = part.rank, part.back, part.beside, part.joined
    width = list(map(sub, part.first[1:], part.first))
    singles = [0, *accumulate([count == 1 for count in width])]
    passing = [0] * (len(width) + 1)
    ends = zip(part.sources, part.targets, strict=True)
    for link, (u, v) in enumerate(ends):
        start, end = rank[u], rank[v]
        if end == start + 1:
            continue
        if link in back:
            beside[link] = True
        elif _runs_beside(width, start, end, singles):
            beside[link] = False
            joined[u] = joined[v] = True
        else:
            passing[start + 1] += 1
            passing[end] -= 1
    through = accumulate(passing)
    part.cuts = [
        r
        for r, (count, links) in enumerate(zip(width, through, strict=False))
        if count == 1 and not links
    ]


def _runs_beside(width: list[int], start: int, end: int, singles: list[int]) -> bool:
    """Whether a link goes in a lane, which leaves the ranks it passes to themselves.

    It crosses nothing when both its ends are alone in their ranks; if one is not, the order in
    the ranks has to know of the link, unless it is long.
    """
    if end - start > LANE_SPAN:
        return True
    if singles[end] == singles[start + 1]:
        return False
    return end - start > LANE_SPAN / 4 or (width[start] == 1 and width[end] == 1)
