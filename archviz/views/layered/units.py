"""From a model to the plan of a figure: operations merged, laid along a spine, cut into units."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import takewhile

from archviz.ir import Graph, Model, Node, ScopePath
from archviz.ir.edit import used_values
from archviz.ir.types import Type
from archviz.ir.walk import leaves
from archviz.ops import category_of, table
from archviz.passes import PASSES
from archviz.passes.fold_repeats.items import structure_of
from archviz.views.layered.extents import Extent, extents_of
from archviz.views.layered.plan import Plan, Skip, Unit, is_weight
from archviz.views.layered.spine import Spine, spine_of

HEAVY = ("conv", "linear", "attention", "recurrent", "pool", "embedding")
"""Categories that readers want to see; the others go with what stands before them."""
_RESIZED = 1.5


def plan_of(model: Model) -> Plan:
    """The plan of a model whose operations have been readied but not merged."""
    extents = extents_of(model.graph, model.format)
    graph = PASSES.get("fuse").apply(model.graph)
    spine = spine_of(graph, extents)
    cutter = _Cutter(graph, spine, extents)
    units = cutter.units()
    return Plan(model, graph, extents, spine, cutter.input, units, cutter.skips())


class _Cutter:
    def __init__(self, graph: Graph, spine: Spine, extents: Mapping[str, Extent]) -> None:
        self.graph = graph
        self.spine = spine
        self.extents = extents
        first = spine.nodes[0] if spine.nodes else None
        given = set(graph.inputs)
        taken = [v for v in used_values(first) if v in given] if first is not None else []
        self.input = extents.get(taken[0], Extent()) if taken else Extent()
        self.unit_at: list[int] = []
        self.joined = {
            spine.nodes[bypass.end].id
            for bypass in spine.skips
            if table().merge.get(spine.nodes[bypass.end].op) == "join"
        }

    def units(self) -> tuple[Unit, ...]:
        branches: dict[int, list[Node]] = {}
        for bypass in self.spine.local:
            branches.setdefault(bypass.end, []).extend(bypass.nodes)
        joined = {bypass.end for bypass in self.spine.local}
        # Each group: positions on the spine that make one unit.
        groups: list[list[int]] = []
        leading: list[int] = []
        for start, end in self.spine.blocks:
            positions = list(range(start, end))
            is_light = not any(self._is_heavy(self.spine.nodes[at]) for at in positions)
            is_light = is_light and not any(branches.get(at) for at in positions)
            if is_light and groups:
                groups[-1] += positions
            elif is_light:
                leading += positions
            else:
                groups.append([*leading, *positions])
                leading = []
        if leading:
            groups.append(leading)
        groups = self._whole_modules(groups, joined)
        self.unit_at = [index for index, group in enumerate(groups) for _ in group]
        return tuple(
            self._unit(
                [self.spine.nodes[at] for at in group],
                [node for at in group for node in branches.get(at, ())],
                any(at in joined for at in group) or sum(map(self._is_conv, group)) > 1,
            )
            for group in groups
        )

    def _whole_modules(self, groups: list[list[int]], joined: set[int]) -> list[list[int]]:
        """The groups, those of one module together where others of its class are one block.

        A block that changes the resolution often has no shortcut; it is a block all the same.
        """
        scopes = self.graph.scopes
        paths = [_module_around([self.spine.nodes[at] for at in group]) for group in groups]
        classes = {
            scopes[path].type
            for group, path in zip(groups, paths, strict=True)
            if path and any(at in joined for at in group)
        } - {"", "Sequential", "ModuleList"}
        targets = {bypass.end for bypass in self.spine.skips}
        found: list[list[int]] = []
        last: ScopePath | None = None
        for group, path in zip(groups, paths, strict=True):
            around = [path[:n] for n in range(1, len(path) + 1) if scopes[path[:n]].type in classes]
            home = around[0] if around and not any(at in targets for at in group) else None
            if found and home is not None and home == last:
                found[-1] += group
            else:
                found.append(group)
            last = home
        return found

    def skips(self) -> tuple[Skip, ...]:
        merges = table().merge
        return tuple(
            Skip(
                self.unit_at[bypass.start] if bypass.start >= 0 else -1,
                self.unit_at[bypass.end],
                bypass.nodes,
                merges.get(self.spine.nodes[bypass.end].op, ""),
            )
            for bypass in self.spine.skips
        )

    def _is_conv(self, at: int) -> bool:
        return category_of(self.spine.nodes[at].op) == "conv"

    def _is_heavy(self, node: Node) -> bool:
        if category_of(node.op) in HEAVY or weights_of(node, self.graph):
            return category_of(node.op) not in ("act", "norm")
        given = [value for value in used_values(node) if value in self.extents]
        before = self.extents[given[0]] if given else Extent()
        after = self._made(node)
        pairs = list(zip(before.sides, after.sides, strict=False))
        if len(before.sides) != len(after.sides) or not pairs:
            return False
        return all(
            isinstance(one, int)
            and isinstance(other, int)
            and min(one, other) > 1
            and max(one, other) >= _RESIZED * min(one, other)
            for one, other in pairs
        )

    def _unit(self, main: Sequence[Node], branches: Sequence[Node], forks: bool) -> Unit:
        nodes = (*main, *branches)
        heavy = [node for node in main if self._is_heavy(node)] or list(main)
        weight = {node.id: weights_of(node, self.graph) for node in nodes}
        # What comes behind the last heavy one is a norm or a flattening; a block ends as a whole.
        last = heavy[-1]
        if any(node.id in self.joined for node in main):
            last = next(node for node in reversed(main) if node.id in self.joined)
        elif forks:
            ends = (n for n in reversed(main) if self._is_merge(n) or self._is_heavy(n))
            last = next(ends, last)
        # Dense layers at every pixel, which some blocks have most weights in, convolve nothing.
        convolving = [node for node in nodes if category_of(node.op) == "conv"]
        chief = max(
            convolving or [node for node in nodes if self._is_heavy(node)],
            key=lambda node: weight[node.id],
            default=main[-1],
        )
        counted = weights_in(nodes, self.graph)
        return Unit(
            tuple(main),
            tuple(branches),
            self._made(last),
            chief,
            counted,
            forks or bool(branches),
            self._signature(nodes),
            any(node.id in self.joined for node in main) and not forks,
        )

    def _is_merge(self, node: Node) -> bool:
        return node.op in table().merge or node.op == "Add & Norm"

    def _made(self, node: Node) -> Extent:
        value = next((value for value in node.outputs if value is not None), None)
        return self.extents.get(value or "", Extent())

    def _signature(self, nodes: Sequence[Node]) -> Hashable:
        made: dict[str, int] = {}
        for index, node in enumerate(nodes):
            made.update((value, index) for value in node.outputs if value is not None)
        outside: dict[str, int] = {}
        parts: list[Hashable] = []
        types: list[Type | None] = []
        for node in nodes:
            wires = tuple(
                made[value]
                if value in made
                else None
                if value is None
                else -1 - outside.setdefault(value, len(outside))
                for value in node.inputs
            )
            parts.append((structure_of(node, self.graph, types), wires))
        return tuple(parts), tuple(types)


def _module_around(nodes: Sequence[Node]) -> ScopePath:
    """The deepest scope that holds all of the operations."""
    paths = [part.scope for node in nodes for part in leaves(node)]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
    return tuple(parts[0] for parts in shared)


def weights_of(node: Node, graph: Graph) -> int:
    """Elements of the weights of one merged operation."""
    return sum(weights_in((node,), graph).values())


def weights_in(nodes: Iterable[Node], graph: Graph) -> dict[str, int]:
    """Elements of the weights of merged operations, by name."""
    found = {}
    for node in nodes:
        for part in (node, *leaves(node)):
            for use in part.parameters:
                parameter = graph.parameters.get(use.parameter)
                if parameter is not None and is_weight(parameter):
                    found[parameter.name] = parameter.type.size or 0
    return found
