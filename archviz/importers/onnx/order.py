"""Order of nodes: what is consumed before it is produced, and what feeds itself."""

from __future__ import annotations

from archviz.importers.onnx.notes import Notes
from archviz.ir import Diagnostic, Graph, Severity
from archviz.ir.edit import used_values
from archviz.ir.walk import all_graphs
from archviz.reading.notes import MAX_NODES


def note_order(graph: Graph, notes: Notes) -> None:
    """Notes unsorted nodes and cycles, in the graph and in each subgraph."""
    unsorted: list[str] = []
    for part in all_graphs(graph):
        late = _late(part)
        if not late:
            continue
        made = {value: index for index, node in enumerate(part.nodes) for value in node.outputs}
        before = [
            [made[value] for value in used_values(node) if value in made] for node in part.nodes
        ]
        cycle = _cycle(before)
        if cycle:
            ids = tuple(part.nodes[index].id for index in cycle)
            shown = " → ".join(ids[:5]) + (" → …" if len(ids) > 5 else f" → {ids[0]}")
            notes.add(
                Diagnostic(
                    "cycle", Severity.ERROR, f"nodes feed themselves: {shown}", ids[:MAX_NODES]
                )
            )
        unsorted.extend(late)
    if unsorted:
        count = len(unsorted)
        notes.add(
            Diagnostic(
                "unsorted-nodes",
                Severity.INFO,
                f"{count:,} node{'s consume' if count > 1 else ' consumes'} what a later one "
                "produces",
                tuple(unsorted[:MAX_NODES]),
            )
        )


def _late(graph: Graph) -> list[str]:
    """Ids of the nodes that consume what they, or later ones, produce."""
    values = graph.values
    seen: set[str | None] = {None, *graph.inputs}
    found = []
    for node in graph.nodes:
        used = used_values(node) if node.subgraphs else node.inputs
        for value in used:
            if value not in seen and value in values:
                found.append(node.id)
                break
        seen.update(node.outputs)
    return found


def _cycle(before: list[list[int]]) -> list[int]:
    """One cycle as indices along the edges, or nothing; depth first with a stack of our own."""
    state = [0] * len(before)  # 0 new, 1 on the path, 2 done
    for root in range(len(before)):
        if state[root]:
            continue
        path = [root]
        rest = [iter(before[root])]
        state[root] = 1
        while path:
            for index in rest[-1]:
                if state[index] == 1:
                    return path[path.index(index) :][::-1]
                if state[index] == 0:
                    state[index] = 1
                    path.append(index)
                    rest.append(iter(before[index]))
                    break
            else:
                state[path.pop()] = 2
                rest.pop()
    return []
