"""Scopes for nodes that an exporter's optimizer made and left without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archviz.ir import ScopePath

if TYPE_CHECKING:
    from onnx import NodeProto


def adopted_scopes(
    nodes: Sequence[NodeProto], stated: Sequence[ScopePath | None]
) -> dict[int, ScopePath]:
    """For each node without a stated scope the innermost one that its neighbours share.

    Args:
        nodes: In an order in which most come behind what they consume.
        stated: The scope of each node; None where the file gives none.
    """
    producer = {value: index for index, node in enumerate(nodes) for value in node.output if value}
    users: dict[int, list[int]] = {}
    orphans = [index for index, path in enumerate(stated) if path is None]
    wanted = set(orphans)
    for index, node in enumerate(nodes):
        for value in node.input:
            source = producer.get(value, -1)
            if source in wanted:
                users.setdefault(source, []).append(index)
    found: dict[int, ScopePath] = {}
    # Forward settles what stands behind stated nodes, backward what stands before them only.
    for order in (orphans, orphans[::-1]):
        for index in order:
            if found.get(index):
                continue
            before = [producer[value] for value in nodes[index].input if value in producer]
            around = [stated[i] or found.get(i) for i in (*before, *users.get(index, ()))]
            paths = [path for path in around if path]
            if paths:
                found[index] = shared_prefix(paths)
    return found


def shared_prefix(paths: Sequence[ScopePath]) -> ScopePath:
    """The longest path that all of ``paths`` begin with."""
    first = paths[0]
    for other in paths[1:]:
        length = 0
        while length < min(len(first), len(other)) and first[length] == other[length]:
            length += 1
        first = first[:length]
    return first
