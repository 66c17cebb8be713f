"""drop-unused: operations that nothing comes of are no boxes, and are accounted for."""

from __future__ import annotations

from archviz.ir import Graph, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.passes import drop_unused


class Sketch:
    """A graph in the making, an operation a call."""

    def __init__(self, *inputs: str) -> None:
        self.builder = GraphBuilder()
        self.builder.inputs += [self.builder.value(name) for name in inputs]

    def op(self, op: str, *inputs: str, weight: bool = False, scope: tuple[str, ...] = ()) -> str:
        made = self.builder.value(f"{op}.out")
        uses: tuple[ParameterUse, ...] = ()
        taken: tuple[str | None, ...] = inputs
        if weight:
            self.builder.parameter(Parameter(op, TensorType("float32", (8, 8))))
            uses, taken = (ParameterUse(op, "weight", len(inputs)),), (*inputs, None)
        if scope:
            self.builder.scope(scope, "")
        self.builder.node(op, taken, (made,), parameters=uses, scope=scope)
        return made

    def build(self, *outputs: str) -> Graph:
        self.builder.outputs += outputs
        return self.builder.build()


def shown(graph: Graph) -> dict[str, set[str]]:
    return {node.id: set(node.origins) for node in graph.nodes}


def test_a_dead_end_is_accounted_for_where_it_begins() -> None:
    s = Sketch("x")
    hidden = s.op("Gemm", "x", weight=True)
    s.op("permute", s.op("view", hidden))
    graph = s.build(s.op("Relu", hidden))
    result = drop_unused.apply(graph)
    assert verify(result) == []
    assert shown(result) == {"Gemm": {"Gemm", "view", "permute"}, "Relu": {"Relu"}}
    assert drop_unused.apply(result) == result


def test_a_check_of_an_input_alone_is_one_stub() -> None:
    s = Sketch("x", "mask")
    s.op("eq", s.op("sum", s.op("to", "mask", scope=("m",)), scope=("m",)), scope=("m",))
    graph = s.build(s.op("Relu", "x", scope=("m",)))
    result = drop_unused.apply(graph)
    assert verify(result) == []
    assert shown(result) == {"m/to@unused": {"m/to", "m/sum", "m/eq"}, "m/Relu": {"m/Relu"}}
    (stub, _) = result.nodes
    assert (stub.kind, stub.name, stub.op) == ("stub", "not used", "to → sum → eq")
    assert (stub.inputs, stub.outputs, stub.scope) == (("mask",), (), ("m",))


def test_checks_that_join_are_one_stub_and_others_are_two() -> None:
    s = Sketch("a", "b", "c")
    s.op("and", s.op("any", "a"), s.op("all", "b"))
    s.op("max", "c")
    graph = s.build(s.op("Relu", "a"))
    assert sorted(map(len, shown(drop_unused.apply(graph)).values())) == [1, 1, 3]


def test_weights_writes_and_what_something_is_said_of_stay() -> None:
    s = Sketch("x")
    hidden = s.op("Gemm", "x", weight=True)
    s.op("Head", s.op("view", hidden), weight=True)
    s.op("copy_", hidden)
    graph = s.build(s.op("Relu", hidden))
    assert drop_unused.apply(graph) == graph

    s = Sketch("x")
    hidden = s.op("Gemm", "x", weight=True)
    s.op("detach", hidden)
    graph = s.build(s.op("Relu", hidden))
    assert drop_unused.apply(graph, keep=("detach",)) == graph


def test_a_graph_without_results_stays() -> None:
    s = Sketch("x")
    s.op("Relu", "x")
    graph = s.build()
    assert drop_unused.apply(graph) == graph
