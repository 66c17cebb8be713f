"""Draws equal blocks once, with how many there are: one behind the other, or side by side.

Blocks are modules, or stretches of operations where a file knows no modules. They are equal when
operations, attributes, types, parameter shapes and wiring are; names and weights may differ. What
all copies take from outside (a mask, a rotary table) does not keep them apart. Nor do sizes that
grow by the same step from block to block because each joins what it makes to what it takes.

The first copy stays and its nodes account in ``origin`` for those of the others, copy by copy, so
that unfolding is a matter of splitting ``origin``. Where blocks grow it says from where to where.
"""

from __future__ import annotations

from collections.abc import Mapping

from archviz.ir import Graph, Node, Parameter, Scope, ScopePath, Value
from archviz.ir.build import change_node
from archviz.ir.edit import rewire, sweep
from archviz.passes import Pass
from archviz.passes.fold_repeats.branches import Branches, find_branches
from archviz.passes.fold_repeats.growth import may_grow, stand_ins
from archviz.passes.fold_repeats.items import items_at
from archviz.passes.fold_repeats.runs import Run, find_growing, find_runs, users_of
from archviz.records import field, mutable, replace


def apply(graph: Graph, *, least: int = 2, words: Mapping[str, str] | None = None) -> Graph:
    """The graph with each run and each row of equal blocks reduced to its first.

    Args:
        graph: Where to fold.
        least: How many copies make a run or a row.
        words: By id of an imported node words that have to be equal as well, what an overlay says.
    """
    depth = 0
    least = max(least, 2)
    while items := items_at(graph, depth, words):
        # The scopes of one level have no node in common, so all are folded in one go.
        users = users_of(graph)
        folded = _folded(graph, {home: find_runs(at, users, least) for home, at in items.items()})
        growing = [home for home, at in items.items() if may_grow(at)]
        if growing:
            if folded is not graph:
                graph, items, users = folded, items_at(folded, depth, words), users_of(folded)
            folded = _folded(
                graph, {home: find_growing(items[home], users, least, graph) for home in growing}
            )
        graph = folded
        depth += 1
    while rows := find_branches(graph, least, words or {}):
        folding = _Folding(dict(graph.scopes))
        for row in rows:
            folding.add_row(row)
        graph = folding.applied(graph)
    return graph


def _folded(graph: Graph, runs: Mapping[ScopePath, list[Run]]) -> Graph:
    if not any(runs.values()):
        return graph
    folding = _Folding(dict(graph.scopes))
    for home, inside in runs.items():
        for run in inside:
            folding.add_run(run, home)
            if run.growth:
                values, parameters = stand_ins(run.copies, run.leaving, graph)
                folding.values.update(values)
                folding.parameters.update(parameters)
    return folding.applied(graph)


