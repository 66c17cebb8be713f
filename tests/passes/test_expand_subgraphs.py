from archviz.ir import Graph, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.ir.walk import edges
from archviz.passes.expand_subgraphs import apply


def graph_with_loop() -> Graph:
    root = GraphBuilder("main")
    trip, start = root.value("trip", TensorType("int64", ())), root.value("start")
    root.inputs += [trip, start]
    outer = root.value("outer")
    root.node("Relu", (start,), (outer,), label="relu")
    body = GraphBuilder("body", root)
    step, state = body.value("step"), body.value("state")
    body.inputs += [step, state]
    summed, again = body.value("summed"), body.value("again")
    body.node("Add", (state, outer), (summed,), label="add")
    body.node("Mul", (summed, step), (again,), label="mul")
    body.outputs += [again]
    result = root.value("result")
    root.node("Loop", (trip, start), (result,), label="loop", subgraphs={"body": body.build()})
    root.outputs.append(result)
    return root.build()


def test_a_loop_becomes_a_scope_and_its_body_takes_what_the_loop_was_given() -> None:
    graph = graph_with_loop()
    assert verify(graph) == []
    flat = apply(graph)
    assert verify(flat) == []
    assert [(n.id, n.scope) for n in flat.nodes] == [
        ("relu", ()),
        ("add", ("loop",)),
        ("mul", ("loop",)),
        ("loop", ("loop",)),
    ]
    assert flat.scopes[("loop",)].type == "Loop"
    found = {(edge.source, edge.target, edge.value) for edge in edges(flat)}
    assert ("relu", "add", "outer") in found  # captured from outside
    assert (None, "add", "start") in found  # the state starts as the loop's input
    assert (None, "mul", "trip") in found
    assert ("mul", "loop", "again") in found  # the body's result flows into the loop
    assert all(not node.subgraphs for node in flat.nodes)


def test_branches_of_an_if_get_a_scope_each() -> None:
    root = GraphBuilder()
    condition, x = root.value("condition"), root.value("x")
    root.inputs += [condition, x]
    parts = {}
    for role, op in (("then_branch", "Relu"), ("else_branch", "Tanh")):
        part = GraphBuilder(role, root)
        out = part.value("out")
        part.node(op, (x,), (out,))
        part.outputs.append(out)
        parts[role] = part.build()
    y = root.value("y")
    root.node("If", (condition,), (y,), label="if", subgraphs=parts)
    root.outputs.append(y)
    graph = root.build()
    assert verify(graph) == []
    flat = apply(graph)
    assert verify(flat) == []
    assert {n.op: n.scope for n in flat.nodes} == {
        "Relu": ("if", "then_branch"),
        "Tanh": ("if", "else_branch"),
        "If": ("if",),
    }
    assert flat.nodes[-1].inputs == ("condition", "out", "out#2")


def test_a_graph_without_control_flow_is_returned_as_it_is() -> None:
    graph = Graph("empty")
    assert apply(graph) is graph
