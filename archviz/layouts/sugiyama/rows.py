"""Ranks of a part's vertices, and where nothing but lanes passes from one rank to the next."""

from __future__ import annotations

from itertools import accumulate, pairwise

from archviz.layouts.sugiyama.measures import LANE_SPAN
from archviz.layouts.sugiyama.parts import Part
from archviz.layouts.sugiyama.ranking import assign_ranks, back_arcs, in_order


def rank_vertices(part: Part) -> None:
    """Sets the rank and the place of each vertex, and which links go back or beside."""
    sources, targets = part.sources, part.targets
    count = len(part.kinds)
    inlets, outlets = [*part.inlets.values()], [*part.outlets.values()]
    leaving = _by_source(count, sources)
    order = in_order(leaving, sources, targets)
    if len(order) < count:
        closes = back_arcs(count, list(zip(sources, targets, strict=True)), inlets)
        part.back = {link: True for link, is_back in enumerate(closes) if is_back}
        ends = [
            (v, u) if is_back else (u, v)
            for u, v, is_back in zip(sources, targets, closes, strict=True)
        ]
        upper, lower = [u for u, _ in ends], [v for _, v in ends]
        down = _by_source(count, upper)
        order = in_order(down, upper, lower)
        rank = assign_ranks(down, upper, lower, order, inlets, outlets, part.tags)
    else:
        rank = assign_ranks(leaving, sources, targets, order, inlets, outlets, part.tags)
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
    part.outgoing = [link for v in part.order for link in leaving[v]]
    part.leads = [0, *accumulate([len(leaving[v]) for v in part.order])]


def _by_source(count: int, sources: list[int]) -> list[list[int]]:
    leaving: list[list[int]] = [[] for _ in range(count)]
    for link, u in enumerate(sources):
        leaving[u].append(link)
    return leaving


def find_cuts(part: Part) -> None:
    """Sets which links run beside the ranks, and the ranks with a bottleneck."""
    rank, back = part.rank, part.back
    width = [end - start for start, end in pairwise(part.first)]
    singles = [0, *accumulate([count == 1 for count in width])]
    passing = [0] * (len(width) + 1)
    spans = [rank[v] - rank[u] for u, v in zip(part.sources, part.targets, strict=True)]
    for link, span in enumerate(spans):
        if span == 1:
            continue
        start, end = rank[part.sources[link]], rank[part.targets[link]]
        if link in back or _runs_beside(width, start, end, singles):
            part.beside[link] = link in back
            if link not in back:
                part.joined[part.sources[link]] = part.joined[part.targets[link]] = True
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
