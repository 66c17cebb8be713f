"""What every pass must do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import small_model
from samples import each_sample, loaded

from archviz import api
from archviz.ir import Graph, Model, serde
from archviz.ir.verify import verify
from archviz.ir.walk import all_nodes
from archviz.options import options_of
from archviz.passes import PASSES, Pass

each_pass = pytest.mark.parametrize(
    "tested", list(PASSES.builtin()), ids=lambda tested: tested.name
)


def telling_options(tested: Pass, graph: Graph) -> dict[str, Any]:
    """Options with which the pass changes the graph, when its defaults leave it alone."""
    known = options_of(tested.apply)
    options: dict[str, Any] = {}
    ops = dict.fromkeys(node.op for node in graph.nodes)
    if "patterns" in known and len(ops) > 1:
        options["patterns"] = (next(iter(ops)),)
    if "focus" in known and graph.nodes:
        options["focus"] = "/".join(next(iter(graph.scopes), (graph.nodes[0].id,)))
    if "depth" in known:
        options["depth"] = 0
    return options


def check(tested: Pass, model: Model, options: dict[str, Any]) -> None:
    graph = PASSES.get("expand-subgraphs").apply(model.graph)
    before = serde.to_json(Model(graph))
    imported = {node.id for node in all_nodes(graph)}
    result = tested.apply(graph, **options)
    assert serde.to_json(Model(graph)) == before, "the pass changed what it was given"
    assert verify(result) == []
    for node in all_nodes(result):
        if node.kind not in ("stub", "missing"):
            unknown = set(node.origins) - imported
            assert not unknown, f"{node.id} claims to stand for nodes that nobody imported"
    assert tested.apply(graph, **options) == result


@each_pass
def test_a_pass_leaves_a_sound_graph_that_accounts_for_what_it_merged(tested: Pass) -> None:
    model = small_model()
    check(tested, model, {})
    check(tested, model, telling_options(tested, model.graph))


@each_sample
@each_pass
def test_a_pass_keeps_samples_sound(tested: Pass, sample: Path) -> None:
    model = loaded(sample)
    check(tested, model, {})
    check(tested, model, telling_options(tested, PASSES.get("expand-subgraphs").apply(model.graph)))


@each_pass
def test_a_pass_takes_an_empty_graph(tested: Pass) -> None:
    assert tested.apply(Graph()) == Graph()


@each_sample
def test_all_passes_in_their_order_keep_samples_sound(sample: Path) -> None:
    for depth in (0, 1, 2, "auto", "all"):
        assert verify(api.prepare(loaded(sample), depth=depth).graph) == []
