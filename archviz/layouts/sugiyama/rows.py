"""Ranks of a part's vertices, and their positions across, one block after the other."""

from __future__ import annotations

from itertools import pairwise

from archviz.layouts.sugiyama.blocks import Memo, Run
from archviz.layouts.sugiyama.grid import ALONE, Stretch
from archviz.layouts.sugiyama.measures import LANE_SPAN
from archviz.layouts.sugiyama.parts import Part, RunPlan
from archviz.layouts.sugiyama.ranking import assign_ranks, back_arcs


def rank_vertices(part: Part) -> None:
    """Sets the rank of each vertex, and which links go back or beside."""
    inlets = list(part.inlets.values())
    count = len(part.vertices)
    part.is_back = back_arcs(count, part.ends, inlets)
    forward = part.ends
    if any(part.is_back):
        forward = [
            (v, u) if back else (u, v) for (u, v), back in zip(part.ends, part.is_back, strict=True)
        ]
    part.rank = rank = assign_ranks(count, forward, inlets, [*part.outlets.values()], part.tags)
    part.rows = [[] for _ in range(max(rank, default=-1) + 1)]
    for v, r in enumerate(rank):
        part.rows[r].append(v)
    spine = part.inlets.get(part.head, -1)
    if spine >= 0:
        # Side inputs come in on the left, where rails run when nothing speaks against it.
        part.rows[0].remove(spine)
        part.rows[0].append(spine)
    singles = [0]
    for row in part.rows:
        singles.append(singles[-1] + (len(row) == 1))
    part.is_lane = [
        back or (rank[v] - rank[u] > 1 and _runs_beside(part, rank[u], rank[v], singles))
        for (u, v), back in zip(part.ends, part.is_back, strict=True)
    ]


def _runs_beside(part: Part, start: int, end: int, singles: list[int]) -> bool:
    """Whether a link goes in a lane, which leaves the ranks it passes to themselves.

    It crosses nothing when both its ends are alone in their ranks; if one is not, the order in
    the ranks has to know of the link, unless it is long.
    """
    if end - start > LANE_SPAN:
        return True
    if singles[end] == singles[start + 1]:
        return False
    return end - start > LANE_SPAN / 4 or (len(part.rows[start]) == 1 and len(part.rows[end]) == 1)


def place_rows(part: Part, memo: Memo) -> None:
    """Sets the position across of all vertices and rails, from one bottleneck to the next."""
    count = len(part.vertices)
    part.x = [0.0] * count
    part.spots = [[] for _ in part.rows]
    outgoing: list[list[int]] = [[] for _ in range(count)]
    beside: dict[int, bool] = {}
    for link, (u, v) in enumerate(part.ends):
        if not part.is_lane[link]:
            outgoing[u].append(link)
        elif not part.is_back[link]:
            beside[u] = beside[v] = True
    last = len(part.rows)
    cuts = _cuts(part)
    for start, stop in pairwise([-1, *cuts, last]):
        if start >= 0 and stop == start + 1:
            _step(part, start, outgoing)
        elif stop:  # nothing is above a bottleneck in the first rank
            _place_run(part, start, stop, outgoing, beside, memo)
    if cuts and cuts[-1] == last - 1:
        part.spots[-1] = [part.x[part.rows[-1][0]]]


def _cuts(part: Part) -> list[int]:
    """Ranks with a bottleneck."""
    passing = [0] * (len(part.rows) + 1)
    rank = part.rank
    for (u, v), is_lane in zip(part.ends, part.is_lane, strict=True):
        if not is_lane:
            passing[rank[u] + 1] += 1
            passing[rank[v]] -= 1
    cuts = []
    through = 0
    for r, row in enumerate(part.rows):
        through += passing[r]
        if len(row) == 1 and not through:
            cuts.append(r)
    return cuts


def _step(part: Part, rank: int, outgoing: list[list[int]]) -> None:
    """From a bottleneck to the one right below it: in line."""
    u = part.rows[rank][0]
    part.spots[rank] = [part.x[u]]
    if rank + 1 == len(part.rows):
        return
    v = part.rows[rank + 1][0]
    links = outgoing[u]
    way = part.leave[links[0]] - part.arrive[links[0]] if links else 0.0
    part.x[v] = part.x[u] + way


def _extents(part: Part, members: list[int], begin: int, end: int, memo: Memo) -> list[int]:
    """The number of each member's extent; leaves that are bottlenecks all look the same.

    Nothing is beside them, and their links leave and arrive in the middle.
    """
    vertices = part.vertices
    numbers = [memo.extents.number(vertices[v].extent) for v in members]
    for i, v in ((0, begin), (-1, end)):
        if v >= 0 and vertices[v].ins is None and not vertices[v].extent.is_tag:
            numbers[i] = memo.extents.number(ALONE)
    return numbers


def _place_run(
    part: Part,
    start: int,
    stop: int,
    outgoing: list[list[int]],
    beside: dict[int, bool],
    memo: Memo,
) -> None:
    last = len(part.rows)
    first = max(start, 0)
    members = [v for row in part.rows[first : min(stop, last - 1) + 1] for v in row]
    place = {v: i for i, v in enumerate(members)}
    nets: dict[int, int] = {}
    stretches: list[Stretch] = []
    begin = members[0] if start >= 0 else -1
    end = members[-1] if stop < last else -1
    for v in members:
        if v != end:
            for link in outgoing[v]:
                net = nets.setdefault(part.nets[link], len(nets))
                target = place[part.ends[link][1]]
                stretches.append((place[v], target, net, part.leave[link], part.arrive[link]))
    block = memo.block(
        Run(
            tuple([part.rank[v] - first for v in members]),
            tuple(_extents(part, members, begin, end, memo)),
            tuple(stretches),
            start >= 0,
            stop < last,
            place.get(part.inlets.get(part.head, -1), -1),
            tuple([place[v] for v in members if v in beside and v != end and v != begin]),
        ),
        part.plan.runs[len(part.runs)].block.threads if part.plan else None,
    )
    numbers = list(nets)
    part.runs.append(RunPlan(members, numbers, block))
    origin = part.x[members[0]] if start >= 0 else 0.0
    for v, position in zip(members, block.positions, strict=True):
        part.x[v] = origin + position
    for (net, rank), position in block.rails.items():
        part.rails[numbers[net], first + rank] = origin + position
    for rank, row in enumerate(block.rows):
        part.spots[first + rank] = [origin + x for x in row]
