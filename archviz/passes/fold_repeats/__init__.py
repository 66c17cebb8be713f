"""Draws equal blocks that follow one another once, with how many there are.

Blocks are modules, or stretches of operations where a file knows no modules. They are equal when
operations, attributes, types, parameter shapes and wiring are; names and weights may differ. What
all copies take from outside (a mask, a rotary table) does not keep them apart. The first copy stays
and its nodes account in ``origin`` for those of the others, copy by copy, so that unfolding is a
matter of splitting ``origin``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from archviz.ir import Graph, Node, Scope, ScopePath
from archviz.ir.edit import rewire, sweep
from archviz.passes import Pass
from archviz.passes.fold_repeats.items import items_at
from archviz.passes.fold_repeats.runs import Run, find_runs, users_of


def apply(graph: Graph, *, least: int = 2, words: Mapping[str, str] | None = None) -> Graph:
    """The graph with each run of equal blocks reduced to its first.

    Args:
        graph: Where to fold.
        least: How many copies make a run.
        words: By id of an imported node words that have to be equal as well, what an overlay says.
    """
    depth = 0
    while items := items_at(graph, depth, words):
        # The scopes of one level have no node in common, so all are folded in one go.
        users = users_of(graph)
        runs = {home: find_runs(inside, users, max(least, 2)) for home, inside in items.items()}
        if any(runs.values()):
            graph = _fold(graph, runs)
        depth += 1
    return graph


def _fold(graph: Graph, runs: Mapping[ScopePath, list[Run]]) -> Graph:
    dropped: set[str] = set()
    origins: dict[str, list[str]] = {}
    renamed: dict[str, str] = {}
    scopes = dict(graph.scopes)
    moved: dict[str, ScopePath] = {}
    for home, run in ((home, run) for home, inside in runs.items() for run in inside):
        first = run.copies[0]
        for copy in run.copies[1:]:
            for kept, gone in zip(first, copy, strict=True):
                dropped.add(gone.id)
                origins.setdefault(kept.id, list(kept.origins)).extend(gone.origins)
                pairs = zip(kept.outputs, gone.outputs, strict=True)
                renamed.update((old, new) for new, old in pairs if old is not None and new)
        _mark(run, home, scopes, moved)

    def stand_in(value: str | None) -> str | None:
        return renamed.get(value, value) if value is not None else None

    nodes = []
    for node in graph.nodes:
        if node.id in dropped:
            continue
        kept = rewire(node, stand_in)
        nodes.append(
            replace(
                kept,
                origin=tuple(origins.get(node.id, node.origin)),
                scope=moved.get(node.id, node.scope),
            )
        )
    outputs = dict.fromkeys(renamed.get(value, value) for value in graph.outputs)
    values = {key: value for key, value in graph.values.items() if key not in renamed}
    ordered = dict(sorted(scopes.items(), key=lambda entry: len(entry[0])))
    return sweep(
        replace(graph, nodes=tuple(nodes), values=values, outputs=tuple(outputs), scopes=ordered)
    )


def _mark(
    run: Run, home: ScopePath, scopes: dict[ScopePath, Scope], moved: dict[str, ScopePath]
) -> None:
    """Says on the block's scope how often it repeats; a block without a scope gets one."""
    shared = _share_weights(run)
    first, last = run.items[0], run.items[-1]
    if run.period == 1 and first.path is not None and last.path is not None:
        known = scopes[first.path]
        scopes[first.path] = replace(
            known,
            repeat=known.repeat * len(run.copies),
            last=last.path[-1],
            shares_weights=shared,
        )
        return
    number = 1
    while (path := (*home, f"block {number}")) in scopes:
        number += 1
    scopes[path] = Scope(path, "", len(run.copies), "", shared)
    for node in run.copies[0]:
        inside = (*path, *node.scope[len(home) :])
        moved[node.id] = inside
        for length in range(len(path) + 1, len(inside) + 1):
            before = (*home, *inside[len(path) : length])
            scopes[inside[:length]] = replace(scopes[before], path=inside[:length])


def _share_weights(run: Run) -> bool:
    def names(copy: list[Node]) -> list[str]:
        return [use.parameter for node in copy for use in node.parameters]

    first = names(run.copies[0])
    return bool(first) and all(names(copy) == first for copy in run.copies[1:])


PASS = Pass("fold-repeats", "draws equal blocks once, with their number", apply)
