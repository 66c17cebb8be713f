"""fold-repeats: blocks that grow by the same step, as those of DenseNet."""

from __future__ import annotations

import pytest

from archviz.ir import Graph, Parameter, ParameterUse, Scope, TensorType
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.passes.collapse_scopes import apply as collapse
from archviz.passes.fold_repeats import apply
from archviz.views.node_link.labels import rows
from archviz.views.node_link.weights import weights_by_scope, weights_of

INNER = 15
"""Channels inside a block, which no value between blocks has."""


def image(channels: int) -> TensorType:
    return TensorType("float32", (1, channels, 7, 7))


class Dense:
    """A dense network in the making: each block joins channels of its own to what it takes."""

    def __init__(self, *, scoped: bool = False) -> None:
        self.builder = GraphBuilder()
        self.scoped = scoped
        self.channels = 8
        self.value = self.builder.value("x", image(8))
        self.builder.inputs.append(self.value)
        self.blocks = 0

    def step(self, op: str, made: int, *more: str, taken: int = 0, scope: tuple[str, ...]) -> str:
        inputs: tuple[str | None, ...] = (*more, self.value) if more else (self.value,)
        uses: tuple[ParameterUse, ...] = ()
        if taken:
            name = f"w{len(self.builder.parameters)}"
            self.builder.parameter(Parameter(name, TensorType("float32", (made, taken, 1, 1))))
            inputs, uses = (*inputs, None), (ParameterUse(name, "W", len(inputs)),)
        self.value = self.builder.value("v", image(made))
        self.builder.node(op, inputs, (self.value,), scope=scope, parameters=uses)
        return self.value

    def block(self, step: int = 4, *, joins: bool = True) -> None:
        scope: tuple[str, ...] = ()
        if self.scoped:
            scope = ("layers", str(self.blocks))
            self.builder.scope(scope, "DenseLayer")
        before = self.value
        self.step("Conv", INNER, taken=self.channels, scope=scope)
        self.step("Relu", INNER, scope=scope)
        self.channels += step
        if joins:
            self.step("Conv", step, taken=INNER, scope=scope)
            self.step("Concat", self.channels, before, scope=scope)
        else:
            self.step("Conv", self.channels, taken=INNER, scope=scope)
        self.blocks += 1

    def build(self) -> Graph:
        self.step("Softmax", self.channels, scope=())
        self.builder.outputs.append(self.value)
        return self.builder.build()


def dense(*steps: int, scoped: bool = False, joins: bool = True) -> Graph:
    network = Dense(scoped=scoped)
    for step in steps:
        network.block(step, joins=joins)
    return network.build()


def folds(graph: Graph) -> list[Scope]:
    return [scope for scope in graph.scopes.values() if scope.repeat > 1]


@pytest.mark.parametrize("scoped", [False, True])
def test_growing_blocks_become_one_that_says_from_where_to_where(*, scoped: bool) -> None:
    graph = dense(4, 4, 4, 4, scoped=scoped)
    folded = apply(graph)
    assert verify(folded) == []
    (scope,) = folds(folded)
    assert (scope.repeat, scope.growth) == (4, 4)
    assert [node.op for node in folded.nodes] == ["Conv", "Relu", "Conv", "Concat", "Softmax"]
    weight = folded.parameters["w0"]
    assert weight.type.shape == (INNER, "8…20", 1, 1)
    assert weight.sizes == (120, 180, 240, 300)
    assert rows(folded.nodes[0], folded, "")[0] == ("params", "120…300")
    assert folded.parameters["w1"] == graph.parameters["w1"]


def test_what_leaves_the_last_block_has_its_size() -> None:
    folded = apply(dense(4, 4, 4))
    join = next(node for node in folded.nodes if node.op == "Concat")
    assert folded.values[join.outputs[0] or ""].type == image(20)


@pytest.mark.parametrize("scoped", [False, True])
def test_all_weights_are_counted_folded_collapsed_or_not(*, scoped: bool) -> None:
    graph = dense(4, 4, 4, 4, 4, scoped=scoped)
    folded = apply(graph)
    total = weights_by_scope(graph)[()]
    counted = weights_by_scope(folded)
    assert counted[()] == total
    (scope,) = folds(folded)
    assert counted[scope.path] == total
    closed = collapse(folded, depth=len(scope.path) - 1)
    (module,) = [node for node in closed.nodes if node.kind == "module"]
    assert weights_of(module, closed) == total
    assert weights_by_scope(closed)[()] == total


@pytest.mark.parametrize("scoped", [False, True])
def test_growing_blocks_unfold_into_every_operation_once(*, scoped: bool) -> None:
    graph = dense(4, 4, 4, scoped=scoped)
    origins = [origin for node in apply(graph).nodes for origin in node.origins]
    assert sorted(origins) == sorted(node.id for node in graph.nodes)


def test_a_block_that_grows_by_another_step_ends_the_run() -> None:
    folded = apply(dense(4, 4, 4, 6, 4))
    (scope,) = folds(folded)
    assert (scope.repeat, scope.growth) == (3, 4)
    assert len(folded.nodes) == 4 + 2 * 4 + 1


def test_two_blocks_show_no_step() -> None:
    assert folds(apply(dense(4, 4))) == []


def test_layers_that_widen_without_a_join_stay() -> None:
    graph = dense(4, 4, 4, 4, joins=False)
    assert apply(graph) == graph


def test_only_the_first_of_growing_blocks_taken_elsewhere_keeps_them_apart() -> None:
    network = Dense()
    network.block()
    middle = network.value
    for _ in range(3):
        network.block()
    network.builder.outputs.append(middle)
    (scope,) = folds(apply(network.build()))
    assert scope.repeat >= 3
