"""Graphs and functions as bodies: nodes by name, and what refers to which of their outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archviz.importers.tensorflow.messages import dtype_name
from archviz.ir import TensorType
from archviz.reading import MalformedError

MAX_NODES = 1_000_000
MAX_OUTPUTS = 10_000

_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "RemoteCall", "TPUPartitionedCall")
_BRANCHES = {
    "While": ("cond", "body"), "StatelessWhile": ("cond", "body"), "_While": ("cond", "body"),
    "If": ("then_branch", "else_branch"), "StatelessIf": ("then_branch", "else_branch"),
    "Case": ("branches",), "StatelessCase": ("branches",),
}  # fmt: skip
_OUTPUTS = {
    "FusedBatchNorm": ("y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"),
    "FusedBatchNormV2": ("y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"),
    "FusedBatchNormV3": (
        "y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2",
        "reserve_space_3",
    ),
    "TopK": ("values", "indices"), "TopKV2": ("values", "indices"), "Unique": ("y", "idx"),
    "UniqueV2": ("y", "idx"), "Switch": ("output_false", "output_true"),
    "Merge": ("output", "value_index"), "MaxPoolWithArgmax": ("output", "argmax"),
    "TensorListPopBack": ("output_handle", "tensor"), "Moments": ("mean", "variance"),
    "SoftmaxCrossEntropyWithLogits": ("loss", "backprop"),
    "SparseSoftmaxCrossEntropyWithLogits": ("loss", "backprop"),
    "CudnnRNN": ("output", "output_h", "output_c", "reserve_space"),
    "CudnnRNNV3": ("output", "output_h", "output_c", "reserve_space", "host_reserved"),
    "NonMaxSuppressionV4": ("selected_indices", "valid_outputs"),
    "NonMaxSuppressionV5": ("selected_indices", "selected_scores", "valid_outputs"),
}  # fmt: skip
"""Names of outputs in order, for operations that have several with names of their own."""


class Body:
    """The nodes of a graph or function, and the results that somebody asks for.

    Args:
        nodes: The nodes, the first of each name.
        results: What they give, "node:output:0" by name.
        arguments: Names of a function's arguments.

    Attributes:
        nodes: By name.
        results: As given.
    """

    def __init__(
        self, nodes: Mapping[str, Any], results: Mapping[str, str], arguments: tuple[str, ...] = ()
    ) -> None:
        self.nodes = nodes
        self.results = results
        self._arguments = frozenset(arguments)
        self._names: dict[str, dict[str, int]] = {}
        self._order: list[Any] | None = None
        self._used: dict[str, int] = {}

    def reference(self, text: str) -> tuple[str, int]:
        """The node, or argument, and the output that an input's text means."""
        name, _, rest = text.partition(":")
        if not rest:
            return name, 0
        output, _, number = rest.rpartition(":")
        position = int(number) if number.isdecimal() and len(number) < 6 else 0
        if not output:  # "node:1" in a graph
            return name, min(position, MAX_OUTPUTS)
        node = self.nodes.get(name)
        known = _OUTPUTS.get(node.op, ()) if node is not None else ()
        if output in known:
            return name, known.index(output)
        if not known:
            first = self._names.setdefault(name, {})
            if output not in first:
                first[output] = max(first.values(), default=-1) + 1 if first else 0
            position += first[output]
        return name, min(position, MAX_OUTPUTS)

    def outputs_of(self, node: Any) -> int:
        """How many outputs of a node there are, as far as they are used or described."""
        self.needed()
        number = self._used.get(node.name, 0)
        if "Tout" in node.attr:
            number = max(number, len(node.attr["Tout"].list.type))
        return max(1, min(number, MAX_OUTPUTS))

    def needed(self) -> list[Any]:
        """The nodes that the results need, each behind its inputs where there is no cycle."""
        if self._order is not None:
            return self._order
        order: list[Any] = []
        state: dict[str, bool] = {}
        for text in self.results.values():
            stack = [self._seen(text)]
            while stack:
                name = stack[-1]
                node = self.nodes.get(name)
                if node is None or name in self._arguments or state.get(name):
                    stack.pop()
                    continue
                if name in state:
                    state[name] = True
                    order.append(node)
                    stack.pop()
                    continue
                state[name] = False
                texts = [text for text in node.input if not text.startswith("^")]
                names = [self._seen(text) for text in texts]
                stack += [inner for inner in reversed(names) if inner not in state]
        self._order = order
        return order

    def _seen(self, text: str) -> str:
        name, position = self.reference(text)
        self._used[name] = max(self._used.get(name, 0), position + 1)
        return name


class Function:
    """A function of the library.

    Args:
        definition: Its FunctionDef.
    """

    def __init__(self, definition: Any) -> None:
        self._definition = definition
        signature = definition.signature
        self.arguments = tuple(argument.name for argument in signature.input_arg)
        self.types = tuple(
            TensorType(dtype_name(argument.type)) if argument.type else None
            for argument in signature.input_arg
        )
        self.results = tuple(result.name for result in signature.output_arg)
        self._nodes: dict[str, Any] | None = None

    def body(self, wanted: int) -> Body:
        """Its nodes, with the first ``wanted`` of its results."""
        if self._nodes is None:
            self._nodes = _by_name(self._definition.node_def)
        given = self._definition.ret
        results = {name: given.get(name, name) for name in self.results[:wanted]}
        return Body(self._nodes, results, self.arguments)


def function_table(library: Any) -> dict[str, Function]:
    """The functions of a library by name."""
    return {item.signature.name: Function(item) for item in library.function}


def _by_name(nodes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in nodes:
        found.setdefault(node.name, node)
    if len(found) > MAX_NODES:
        raise MalformedError(f"it has more than {MAX_NODES:,} nodes")
    return found


def graph_body(graph: Any, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Body:
    """The body of a GraphDef; without ``outputs``, everything that nothing else consumes."""
    nodes = _by_name(graph.node)
    if outputs:
        return Body(nodes, outputs)
    consumed = {text.lstrip("^").partition(":")[0] for node in graph.node for text in node.input}
    idle = ("NoOp", "Const", "Assert", "Placeholder")
    ends = [n for n, node in nodes.items() if n not in consumed and node.op not in idle]
    if not ends:
        ends = [name for name, node in nodes.items() if node.op not in ("NoOp", "Assert")]
    return Body(nodes, {name: f"{name}:0" for name in ends})


def called_by(node: Any, functions: Mapping[str, Function]) -> str:
    """The function that a node is a call of, "" for none."""
    if node.op in functions:
        return str(node.op)
    name = node.attr["f"].func.name if node.op in _CALLS and "f" in node.attr else ""
    return name if name in functions else ""


def branches_of(node: Any, functions: Mapping[str, Function]) -> Iterator[tuple[str, str]]:
    """The functions that control flow runs, by what they are for."""
    for role in _BRANCHES.get(node.op, ()):
        if role not in node.attr:
            continue
        attribute = node.attr[role]
        listed = attribute.list.func
        names = [item.name for item in listed] if listed else [attribute.func.name]
        for index, name in enumerate(names):
            if name in functions:
                yield (f"{role}[{index}]" if listed else role), name
