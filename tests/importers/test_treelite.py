"""Treelite's JSON: the same predictions as Treelite's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.errors import ImporterError
from archviz.ir import Forest
from archviz.ir.forest.routing import linked, raw_predictions
from archviz.ir.verify import verify

SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "treelite" / "iris_forest.json"
RNG = np.random.default_rng(4)
DATA = RNG.normal(size=(200, 4)).astype(np.float32)
CLASSES = (DATA[:, 0] > 0).astype(int) + (DATA[:, 1] > 0.5)


def models() -> dict[str, Any]:
    treelite = pytest.importorskip("treelite", reason="treelite is not installed")
    xgboost, lightgbm = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0)
    settings = {"objective": "multi:softprob", "num_class": 3, "max_depth": 3, "verbosity": 0}
    codes = np.c_[DATA[:, :3], RNG.integers(0, 9, 200)]
    options = {"objective": "binary", "verbosity": -1, "min_data_per_group": 1, "cat_smooth": 1}
    table = lightgbm.Dataset(codes, codes[:, 3] % 2, categorical_feature=[3])
    return {
        "sklearn": (treelite.sklearn.import_model(forest.fit(DATA, CLASSES)), DATA),
        "xgboost": (
            treelite.frontend.from_xgboost(
                xgboost.train(settings, xgboost.DMatrix(DATA, CLASSES), 3)
            ),
            DATA,
        ),
        "lightgbm": (
            treelite.frontend.from_lightgbm(lightgbm.train(options, table, 3)),
            codes.astype(np.float32),
        ),
    }


def test_predictions_are_the_library_s(tmp_path: Path) -> None:
    treelite = pytest.importorskip("treelite", reason="treelite is not installed")
    for name, (model, data) in models().items():
        path = tmp_path / f"{name}.json"
        path.write_text(model.dump_as_json(pretty_print=False))
        forest = api.load(path).body
        assert isinstance(forest, Forest)
        assert verify(forest) == []
        expected = treelite.gtil.predict(model, data)
        mine = linked(forest, raw_predictions(forest, data))
        np.testing.assert_allclose(
            mine.reshape(expected.shape), expected, rtol=1e-5, atol=1e-6, err_msg=name
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"left_child": 1', '"left_child": 9'),
        ('"left_child": 1', '"left_child": 0'),
        ('"<="', '"~"'),
        ('"num_class": [3]', '"num_class": [2000000000]'),
        ('"class_id": [-1, -1]', '"class_id": [-1]'),
    ],
)
def test_a_broken_file_is_refused_with_a_sentence(old: str, new: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    text = SAMPLE.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ImporterError, match=r"^broken\.json: this is no Treelite model"):
        api.load(path)
