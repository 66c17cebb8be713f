"""Turns constants into rows of their consumers and hides what only computes shapes.

A node is static when nothing it consumes depends on the data: constants, the shapes of values,
arithmetic on those, and the dequantising, casting or transposing of weights. Static nodes are
folded away unless a result of the graph needs them: a constant, or a weight that was made ready,
becomes a parameter row of each consumer, and shape arithmetic leaves a hole. An operation of the
architecture proper (a lookup in a table of weights, a product) is never static.
"""

from __future__ import annotations

from archviz.ir import Graph, Node, Parameter, ParameterUse, TensorType
from archviz.ir.build import change_node
from archviz.ir.edit import bypass, sweep
from archviz.ir.walk import captured, producers
from archviz.ops import OTHER, category_of, input_name, table
from archviz.passes import Pass
from archviz.records import replace


def apply(graph: Graph) -> Graph:
    """The graph with its static nodes folded."""
    weights = {name for name, item in graph.parameters.items() if item.kind != "constant"}
    static = _static_nodes(graph, weights)
    if not static:
        return graph
    source = producers(graph)
    _keep_what_outputs_need(graph, static, source)
    if not static:
        return graph
    rows = _Rows(graph, static, source, weights)
    nodes = tuple(node if node.id in static else rows.added_to(node) for node in graph.nodes)
    ready = replace(graph, nodes=nodes, parameters={**graph.parameters, **rows.made})
    return sweep(bypass(ready, dict.fromkeys(static)))


def _static_nodes(graph: Graph, weights: set[str]) -> dict[str, Node]:
    roles = table().role
    static_values: set[str | None] = {None}
    static: dict[str, Node] = {}
    # Nodes need not be in topological order; two sweeps settle all but adversarial orders, and
    # missing a fold there costs a box, nothing else.
    for _ in range(2):
        before = len(static)
        for node in graph.nodes:
            role = roles.get(node.op, "")
            if role != "shape" and not static_values.issuperset(node.inputs):
                continue  # most depend on the data
            if node.id in static or node.subgraphs or node.kind != "op" or role == "random":
                continue
            data = [value for value in node.inputs if value is not None]
            if not any(value is not None for value in node.outputs):
                continue  # nobody is given anything: a module of a tree without edges
            is_source = role in ("constant", "shape")
            if not is_source and not (data or node.parameters):
                continue
            if category_of(node.op) != OTHER and any(
                use.parameter in weights for use in node.parameters
            ):
                continue
            static[node.id] = node
            static_values.update(value for value in node.outputs if value is not None)
        if len(static) == before:
            break
    return static


def _keep_what_outputs_need(graph: Graph, static: dict[str, Node], source: dict[str, Node]) -> None:
    """Takes from ``static`` the nodes that a result of the graph is computed by."""
    needed = list(graph.outputs)
    while needed:
        node = source.get(needed.pop())
        if node is not None and static.pop(node.id, None) is not None:
            if table().role.get(node.op) == "shape":
                continue
            needed.extend(value for value in node.inputs if value is not None)


class _Rows:
    """Parameter rows in place of folded values.

    Attributes:
        made: Parameters for constants that the graph computes from nothing but constants.
    """

    def __init__(
        self, graph: Graph, static: dict[str, Node], source: dict[str, Node], weights: set[str]
    ) -> None:
        self.made: dict[str, Parameter] = {}
        self._graph = graph
        self._folded = {value for value, node in source.items() if node.id in static}
        self._source = source
        self._weights = weights

    def added_to(self, node: Node) -> Node:
        """The node with a row for each folded value that it consumes."""
        rows = [
            ParameterUse(name, input_name(node.op, index), index)
            for index, value in enumerate(node.inputs)
            if value in self._folded
            for name in self._names(value)
        ]
        for part in node.subgraphs.values():
            rows += [ParameterUse(n, "captured") for v in captured(part) for n in self._names(v)]
        return change_node(node, parameters=(*node.parameters, *rows)) if rows else node

    def _names(self, value: str | None) -> list[str]:
        """Names of the parameters that a folded value stands for."""
        if value is None or value not in self._folded:
            return []
        producer = self._source[value]
        if producer.op == "Constant":
            return [use.parameter for use in producer.parameters]
        stored, depends_on_data = self._behind(producer)
        if stored or depends_on_data:
            return stored
        type_ = self._graph.values[value].type
        if not isinstance(type_, TensorType) or type_.size is None:
            return []
        self.made.setdefault(value, Parameter(value, type_, "constant"))
        return [value]

    def _behind(self, node: Node) -> tuple[list[str], bool]:
        """Weights that a static node is computed from, and whether a value's shape is used."""
        found: dict[str, None] = {}
        seen = {node.id}
        behind = [node]
        reads_shape = False
        while behind:
            here = behind.pop()
            found.update(
                (u.parameter, None) for u in here.parameters if u.parameter in self._weights
            )
            if table().role.get(here.op) == "shape":
                reads_shape = True
                continue
            for value in here.inputs:
                producer = self._source.get(value) if value is not None else None
                if producer is not None and producer.id not in seen:
                    seen.add(producer.id)
                    behind.append(producer)
        return list(found), reads_shape


PASS = Pass("fold-constants", "makes constants rows and hides what only computes shapes", apply)
