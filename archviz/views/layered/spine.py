"""The spine: the longest way from an input to an output, and what leads around it.

A bypass leaves the spine and comes back: a shortcut, a branch of several operations. What joins
things nearby (a residual, the branches of one block) belongs to a block; what joins blocks, or
goes around a change of resolution and back, is a skip connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

from archviz.ir import Graph, Node, TensorType
from archviz.ir.edit import used_values
from archviz.ir.walk import leaf_count
from archviz.ops import table
from archviz.records import field, mutable, record
from archviz.views.layered.extents import Extent

START = -1
"""Position of the graph's input on the spine."""
NESTED = 3
"""Blocks that fork and join inside a bypass, from which on it is no part of one block."""


@record
class Bypass:
    """A way around a part of the spine.

    Attributes:
        start: Position of the operation whose result it takes, START for the input.
        end: Position of the operation that joins it.
        nodes: Operations on it; none for a mere shortcut.
    """

    start: int
    end: int
    nodes: tuple[Node, ...] = ()


@mutable
class Spine:
    """The longest way, and all that is beside it.

    Attributes:
        nodes: Operations on it, from input to output.
        blocks: For each block the positions of its first operation and behind its last.
        local: Bypasses inside blocks.
        skips: Bypasses that join blocks.
        feeding: Operations that only bring something to the spine: masks, positions.
        leaving: Operations that only take something from it: auxiliary heads.
        apart: Operations that nothing joins to it.
    """

    nodes: list[Node] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)
    local: list[Bypass] = field(default_factory=list)
    skips: list[Bypass] = field(default_factory=list)
    feeding: list[Node] = field(default_factory=list)
    leaving: list[Node] = field(default_factory=list)
    apart: list[Node] = field(default_factory=list)


def spine_of(graph: Graph, extents: Mapping[str, Extent]) -> Spine:
    """The spine of a graph; one without edges has none.

    Args:
        graph: Its operations, merged as readers see them.
        extents: Extent by value.
    """
    order = topological(graph)
    made = {value: node.id for node in order for value in node.outputs if value is not None}
    way = _longest(graph, order, made)
    spine = Spine([node for node in order if node.id in way])
    _divide(spine, _bypasses(graph, order, made, spine), extents)
    return spine


def topological(graph: Graph) -> list[Node]:
    """The nodes, each behind those whose results it takes, else in their order.

    Nodes on a cycle, which merging may close, come last.
    """
    made = {value: at for at, node in enumerate(graph.nodes) for value in node.outputs if value}
    waiting: list[int] = []
    users: dict[int, list[int]] = {}
    for at, node in enumerate(graph.nodes):
        sources = {made[value] for value in used_values(node) if value in made} - {at}
        waiting.append(len(sources))
        for source in sources:
            users.setdefault(source, []).append(at)
    ready = [at for at, count in enumerate(waiting) if not count]
    heapify(ready)
    found: list[int] = []
    while ready:
        at = heappop(ready)
        found.append(at)
        for user in users.get(at, ()):
            waiting[user] -= 1
            if not waiting[user]:
                heappush(ready, user)
    found += [at for at, count in enumerate(waiting) if count]
    return [graph.nodes[at] for at in found]


def _longest(graph: Graph, order: Sequence[Node], made: Mapping[str, str]) -> set[str]:
    """Ids of the operations on the longest way, counted in operations and then in weights."""
    given = set(graph.inputs)
    best: dict[str, tuple[int, int, int]] = {}
    step: dict[str, str] = {}
    for node in order:
        reached = (1, 0, 0) if any(value in given for value in used_values(node)) else None
        for value in _followed(node, graph):
            source = made.get(value)
            if source in best and source != node.id and (reached is None or best[source] > reached):
                reached = best[source]
                step[node.id] = source
        # A way from an input beats any other: a table of positions may be long in the making.
        from_input, length, weights = reached or (0, 0, 0)
        own = leaf_count(node)
        best[node.id] = (from_input, length + own, weights + _weights(node, graph))
    ends = [made[value] for value in graph.outputs if made.get(value) in best]
    if not ends:
        return set()
    here: str | None = max(ends, key=lambda end: best[end])
    way: set[str] = set()
    while here is not None and here not in way:
        way.add(here)
        here = step.get(here)
    return way


def _followed(node: Node, graph: Graph) -> list[str]:
    """What the spine may come from: a sum or a product goes on from what has its shape.

    The way through a gate of one pixel is long, yet the picture is what it scales.
    """
    used = used_values(node)
    if len(used) < 2 or table().merge.get(node.op, "join") == "join" or node.parts:
        return used
    result = _size(graph, node.outputs[0] if node.outputs else None)
    alike = [value for value in used if _size(graph, value) == result]
    return alike or used


