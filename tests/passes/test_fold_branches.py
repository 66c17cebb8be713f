"""fold-repeats: equal branches side by side once, where they stand alike, and back again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from steps import growth

from archviz.ir import Graph, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.ir.walk import operation_count
from archviz.passes import collapse_scopes
from archviz.passes.fold_repeats import apply
from archviz.views.node_link.containers import Frames

SHAPE = TensorType("float32", (1, 8))


class Row:
    """Branches of Gemm and Relu in the making, from one value."""

    def __init__(self) -> None:
        self.builder = GraphBuilder()
        self.x = self.builder.value("x", SHAPE)
        self.builder.inputs.append(self.x)

    def op(
        self,
        op: str,
        *inputs: str,
        scope: tuple[str, ...] = (),
        width: int = 0,
        attributes: dict[str, int] | None = None,
    ) -> str:
        uses: tuple[ParameterUse, ...] = ()
        taken: tuple[str | None, ...] = inputs
        if width:
            name = f"w{len(self.builder.parameters)}"
            self.builder.parameter(Parameter(name, TensorType("float32", (8, width))))
            uses, taken = (ParameterUse(name, "weight", len(inputs)),), (*inputs, None)
        made = self.builder.value("v", SHAPE)
        self.builder.node(
            op, taken, (made,), scope=scope, parameters=uses, attributes=attributes or {}
        )
        return made

    def branch(self, number: int, x: str = "", *, width: int = 8, scoped: bool = True) -> str:
        scope = ("experts", str(number)) if scoped else ()
        if scoped:
            self.builder.scope(scope, "Expert")
        return self.op("Relu", self.op("Gemm", x or self.x, scope=scope, width=width), scope=scope)

    def joined(self, ends: Sequence[str], op: str = "Concat") -> Graph:
        self.builder.outputs.append(self.op(op, *ends))
        return self.builder.build()


def rows_of(graph: Graph) -> list[tuple[str, int, str]]:
    return [(s.path[-1], s.repeat, s.last) for s in graph.scopes.values() if s.is_parallel]


def check_nothing_is_lost(graph: Graph, folded: Graph) -> None:
    assert verify(folded) == []
    kept = sorted(origin for node in folded.nodes for origin in node.origins)
    assert kept == sorted(node.id for node in graph.nodes)
    assert apply(folded) == folded


@pytest.mark.parametrize("op", ["Concat", "Sum", "stack"])
@pytest.mark.parametrize("scoped", [True, False])
def test_equal_branches_become_one(op: str, *, scoped: bool) -> None:
    row = Row()
    graph = row.joined([row.branch(n, scoped=scoped) for n in range(6)], op)
    folded = apply(graph)
    check_nothing_is_lost(graph, folded)
    assert [(n.op, len(n.inputs)) for n in folded.nodes] == [("Gemm", 2), ("Relu", 1), (op, 1)]
    assert rows_of(folded) == [("0", 6, "5") if scoped else ("block 1", 6, "")]
    assert operation_count(folded) == operation_count(graph) == 13


@pytest.mark.parametrize("scoped", [True, False])
def test_unfolding_gives_each_branch_back(*, scoped: bool) -> None:
    row = Row()
    graph = row.joined([row.branch(n, scoped=scoped) for n in range(5)])
    folded = apply(graph)
    gemms, relus = (list(node.origins) for node in folded.nodes[:2])
    assert gemms == [node.id for node in graph.nodes if node.op == "Gemm"]
    assert relus == [node.id for node in graph.nodes if node.op == "Relu"]
    by_id = {node.id: node for node in graph.nodes}
    for gemm, relu in zip(gemms, relus, strict=True):
        assert by_id[relu].inputs == by_id[gemm].outputs


def test_experts_weighted_by_parts_of_a_gate_and_added_one_by_one_become_one() -> None:
    row = Row()
    gate = row.op("Softmax", row.op("Gemm", row.x, width=4))
    total = ""
    for number in range(4):
        part = row.op("getitem", gate, attributes={"index": number})
        weighted = row.op("Mul", row.branch(number), part)
        total = row.op("Add", total, weighted) if total else weighted
    row.builder.outputs.append(row.op("Tanh", total))
    graph = row.builder.build()
    folded = apply(graph)
    check_nothing_is_lost(graph, folded)
    ops = [node.op for node in folded.nodes]
    assert sorted(ops) == sorted(
        ["Gemm", "Softmax", "getitem", "Gemm", "Relu", "Mul", "Add", "Tanh"]
    )
    (add,) = [node for node in folded.nodes if node.op == "Add"]
    assert list(add.origins) == ["Add#3", "Add#2", "Add"]
    assert rows_of(folded) == [("block 1", 4, "")]


def test_branches_of_a_split_become_one_and_those_of_other_values_do_not() -> None:
    row = Row()
    parts = tuple(row.builder.value("part", SHAPE) for _ in range(3))
    row.builder.node("Split", (row.x,), parts)
    graph = row.joined([row.branch(n, part) for n, part in enumerate(parts)])
    folded = apply(graph)
    check_nothing_is_lost(graph, folded)
    assert [node.op for node in folded.nodes] == ["Split", "Gemm", "Relu", "Concat"]

    row = Row()
    others = [row.op("Exp", row.x), row.op("Tanh", row.x), row.op("Sin", row.x)]
    graph = row.joined([row.branch(n, value) for n, value in enumerate(others)])
    assert rows_of(apply(graph)) == []


def test_parts_that_are_only_taken_and_joined_again_stay_apart() -> None:
    row = Row()
    parts = [row.op("getitem", row.x, attributes={"index": n}) for n in range(4)]
    assert rows_of(apply(row.joined(parts))) == []


def test_queries_keys_and_values_stay_three() -> None:
    row = Row()
    graph = row.joined([row.branch(n) for n in range(3)], "Attention")
    assert rows_of(apply(graph)) == []


def test_a_branch_that_differs_or_is_used_elsewhere_stays_and_names_are_no_lie() -> None:
    row = Row()
    ends = [row.branch(n, width=16 if n == 3 else 8) for n in range(7)]
    row.builder.outputs.append(row.op("Tanh", ends[6]))
    graph = row.joined(ends)
    folded = apply(graph)
    check_nothing_is_lost(graph, folded)
    assert rows_of(folded) == [("0", 3, "2"), ("4", 2, "5")]
    assert len(next(node for node in folded.nodes if node.op == "Concat").inputs) == 4


def test_a_result_is_kept_beside_the_branches() -> None:
    row = Row()
    ends = [row.branch(n) for n in range(3)]
    row.builder.outputs += ends
    graph = row.joined(ends)
    assert rows_of(apply(graph)) == []


def test_what_an_overlay_says_keeps_branches_apart() -> None:
    row = Row()
    graph = row.joined([row.branch(n) for n in range(4)])
    (first, *_) = [node.id for node in graph.nodes if node.op == "Gemm"]
    assert rows_of(apply(graph, words={first: "starved"})) == [("1", 3, "3")]


def test_branches_inside_equal_blocks_fold_in_the_first_block() -> None:
    row = Row()
    value = row.x
    for block in range(3):
        ends = []
        for number in range(4):
            scope = ("layers", str(block), "experts", str(number))
            row.builder.scope(scope, "Expert")
            ends.append(row.op("Relu", row.op("Gemm", value, scope=scope, width=8), scope=scope))
        value = row.op("Sum", *ends, scope=("layers", str(block)))
    row.builder.outputs.append(row.op("Tanh", value))
    graph = row.builder.build()
    folded = apply(graph)
    check_nothing_is_lost(graph, folded)
    assert [node.op for node in folded.nodes] == ["Gemm", "Relu", "Sum", "Tanh"]
    assert [len(node.origins) for node in folded.nodes] == [12, 12, 3, 1]
    assert operation_count(folded) == operation_count(graph)


def test_a_frame_and_a_closed_card_say_that_branches_stand_side_by_side() -> None:
    row = Row()
    folded = apply(row.joined([row.branch(n) for n in range(8)]))
    assert Frames(folded).repeat(("experts", "0")) == "×8 parallel"
    assert Frames(folded).copies(("experts", "0")) == ".0 – .7"
    closed = collapse_scopes.apply(folded, depth=1)
    assert [node.attributes.get("parallel") for node in closed.nodes] == [True, None]


def unlike(count: int) -> Graph:
    row = Row()
    return row.joined([row.branch(n, width=n + 1) for n in range(count)])


def chain_of_sums(count: int) -> Graph:
    row = Row()
    total = row.x
    for number in range(count):
        total = row.op("Add", total, row.op("Gemm", row.x, width=number + 1))
    row.builder.outputs.append(total)
    return row.builder.build()


def residual(count: int) -> Graph:
    row = Row()
    value = row.x
    for number in range(count):
        value = row.op("Add", row.op("Gemm", row.op("Relu", value), width=number + 1), value)
    row.builder.outputs.append(value)
    return row.builder.build()


@pytest.mark.parametrize("make", [unlike, chain_of_sums, residual])
def test_the_work_to_find_no_branches_grows_with_the_graph_and_not_with_its_square(
    make: Callable[[int], Graph],
) -> None:
    def folding(count: int) -> Callable[[], None]:
        graph = make(count)

        def run() -> None:
            assert len(apply(graph).nodes) == len(graph.nodes)

        return run

    assert growth(folding, 250) < 2
