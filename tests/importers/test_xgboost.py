"""XGBoost's models: every column as its own dumps have it, and the same predictions."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.errors import ImporterError
from archviz.importers.xgboost import documents, ubjson
from archviz.ir import Forest
from archviz.ir.forest.routing import leaves_of, linked, raw_predictions
from archviz.ir.verify import verify

RNG = np.random.default_rng(11)
DATA = RNG.normal(size=(300, 4)).round(2)
GAPS = np.where(RNG.random(DATA.shape) < 0.2, np.nan, DATA)
CODES = np.c_[DATA[:, :2], RNG.integers(0, 9, (300, 2))]
TARGET = DATA[:, 0] * 3 + DATA[:, 1] ** 2
CLASSES = (DATA[:, 0] > 0).astype(int) + (DATA[:, 1] > 0.5)
ODD = ((CODES[:, 2] % 2 > 0) ^ (DATA[:, 0] > 1)).astype(int)
KINDS = ["float", "float", "c", "c"]
ZOO: dict[str, tuple[dict[str, Any], np.ndarray, np.ndarray]] = {
    "regression": ({"objective": "reg:squarederror"}, GAPS, TARGET),
    "binary": ({"objective": "binary:logistic"}, GAPS, CLASSES > 0),
    "classes": ({"objective": "multi:softprob", "num_class": 3}, DATA, CLASSES),
    "poisson": ({"objective": "count:poisson"}, DATA, CLASSES),
    "gamma": ({"objective": "reg:gamma"}, DATA, np.exp(TARGET / 4)),
    "dart": ({"objective": "reg:squarederror", "booster": "dart", "rate_drop": 0.5}, DATA, TARGET),
    "forest": (
        {"objective": "reg:squarederror", "num_parallel_tree": 4, "subsample": 0.7}, DATA, TARGET,
    ),
    "exact": ({"objective": "reg:squarederror", "tree_method": "exact", "gamma": 9}, DATA, TARGET),
    "categories": ({"objective": "binary:logistic", "max_cat_to_onehot": 1}, CODES, ODD),
    "one-hot": ({"objective": "binary:logistic", "max_cat_to_onehot": 20}, CODES, ODD),
    "vectors": (
        {"objective": "reg:squarederror", "multi_strategy": "multi_output_tree"},
        DATA, np.c_[TARGET, -TARGET, TARGET**2],
    ),
    "outputs": ({"objective": "reg:squarederror"}, DATA, np.c_[TARGET, -TARGET]),
    "single-leaf": ({"objective": "reg:squarederror", "gamma": 1e9}, DATA, TARGET),
}  # fmt: skip


@cache
def trained(name: str) -> tuple[Any, Any]:
    xgboost = pytest.importorskip("xgboost", reason="xgboost-cpu comes with the extra dev")
    settings, data, target = ZOO[name]
    kinds = KINDS if data is CODES else None
    table = xgboost.DMatrix(data, target, feature_types=kinds, enable_categorical=True)
    settings = {"max_depth": 4, "nthread": 1, "seed": 3, "verbosity": 0, **settings}
    return xgboost.train(settings, table, 6), table


def stored(name: str, folder: Path, suffix: str) -> Forest:
    path = folder / f"model{suffix}"
    trained(name)[0].save_model(path)
    body = api.load(path).body
    assert isinstance(body, Forest)
    assert verify(body) == []
    return body


@pytest.mark.parametrize("name", ZOO)
def test_both_files_and_the_booster_give_one_forest(name: str, tmp_path: Path) -> None:
    forest = stored(name, tmp_path, ".json")
    assert stored(name, tmp_path, ".ubj") == forest
    assert api.load(trained(name)[0]).body == forest


@pytest.mark.parametrize("name", [name for name in ZOO if name != "vectors"])
def test_every_node_is_as_the_library_dumps_it(name: str, tmp_path: Path) -> None:
    forest = stored(name, tmp_path, ".ubj")
    booster = trained(name)[0]
    dumps = [json.loads(text) for text in booster.get_dump(dump_format="json", with_stats=True)]
    assert forest.tree_count == len(dumps)
    for index, root in enumerate(dumps):
        start, end = forest.starts[index], forest.starts[index + 1]
        numbers = forest.ids[start:end] if forest.ids is not None else np.arange(end - start)
        row_of = dict(zip(numbers.tolist(), range(start, end), strict=True))
        seen, stack = 0, [root]
        while stack:
            node = stack.pop()
            row = row_of[node["nodeid"]]
            seen += 1
            assert np.float32(node["cover"]) == pytest.approx(np.float32(forest.weight[row]), 1e-5)
            if "leaf" in node:
                assert forest.yes[row] < 0
                assert np.float32(node["leaf"]) == np.float32(forest.value[row, 0])
                continue
            stack += node["children"]
            yes, no = row_of[node["yes"]], row_of[node["no"]]
            if "split_condition" in node and isinstance(node["split_condition"], list):
                assert forest.categories_of(row) == tuple(node["split_condition"])
                yes, no = no, yes  # the library says "no" of the categories that are not listed
            else:
                assert np.float32(node["split_condition"]) == np.float32(forest.threshold[row])
            assert (start + forest.yes[row], start + forest.no[row]) == (yes, no)
            assert forest.feature_name(forest.feature[row]) == node["split"]
            assert np.float32(node["gain"]) == pytest.approx(np.float32(forest.gain[row]), 1e-5)
            assert forest.missing[row] == ((node["missing"] == row_of and 0) or int(
                row_of[node["missing"]] == start + forest.yes[row]
            ))  # fmt: skip
        assert seen == end - start


@pytest.mark.parametrize("name", ZOO)
def test_predictions_and_leaves_are_the_library_s(name: str, tmp_path: Path) -> None:
    forest = stored(name, tmp_path, ".json")
    booster, table = trained(name)
    data = ZOO[name][1]
    raw = raw_predictions(forest, data)
    for mine, margin in ((raw, True), (linked(forest, raw), False)):
        expected = booster.predict(table, output_margin=margin)
        np.testing.assert_allclose(mine.reshape(expected.shape), expected, rtol=2e-5, atol=2e-6)
    leaves = booster.predict(table, pred_leaf=True).reshape(len(data), -1)
    rows = leaves_of(forest, data)
    numbers = forest.ids[rows] if forest.ids is not None else rows - forest.starts[:-1]
    assert (numbers == leaves).all()


def test_names_of_categories_are_kept(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"size": DATA[:, 0], "colour": pandas.Categorical(
        np.array(["red", "green", "blue"])[CODES[:, 2].astype(int) % 3]
    )})  # fmt: skip
    estimator = xgboost.XGBClassifier(
        n_estimators=2, enable_categorical=True, max_cat_to_onehot=1, n_jobs=1
    ).fit(table, CODES[:, 2] % 3 == 1)
    estimator.save_model(tmp_path / "named.json")
    forest = api.load(tmp_path / "named.json").body
    assert isinstance(forest, Forest)
    assert forest.category_names == {1: ("blue", "green", "red")}
    assert forest.feature_types == ("float", "category")


def test_an_estimator_that_is_not_fitted_is_refused_with_a_sentence() -> None:
    xgboost = pytest.importorskip("xgboost")
    with pytest.raises(ImporterError, match="fit it first"):
        api.load(xgboost.XGBClassifier())


def test_a_linear_booster_has_no_trees(tmp_path: Path) -> None:
    path = tmp_path / "linear.json"
    path.write_text('{"learner": {"gradient_booster": {"name": "gblinear"}}}')
    with pytest.raises(ImporterError, match="gblinear, a linear model"):
        api.load(path)


def test_lists_of_numbers_become_arrays_and_texts_stay_texts() -> None:
    text = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]"
    document = documents.loads(f'{{"a": {text}, "b": "{text}", "c": [1, 2]}}'.encode())
    assert document["a"].tolist() == list(range(1, 13))
    assert document["b"] == text
    assert document["c"] == [1, 2]


def test_a_list_that_claims_to_be_long_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the end"):
        ubjson.loads(b"{U\x01a[$d#L\x00\x00\x00\xff\x00\x00\x00\x00")
    with pytest.raises(ValueError, match="of no type of numbers"):
        ubjson.loads(b"{U\x01a[$Z#L\x00\x00\x00\xff\x00\x00\x00\x00")
    with pytest.raises(ValueError, match="nest too deep"):
        ubjson.loads(b"[" * 100_000)
