"""Values that many layers take beside their main one: masks, position ids, rotary tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from archviz.ir import Graph, Node
from archviz.ir.edit import used_values
from archviz.ops import table
from archviz.text import printable
from archviz.views.node_link.labels import MADE_UP

MOST_DEPTHS = 8
"""Up to so many depths of the graph a value's edges are drawn; beyond, stubs stand for it."""


def shared_values(graph: Graph) -> dict[str, int]:
    """How many nodes consume each value that is drawn as stubs.

    Such a value is consumed at more than :data:`MOST_DEPTHS` different depths, and by each of its
    consumers beside another one; what a Concat joins is never one.
    """
    nodes = graph.nodes
    used: list[Sequence[str | None]] = [
        used_values(node) if node.subgraphs else node.inputs for node in nodes
    ]
    uses = Counter(chain.from_iterable(used)).items()
    users: dict[str, list[int]] = {value: [] for value, n in uses if value and n > MOST_DEPTHS}
    often = users.keys()
    for index, values in enumerate(used) if users else ():
        if not often.isdisjoint(values):
            for value in dict.fromkeys(values):
                if value is not None and value in users:
                    users[value].append(index)
    candidates = {
        value: found
        for value, found in users.items()
        if all(_is_beside_another(value, nodes[user]) for user in found)
    }
    if not candidates:
        return {}
    depth = _depths_in_order(nodes, used) or _depths(nodes, [dict.fromkeys(each) for each in used])
    return {
        value: len(found)
        for value, found in candidates.items()
        if len({depth[user] for user in found}) > MOST_DEPTHS
    }


def name_of(value: str, maker: Node | None) -> str:
    """What a stub calls a value: its own name, or the operation when the name was made up."""
    title = printable(value)
    name = title.rstrip("/").rpartition("/")[2] or title
    return maker.op if maker is not None and MADE_UP.fullmatch(name) else name


def _is_beside_another(value: str, node: Node) -> bool:
    is_join = table().merge.get(node.op) == "join"
    return not is_join and any(other != value for other in used_values(node))


def _depths_in_order(nodes: Sequence[Node], used: Sequence[Iterable[str | None]]) -> list[int]:
    """Operations on the longest way to each node; none when one comes before what it uses."""
    behind: dict[str | None, int] = {None: 0}
    unmade: set[str | None] = set()
    found: list[int] = []
    for node, values in zip(nodes, used, strict=True):
        depth = 0
        for value in values:
            before = behind.get(value)
            if before is None:
                unmade.add(value)
            elif before > depth:
                depth = before
        found.append(depth)
        depth += 1
        for result in node.outputs:
            if result in unmade:
                return []
            if result is not None:
                behind[result] = depth
    return found


def _depths(nodes: Sequence[Node], used: Sequence[Iterable[str | None]]) -> list[int]:
    """Operations on the longest way to each node; those of a cycle are at depth 0."""
    users: dict[str | None, list[int]] = {}
    for index, values in enumerate(used):
        for value in values:
            users.setdefault(value, []).append(index)
    following = [
        [user for value in node.outputs if value is not None for user in users.get(value, ())]
        for node in nodes
    ]
    waiting = [0] * len(nodes)
    for ends in following:
        for end in ends:
            waiting[end] += 1
    depth = [0] * len(nodes)
    ready = [index for index, count in enumerate(waiting) if not count]
    while ready:
        index = ready.pop()
        for end in following[index]:
            depth[end] = max(depth[end], depth[index] + 1)
            waiting[end] -= 1
            if not waiting[end]:
                ready.append(end)
    return depth
