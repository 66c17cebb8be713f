"""The merged graph as blocks see it: taken apart where boxes need it, with who feeds whom."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush

from archviz.ir import Graph, Node, Value
from archviz.ir.walk import leaves
from archviz.ops import category_of
from archviz.records import replace

_OPENED = ("Attention", "Feed forward", "Add & Norm")
_CORES = (
    "scaled_dot_product_attention", "multi_head_attention_forward", "flex_attention",
    "_native_multi_head_attention", "Attention", "MultiHeadAttention", "GroupQueryAttention",
    "MultiHeadRelativeAttention", "GroupedQueryAttention", "AdditiveAttention", "QAttention",
)  # fmt: skip
_SOFTMAX = ("softmax", "Softmax", "softmax_")
_SUMS = ("add", "add_", "Add", "Sum", "AddV2", "__add__", "__iadd__")


class Wiring:
    """Nodes in topological order, by position, and the edges between them as sets of bits.

    Args:
        graph: Its operations, merged.
        values: What is known of values inside merged ones.

    Attributes:
        nodes: Every operation; attentions and the like that a pass merged are taken apart.
        before: For each node the positions that feed it directly, in the order of its inputs.
        behind: For each node the positions that it feeds directly.
        ancestors: For each node all positions that lead to it, itself apart, as bits.
        given: For each node the graph inputs that it consumes.
    """

    def __init__(self, graph: Graph, values: Mapping[str, Value]) -> None:
        self.graph = graph
        self.values = {**values, **graph.values}
        self.nodes = _sorted(list(_opened(graph.nodes)))
        made = {
            value: index
            for index, node in enumerate(self.nodes)
            for value in node.outputs
            if value is not None
        }
        inputs = set(graph.inputs)
        self.before: list[tuple[int, ...]] = []
        self.behind: list[list[int]] = [[] for _ in self.nodes]
        self.ancestors: list[int] = []
        self.given: list[tuple[str, ...]] = []
        for index, node in enumerate(self.nodes):
            used = [value for value in node.inputs if value is not None]
            # What goes around a cycle leads to nothing here: the order is that of a graph without.
            sources = tuple(dict.fromkeys(made[v] for v in used if v in made and made[v] < index))
            self.before.append(sources)
            self.given.append(tuple(dict.fromkeys(v for v in used if v in inputs)))
            bits = 0
            for source in sources:
                self.behind[source].append(index)
                bits |= self.ancestors[source] | (1 << source)
            self.ancestors.append(bits)
        self.made = made
        self.has_weights = [bool(_weights(node, graph)) for node in self.nodes]
        results = {made[value] for value in graph.outputs if value in made}
        self.is_result = [index in results for index in range(len(self.nodes))]

    def leads(self, one: int, other: int) -> bool:
        """Whether what ``one`` makes reaches ``other``."""
        return bool(self.ancestors[other] >> one & 1)

    def category(self, index: int) -> str:
        """What a reader takes a node for."""
        return category_of(self.nodes[index].op)

    def parameters(self, indices: Iterable[int]) -> dict[str, int]:
        """Elements of the weights of nodes, by name."""
        found: dict[str, int] = {}
        for index in indices:
            found.update(_weights(self.nodes[index], self.graph))
        return found

    def signature(self, node: Node) -> Hashable:
        """Equal for nodes that do the same, whatever they are called."""
        known = self.graph.parameters
        return tuple(
            (
                part.op,
                tuple(part.attributes.items()),
                tuple(
                    known[use.parameter].type for use in part.parameters if use.parameter in known
                ),
                tuple(self._type(value) for value in part.outputs),
            )
            for part in leaves(node)
        )

    def _type(self, value: str | None) -> Hashable:
        found = self.values.get(value or "")
        return found.type if found is not None else None

    def is_core(self, index: int) -> bool:
        """Whether it compares queries with keys."""
        node = self.nodes[index]
        if node.op in _CORES:
            return True
        if not self.is_softmax(index):
            return False
        return self.product_behind(index) is not None

    def product_behind(self, index: int) -> int | None:
        """The product of a softmax with values; None when there is none."""
        return min((at for at in self._beyond(index) if self._is_product(at)), default=None)

    def joins(self, one: int, between: int, other: int) -> bool:
        """Whether ``between`` is on a way from ``one`` to ``other``."""
        return self.leads(one, between) and self.leads(between, other)

    def is_softmax(self, index: int) -> bool:
        """Whether it ends with a softmax and has no weights."""
        *_, last = leaves(self.nodes[index])
        return last.op in _SOFTMAX and not self.has_weights[index]

    def is_sum(self, index: int) -> bool:
        """Whether it adds values of one kind, so that it may join a residual connection."""
        return self.nodes[index].op in _SUMS and self.nodes[index].kind != "fused"

    def operands(self, index: int) -> int:
        """How many values it is given, by nodes or by whoever calls the model."""
        return len(self.before[index]) + len(self.given[index])

    def is_projection(self, index: int) -> bool:
        """Whether it multiplies with weights."""
        return self.has_weights[index] and self.category(index) in ("linear", "conv")

    def is_light(self, index: int) -> bool:
        """Whether it only brings values into shape, so that it goes with what is beside it."""
        return not (
            self.has_weights[index]
            or self.is_core(index)
            or self.category(index) in ("norm", "pool", "recurrent")
            or (self.is_sum(index) and self.operands(index) > 1)
        )

    def is_depthwise(self, index: int) -> bool:
        """Whether it convolves each channel for itself."""
        for node in leaves(self.nodes[index]):
            groups = node.attributes.get("groups", node.attributes.get("group", 1))
            shapes = (
                self.graph.parameters[use.parameter].type.shape or ()
                for use in node.parameters
                if use.parameter in self.graph.parameters
            )
            if groups != 1 and any(len(shape) > 2 and groups == shape[0] for shape in shapes):
                return True
        return False

    def _is_product(self, index: int) -> bool:
        return (
            self.category(index) == "linear"
            and not self.has_weights[index]
            and len(self.before[index]) > 1
        )

    def _beyond(self, index: int, steps: int = 6) -> Iterator[int]:
        """Nodes a few unweighted steps behind a softmax."""
        waiting = [(index, 0)]
        while waiting:
            at, distance = waiting.pop()
            for other in self.behind[at]:
                yield other
                if distance < steps and not self.has_weights[other] and not self.is_sum(other):
                    waiting.append((other, distance + 1))

    def module_type(self, index: int) -> str:
        """Class of the module that a node lives in."""
        scope = self.graph.scopes.get(self.nodes[index].scope)
        return scope.type if scope is not None else ""


def _weights(node: Node, graph: Graph) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in (node, *leaves(node)):
        for use in part.parameters:
            parameter = graph.parameters.get(use.parameter)
            if parameter is not None and _is_weight(parameter.kind, parameter.type.shape, node):
                found[parameter.name] = parameter.type.size or 0
    return found


def _is_weight(kind: str, shape: tuple[object, ...] | None, node: Node) -> bool:
    """Whether it is learned; a matrix of constants counts, since exporters fold weights so."""
    if kind == "weight":
        return True
    is_matrix = shape is not None and len(shape) == 2
    return kind == "constant" and is_matrix and category_of(node.op) in ("linear", "embedding")


def _opened(nodes: Iterable[Node]) -> Iterator[Node]:
    """The nodes; what boxes show apart is taken apart: attentions, norms, a last softmax."""
    for node in nodes:
        if node.parts and _is_opened(node):
            yield from _opened(node.parts)
        else:
            yield node


def _is_opened(node: Node) -> bool:
    if node.op in _OPENED:
        return True
    parts = list(leaves(node))
    # The batch norm of a convolution is a part of it to readers; the others are layers.
    has_norm = any(category_of(part.op) == "norm" and not is_batch_norm(part) for part in parts)
    if category_of(node.op) in ("linear", "conv") and has_norm:
        return True
    return parts[-1].op in _SOFTMAX and len(parts) > 1 and category_of(node.op) == "linear"


def is_batch_norm(node: Node) -> bool:
    """Whether it normalises over a batch, which in use is a scale and a shift."""
    return "batchnorm" in node.op.lower().replace("_", "")


def _sorted(nodes: list[Node]) -> list[Node]:
    """The nodes in topological order, as near to the source's as that is.

    A cycle is cut before the first of its nodes, or of those behind it, in the source's order.
    """
    made = {value: i for i, node in enumerate(nodes) for value in node.outputs if value is not None}
    needed = [
        {made[value] for value in node.inputs if value is not None and value in made} - {index}
        for index, node in enumerate(nodes)
    ]
    users: list[list[int]] = [[] for _ in nodes]
    missing = [len(sources) for sources in needed]
    for index, sources in enumerate(needed):
        for source in sources:
            users[source].append(index)
    ready = [index for index, count in enumerate(missing) if not count]
    heapify(ready)
    order: list[int] = []
    taken = [False] * len(nodes)
    remaining = iter(range(len(nodes)))
    while len(order) < len(nodes):
        index = heappop(ready) if ready else next(i for i in remaining if not taken[i])
        taken[index] = True
        order.append(index)
        for user in users[index]:
            missing[user] -= 1
            if not missing[user] and not taken[user]:
                heappush(ready, user)
    return [replace(nodes[index]) for index in order]
