"""scikit-learn's estimators: every array as the library has it, and the same predictions."""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.ir import Condition, Forest
from archviz.ir.forest.routing import leaves_of, linked, raw_predictions
from archviz.ir.verify import verify
from archviz.source import Source

sklearn = pytest.importorskip("sklearn", reason="scikit-learn comes with the extra dev")
joblib = pytest.importorskip("joblib")

from sklearn_zoo import MIXED, ZOO  # noqa: E402


@cache
def fitted(name: str) -> tuple[Any, np.ndarray]:
    return ZOO[name]()


def forest_in(path: Path) -> Forest:
    body = api.load(path).body
    assert isinstance(body, Forest)
    assert verify(body) == []
    return body


def stored(name: str, folder: Path) -> Path:
    path = folder / f"{name}.pkl"
    path.write_bytes(pickle.dumps(fitted(name)[0]))
    return path


def trees_in(estimator: Any) -> list[Any]:
    if hasattr(estimator, "tree_"):
        return [estimator.tree_]
    return [member.tree_ for member in np.ravel(estimator.estimators_)]


@pytest.mark.parametrize("name", ZOO)
def test_every_array_is_as_the_library_has_it(name: str, tmp_path: Path) -> None:
    forest = forest_in(stored(name, tmp_path))
    estimator = fitted(name)[0]
    if hasattr(estimator, "_predictors"):
        expect_histogram(forest, estimator)
        return
    trees = trees_in(estimator)
    assert forest.tree_count == len(trees)
    for index, tree in enumerate(trees):
        rows = forest.rows(index)
        is_leaf = tree.children_left < 0
        assert (forest.yes[rows] == tree.children_left).all()
        assert (forest.no[rows] == tree.children_right).all()
        features = tree.feature
        if hasattr(estimator, "estimators_features_"):
            features = np.asarray(estimator.estimators_features_[index])[features]
        assert (forest.feature[rows] == np.where(is_leaf, -1, features)).all()
        assert (forest.threshold[rows][~is_leaf] == tree.threshold[~is_leaf]).all()
        assert (forest.impurity[rows] == tree.impurity).all()
        assert (forest.samples[rows] == tree.n_node_samples).all()
        assert (forest.weight[rows] == tree.weighted_n_node_samples).all()
        missing = tree.missing_go_to_left
        assert (forest.missing[rows][~is_leaf] == missing[~is_leaf]).all()
        if name != "isolation":
            assert (forest.value[rows] == tree.value.reshape(len(is_leaf), -1)).all()


