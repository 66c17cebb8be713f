"""Estimators made of estimators: a graph whose tree nodes hold their forests."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.ir import Forest, Graph, Node
from archviz.ir.forest.routing import raw_predictions
from archviz.ir.verify import verify

sklearn = pytest.importorskip("sklearn", reason="scikit-learn comes with the extra dev")

from sklearn import ensemble, impute, linear_model, pipeline, preprocessing, tree  # noqa: E402
from sklearn.compose import ColumnTransformer  # noqa: E402
from sklearn.datasets import load_diabetes, load_iris  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402

DATA, TARGET = load_diabetes(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)


def graph_of(estimator: Any, folder: Path) -> Graph:
    """The graph from the file, which is that of the live object."""
    path = folder / "estimator.pkl"
    path.write_bytes(pickle.dumps(estimator))
    graph = api.load(path).body
    assert isinstance(graph, Graph)
    assert verify(graph) == []
    assert api.load(estimator).body == graph
    api.render(api.load(path), format="svg")
    return graph


def with_trees(graph: Graph) -> list[Node]:
    return [node for node in graph.nodes if node.forest is not None]


def test_a_pipeline_is_a_chain_whose_last_node_holds_the_forest(tmp_path: Path) -> None:
    boosting = ensemble.GradientBoostingRegressor(n_estimators=2, random_state=0)
    made = pipeline.Pipeline(
        [("fill", impute.SimpleImputer()), ("scale", preprocessing.StandardScaler()),
         ("skipped", "passthrough"), ("boost", boosting)]
    ).fit(DATA, TARGET)  # fmt: skip
    graph = graph_of(made, tmp_path)
    assert [node.op for node in graph.nodes] == [
        "SimpleImputer", "StandardScaler", "GradientBoostingRegressor",
    ]  # fmt: skip
    assert graph.nodes[0].inputs == ("data",)
    assert graph.nodes[1].inputs == graph.nodes[0].outputs
    (node,) = with_trees(graph)
    assert node.forest == api.load(boosting).body


def test_columns_go_their_own_ways_and_meet_again(tmp_path: Path) -> None:
    made = ColumnTransformer(
        [("few", preprocessing.StandardScaler(), [0, 2]), ("rest", "passthrough", [1]),
         ("none", "drop", [3])]
    ).fit(DATA)  # fmt: skip
    graph = graph_of(made, tmp_path)
    assert [node.op for node in graph.nodes] == [
        "columns", "StandardScaler", "columns", "FunctionTransformer", "hstack",
    ]  # fmt: skip
    assert graph.nodes[0].attributes["columns"] == ("0", "2")
    assert len(graph.nodes[-1].inputs) == 2


def test_voters_stand_side_by_side(tmp_path: Path) -> None:
    made = ensemble.VotingClassifier(
        [("tree", tree.DecisionTreeClassifier(max_depth=2)),
         ("line", linear_model.LogisticRegression(max_iter=500))],
        voting="soft",
    ).fit(IRIS, SPECIES)  # fmt: skip
    graph = graph_of(made, tmp_path)
    assert [node.op for node in graph.nodes] == [
        "DecisionTreeClassifier", "LogisticRegression", "mean",
    ]  # fmt: skip
    assert len(with_trees(graph)) == 1


def test_a_stack_ends_in_its_final_estimator(tmp_path: Path) -> None:
    made = ensemble.StackingRegressor(
        [("tree", tree.DecisionTreeRegressor(max_depth=2)), ("line", linear_model.Ridge())],
        final_estimator=ensemble.RandomForestRegressor(n_estimators=2, max_depth=2),
        passthrough=True,
    ).fit(DATA, TARGET)
    graph = graph_of(made, tmp_path)
    assert [node.op for node in graph.nodes] == [
        "DecisionTreeRegressor", "Ridge", "hstack", "RandomForestRegressor",
    ]  # fmt: skip
    assert graph.nodes[2].inputs[-1] == "data"
    assert len(with_trees(graph)) == 2


def test_a_search_shows_what_it_found(tmp_path: Path) -> None:
    search = GridSearchCV(tree.DecisionTreeRegressor(), {"max_depth": [1, 2]}, cv=2)
    graph = graph_of(search.fit(DATA, TARGET), tmp_path)
    assert [node.op for node in graph.nodes] == ["DecisionTreeRegressor"]
    assert [scope.type for scope in graph.scopes.values()] == ["GridSearchCV"]


@pytest.mark.parametrize("library", ["xgboost", "lightgbm", "catboost"])
def test_estimators_of_other_libraries_keep_their_forests(library: str, tmp_path: Path) -> None:
    module = pytest.importorskip(library)
    estimator = {
        "xgboost": lambda: module.XGBRegressor(n_estimators=2, max_depth=2, n_jobs=1),
        "lightgbm": lambda: module.LGBMRegressor(n_estimators=2, num_leaves=4, verbosity=-1),
        "catboost": lambda: module.CatBoostRegressor(
            iterations=2, depth=2, verbose=0, allow_writing_files=False
        ),
    }[library]()
    made = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator).fit(DATA, TARGET)
    scaled = made[:-1].transform(DATA)
    path = tmp_path / "pipeline.pkl"
    path.write_bytes(pickle.dumps(made))
    for target in (path, made):
        (node,) = with_trees(api.load(target).graph)
        assert node.forest is not None
        mine = raw_predictions(node.forest, scaled)[:, 0]
        np.testing.assert_allclose(mine, made.predict(DATA), rtol=1e-5)
    alone = tmp_path / "alone.pkl"
    alone.write_bytes(pickle.dumps(estimator))
    assert isinstance(api.load(alone).body, Forest)


def test_skops_files_hold_the_same(tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io", reason="skops is not installed")
    forest = ensemble.RandomForestClassifier(n_estimators=2, max_depth=3, random_state=0)
    names = np.array(["a", "b", "c"])[SPECIES]
    skops.dump(forest.fit(IRIS, names), tmp_path / "forest.skops")
    assert api.load(tmp_path / "forest.skops").body == api.load(forest).body
    made = pipeline.make_pipeline(
        preprocessing.StandardScaler(), ensemble.HistGradientBoostingRegressor(max_iter=2)
    ).fit(DATA, TARGET)
    skops.dump(made, tmp_path / "pipeline.skops")
    (node,) = with_trees(api.load(tmp_path / "pipeline.skops").graph)
    assert node.forest == api.load(made[-1]).body
