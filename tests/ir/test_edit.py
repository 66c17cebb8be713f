"""The two edits that passes are made of."""

from __future__ import annotations

from graphs import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archviz.ir import Graph, Model, Node, serde
from archviz.ir.build import GraphBuilder
from archviz.ir.edit import bypass, contract, sweep, used_values
from archviz.ir.verify import verify
from archviz.ir.walk import all_nodes, consumers, edges, producers

relaxed = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)


@relaxed
@given(models())
def test_what_the_builder_makes_is_sound(model: Model) -> None:
    assert verify(model.body) == []


@relaxed
@given(models(), st.data())
def test_bypassing_leaves_a_sound_graph_without_the_nodes(
    model: Model, data: st.DataObject
) -> None:
    graph = model.body
    dropped: dict[str, int | None] = {}
    for node in graph.nodes:
        if data.draw(st.booleans()):
            choices = [None, *range(len(node.inputs))]
            dropped[node.id] = data.draw(st.sampled_from(choices))
    before = serde.to_json(model)
    result = bypass(graph, dropped)
    assert verify(result) == []
    assert [n.id for n in result.nodes] == [n.id for n in graph.nodes if n.id not in dropped]
    assert serde.to_json(model) == before


@relaxed
@given(models(), st.data())
def test_contracting_leaves_a_sound_graph_that_accounts_for_every_node(
    model: Model, data: st.DataObject
) -> None:
    graph = model.body
    labels = [data.draw(st.integers(0, 3)) for _ in graph.nodes]
    groups = []
    for label in (1, 2, 3):
        members = [n.id for n, own in zip(graph.nodes, labels, strict=True) if own == label]
        if members:
            groups.append((Node(f"merged {label}", "Module", kind="module"), members))
    result = contract(graph, groups)
    assert verify(result) == []
    assert sorted(origin for node in result.nodes for origin in node.origins) == sorted(
        node.id for node in graph.nodes
    )
    outside = {node.id for node, label in zip(graph.nodes, labels, strict=True) if not label}
    assert outside <= {node.id for node in result.nodes}
    assert result.inputs == graph.inputs
    assert result.outputs == graph.outputs


@relaxed
@given(models(), st.data())
def test_contracting_keeps_every_connection_between_groups(
    model: Model, data: st.DataObject
) -> None:
    """Whatever flowed from one group into another still does."""
    graph = model.body
    home = {node.id: data.draw(st.integers(1, 3)) for node in graph.nodes}
    groups = [
        (Node(f"merged {label}", "Module"), [n for n in home if home[n] == label])
        for label in (1, 2, 3)
        if label in home.values()
    ]
    maker = {key: node.id for key, node in producers(graph).items()}
    wanted = {
        (f"merged {home[maker[value]]}", f"merged {home[node.id]}")
        for node in graph.nodes
        for value in used_values(node)
        if value in maker and home[maker[value]] != home[node.id]
    }
    result = contract(graph, groups)
    assert {(e.source, e.target) for e in edges(result) if e.source and e.target} == wanted


@relaxed
@given(models())
def test_sweeping_drops_nothing_that_is_mentioned(model: Model) -> None:
    swept = sweep(model.body)
    mentioned = {v for n in all_nodes(swept) for v in (*n.inputs, *n.outputs) if v is not None}
    assert [n for n in verify(swept) if "no producer" not in n] == []
    assert mentioned <= {v for n in (swept, *inner(swept)) for v in n.values}
    assert sweep(swept) == swept


def inner(graph: Graph) -> list[Graph]:
    return [part for node in all_nodes(graph) for part in node.subgraphs.values()]


def chain() -> Graph:
    b = GraphBuilder()
    x = b.value("x")
    b.inputs.append(x)
    for op in ("A", "B", "C"):
        y = b.value(op.lower())
        b.node(op, (x,), (y,))
        x = y
    b.outputs.append(x)
    return b.build()


def test_bypassing_a_chain_joins_its_ends() -> None:
    result = bypass(chain(), {"A": 0, "B": 0})
    assert [node.inputs for node in result.nodes] == [("x",)]
    assert list(result.values) == ["x", "c"]


def test_bypassing_the_last_node_makes_its_input_the_output() -> None:
    assert bypass(chain(), {"C": 0}).outputs == ("b",)


def test_bypassing_into_nothing_leaves_a_hole() -> None:
    assert bypass(chain(), {"A": None}).nodes[0].inputs == (None,)


def test_contracting_the_middle_keeps_its_place_and_its_ends() -> None:
    result = contract(chain(), [(Node("AB", "Block"), ["A", "B"])])
    assert [node.id for node in result.nodes] == ["AB", "C"]
    merged = result.nodes[0]
    assert (merged.inputs, merged.outputs, merged.origin) == (("x",), ("b",), ("A", "B"))
    assert "a" not in result.values


def test_edges_and_consumers_agree() -> None:
    graph = chain()
    assert [(e.source, e.target) for e in edges(graph)] == [
        (None, "A"),
        ("A", "B"),
        ("B", "C"),
        ("C", None),
    ]
    assert [n.id for n in consumers(graph)["a"]] == ["B"]