def expect_histogram(forest: Forest, estimator: Any) -> None:
    predictors = [item for row in estimator._predictors for item in row]
    assert forest.tree_count == len(predictors)
    for index, predictor in enumerate(predictors):
        rows, nodes = forest.rows(index), predictor.nodes
        is_leaf = nodes["is_leaf"] > 0
        assert (forest.yes[rows] == np.where(is_leaf, -1, nodes["left"].astype(int))).all()
        assert (forest.no[rows] == np.where(is_leaf, -1, nodes["right"].astype(int))).all()
        assert (forest.samples[rows] == nodes["count"]).all()
        assert (forest.value[rows][:, 0] == nodes["value"]).all()
        is_number = ~is_leaf & (nodes["is_categorical"] == 0)
        assert (forest.threshold[rows][is_number] == nodes["num_threshold"][is_number]).all()
        assert (forest.gain[rows][~is_leaf] == nodes["gain"][~is_leaf]).all()
        for row in np.flatnonzero(~is_leaf & ~is_number):
            bits = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][row]]
            listed = [c for c in range(256) if bits[c // 32] >> (c % 32) & 1]
            assert forest.categories_of(rows.start + row) == tuple(listed)


@pytest.mark.parametrize("name", ZOO)
def test_predictions_are_the_library_s(name: str, tmp_path: Path) -> None:
    forest = forest_in(stored(name, tmp_path))
    estimator, data = fitted(name)
    mine = linked(forest, raw_predictions(forest, data))
    if name == "isolation":
        expected = -estimator.score_samples(data)
    elif name == "adaboost":
        votes = forest.class_names[0]
        assert (np.array(votes)[mine.argmax(1)] == estimator.predict(data)).all()
        return
    elif isinstance(getattr(estimator, "classes_", None), list):
        expected = np.hstack([
            np.pad(part, ((0, 0), (0, forest.width // forest.targets - part.shape[1])))
            for part in estimator.predict_proba(data)
        ])  # fmt: skip
    elif hasattr(estimator, "classes_"):
        expected = estimator.predict_proba(data)
        if forest.link == "logistic":
            expected = expected[:, 1]
    else:
        expected = estimator.predict(data)
    np.testing.assert_allclose(mine.reshape(expected.shape), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["classifier", "missing", "several-targets", "isolation"])
def test_leaves_are_the_library_s(name: str) -> None:
    estimator, data = fitted(name)
    forest = api.load(estimator).body
    assert isinstance(forest, Forest)
    if name == "isolation":
        part = [
            tree.apply(np.ascontiguousarray(data[:, features], np.float32))
            for tree, features in zip(
                trees_in(estimator), estimator.estimators_features_, strict=True
            )
        ]
        expected = np.stack(part, 1)
    else:
        expected = estimator.apply(data).reshape(len(data), -1)
    assert (leaves_of(forest, data) - forest.starts[:-1] == expected).all()


@pytest.mark.parametrize("name", ZOO)
def test_every_way_to_store_an_estimator_gives_the_same_forest(name: str, tmp_path: Path) -> None:
    estimator = fitted(name)[0]
    wanted = forest_in(stored(name, tmp_path))
    assert api.load(estimator).body == wanted
    for protocol in range(6):
        path = tmp_path / f"protocol{protocol}.pkl"
        path.write_bytes(pickle.dumps(estimator, protocol=protocol))
        assert forest_in(path) == wanted, protocol
    for compression in (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 1), ("lzma", 1)):
        path = tmp_path / "model.bin"
        joblib.dump(estimator, path, compress=compression)
        assert forest_in(path) == wanted, compression


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_joblib_writes_any_protocol(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "forest.joblib"
    joblib.dump(fitted("RandomForest-classifier")[0], path, protocol=protocol)
    wanted = api.load(fitted("RandomForest-classifier")[0]).body
    assert forest_in(path) == wanted


def test_names_of_features_and_classes_are_kept() -> None:
    pandas = pytest.importorskip("pandas")
    from sklearn.tree import DecisionTreeClassifier

    table = pandas.DataFrame(MIXED, columns=["a<b", 'R&D "x"', "日本語"])
    estimator = DecisionTreeClassifier(max_depth=2).fit(table, np.where(MIXED[:, 0] > 5, "b", "a"))
    forest = api.load(estimator).body
    assert isinstance(forest, Forest)
    assert forest.feature_names == ("a<b", 'R&D "x"', "日本語")
    assert forest.class_names == (("a", "b"),)
    assert forest.criterion == "gini"


def test_categories_of_a_table_have_their_names() -> None:
    pandas = pytest.importorskip("pandas")
    from sklearn.ensemble import HistGradientBoostingClassifier

    colours = np.array(["red", "green", "blue", "grey"])
    codes = np.random.default_rng(3).integers(0, 4, 200)
    table = pandas.DataFrame(
        {"size": np.arange(200.0), "colour": pandas.Categorical(colours[codes])}
    )
    estimator = HistGradientBoostingClassifier(
        max_iter=3, min_samples_leaf=3, categorical_features="from_dtype"
    ).fit(table, codes > 1)
    forest = api.load(estimator).body
    assert isinstance(forest, Forest)
    assert verify(forest) == []
    assert forest.feature_types == ("float", "category")
    assert forest.category_names == {1: ("blue", "green", "grey", "red")}
    by_name = pandas.Categorical(table.colour, categories=["blue", "green", "grey", "red"]).codes
    rows = np.c_[table["size"], by_name]
    mine = linked(forest, raw_predictions(forest, rows))[:, 0]
    np.testing.assert_allclose(mine, estimator.predict_proba(table)[:, 1], rtol=1e-12)
    assert (forest.condition == int(Condition.IN)).any()


def test_an_estimator_inside_a_dictionary_is_found(tmp_path: Path) -> None:
    path = tmp_path / "bundle.pkl"
    bundle = {"columns": ["a", "b"], "scores": np.zeros(5000), "model": fitted("classifier")[0]}
    path.write_bytes(pickle.dumps(bundle))
    assert forest_in(path) == api.load(fitted("classifier")[0]).body


def test_an_estimator_that_is_not_fitted_is_refused_with_a_sentence(tmp_path: Path) -> None:
    from sklearn.ensemble import RandomForestClassifier

    from archviz.errors import ImporterError

    path = tmp_path / "empty.pkl"
    path.write_bytes(pickle.dumps(RandomForestClassifier()))
    with pytest.raises(ImporterError, match="not fitted"):
        api.load(path)


def test_bytes_inside_a_pickle_are_a_source_of_their_own() -> None:
    source = Source.of_bytes("inner", b"tree\nversion=v4\n")
    assert source.is_file
    assert source.head == b"tree\nversion=v4\n"
    assert source.size == 16