def _size(graph: Graph, value: str | None) -> object:
    found = graph.values.get(value or "")
    type_ = found.type if found is not None else None
    return type_.shape if isinstance(type_, TensorType) else None


def _weights(node: Node, graph: Graph) -> int:
    found = (graph.parameters.get(use.parameter) for use in node.parameters)
    return sum(p.type.size or 0 for p in found if p is not None and p.kind == "weight")


def _bypasses(
    graph: Graph, order: Sequence[Node], made: Mapping[str, str], spine: Spine
) -> list[Bypass]:
    """All ways around; what is on none goes into the spine's lists."""
    place = {node.id: index for index, node in enumerate(spine.nodes)}
    main = _main_input(graph, spine)
    near: dict[str, list[str]] = {}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    found: list[Bypass] = []
    for node in order:
        for value in dict.fromkeys(used_values(node)):
            source = made.get(value)
            start = place.get(source) if source is not None else START if value == main else None
            end = place.get(node.id)
            if end is None and start is None and source is not None:
                near.setdefault(node.id, []).append(source)
                near.setdefault(source, []).append(node.id)
            elif end is None and start is not None:
                first[node.id] = min(start, first.get(node.id, start))
            elif end is not None and start is None and source is not None:
                last[source] = max(end, last.get(source, end))
            elif end is not None and start is not None and start < end - 1:
                found.append(Bypass(start, end))
    seen: set[str] = set()
    by_id = {node.id: node for node in order}
    at = {node.id: index for index, node in enumerate(order)}
    for node in order:
        if node.id in place or node.id in seen:
            continue
        part, stack = [], [node.id]
        seen.add(node.id)
        while stack:
            here = stack.pop()
            part.append(here)
            new = [other for other in near.get(here, ()) if other not in seen]
            seen.update(new)
            stack += new
        part.sort(key=at.__getitem__)
        nodes = tuple(by_id[key] for key in part)
        starts = [first[key] for key in part if key in first]
        ends = [last[key] for key in part if key in last]
        if starts and ends and min(starts) < max(ends):
            found.append(Bypass(min(starts), max(ends), nodes))
        else:
            kept = spine.feeding if ends else spine.leaving if starts else spine.apart
            kept.extend(nodes)
    return found


def _main_input(graph: Graph, spine: Spine) -> str:
    given = set(graph.inputs)
    for node in spine.nodes[:1]:
        return next((value for value in used_values(node) if value in given), "")
    return ""


def _divide(spine: Spine, bypasses: Sequence[Bypass], extents: Mapping[str, Extent]) -> None:
    """Cuts the spine where one value alone passes, skip connections apart."""
    count = len(spine.nodes)
    sides = [_extent_made(node, extents).sides for node in spine.nodes]
    # closed[k]: the cut between the operations k - 1 and k is inside a block.
    closed = [False] * (count + 1)
    for bypass in sorted(bypasses, key=lambda b: (b.end - b.start, b.start)):
        inside = range(bypass.start + 2, bypass.end + 1)
        if _goes_around(bypass, sides) or _blocks_inside(closed, inside) >= NESTED:
            spine.skips.append(bypass)
            continue
        spine.local.append(bypass)
        for cut in inside:
            closed[cut] = True
    start = 0
    for cut in range(1, count + 1):
        if cut == count or not closed[cut]:
            spine.blocks.append((start, cut))
            start = cut
    spine.skips.sort(key=lambda b: (b.start, b.end))


def _goes_around(bypass: Bypass, sides: Sequence[tuple[object, ...]]) -> bool:
    """Whether the resolution changes more than once on the stretch that it goes around."""
    stretch = sides[max(bypass.start, 0) : bypass.end + 1]
    # Grouped channels make a picture a volume for a moment, which is no change of resolution.
    ranks = [len(s) for s in stretch if s]
    seen = [s for s in stretch if s and len(s) == min(ranks)]
    return sum(one != other for one, other in pairwise(seen)) > 1


def _blocks_inside(closed: Sequence[bool], cuts: range) -> int:
    """How many stretches of closed cuts there are, none touching an end."""
    flags = [closed[cut] for cut in cuts]
    starts = sum(now and not before for before, now in zip([False, *flags], flags, strict=False))
    return starts


def _extent_made(node: Node, extents: Mapping[str, Extent]) -> Extent:
    value = next((value for value in node.outputs if value is not None), None)
    return extents.get(value or "", Extent())
