"""CatBoost's models: the same trees from both files, and the same predictions."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.errors import ImporterError
from archviz.importers.catboost.stored import Stored, ctr_detail
from archviz.ir import Forest
from archviz.ir.forest.routing import linked, raw_predictions
from archviz.ir.verify import verify

RNG = np.random.default_rng(13)
DATA = RNG.normal(size=(300, 4)).round(2)
GAPS = np.where(RNG.random(DATA.shape) < 0.2, np.nan, DATA)
TARGET = DATA[:, 0] * 3 + DATA[:, 1] ** 2
CLASSES = np.array(["low", "mid", "high"])[(DATA[:, 0] > 0).astype(int) + (DATA[:, 1] > 0.5)]
REGRESSION = {"loss_function": "RMSE"}
ZOO: dict[str, tuple[dict[str, Any], np.ndarray, np.ndarray]] = {
    "symmetric": (REGRESSION, DATA, TARGET),
    "depth-wise": ({**REGRESSION, "grow_policy": "Depthwise"}, DATA, TARGET),
    "leaf-wise": ({**REGRESSION, "grow_policy": "Lossguide", "max_leaves": 6}, DATA, TARGET),
    "missing-low": (REGRESSION, GAPS, TARGET),
    "missing-high": ({**REGRESSION, "nan_mode": "Max"}, GAPS, TARGET),
    "binary": ({"loss_function": "Logloss"}, DATA, CLASSES == "low"),
    "classes": ({"loss_function": "MultiClass"}, DATA, CLASSES),
    "classes-leaf-wise": (
        {"loss_function": "MultiClass", "grow_policy": "Lossguide", "max_leaves": 5},
        DATA, CLASSES,
    ),
    "several": ({"loss_function": "MultiRMSE"}, DATA, np.c_[TARGET, -TARGET]),
    "poisson": ({"loss_function": "Poisson"}, DATA, np.round(np.exp(TARGET / 4))),
    "single-leaf-wise": (
        {**REGRESSION, "grow_policy": "Depthwise", "min_data_in_leaf": 1000}, DATA, TARGET,
    ),
}  # fmt: skip


@cache
def trained(name: str) -> Any:
    catboost = pytest.importorskip("catboost", reason="catboost is not installed")
    settings, data, target = ZOO[name]
    settings = {"iterations": 4, "depth": 4, "random_seed": 1, "thread_count": 1, **settings}
    model = catboost.CatBoost({**settings, "verbose": 0, "allow_writing_files": False})
    return model.fit(data, target), data


def stored(name: str, folder: Path, format: str) -> Forest:
    path = folder / f"model.{format}"
    trained(name)[0].save_model(path, format=format)
    body = api.load(path).body
    assert isinstance(body, Forest)
    assert verify(body) == []
    return body


@pytest.mark.parametrize("name", ZOO)
def test_predictions_are_the_library_s(name: str, tmp_path: Path) -> None:
    model, data = trained(name)
    for format in ("cbm", "json"):
        forest = stored(name, tmp_path, format)
        raw = raw_predictions(forest, data)
        expected = model.predict(data, prediction_type="RawFormulaVal")
        np.testing.assert_allclose(raw.reshape(expected.shape), expected, rtol=1e-12, atol=1e-12)
        if forest.class_names:
            expected = model.predict(data, prediction_type="Probability")
            mine = linked(forest, raw)
            mine = np.c_[1 - mine, mine] if mine.shape[1] == 1 else mine
            np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in ZOO if "wise" not in name])
def test_both_files_and_the_live_model_give_one_forest(name: str, tmp_path: Path) -> None:
    forest = stored(name, tmp_path, "cbm")
    assert stored(name, tmp_path, "json") == forest
    assert api.load(trained(name)[0]).body == forest


@pytest.mark.parametrize("name", [name for name in ZOO if "wise" in name])
def test_trees_of_any_shape_are_the_same_in_both_files(name: str, tmp_path: Path) -> None:
    """The files number nodes in different orders."""
    forests = [stored(name, tmp_path, format) for format in ("cbm", "json")]
    trees = [
        [[dict(node.attributes) for node in forest.view(tree).nodes] for tree in range(4)]
        for forest in forests
    ]
    assert trees[0] == trees[1]


def test_leaves_keep_the_library_s_order_and_weights(tmp_path: Path) -> None:
    model, data = trained("symmetric")
    forest = stored("symmetric", tmp_path, "cbm")
    assert forest.value[forest.is_leaf, 0].tolist() == model.get_leaf_values().tolist()
    assert forest.weight is not None
    assert forest.weight[forest.is_leaf].tolist() == model.get_leaf_weights().tolist()
    assert (forest.weight[forest.starts[:-1]] == len(data)).all()


def test_categories_and_encodings_have_features_of_their_own(tmp_path: Path) -> None:
    catboost = pytest.importorskip("catboost")
    pandas = pytest.importorskip("pandas")
    colours = RNG.choice(["red", "green", "blue"], 300)
    towns = RNG.choice([f"town{number}" for number in range(40)], 300)
    table = pandas.DataFrame({"size": DATA[:, 0], "colour": colours, "town": towns})
    target = 2.0 * (colours == "red") + DATA[:, 0] + np.char.endswith(towns.astype(str), "1")
    model = catboost.CatBoostRegressor(
        iterations=4, depth=3, one_hot_max_size=5, verbose=0, allow_writing_files=False
    ).fit(table, target, cat_features=["colour", "town"])
    model.save_model(tmp_path / "plain.cbm")
    forest = api.load(tmp_path / "plain.cbm").body
    assert isinstance(forest, Forest)
    assert verify(forest) == []
    assert forest.feature_names[:3] == ("size", "colour", "town")
    assert all("(" in name for name in forest.feature_names[3:])
    assert forest.feature_types[:3] == ("float", "category", "category")
    known = len(forest.category_names.get(1, ()))
    assert known > 0
    if (forest.feature > 2).any():
        return
    expected = model.predict(table)
    found = []
    for order in permutations(["red", "green", "blue"], known):
        code = np.array([order.index(c) if c in order else -1 for c in colours], float)
        found.append(
            raw_predictions(forest, np.c_[DATA[:, 0], code, np.zeros(300)])[:, 0] - expected
        )
    assert min(np.abs(item).max() for item in found) < 1e-9


def test_a_cbm_that_points_outside_of_itself_is_refused(tmp_path: Path) -> None:
    model, _ = trained("symmetric")
    model.save_model(tmp_path / "whole.cbm")
    content = bytearray((tmp_path / "whole.cbm").read_bytes())
    path = tmp_path / "broken.cbm"
    refused: list[str] = []
    for place in range(4, min(len(content), 2000), 3):
        changed = bytearray(content)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        try:
            assert verify(api.load(path, importer="catboost").body) == []
        except ImporterError as error:
            refused.append(str(error))
    assert len(refused) > 10
    assert all(sentence.startswith("broken.cbm: ") for sentence in refused)


def test_statistics_of_a_category_that_differ_in_their_prior_have_names_of_their_own() -> None:
    model = Stored()
    model.feature(0, "job", "category")
    for prior, target in ((0, 0), (0.5, 0), (0.5, 1)):
        model.computed("Borders(job)", ctr_detail(prior, target))
    model.computed("Counter(job)", ctr_detail(1, 0))
    assert model.names() == [
        "job", "Borders(job), prior 0", "Borders(job), prior 0.5",
        "Borders(job), prior 0.5, target 1", "Counter(job)",
    ]  # fmt: skip


@pytest.mark.parametrize("format", ["cbm", "json"])
def test_both_files_name_the_statistics_of_categories_alike(format: str, tmp_path: Path) -> None:
    catboost = pytest.importorskip("catboost", reason="catboost is not installed")
    jobs = RNG.choice(["clerk", "nurse", "driver"], 300)
    model = catboost.CatBoostClassifier(
        iterations=6, depth=3, cat_features=[0], one_hot_max_size=1, random_seed=1, verbose=0,
        allow_writing_files=False, thread_count=1,
    )  # fmt: skip
    pool = catboost.Pool([[job] for job in jobs], CLASSES == "low", [0], feature_names=["job"])
    model.fit(pool)
    model.save_model(str(tmp_path / f"model.{format}"), format=format)
    body = api.load(tmp_path / f"model.{format}").body
    assert isinstance(body, Forest)
    computed = [name for name in body.feature_names if name.startswith("Borders(job)")]
    assert len(computed) > 1
    assert len(set(computed)) == len(computed)
    assert "Borders(job), prior 0.5" in computed
