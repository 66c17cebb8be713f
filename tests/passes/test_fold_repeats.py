"""fold-repeats: equal blocks once, honestly labelled, and back again."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from steps import growth

from archviz.ir import Graph, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.passes.fold_repeats import apply

SHAPE = TensorType("float32", (1, 8))


class Stack:
    """A residual network in the making: a stem, blocks of Gemm, Relu and Add, a head."""

    def __init__(self, *, scoped: bool) -> None:
        self.builder = GraphBuilder()
        self.scoped = scoped
        self.value = self.builder.value("x", SHAPE)
        self.mask = self.builder.value("mask", SHAPE)
        self.builder.inputs += [self.value, self.mask]
        self.count = 0
        self.step("Stem")

    def step(self, op: str, *more: str, scope: tuple[str, ...] = (), width: int = 0) -> str:
        inputs: tuple[str | None, ...] = (self.value, *more)
        uses: tuple[ParameterUse, ...] = ()
        if width:
            name = f"w{self.count}"
            self.builder.parameter(Parameter(name, TensorType("float32", (8, width))))
            inputs, uses = (*inputs, None), (ParameterUse(name, "weight", len(inputs)),)
        made = self.builder.value("v", SHAPE)
        self.builder.node(op, inputs, (made,), scope=scope, parameters=uses)
        self.value = made
        self.count += 1
        return made

    def block(self, *, width: int = 8, masked: bool = False) -> None:
        scope: tuple[str, ...] = ()
        if self.scoped:
            number = sum(len(path) == 2 for path in self.builder.scopes)
            scope = ("layers", str(number))
            self.builder.scope(scope, "Block")
        skip = self.value
        self.step("Gemm", *([self.mask] if masked else []), scope=scope, width=width)
        self.step("Relu", scope=scope)
        self.step("Add", skip, scope=scope)

    def build(self) -> Graph:
        self.step("Head")
        self.builder.outputs.append(self.value)
        return self.builder.build()


def stack(blocks: int, *, scoped: bool, masked: bool = False) -> Graph:
    made = Stack(scoped=scoped)
    for _ in range(blocks):
        made.block(masked=masked)
    return made.build()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("scoped", [True, False])
def test_equal_blocks_in_a_row_become_one(*, scoped: bool, masked: bool) -> None:
    graph = stack(12, scoped=scoped, masked=masked)
    assert verify(graph) == []
    folded = apply(graph)
    assert verify(folded) == []
    assert [n.op for n in folded.nodes] == ["Stem", "Gemm", "Relu", "Add", "Head"]
    (scope,) = [s for s in folded.scopes.values() if s.repeat > 1]
    assert scope.repeat == 12
    assert (scope.type, scope.last) == (("Block", "11") if scoped else ("", ""))
    assert not scope.shares_weights
    assert folded.nodes[-1].inputs == folded.nodes[-2].outputs


@pytest.mark.parametrize("scoped", [True, False])
def test_unfolding_gives_every_operation_back_once(*, scoped: bool) -> None:
    graph = stack(9, scoped=scoped)
    folded = apply(graph)
    gone = [origin for node in folded.nodes for origin in node.origins]
    assert sorted(gone) == sorted(node.id for node in graph.nodes)
    gemm = next(node for node in folded.nodes if node.op == "Gemm")
    assert list(gemm.origins) == [node.id for node in graph.nodes if node.op == "Gemm"]


def test_a_block_that_differs_ends_the_run() -> None:
    made = Stack(scoped=True)
    for width in (8, 8, 8, 16, 8, 8):
        made.block(width=width)
    folded = apply(made.build())
    assert verify(folded) == []
    assert [(s.path[-1], s.repeat, s.last) for s in folded.scopes.values() if len(s.path) == 2] == [
        ("0", 3, "2"),
        ("3", 1, ""),
        ("4", 2, "5"),
    ]


def test_the_border_between_flat_blocks_is_where_the_fewest_values_cross() -> None:
    made = Stack(scoped=False)
    made.block(width=16)  # differs in its first operation only, so a turned run would start in it
    for _ in range(3):
        made.block()
    folded = apply(made.build())
    inside = [n.op for n in folded.nodes if n.scope]
    assert inside == ["Gemm", "Relu", "Add"]
    assert folded.scopes[("block 1",)].repeat == 3


def test_a_result_from_the_middle_that_is_used_later_keeps_its_block_visible() -> None:
    made = Stack(scoped=True)
    for index in range(6):
        made.block()
        if index == 2:
            tapped = made.value
    made.step("Concat", tapped)
    folded = apply(made.build())
    assert verify(folded) == []
    blocks = [(s.path[-1], s.repeat) for s in folded.scopes.values() if len(s.path) == 2]
    assert blocks == [("0", 3), ("3", 3)]
    concat = next(node for node in folded.nodes if node.op == "Concat")
    first, second = (n.outputs[0] for n in folded.nodes if n.op == "Add")
    assert concat.inputs == (second, first)


def test_results_of_every_copy_that_only_the_caller_takes_do_not_keep_them_apart() -> None:
    made = Stack(scoped=True)
    for _ in range(5):
        made.block()
        made.builder.outputs.append(made.value)
    folded = apply(made.build())
    assert verify(folded) == []
    assert [s.repeat for s in folded.scopes.values() if len(s.path) == 2] == [5]
    assert len(folded.outputs) == 2


def test_the_last_copy_s_result_keeps_the_name_that_the_model_gives_it() -> None:
    made = Stack(scoped=True)
    for _ in range(5):
        made.block()
    last = made.value
    made.step("Relu")
    made.builder.outputs += [last, made.value]
    folded = apply(made.build())
    assert verify(folded) == []
    assert folded.outputs[0] == last
    assert [s.repeat for s in folded.scopes.values() if len(s.path) == 2] == [5]
    assert folded.values[last].id == last
    assert [node.inputs for node in folded.nodes if node.op == "Relu"][-1] == (last,)


def test_one_module_called_several_times_says_so() -> None:
    b = GraphBuilder()
    value = b.value("x", SHAPE)
    b.inputs.append(value)
    b.parameter(Parameter("w", TensorType("float32", (8, 8))))
    for index in range(4):
        scope = (f"cell@{index + 1}" if index else "cell",)
        b.scope(scope, "Cell")
        one, two = b.value("v", SHAPE), b.value("v", SHAPE)
        uses = (ParameterUse("w", "weight", 1),)
        b.node("Gemm", (value, None), (one,), scope=scope, parameters=uses)
        b.node("Tanh", (one,), (two,), scope=scope)
        value = two
    b.outputs.append(value)
    folded = apply(b.build())
    assert folded.scopes[("cell",)].repeat == 4
    assert folded.scopes[("cell",)].shares_weights


def test_runs_inside_runs_fold_too() -> None:
    b = GraphBuilder()
    value = b.value("x", SHAPE)
    b.inputs.append(value)
    for stage in range(3):
        for layer in range(4):
            scope = ("stage", str(stage), str(layer))
            b.scope(scope[:2], "Stage")
            b.scope(scope, "Layer")
            for op in ("Gemm", "Relu"):
                made = b.value("v", SHAPE)
                b.node(op, (value,), (made,), scope=scope)
                value = made
    b.outputs.append(value)
    folded = apply(b.build())
    assert verify(folded) == []
    assert [(s.path, s.repeat) for s in folded.scopes.values() if s.repeat > 1] == [
        (("stage", "0"), 3),
        (("stage", "0", "0"), 4),
    ]
    assert len(folded.nodes) == 2
    assert len(folded.nodes[0].origins) == 12


def test_alternating_modules_fold_as_pairs() -> None:
    b = GraphBuilder()
    value = b.value("x", SHAPE)
    b.inputs.append(value)
    for index in range(6):
        scope = ("blocks", str(index))
        b.scope(scope, "Block")
        for op in ("Gemm", "Roll" if index % 2 else "Relu"):
            made = b.value("v", SHAPE)
            b.node(op, (value,), (made,), scope=scope)
            value = made
    b.outputs.append(value)
    folded = apply(b.build())
    assert verify(folded) == []
    assert folded.scopes[("blocks", "block 1")].repeat == 3
    assert {n.scope for n in folded.nodes} == {
        ("blocks", "block 1", "0"),
        ("blocks", "block 1", "1"),
    }


def test_random_stacks_fold_to_sound_graphs_and_lose_nothing() -> None:
    generator = random.Random(7)
    for _ in range(60):
        made = Stack(scoped=generator.random() < 0.5)
        taps = []
        for _ in range(generator.randrange(1, 12)):
            made.block(width=generator.choice((8, 8, 8, 16)), masked=generator.random() < 0.2)
            if generator.random() < 0.15:
                taps.append(made.value)
        if taps:
            made.step("Concat", *taps)
        graph = made.build()
        folded = apply(graph)
        assert verify(folded) == []
        kept = sorted(origin for node in folded.nodes for origin in node.origins)
        assert kept == sorted(node.id for node in graph.nodes)
        assert apply(folded) == folded


def unequal_modules(count: int) -> Graph:
    builder = GraphBuilder()
    value = builder.value("x", SHAPE)
    builder.inputs.append(value)
    for index in range(count):
        scope = ("model", f"block{index}")
        builder.scope(scope, "Block")
        for op in ("Gemm", "Relu", "Exp", "Tanh"):
            made = builder.value("v", TensorType("float32", (1, index + 1)))
            builder.node(op, (value,), (made,), scope=scope)
            value = made
    builder.outputs.append(value)
    return builder.build()


def side_by_side(count: int) -> Graph:
    builder = GraphBuilder()
    for _ in range(count):
        value, made = builder.value("x", SHAPE), builder.value("y", SHAPE)
        builder.inputs.append(value)
        builder.node("Relu", (value,), (made,))
        builder.outputs.append(made)
    return builder.build()


def all_joined_at_the_end(count: int) -> Graph:
    builder = GraphBuilder()
    value = builder.value("x", SHAPE)
    builder.inputs.append(value)
    results = []
    for _ in range(count):
        made = builder.value("v", SHAPE)
        builder.node("Relu", (value,), (made,))
        results.append(made)
        value = made
    joined = builder.value("joined", SHAPE)
    builder.node("Concat", tuple(results), (joined,))
    builder.outputs.append(joined)
    return builder.build()


@pytest.mark.parametrize("make", [unequal_modules, side_by_side, all_joined_at_the_end])
def test_the_work_to_find_no_run_grows_with_the_graph_and_not_with_its_square(
    make: Callable[[int], Graph],
) -> None:
    def folding(count: int) -> Callable[[], None]:
        graph = make(count)

        def run() -> None:
            assert len(apply(graph).nodes) == len(graph.nodes)

        return run

    assert growth(folding, 250) < 2
