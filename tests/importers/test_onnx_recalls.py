"""Modules that are called again get a scope for each call."""

from __future__ import annotations

from archviz.importers.onnx.recalls import separate_calls
from archviz.ir import Graph, ScopePath
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify


def chain(*steps: tuple[str, ScopePath]) -> Graph:
    b = GraphBuilder()
    value = b.value("x")
    b.inputs.append(value)
    for op, scope in steps:
        b.scope(scope, "Class" if scope else "")
        made = b.value("v")
        b.node(op, (value,), (made,), scope=scope)
        value = made
    b.outputs.append(value)
    return b.build()


def scopes(graph: Graph) -> list[str]:
    assert verify(graph) == []
    return [".".join(node.scope) for node in graph.nodes]


def test_a_pool_between_other_modules_is_three_calls() -> None:
    steps = [("Conv", ("a",)), ("MaxPool", ("pool",)), ("Conv", ("b",)), ("MaxPool", ("pool",))]
    result = separate_calls(chain(*steps, ("Conv", ("c",)), ("MaxPool", ("pool",))))
    assert scopes(result) == ["a", "pool", "b", "pool@2", "c", "pool@3"]
    assert result.scopes[("pool@3",)].type == "Class"


def test_what_is_inside_a_second_call_stays_inside_it() -> None:
    block = [("Gemm", ("cell", "fc")), ("Tanh", ("cell", "act"))]
    result = separate_calls(chain(*block, ("Add", ()), *block))
    assert scopes(result) == ["cell.fc", "cell.act", "", "cell@2.fc", "cell@2.act"]


def test_a_list_of_modules_is_no_module_called_again() -> None:
    steps = [("Gemm", ("blocks", "0")), ("Add", ()), ("Gemm", ("blocks", "1"))]
    assert scopes(separate_calls(chain(*steps))) == ["blocks.0", "", "blocks.1"]


def test_an_activation_shared_inside_a_block_is_called_twice_in_it() -> None:
    steps = [("Conv", ("0", "conv1")), ("Relu", ("0", "relu"))]
    steps += [("Conv", ("0", "conv2")), ("Relu", ("0", "relu"))]
    assert scopes(separate_calls(chain(*steps)))[-1] == "0.relu@2"


def test_parts_side_by_side_are_left_together() -> None:
    b = GraphBuilder()
    x, one, two, y = (b.value(n) for n in ("x", "one", "two", "y"))
    b.inputs.append(x)
    b.scope(("rotary",))
    b.node("Mul", (x,), (one,), scope=("rotary",))
    b.node("Mul", (x,), (two,), scope=("rotary",))
    b.node("Add", (one, two), (y,))
    b.outputs.append(y)
    graph = b.build()
    assert separate_calls(graph) is graph


def test_one_connected_module_is_left_alone_though_data_passes_it() -> None:
    graph = chain(("Gemm", ("m",)), ("Relu", ("m",)), ("Tanh", ()))
    assert separate_calls(graph) is graph
