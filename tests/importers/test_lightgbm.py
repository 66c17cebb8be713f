"""LightGBM's models: every column as its own dump has it, and the same predictions."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.errors import ImporterError
from archviz.ir import Condition, Forest
from archviz.ir.forest.routing import leaves_of, linked, raw_predictions
from archviz.ir.verify import verify

RNG = np.random.default_rng(12)
DATA = RNG.normal(size=(400, 4)).round(2)
GAPS = np.where(RNG.random(DATA.shape) < 0.2, np.nan, DATA)
ZEROS = np.where(RNG.random(DATA.shape) < 0.3, 0.0, DATA)
CODES = np.c_[DATA[:, :3], np.where(RNG.random(400) < 0.1, np.nan, RNG.integers(0, 40, 400))]
TARGET = DATA[:, 0] * 3 + DATA[:, 1] ** 2
CLASSES = (DATA[:, 0] > 0).astype(int) + (DATA[:, 1] > 0.5)
ODD = np.nan_to_num(CODES[:, 3]) % 2 + DATA[:, 0]
ZOO: dict[str, tuple[dict[str, Any], np.ndarray, np.ndarray]] = {
    "regression": ({"objective": "regression"}, DATA, TARGET),
    "missing": ({"objective": "regression"}, GAPS, TARGET),
    "zeros": ({"objective": "regression", "zero_as_missing": True}, ZEROS, TARGET),
    "binary": ({"objective": "binary", "sigmoid": 2.0}, DATA, CLASSES > 0),
    "classes": ({"objective": "multiclass", "num_class": 3}, DATA, CLASSES),
    "one-versus-all": ({"objective": "multiclassova", "num_class": 3}, DATA, CLASSES),
    "categories": (
        {"objective": "regression", "min_data_per_group": 1, "cat_smooth": 1}, CODES, ODD,
    ),
    "dart": ({"objective": "regression", "boosting": "dart", "drop_rate": 0.5}, DATA, TARGET),
    "forest": (
        {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7},
        DATA, TARGET,
    ),
    "linear": ({"objective": "regression", "linear_tree": True}, GAPS, TARGET),
    "poisson": ({"objective": "poisson"}, DATA, np.exp(TARGET / 5)),
    "roots": ({"objective": "regression", "reg_sqrt": True}, DATA, TARGET),
    "single-leaf": ({"objective": "regression"}, DATA, np.ones(400)),
}  # fmt: skip


@cache
def trained(name: str) -> Any:
    lightgbm = pytest.importorskip("lightgbm", reason="lightgbm comes with the extra dev")
    settings, data, target = ZOO[name]
    settings = {"verbosity": -1, "num_threads": 1, "seed": 3, "num_leaves": 7, **settings}
    listed = [3] if data is CODES else []
    table = lightgbm.Dataset(
        data, target, categorical_feature=listed, params={"verbosity": -1}, free_raw_data=False
    )
    return lightgbm.train(settings, table, 6)


def stored(name: str, folder: Path) -> Forest:
    path = folder / "model.txt"
    trained(name).save_model(path)
    body = api.load(path).body
    assert isinstance(body, Forest)
    assert verify(body) == []
    return body


@pytest.mark.parametrize("name", ZOO)
def test_every_node_is_as_the_library_dumps_it(name: str, tmp_path: Path) -> None:
    forest = stored(name, tmp_path)
    dump = trained(name).dump_model()
    assert forest.tree_count == len(dump["tree_info"])
    for index, tree in enumerate(dump["tree_info"]):
        start, end = int(forest.starts[index]), int(forest.starts[index + 1])
        splits = tree["num_leaves"] - 1
        seen = 0
        stack = [(tree["tree_structure"], start)]
        while stack:
            node, row = stack.pop()
            seen += 1
            if "leaf_value" in node:
                assert row == start + splits + node.get("leaf_index", 0)
                assert forest.value[row, 0] == node["leaf_value"]
                assert forest.samples is None or forest.samples[row] == node["leaf_count"]
                continue
            assert row == start + node["split_index"]
            assert forest.feature[row] == node["split_feature"]
            assert forest.samples[row] == node["internal_count"]
            assert forest.weight[row] == pytest.approx(node["internal_weight"], rel=1e-5)
            assert forest.gain[row] == pytest.approx(node["split_gain"], rel=1e-5)
            if node["decision_type"] == "==":
                assert forest.condition[row] == Condition.IN
                assert forest.categories_of(row) == tuple(map(int, node["threshold"].split("||")))
            else:
                assert forest.condition[row] == Condition.LE
                assert forest.threshold[row] == node["threshold"]
                if node["missing_type"] != "None":
                    assert forest.missing[row] == node["default_left"]
            stack.append((node["left_child"], start + int(forest.yes[row])))
            stack.append((node["right_child"], start + int(forest.no[row])))
        assert seen == end - start


@pytest.mark.parametrize("name", ZOO)
def test_the_text_the_dump_and_the_booster_agree(name: str, tmp_path: Path) -> None:
    forest = stored(name, tmp_path)
    booster = trained(name)
    assert api.load(booster).body == forest
    path = tmp_path / "model.json"
    path.write_text(json.dumps(booster.dump_model()))
    dumped = api.load(path).body
    assert isinstance(dumped, Forest)
    assert verify(dumped) == []
    for column in ("starts", "yes", "no", "condition", "feature", "threshold", "missing"):
        np.testing.assert_array_equal(getattr(dumped, column), getattr(forest, column), column)
    # The text rounds what splits would answer to six digits, the dump to another double.
    np.testing.assert_allclose(dumped.value, forest.value, rtol=1e-14)
    for column in ("categories", "category_starts", "linear_weights", "linear_constant"):
        np.testing.assert_array_equal(getattr(dumped, column), getattr(forest, column), column)


@pytest.mark.parametrize("name", ZOO)
def test_predictions_and_leaves_are_the_library_s(name: str, tmp_path: Path) -> None:
    forest = stored(name, tmp_path)
    booster, data = trained(name), ZOO[name][1]
    raw = raw_predictions(forest, data)
    expected = booster.predict(data)
    mine = linked(forest, raw).reshape(expected.shape)
    if name == "one-versus-all":
        expected = booster.predict(data, raw_score=True)
        mine = raw
    np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-12)
    leaves = booster.predict(data, pred_leaf=True).reshape(len(data), -1)
    splits = (np.diff(forest.starts) - 1) // 2
    assert (leaves_of(forest, data) - forest.starts[:-1] - splits == leaves).all()


def test_categories_of_pandas_have_their_names(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    lightgbm = pytest.importorskip("lightgbm")
    colours = np.array(["red", "grün", "blue", "grey"])[RNG.integers(0, 4, 400)]
    table = pandas.DataFrame({"size": DATA[:, 0], "colour": pandas.Categorical(colours)})
    estimator = lightgbm.LGBMClassifier(
        n_estimators=2, num_leaves=5, verbosity=-1, n_jobs=1, min_data_per_group=1, cat_smooth=1
    ).fit(table, np.where(np.isin(colours, ["red", "grey"]), "warm", "cold"))
    forest = api.load(estimator).body
    assert isinstance(forest, Forest)
    assert forest.category_names == {1: ("blue", "grey", "grün", "red")}
    assert forest.class_names == (("cold", "warm"),)
    assert forest.feature_names == ("size", "colour")


def test_a_file_without_its_end_is_read(tmp_path: Path) -> None:
    """Files of old end after the last tree."""
    text = trained("regression").model_to_string()
    path = tmp_path / "old.txt"
    path.write_text(text[: text.index("end of trees")])
    assert api.load(path).body == api.load(trained("regression")).body


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("num_leaves=7", "num_leaves=8"),
        ("num_leaves=7", "num_leaves=-2"),
        ("num_leaves=7", "num_leaves=99999999999"),
        ("left_child=", "left_child=9 "),
        ("threshold=", "threshold=abc "),
        ("leaf_value=", "leaf_value=1 "),
        ("decision_type=", "decision_type=1 "),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=x"),
    ],
)
def test_a_broken_file_is_refused_with_a_sentence(old: str, new: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.txt"
    path.write_text(trained("regression").model_to_string().replace(old, new, 1))
    with pytest.raises(ImporterError, match=r"^broken\.txt: .*LightGBM"):
        api.load(path)
