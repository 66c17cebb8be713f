"""Equal branches side by side: experts, heads, groups that one operation joins again.

A branch is what alone leads to one input of the join. Branches are folded when they are built
alike and stand alike: all take the same values, or each its own part of one value, and the join
treats its inputs alike. So queries, keys and values stay three.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping

from archviz.ir import Graph, Node, ScopePath
from archviz.ir.build import change_node
from archviz.ir.edit import used_values
from archviz.ir.types import Type
from archviz.ops import table
from archviz.passes.fold_repeats.items import said_of, structure_of
from archviz.records import mutable

LARGEST_BRANCH = 512
"""Operations that one branch may have."""
JOINS = (
    "stack", "vstack", "hstack", "Stack", "Pack", "PACK", "SequenceConstruct", "Average", "Maximum",
    "Max", "Mean",
)  # fmt: skip
"""Operators, beside those that the tables call a sum or a join, that treat all inputs alike."""
PICKS = ("getitem", "select", "narrow", "chunk", "unbind", "Slice", "Gather", "StridedSlice")
"""Operators that take a part of a value; which one may differ between branches."""

_NUMBER = re.compile(r"\d+")


@mutable
class Branches:
    """Equal branches that one operation joins.

    Attributes:
        join: Id of the operation.
        merged: Ids of the sums between it and the branches, which it takes the place of.
        ends: What it joins then.
        home: The scope that all are in.
        paths: The module of each branch; () when they are no modules.
        copies: The nodes of each branch; those at one position correspond.
    """

    join: str
    merged: list[str]
    ends: list[str | None]
    home: ScopePath
    paths: list[ScopePath]
    copies: list[list[Node]]


def find_branches(graph: Graph, least: int, words: Mapping[str, str]) -> list[Branches]:
    """Sets of at least ``least`` equal branches, no two with a node in common."""
    search = _Search(graph, words)
    found: list[Branches] = []
    taken: set[str] = set()
    for join in graph.nodes:
        if join.id in taken:
            continue
        for branches in search.at(join, least):
            members = {node.id for copy in branches.copies for node in copy}
            if not members & taken:
                found.append(branches)
                taken |= {*members, join.id, *branches.merged}
    return found


class _Search:
    def __init__(self, graph: Graph, words: Mapping[str, str]) -> None:
        self.graph = graph
        self.words = words
        self.place = {node.id: index for index, node in enumerate(graph.nodes)}
        self.maker: dict[str, Node] = {}
        self.users: dict[str, list[Node]] = {}
        self.size: dict[ScopePath, int] = {}
        for node in graph.nodes:
            self.maker.update((value, node) for value in node.outputs if value is not None)
            for value in dict.fromkeys(used_values(node)):
                self.users.setdefault(value, []).append(node)
            for length in range(1, len(node.scope) + 1):
                path = node.scope[:length]
                self.size[path] = self.size.get(path, 0) + 1
        self.results = set(graph.outputs)
        self.merge = table().merge

    def at(self, join: Node, least: int) -> Iterator[Branches]:
        """The sets of branches that ``join`` joins."""
        kind = self.merge.get(join.op)
        if kind not in ("join", "plus") and join.op not in JOINS:
            return
        if join.subgraphs or join.parameters or join.kind != "op":
            return
        if kind == "plus" and self._adds_to_another(join):
            return
        ends, merged = self._ends(join) if kind == "plus" else (list(join.inputs), [])
        alike: dict[Hashable, list[Node]] = {}
        for value in ends:
            last = self.maker.get(value or "")
            if last is not None and value is not None and self._leads_on_once(last, value):
                type_ = self.graph.values[value].type
                alike.setdefault((last.op, last.kind, len(last.scope), type_), []).append(last)
        for lasts in alike.values():
            if len(lasts) >= max(least, 2):
                found = self._equal([self._behind(last) for last in lasts], join.scope, least)
                for home, copies in found:
                    paths = [_module_of(copy, home) for copy in copies]
                    yield Branches(join.id, merged, ends, home, paths, copies)

    def _adds_to_another(self, node: Node) -> bool:
        """Whether the sum goes into nothing but another sum, which then is the one to look at."""
        used = [user for value in node.outputs for user in self.users.get(value or "", ())]
        is_result = any(value in self.results for value in node.outputs)
        return len(used) == 1 and not is_result and self._is_plain_sum(used[0], node.scope)

    def _is_plain_sum(self, node: Node, scope: ScopePath) -> bool:
        is_sum = self.merge.get(node.op) == "plus" and not node.parameters
        return is_sum and node.scope == scope and node.kind == "op"

    def _ends(self, join: Node) -> tuple[list[str | None], list[str]]:
        """What a sum of sums adds up, and the sums that only lead to it."""
        ends: list[str | None] = []
        merged: list[str] = []
        stack: list[str | None] = list(reversed(join.inputs))
        while stack:
            value = stack.pop()
            maker = self.maker.get(value or "")
            if (
                maker is not None
                and value is not None
                and self._is_plain_sum(maker, join.scope)
                and self._leads_on_once(maker, value)
            ):
                merged.append(maker.id)
                stack += reversed(maker.inputs)
            else:
                ends.append(value)
        return ends, merged

    def _leads_on_once(self, node: Node, value: str) -> bool:
        """Whether ``value`` is all that is used of the node, by one other and once."""
        others = (v for v in node.outputs if v is not None and v != value)
        if any(v in self.results or v in self.users for v in others) or value in self.results:
            return False
        users = self.users.get(value, [])
        return len(users) == 1 and used_values(users[0]).count(value) == 1

    def _behind(self, last: Node) -> list[Node]:
        """What alone leads to ``last``, in the graph's order; nothing when it is too much."""
        inside = {last.id: last}
        waiting: dict[str, int] = {}
        stack = [last]
        while stack:
            for value in dict.fromkeys(used_values(stack.pop())):
                maker = self.maker.get(value)
                if maker is None:
                    continue
                if maker.id not in waiting:
                    made = [v for v in maker.outputs if v is not None]
                    uses = sum(len(self.users.get(v, ())) for v in made)
                    waiting[maker.id] = uses + sum(v in self.results for v in made)
                waiting[maker.id] -= 1
                if not waiting[maker.id] and maker.id not in inside:
                    inside[maker.id] = maker
                    stack.append(maker)
            if len(inside) > LARGEST_BRANCH:
                return []
        return sorted(inside.values(), key=lambda node: self.place[node.id])

    def _equal(
        self, branches: list[list[Node]], home: ScopePath, least: int
    ) -> Iterator[tuple[ScopePath, list[list[Node]]]]:
        """Those built and standing alike, with the innermost scope that is around all."""
        # Parts that are merely taken side by side are told apart by which they are.
        branches = [branch for branch in branches if any(n.op not in PICKS for n in branch)]
        for branch in branches:
            for node in branch:
                while node.scope[: len(home)] != home:
                    home = home[:-1]
        # One module around all of them, as a list of experts, is their home.
        while len(shared := {n.scope[: len(home) + 1] for b in branches for n in b}) == 1:
            deeper = next(iter(shared))
            if len(deeper) == len(home):
                break
            home = deeper
        sets: dict[Hashable, list[list[Node]]] = {}
        for branch in branches:
            sets.setdefault(self._signature(branch, home), []).append(branch)
        for copies in sets.values():
            for run in self._runs(copies, home):
                if len(run) < max(least, 2):
                    continue
                if self._are_whole(run, home) and self._stand_alike(run):
                    yield home, run

    def _parts_of(self, branch: list[Node], home: ScopePath) -> dict[ScopePath, int]:
        """How many operations of each module inside ``home`` the branch has."""
        inside: dict[ScopePath, int] = {}
        for node in branch:
            for length in range(len(home) + 1, len(node.scope) + 1):
                inside[node.scope[:length]] = inside.get(node.scope[:length], 0) + 1
        return inside

    def _are_whole(self, copies: list[list[Node]], home: ScopePath) -> bool:
        """Whether each module that they have a part of is in them altogether, as a list is."""
        inside: dict[ScopePath, int] = {}
        for copy in copies:
            for path, count in self._parts_of(copy, home).items():
                inside[path] = inside.get(path, 0) + count
        return all(count == self.size[path] for path, count in inside.items())

    def _kinds(self, node: Node, home: ScopePath, inside: dict[ScopePath, int]) -> Hashable:
        """What is around the node; the number that tells one branch from another does not count."""
        kinds = []
        is_outermost = True
        for length in range(len(home) + 1, len(node.scope) + 1):
            scope = self.graph.scopes[node.scope[:length]]
            name = _NUMBER.sub("#", scope.path[-1]) if is_outermost else scope.path[-1]
            kinds.append((name, scope.type, scope.repeat, scope.shares_weights))
            is_outermost &= inside[scope.path] < self.size[scope.path]
        return tuple(kinds)

    def _signature(self, branch: list[Node], home: ScopePath) -> Hashable:
        inside = self._parts_of(branch, home)
        made = {v: (i, p) for i, n in enumerate(branch) for p, v in enumerate(n.outputs) if v}
        outside: dict[str, int] = {}
        parts: list[Hashable] = []
        types: list[Type | None] = []
        for node in branch:
            wires: list[Hashable] = [
                value
                if value is None
                else made.get(value) or outside.setdefault(value, len(outside))
                for value in node.inputs
            ]
            first = node.inputs[0] if node.inputs else None
            if node.op in PICKS and first is not None and first not in made:
                node = change_node(node, attributes={}, parameters=())
            said = said_of(node, self.words)
            kinds = self._kinds(node, home, inside)
            structure = structure_of(node, self.graph, types)
            parts.append((kinds, structure, tuple(wires), said))
        return tuple(parts), tuple(types)

    def _runs(self, copies: list[list[Node]], home: ScopePath) -> list[list[list[Node]]]:
        """The copies that a range of names tells apart from all others: numbered one by one."""
        if not any(_module_of(copy, home) for copy in copies):
            return [copies]
        runs: list[list[list[Node]]] = []
        before: tuple[str, int] | None = None
        for copy in sorted(copies, key=lambda copy: _numbered(_module_of(copy, home)) or ("", 0)):
            path = _module_of(copy, home)
            here = _numbered(path)
            if here is None or self.graph.scopes[path].repeat > 1:
                continue
            if before is not None and here == (before[0], before[1] + 1):
                runs[-1].append(copy)
            else:
                runs.append([copy])
            before = here
        return runs

    def _stand_alike(self, copies: list[list[Node]]) -> bool:
        """Whether all take the same from outside, or each its own result of one operation."""
        made = {v for copy in copies for node in copy for v in node.outputs if v is not None}
        for nodes in zip(*copies, strict=True):
            for values in zip(*(used_values(node) for node in nodes), strict=True):
                distinct = set(values)
                if len(distinct) == 1 or distinct <= made:
                    continue
                makers = {self.maker[value].id if value in self.maker else "" for value in values}
                is_shared_out = len(makers) == 1 and "" not in makers
                if not is_shared_out or any(
                    len(self.users[value]) > 1 or value in self.results for value in values
                ):
                    return False
        return True


def _module_of(branch: list[Node], home: ScopePath) -> ScopePath:
    """The module directly in ``home`` that is the whole branch, or ()."""
    paths = {node.scope[: len(home) + 1] for node in branch}
    path = next(iter(paths))
    return path if len(paths) == 1 and len(path) > len(home) else ()


def _numbered(path: ScopePath) -> tuple[str, int] | None:
    """A name without its last number, and the number: ("expert_#", 3)."""
    numbers = list(_NUMBER.finditer(path[-1])) if path else []
    if not numbers:
        return None
    last = numbers[-1]
    return f"{path[-1][: last.start()]}#{path[-1][last.end() :]}", int(last.group())
