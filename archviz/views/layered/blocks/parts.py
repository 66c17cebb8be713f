"""Operations grouped into what a transformer figure draws as one box.

What is recognised goes by the graph: an attention is what compares queries with keys together with
its projections, a feed-forward network is two projections with an activation between them, a sum
that skips weights is a residual connection. Module classes help with norms and experts alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archviz.ir.walk import leaves
from archviz.ops import table
from archviz.records import field, mutable
from archviz.views.layered.blocks.pictures import convolved, tokens
from archviz.views.layered.blocks.wiring import Wiring
from archviz.views.layered.look import current

_ROUTING = ("topk", "TopK", "TopKV2")
_NORM = re.compile(r"norm(alization)?(\d?d)?$", re.IGNORECASE)
"""Classes of modules that normalise: "T5LayerNorm", "LlamaRMSNorm", "BatchNorm1d"."""


@mutable
class Part:
    """A box, or a circle, in the making.

    Attributes:
        kind: "attention", "feed forward", "experts", "dense", "norm", "embedding", "conv", "sum",
            "token", "act", "recurrent", "pool" or "other".
        nodes: Positions of what it stands for.
        queries: Position of the part that an attention asks from; -1 for none or a graph input.
        keys: Position of the part that an attention looks at; -1 for none or a graph input.
        keys_input: The graph input that an attention looks at, or "".
        is_residual: Whether it is a sum, one of whose operands goes around weights.
    """

    kind: str
    nodes: list[int] = field(default_factory=list)
    queries: int = -1
    keys: int = -1
    keys_input: str = ""
    is_residual: bool = False


class Grouping:
    """The parts of a graph.

    Attributes:
        wiring: The graph.
        parts: In the order in which they were recognised; some may be empty.
        of: The part that each node belongs to, by position; None beside the figure.
    """

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.parts: list[Part] = []
        self.of: list[int | None] = [None] * len(wiring.nodes)
        self._heavy = 0
        cores = [index for index in range(len(wiring.nodes)) if wiring.is_core(index)]
        for index, heavy in enumerate(wiring.has_weights):
            if heavy or wiring.is_core(index):
                self._heavy |= 1 << index
        self._experts(cores)
        self._norms()
        for core in cores:
            if self.of[core] is None:
                self._attention(core)
        for index in range(len(wiring.nodes)):
            if self.of[index] is None and wiring.has_weights[index]:
                if wiring.category(index) == "embedding":
                    self._new("embedding", [index])
                elif wiring.category(index) == "recurrent":
                    self._new("recurrent", [index])
        for nodes in tokens(wiring, self._is_free):
            self._new("token", nodes)
        self._sums()
        self._projections()
        self._leading()
        self._rest()
        self._groups()
        self._connect()

    def _new(self, kind: str, nodes: Iterable[int]) -> int:
        self.parts.append(Part(kind, sorted(nodes)))
        number = len(self.parts) - 1
        for index in self.parts[number].nodes:
            self.of[index] = number
        return number

    def _is_free(self, index: int) -> bool:
        """Whether it is no part's yet."""
        return self.of[index] is None

    def _join(self, index: int, number: int) -> None:
        self.of[index] = number
        self.parts[number].nodes.append(index)

    # Experts: the module around what chooses among them.

    def _experts(self, cores: Iterable[int]) -> None:
        wiring = self.wiring
        inside: dict[tuple[str, ...], list[int]] = {}
        for index, node in enumerate(wiring.nodes):
            for length in range(1, len(node.scope) + 1):
                inside.setdefault(node.scope[:length], []).append(index)
        compared = set(cores)
        for index, node in enumerate(wiring.nodes):
            if self.of[index] is not None or not any(p.op in _ROUTING for p in leaves(node)):
                continue
            for length in range(len(node.scope), 0, -1):
                found = inside[node.scope[:length]]
                if compared & set(found):
                    break
                weights = wiring.parameters(found)
                if len(weights) > 2 or (len(weights) > 1 and max(weights.values()) > 1_000):
                    self._new("experts", [i for i in found if self.of[i] is None])
                    break

    def _norms(self) -> None:
        wiring = self.wiring
        scoped: dict[tuple[str, ...], int] = {}
        for index, node in enumerate(wiring.nodes):
            if self.of[index] is not None:
                continue
            if _NORM.search(wiring.module_type(index)) and not wiring.is_projection(index):
                if node.scope in scoped:
                    self._join(index, scoped[node.scope])
                else:
                    scoped[node.scope] = self._new("norm", [index])
            elif wiring.category(index) == "norm":
                self._new("norm", [index])

    # Attentions: from a core back to its projections and on to the one behind it.

    def _attention(self, core: int) -> None:
        wiring = self.wiring
        taken = {core}
        has_own_weights = wiring.has_weights[core]
        waiting = list(wiring.before[core])
        product = wiring.product_behind(core) if wiring.is_softmax(core) else None
        if product is not None:
            taken.add(product)
            taken.update(at for at in range(core, product) if wiring.joins(core, at, product))
            waiting += [at for at in wiring.before[product] if at not in taken]
        projections: set[int] = set()
        seen: set[int] = set()
        while waiting:
            index = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            if wiring.category(index) == "embedding" or self._is_taken_by_block(index):
                continue
            if wiring.is_projection(index):
                projections.add(index)
                continue
            if has_own_weights and (self.of[index] is not None or wiring.is_sum(index)):
                continue
            waiting += wiring.before[index]
        # Of a way that leads to no projection only what serves nothing else belongs to it.
        for index in sorted(seen, reverse=True):
            if index in projections:
                taken.add(index)
            elif self._is_taken_by_block(index) or wiring.category(index) == "embedding":
                continue
            elif all(user in taken for user in wiring.behind[index]) or self._leads_from(
                index, projections
            ):
                taken.add(index)
        taken |= convolved(wiring, projections, taken, self._is_free)
        self._behind(core if product is None else product, taken)
        number = self._take("attention", taken)
        part = self.parts[number]
        order = wiring.before[core] if not wiring.is_softmax(core) else self._scored(core)
        sources = [self._source(value, number) for value in order[:2]]
        if sources:
            part.queries = sources[0]
            part.keys = sources[-1] if len(order) > 1 else sources[0]

    def _is_taken_by_block(self, index: int) -> bool:
        number = self.of[index]
        return number is not None and self.parts[number].kind in ("attention", "experts")

    def _leads_from(self, index: int, projections: set[int]) -> bool:
        return any(self.wiring.leads(projection, index) for projection in projections)

    def _scored(self, softmax: int) -> tuple[int, ...]:
        """What the product below a softmax multiplies: queries and keys."""
        wiring = self.wiring
        waiting = list(wiring.before[softmax])
        while waiting:
            index = waiting.pop(0)
            if wiring.category(index) == "linear" and not wiring.has_weights[index]:
                return wiring.before[index]
            if not wiring.has_weights[index]:
                waiting += wiring.before[index]
        return wiring.before[softmax]

    def _source(self, index: int, number: int) -> int:
        """The node outside of a part that a value inside comes from, the nearest to the input."""
        wiring = self.wiring
        waiting, seen = [index], {index}
        outside: list[int] = []
        while waiting:
            at = waiting.pop(0)
            if self.of[at] != number:
                outside.append(at)
                continue
            for source in wiring.before[at]:
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
            if not wiring.before[at] and wiring.given[at]:
                self.parts[number].keys_input = wiring.given[at][0]
        heavy = [at for at in outside if wiring.ancestors[at] & self._heavy or self._is_heavy(at)]
        return max(heavy, default=-1)

    def _is_heavy(self, index: int) -> bool:
        return bool(self._heavy >> index & 1)

    def _behind(self, core: int, taken: set[int]) -> None:
        """Adds what brings the result into shape, and the projection that follows."""
        wiring = self.wiring
        waiting = list(wiring.behind[core])
        while waiting:
            index = min(waiting)
            waiting.remove(index)
            if index in taken or self.of[index] is not None:
                continue
            if wiring.is_projection(index):
                taken.add(index)
                waiting += [user for user in wiring.behind[index] if self.wiring.is_light(user)]
                core = index
            elif self.wiring.is_light(index) and not (
                wiring.is_projection(core) and len(wiring.before[index]) > 1
            ):
                taken.add(index)
                if not wiring.is_projection(core):
                    waiting += wiring.behind[index]

    def _take(self, kind: str, nodes: set[int]) -> int:
        """A new part, which takes norms of queries and keys from the parts that they were."""
        for index in nodes:
            number = self.of[index]
            if number is not None:
                self.parts[number].nodes.remove(index)
        return self._new(kind, nodes)

    # Residual connections.

    def _sums(self) -> None:
        wiring = self.wiring
        tables: dict[tuple[object, ...], int] = {}
        for index in range(len(wiring.nodes)):
            if self.of[index] is not None or not wiring.is_sum(index):
                continue
            sources = wiring.before[index]
            if wiring.operands(index) < 2:
                if len(sources) == 1 and self._adds_positions(index):
                    node = wiring.nodes[index]
                    same = (sources, tuple(use.parameter for use in node.parameters))
                    if same in tables:  # computed once for each that takes it
                        self._join(index, tables[same])
                    else:
                        tables[same] = self._new("sum", [index])
                continue
            around = self._goes_around(index, sources)
            is_join = all(self._is_fed(source) for source in sources) and not any(
                wiring.leads(one, other) for one in sources for other in sources
            )
            if around or (len(sources) > 1 and is_join):
                number = self._new("sum", [index])
                self.parts[number].is_residual = around

    def _adds_positions(self, index: int) -> bool:
        """Whether it adds a stored table, a vector for each position."""
        graph = self.wiring.graph
        shapes = (
            graph.parameters[use.parameter].type.shape or ()
            for use in self.wiring.nodes[index].parameters
            if use.parameter in graph.parameters
        )
        return any(sum(dim != 1 for dim in shape) > 1 for shape in shapes)

    def _goes_around(self, index: int, sources: tuple[int, ...]) -> bool:
        """Whether weights lead from one operand to the other."""
        wiring = self.wiring
        for value in wiring.given[index]:
            if any(self._leads_from_input(value, source) for source in sources):
                return True
        for one in sources:
            for other in sources:
                if one != other and wiring.leads(one, other):
                    between = [
                        at
                        for at in range(one + 1, other + 1)
                        if (at == other or wiring.leads(at, other)) and wiring.leads(one, at)
                    ]
                    if any(self._is_heavy(at) for at in between):
                        return True
        return False

    def _leads_from_input(self, value: str, index: int) -> bool:
        """Whether weights lead from a graph input to a node."""
        bits = self.wiring.ancestors[index] | (1 << index)
        users = (at for at in range(index + 1) if value in self.wiring.given[at])
        return any(bits >> at & 1 for at in users) and bool(bits & self._heavy)

    def _is_fed(self, index: int) -> bool:
        """Whether weights come before it, or it has some."""
        return self._is_heavy(index) or bool(self.wiring.ancestors[index] & self._heavy)

    # Projections: feed-forward networks, and what stands alone.

    def _projections(self) -> None:
        wiring = self.wiring
        cluster: dict[int, set[int]] = {}
        for index in range(len(wiring.nodes)):
            if self.of[index] is not None or not wiring.is_projection(index):
                continue
            if wiring.category(index) == "conv":
                self._new("conv", [index])
                continue
            own = cluster.setdefault(index, {index})
            for path in self._ways(index):
                *between, end = path
                other = cluster.setdefault(end, {end})
                if any(_is_activated(wiring, at) for at in (index, *between)) or between == []:
                    merged = own | other | set(between)
                    for member in merged:
                        cluster[member] = merged
                    own = merged
        done: set[int] = set()
        for members in cluster.values():
            found = members - done
            if not found:
                continue
            done |= found
            projections = [at for at in found if wiring.is_projection(at)]
            self._new("feed forward" if len(projections) > 1 else "dense", found)

    def _ways(self, start: int) -> list[list[int]]:
        """Ways over what is light from one projection to the next ones."""
        wiring = self.wiring
        found: list[list[int]] = []
        waiting: list[list[int]] = [[user] for user in wiring.behind[start]]
        while waiting and len(found) < 4:
            path = waiting.pop(0)
            at = path[-1]
            if self.of[at] is not None or len(path) > 24:
                continue
            if wiring.is_projection(at):
                if wiring.category(at) == "linear":
                    found.append(path)
            elif (
                not wiring.has_weights[at] or (wiring.is_sum(at) and wiring.operands(at) == 1)
            ) and wiring.category(at) != "pool":
                waiting += [[*path, user] for user in wiring.behind[at]][:4]
        return found

    # What brings a norm's or a sum's result into shape goes with what needs it so: the last of
    # several copies of a block is then like the others.

    def _leading(self) -> None:
        wiring = self.wiring
        shaped: dict[int, int] = {}
        for index in range(len(wiring.nodes)):
            if self.of[index] is None and self.wiring.is_light(index) and not wiring.given[index]:
                roots = {
                    shaped.get(at, -1) if self.of[at] is None else self.of[at]
                    for at in wiring.before[index]
                }
                root = next(iter(roots)) if len(roots) == 1 else None
                if root is not None and root >= 0 and self.parts[root].kind in ("norm", "sum"):
                    shaped[index] = root
        stays: set[str] = set()
        for index in reversed(shaped):
            # In all copies but the last a residual connection takes the result, too.
            taken = [self.of[user] for user in wiring.behind[index]]
            if any(number is not None and self.parts[number].kind == "sum" for number in taken):
                stays.add(wiring.nodes[index].op)
        for index in reversed(shaped):
            users = {self.of[user] for user in wiring.behind[index]}
            number = next(iter(users)) if len(users) == 1 else None
            is_first = all(self.of[at] is not None for at in wiring.before[index])
            if is_first and wiring.nodes[index].op in stays:
                continue
            if number is not None and self.parts[number].kind != "sum":
                self._join(index, number)
        for part in self.parts:
            part.nodes.sort()

    # What is light goes with what stands before it, else with what it serves.

    def _rest(self) -> None:
        wiring = self.wiring
        merges = table().merge
        for index, node in enumerate(wiring.nodes):
            if self.of[index] is not None:
                continue
            sources = {
                number for source in wiring.before[index] if (number := self.of[source]) is not None
            }
            is_join = len(sources) > 1 and merges.get(node.op) is not None
            is_last = wiring.category(index) == "act" and not wiring.behind[index]
            if not sources and not self._is_fed(index):
                continue
            if is_join or wiring.category(index) == "pool" or is_last or wiring.is_softmax(index):
                kind = {"pool": "pool", "act": "act"}.get(wiring.category(index), "other")
                self._new("other" if is_join else kind, [index])
            elif len(sources) > 1:
                self._new("other", [index])
            elif sources:
                self._join(index, next(iter(sources)))
            else:
                self._new("other", [index])
        for index in reversed(range(len(wiring.nodes))):
            if self.of[index] is None:
                users = {self.of[user] for user in wiring.behind[index]}
                number = next(iter(users)) if len(users) == 1 else None
                if number is not None:
                    self._join(index, number)
        for part in self.parts:
            part.nodes.sort()

    def _groups(self) -> None:
        """Makes one part of what an author groups."""
        for name in current().group:
            members = [
                index
                for index, node in enumerate(self.wiring.nodes)
                if node.scope[:1] == (name,) and self.of[index] is not None
            ]
            if members:
                self._take("group", set(members))

    def _connect(self) -> None:
        """Turns nodes that attentions ask and look at into their parts."""
        for part in self.parts:
            if part.kind == "attention":
                part.queries = self._part_of(part.queries)
                part.keys = self._part_of(part.keys)

    def _part_of(self, index: int) -> int:
        number = self.of[index] if index >= 0 else None
        return -1 if number is None else number


def _is_activated(wiring: Wiring, index: int) -> bool:
    return (
        any(
            table().category.get(part.op) == "act" or part.op in ("Gelu", "Swish", "mul", "Mul")
            for part in leaves(wiring.nodes[index])
        )
        or wiring.category(index) == "act"
    )
