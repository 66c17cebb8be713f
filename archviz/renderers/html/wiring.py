"""How the inside of each container was laid out, as lists of numbers that a page follows."""

from __future__ import annotations

from typing import Any

from archviz.layouts.sugiyama.cells import connected
from archviz.layouts.sugiyama.parts import PartPlan, RunPlan
from archviz.layouts.sugiyama.states import States


def parts_of(states: States, index: int) -> list[Any]:
    """The parts of a container: members, arcs, ranks, links in lanes, their sides, runs.

    Members and arcs are 0 when they are all that there are.
    """
    cell, layout = states.cells[index], states.plans[index]
    assert layout is not None
    plans = iter(layout.plans)
    count = len(cell.children)
    return [
        _part(
            0 if len(members) == count else members,
            0 if len(arcs) == len(cell.arcs) else arcs,
            next(plans),
        )
        for members, arcs, _ in connected(count, cell.arcs)
        if len(members) > 1 or arcs
    ]


def _part(members: list[int] | int, arcs: list[int] | int, plan: PartPlan) -> list[Any]:
    sides = [int(is_left) for is_left in plan.sides]
    return [members, arcs, plan.rank, plan.beside, sides, [_run(run) for run in plan.runs]]


def _run(run: RunPlan) -> list[Any]:
    """Ranks in order, vertices by number and nets that pass as -1 - net; strips; who is alone.

    Who is alone: 1 for the first vertex, 2 for the last; then places of the spine's ends in the
    first and the last rank.
    """
    threads = run.block.threads
    named = dict(enumerate(run.members))
    named.update((v, -1 - run.nets[net]) for (net, _), v in threads.rails.items())
    rows = [[named[v] for v in row] for row in threads.rows]
    strips = [[threads.strip[v] for v in row] for row in threads.rows]
    alone = 0 if threads.alone < 0 else 1 if threads.alone == 0 else 2
    top, bottom = threads.spine
    ends = [] if top < 0 else [threads.rows[0].index(top), threads.rows[-1].index(bottom)]
    return [rows, strips, alone, ends]
