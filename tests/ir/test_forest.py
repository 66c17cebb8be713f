"""The Forest: its invariants, its views, its file form and its predictions."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from forests import LE, LEAF, chain, random_forest, small_forest
from hypothesis import given
from hypothesis import strategies as st

from archviz.ir import Condition, Forest, Model, serde
from archviz.ir.forest.assembly import keep_reachable
from archviz.ir.forest.routing import leaves_of, linked, raw_predictions, route
from archviz.ir.verify import verify
from archviz.renderers.json import render


def test_a_forest_of_two_trees_is_sound_and_counts() -> None:
    forest = small_forest()
    assert verify(forest) == []
    assert (forest.tree_count, forest.node_count, forest.width, forest.outputs) == (2, 4, 1, 1)
    assert forest.depths().tolist() == [0, 1, 1, 0]
    assert forest.feature_name(0) == "x[0]"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"starts": [0, 3, 5]}, "entries"),
        ({"starts": [0, 0, 4]}, "start one behind the other"),
        ({"yes": [3, -1, -1, -1]}, "no node of its tree"),
        ({"yes": [0, -1, -1, -1]}, "no node of its tree"),
        ({"yes": [2, -1, -1, -1]}, "two parents or none"),
        ({"no": [-1, -1, -1, -1]}, "one child"),
        ({"condition": [99, LEAF, LEAF, LEAF]}, "unknown condition"),
        ({"feature": [-1, -1, -1, -1]}, "tests no feature"),
        ({"value_kind": "votes"}, "unknown kind of value"),
        ({"aggregation": "xor"}, "unknown aggregation"),
        ({"category_starts": [0, 1, 1, 1, 1]}, "together or not at all"),
        ({"category_starts": [0, 1, 1, 1, 1], "categories": [3]}, "does not ask for"),
        ({"tree_output": [0, -2]}, "an output that it cannot"),
        ({"gain": [0.0]}, "entries"),
        ({"targets": 2}, "do not share"),
    ],
)
def test_what_is_broken_is_said(changes: dict[str, object], problem: str) -> None:
    assert any(problem in found for found in verify(small_forest(**changes)))


def test_a_ring_of_nodes_apart_from_the_root_is_found() -> None:
    ring = Forest(
        starts=[0, 5],
        yes=[-1, 2, 1, -1, -1],
        no=[-1, 3, 4, -1, -1],
        condition=[LEAF, LE, LE, LEAF, LEAF],
        feature=[-1, 0, 0, -1, -1],
        threshold=np.zeros(5),
        value=np.zeros(5),
    )
    assert verify(ring) == ["a node is not below the root of its tree"]


def test_a_node_that_is_its_own_child_is_found() -> None:
    loop = {"yes": [-1, 1, -1, -1], "no": [-1, 2, -1, -1]}
    conditions = {"condition": [LEAF, LE, LEAF, LEAF], "feature": [-1, 0, -1, -1]}
    assert verify(small_forest(**loop, **conditions)) == ["a node is its own child"]


def test_arrays_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        small_forest().value[0] = 1


def test_the_arrays_given_stay_writable() -> None:
    value = np.zeros((4, 1))
    small_forest(value=value)
    value[0] = 1


def test_equal_forests_are_equal_and_others_are_not() -> None:
    gain = [1.0, np.nan, np.nan, np.nan]
    assert small_forest(gain=gain) == small_forest(gain=gain)
    assert small_forest(gain=gain) != small_forest()
    assert small_forest(name="other") != small_forest()
    assert small_forest() != 3


@given(st.integers(1, 4), st.integers(0, 30), st.integers(0, 1000))
def test_grown_forests_are_sound_and_survive_every_form(trees: int, splits: int, seed: int) -> None:
    forest = random_forest(trees, splits, seed)
    assert verify(forest) == []
    assert pickle.loads(pickle.dumps(forest)) == forest
    model = Model(forest, "test", "grown")
    assert serde.from_json(json.loads(render(model))) == model


@given(st.integers(0, 60), st.integers(1, 80), st.integers(0, 1000))
def test_a_view_keeps_to_its_limit_and_says_what_it_hides(
    splits: int, limit: int, seed: int
) -> None:
    forest = random_forest(2, splits, seed)
    graph = forest.view(1, max_nodes=limit)
    assert verify(graph) == []
    assert len(graph.nodes) <= limit
    shown = sum(int(node.attributes.get("hidden_nodes", 1)) for node in graph.nodes)
    assert shown == 2 * splits + 1
    leaves = sum(
        int(node.attributes.get("hidden_leaves", node.kind == "leaf")) for node in graph.nodes
    )
    assert leaves == splits + 1


def test_a_view_takes_the_split_that_gains_most_next() -> None:
    forest = random_forest(1, 40, 3)
    for limit in (3, 9, 21):
        before, after = forest.view(max_nodes=limit).nodes, forest.view(max_nodes=limit + 2).nodes
        stubs = {node.id: node.attributes["gain"] for node in before if node.kind == "stub"}
        (opened,) = {node.id for node in after if node.kind == "split"} & stubs.keys()
        assert stubs[opened] == max(stubs.values())  # type: ignore[type-var]


def test_a_view_of_limited_depth_ends_in_leaves_and_stubs() -> None:
    graph = chain(30).view(max_depth=2)
    assert [node.id for node in graph.nodes] == ["t0/n0", "t0/n1", "t0/n2", "t0/n3", "t0/n4"]
    assert [node.kind for node in graph.nodes] == ["split", "leaf", "split", "leaf", "stub"]
    assert graph.nodes[0].outputs == ("t0/n1", "t0/n2")
    assert graph.nodes[-1].attributes["hidden_nodes"] == 57


def test_a_view_may_start_inside_the_tree() -> None:
    graph = chain(5).view(root=4)
    assert graph.inputs == ("t0/n4",)
    assert len(graph.nodes) == 7


@pytest.mark.parametrize("place", [(2, 0), (-1, 0), (0, 3), (0, -1)])
def test_a_view_of_nothing_is_an_error(place: tuple[int, int]) -> None:
    with pytest.raises(IndexError):
        small_forest().view(place[0], root=place[1])


def test_a_chain_of_999_splits_is_no_harder_than_others() -> None:
    forest = chain(999)
    assert verify(forest) == []
    assert forest.depths().max() == 999
    assert len(forest.view().nodes) == 1999
    assert leaves_of(forest, np.array([[998.5], [-1.0]])).tolist() == [[1998], [1]]


def test_a_chain_of_a_million_nodes_is_checked_in_few_steps() -> None:
    forest = chain(500_000)
    assert verify(forest) == []
    assert forest.depths().max() == 500_000


def test_a_view_says_all_that_is_known_of_a_split() -> None:
    forest = small_forest(
        condition=[int(Condition.IN), LEAF, LEAF, LEAF],
        category_starts=[0, 2, 2, 2, 2],
        categories=[0, 2],
        category_names={0: ("a", "b", "c")},
        feature_names=("letter",),
        missing=[0, -1, -1, -1],
        samples=[5, 2, 3, 5],
        gain=[0.5, np.nan, np.nan, np.nan],
    )
    assert verify(forest) == []
    assert dict(forest.view().nodes[0].attributes) == {
        "feature": "letter",
        "condition": "in",
        "categories": ("a", "c"),
        "missing": "no",
        "samples": 5.0,
        "gain": 0.5,
        "value": 0.0,
    }


@pytest.mark.parametrize(
    ("condition", "goes"),
    [
        (Condition.LE, [1, 1, 0]),
        (Condition.LT, [1, 0, 0]),
        (Condition.GE, [0, 1, 1]),
        (Condition.GT, [0, 0, 1]),
        (Condition.EQ, [0, 1, 0]),
        (Condition.NE, [1, 0, 1]),
        (Condition.TRUE, [0, 1, 1]),
    ],
)
def test_a_row_goes_where_the_condition_sends_it(condition: Condition, goes: list[int]) -> None:
    forest = small_forest(condition=[int(condition), LEAF, LEAF, LEAF])
    leaves = leaves_of(forest, np.array([[0.25], [0.5], [0.75]]))[:, 0]
    assert (leaves == 1).astype(int).tolist() == goes


def test_rows_are_compared_as_the_library_does() -> None:
    row = np.array([[0.5 + 1e-12]])
    assert leaves_of(small_forest(), row)[0, 0] == 2
    assert leaves_of(small_forest(compare_dtype="float32"), row)[0, 0] == 1


@pytest.mark.parametrize(
    ("kind", "values", "goes"),
    [(0, [np.nan, 0.0], [0, 1]), (1, [np.nan, 0.0], [0, 0]), (2, [np.nan, 0.0], [1, 1])],
)
def test_what_is_missing_depends_on_the_split(
    kind: int, values: list[float], goes: list[int]
) -> None:
    forest = small_forest(missing=[0, -1, -1, -1], missing_kind=[kind, 0, 0, 0])
    leaves = leaves_of(forest, np.array(values)[:, None])[:, 0]
    assert (leaves == 1).astype(int).tolist() == goes


def test_trees_take_turns_at_the_outputs() -> None:
    forest = small_forest(tree_output=[0, 1], base=[10.0, 20.0], tree_weight=[1.0, 2.0])
    assert verify(forest) == []
    assert raw_predictions(forest, np.array([[0.0]])).tolist() == [[9.0, 20.5]]


def test_links_give_probabilities() -> None:
    forest = small_forest(link="softmax")
    assert linked(forest, np.array([[0.0, 0.0]])).tolist() == [[0.5, 0.5]]
    assert linked(small_forest(link="logistic"), np.array([[0.0]])).tolist() == [[0.5]]


def test_a_route_begins_at_the_roots_and_ends_at_the_leaves() -> None:
    forest = random_forest(3, 20)
    table = np.random.default_rng(1).normal(size=(7, 5))
    levels = route(forest, table)
    assert (levels[0] == forest.starts[:-1]).all()
    assert (forest.yes[levels[-1]] < 0).all()
    assert len(levels) <= forest.depths().max() + 1


def test_nodes_that_no_root_leads_to_are_left_out() -> None:
    kept = keep_reachable(
        np.array([0, 5, 6]), np.array([3, -1, -1, -1, -1, -1]), np.array([1, -1, -1, -1, -1, -1])
    )
    assert kept.rows.tolist() == [0, 1, 3, 5]
    assert kept.starts.tolist() == [0, 3, 4]
    assert kept.yes.tolist() == [2, -1, -1, -1]
    assert kept.no.tolist() == [1, -1, -1, -1]


@pytest.mark.parametrize("yes", [[1, 2, 1], [5, -1, -1], [1, -1, -1]])
def test_what_is_no_tree_is_not_assembled(yes: list[int]) -> None:
    with pytest.raises(ValueError, match=r"parents|no node"):
        keep_reachable(np.array([0, 3]), np.array(yes), np.array([1, 2, -1]))


@pytest.mark.parametrize(
    "change",
    [
        {"yes": "none"},
        {"yes": [1.5, -1, -1, -1]},
        {"yes": [1 << 40, -1, -1, -1]},
        {"value": [[1], [2]]},
        {"threshold": ["nan"] * 4},
        {"color": "red"},
        {"targets": "two"},
        {"feature_names": "abc"},
        {"category_names": {"x": ["a"]}},
    ],
)
def test_a_broken_file_form_is_refused(change: dict[str, object]) -> None:
    data = serde.to_json(Model(small_forest(), "test", "small"))
    data["forest"].update(change)
    with pytest.raises(serde.ModelFormatError, match="breaks the schema"):
        serde.from_json(data)


def test_numbers_beyond_json_survive() -> None:
    forest = small_forest(threshold=[np.inf, 0, 0, 0], gain=[np.nan, -np.inf, 0, 1])
    model = Model(forest, "test", "small")
    assert serde.from_json(json.loads(render(model))) == model


def test_a_forest_is_one_node_for_what_reads_graphs() -> None:
    graph = Model(small_forest(), "test", "small").graph
    assert verify(graph) == []
    assert [node.op for node in graph.nodes] == ["small"]
    assert graph.nodes[0].forest == small_forest()
    inner = Model(graph, "test", "small")
    assert serde.from_json(json.loads(render(inner))) == inner