@mutable
class _Folding:
    """What a graph loses, and what stays for it.

    Attributes:
        scopes: As they are going to be.
        dropped: Ids of the nodes that go.
        origins: What a node accounts for, where that becomes more.
        renamed: The value that stands for one that goes.
        moved: New scopes of nodes.
        joins: By id of an operation the row that it joins.
        values: Those that are described otherwise.
        parameters: Likewise.
    """

    scopes: dict[ScopePath, Scope]
    dropped: set[str] = field(default_factory=set)
    origins: dict[str, list[str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    moved: dict[str, ScopePath] = field(default_factory=dict)
    joins: dict[str, Branches] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)

    def add_run(self, run: Run, home: ScopePath) -> None:
        """Folds blocks that stand one behind the other."""
        self._reduce(run.copies)
        first, last = run.items[0], run.items[-1]
        if run.period == 1 and first.path is not None and last.path is not None:
            path = first.path
            self._repeat(path, run.copies, last.path[-1])
        else:
            path = self._enclose(run.copies, home)
        if run.growth:
            self.scopes[path] = replace(self.scopes[path], growth=run.growth)

    def add_row(self, row: Branches) -> None:
        """Folds blocks that stand side by side."""
        self._reduce(row.copies)
        self.joins[row.join] = row
        if row.paths[0]:
            path = row.paths[0]
            self._repeat(path, row.copies, row.paths[-1][-1])
        else:
            path = self._enclose(row.copies, row.home)
        self.scopes[path] = replace(self.scopes[path], is_parallel=True)

    def _reduce(self, copies: list[list[Node]]) -> None:
        first = copies[0]
        for copy in copies[1:]:
            for kept, gone in zip(first, copy, strict=True):
                self.dropped.add(gone.id)
                self.origins.setdefault(kept.id, list(kept.origins)).extend(gone.origins)
                pairs = zip(kept.outputs, gone.outputs, strict=True)
                self.renamed.update((old, new) for new, old in pairs if old is not None and new)

    def _repeat(self, path: ScopePath, copies: list[list[Node]], last: str) -> None:
        """Says on the block's scope how often it repeats."""
        known = self.scopes[path]
        self.scopes[path] = replace(
            known,
            repeat=known.repeat * len(copies),
            last=last,
            shares_weights=_share_weights(copies),
        )

    def _enclose(self, copies: list[list[Node]], home: ScopePath) -> ScopePath:
        """Gives a block without a scope one, which says how often it repeats."""
        number = 1
        while (path := (*home, f"block {number}")) in self.scopes:
            number += 1
        self.scopes[path] = Scope(path, "", len(copies), "", _share_weights(copies))
        for node in copies[0]:
            inside = (*path, *node.scope[len(home) :])
            self.moved[node.id] = inside
            for length in range(len(path) + 1, len(inside) + 1):
                before = (*home, *inside[len(path) : length])
                self.scopes[inside[:length]] = replace(self.scopes[before], path=inside[:length])
        return path

    def applied(self, graph: Graph) -> Graph:
        """The graph without what goes."""
        by_id = {node.id: node for node in graph.nodes}
        for join, row in self.joins.items():
            self.dropped.update(row.merged)
            account = self.origins.setdefault(join, list(by_id[join].origins))
            account.extend(origin for one in row.merged for origin in by_id[one].origins)

        def stand_in(value: str | None) -> str | None:
            return self.renamed.get(value, value) if value is not None else None

        nodes = []
        for node in graph.nodes:
            if node.id in self.dropped:
                continue
            kept = rewire(node, stand_in)
            if node.id in self.joins:
                # One input stands for all copies of a branch.
                ends = self.joins[node.id].ends
                inputs = tuple([value for value in ends if value not in self.renamed])
                kept = change_node(kept, inputs=inputs)
            nodes.append(
                change_node(
                    kept,
                    origin=tuple(self.origins.get(node.id, node.origin)),
                    scope=self.moved.get(node.id, node.scope),
                )
            )
        outputs = dict.fromkeys(self.renamed.get(value, value) for value in graph.outputs)
        values = {
            key: self.values.get(key, value)
            for key, value in graph.values.items()
            if key not in self.renamed
        }
        ordered = dict(sorted(self.scopes.items(), key=lambda entry: len(entry[0])))
        folded = replace(
            graph,
            nodes=tuple(nodes),
            values=values,
            outputs=tuple(outputs),
            parameters={**graph.parameters, **self.parameters},
            scopes=ordered,
        )
        return sweep(_called(folded, self._names_of_outputs(graph)))

    def _names_of_outputs(self, graph: Graph) -> dict[str, str]:
        """For the value that stands for an output of the model the output's own name."""
        names: dict[str, str] = {}
        for value in graph.outputs:
            first = self.renamed.get(value)
            if first is not None and first not in graph.outputs:
                names.setdefault(first, value)
        return names


def _called(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The graph with values called otherwise."""
    if not names:
        return graph

    def name_of(value: str | None) -> str | None:
        return names.get(value, value) if value is not None else None

    nodes = [
        replace(rewire(node, name_of), outputs=tuple([name_of(value) for value in node.outputs]))
        for node in graph.nodes
    ]
    values = {
        names.get(key, key): replace(value, id=names.get(key, key))
        for key, value in graph.values.items()
    }
    outputs = tuple([names.get(value, value) for value in graph.outputs])
    return replace(graph, nodes=tuple(nodes), values=values, outputs=outputs)


def _share_weights(copies: list[list[Node]]) -> bool:
    def names(copy: list[Node]) -> list[str]:
        return [use.parameter for node in copy for use in node.parameters]

    first = names(copies[0])
    return bool(first) and all(names(copy) == first for copy in copies[1:])


PASS = Pass("fold-repeats", "draws equal blocks once, with their number", apply)
