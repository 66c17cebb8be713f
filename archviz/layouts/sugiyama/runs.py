"""Positions across, from one bottleneck to the next."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import count, pairwise

from archviz.layouts.sugiyama.blocks import Memo, Run
from archviz.layouts.sugiyama.grid import ALONE, Stretch
from archviz.layouts.sugiyama.parts import Part, RunPlan
from archviz.layouts.sugiyama.sections import Section, Shape
from archviz.layouts.sugiyama.strips import Threads


def lay_section(
    part: Part, section: Section, number: int, memo: Memo, threads: list[Threads]
) -> Shape:
    """The shape of a section.

    Args:
        part: What it is a section of.
        section: The section.
        number: One for the shape.
        memo: Runs laid out before.
        threads: How a layout in other sizes laid out the runs that follow; empty for none.
    """
    begin, end = section.places
    members = part.order[begin:end]
    ranks = [part.rank[v] - section.top for v in members]
    spots: list[list[float]] = [[] for _ in range(ranks[-1] + 1)]
    vertices = [part.vertices[v] for v in members]
    shape = Shape(number, vertices, ranks, [0.0] * len(members), spots)
    cuts = part.cuts
    inner = cuts[bisect_right(cuts, section.start) : bisect_left(cuts, section.stop)]
    for start, stop in pairwise([section.start, *inner, section.stop]):
        if start >= 0 and stop == start + 1:
            _step(part, section, shape, start)
        elif stop:  # nothing is above a bottleneck in the first rank
            _lay_run(part, section, shape, start, stop, memo, threads)
    if not shape.spots[-1]:
        shape.spots[-1] = [shape.positions[-1]]
    return shape


def _step(part: Part, section: Section, shape: Shape, rank: int) -> None:
    """From a bottleneck to the one right below it: in line."""
    place = part.first[rank] - section.places[0]
    x = shape.positions[place]
    shape.spots[rank - section.top] = [x]
    if place + 1 < len(shape.positions):
        way = 0.0
        at = part.first[rank]
        if part.leave and (links := _in_ranks(part, at, at + 1)):
            way = part.leave[links[0]] - part.arrive[links[0]]
        shape.positions[place + 1] = x + way


def _in_ranks(part: Part, first: int, stop: int) -> list[int]:
    """The links in ranks that leave the vertices at some places."""
    links = part.outgoing[part.leads[first] : part.leads[stop]]
    return [link for link in links if link not in part.beside]


def _extents(
    part: Part, members: list[int], starts_at_cut: bool, ends_at_cut: bool, memo: Memo
) -> list[int]:
    """The number of each vertex's extent; leaves that are bottlenecks all look the same.

    Nothing is beside them, and their links leave and arrive in the middle.
    """
    numbers = [memo.extent_of[part.kinds[v]] for v in members]
    for i, is_cut in ((0, starts_at_cut), (-1, ends_at_cut)):
        vertex = part.vertices[members[i]]
        if is_cut and vertex.ins is None and not vertex.extent.is_tag:
            numbers[i] = memo.extents.number(ALONE)
    return numbers


def _lay_run(
    part: Part,
    section: Section,
    shape: Shape,
    start: int,
    stop: int,
    memo: Memo,
    threads: list[Threads],
) -> None:
    last = len(part.first) - 1
    top = max(start, 0)
    first, end = part.first[top], part.first[min(stop + 1, last)]
    members = part.order[first:end]
    nets: dict[int, int] = {}
    begins: list[int] = []
    stretches: list[Stretch] = []
    place, sources, targets = part.place, part.sources, part.targets
    leave = arrive = 0.0
    for link in _in_ranks(part, first, end if stop == last else end - 1):
        net = nets.setdefault(part.nets[link], len(nets))
        if net == len(begins):
            begins.append(link)
        if part.leave:
            leave, arrive = part.leave[link], part.arrive[link]
        u, v = place[sources[link]] - first, place[targets[link]] - first
        stretches.append((u, v, net, leave, arrive))
    inner = range(start >= 0, end - first - (stop < last))
    ranks = tuple([part.rank[v] - top for v in members])
    run = Run(
        ranks,
        tuple(_extents(part, members, start >= 0, stop < last, memo)),
        tuple(stretches),
        start >= 0,
        stop < last,
        place[part.spine] if top == 0 <= part.spine else -1,
        tuple([i for i in inner if members[i] in part.joined]),
    )
    block = memo.block(run, threads.pop() if threads else None)
    begin = first - section.places[0]
    shape.runs.append((first - section.places[0], end - section.places[0], block))
    x = shape.positions[begin] if start >= 0 else 0.0
    shape.positions[begin : begin + len(members)] = [x + at for at in block.positions]
    down = top - section.top
    for rank, spots in enumerate(block.rows):
        shape.spots[down + rank] = [x + at for at in spots]
    if block.rails:
        slot = dict(zip(part.outgoing[slice(*section.links)], count(), strict=False))
        for (net, rank), at in block.rails.items():
            shape.rails.append((slot[begins[net]], down + rank, x + at))


def run_plans(part: Part, section: Section) -> list[RunPlan]:
    """How the runs of a section were laid out, for layouts in other sizes."""
    begin, end = section.places
    plans = []
    for first, stop, block in section.shape.runs:
        inside = stop if section.stop == len(part.first) - 1 and begin + stop == end else stop - 1
        links = _in_ranks(part, begin + first, begin + inside)
        nets = dict.fromkeys([part.nets[link] for link in links])
        plans.append(RunPlan(part.order[begin + first : begin + stop], [*nets], block))
    return plans
