"""Writes the samples of this folder; needs catboost and scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path

import catboost
import numpy as np
from sklearn.datasets import load_diabetes, load_iris

FOLDER = Path(__file__).parent
SETTINGS = {
    "iterations": 2,
    "verbose": 0,
    "thread_count": 1,
    "random_seed": 0,
    "allow_writing_files": False,
}


def symmetric_trees_as_cbm() -> None:
    data, species = load_iris(return_X_y=True, as_frame=True)
    names = np.array(["setosa", "versicolor", "virginica"])[species]
    model = catboost.CatBoostClassifier(depth=2, **SETTINGS).fit(data, names)
    model.save_model(FOLDER / "iris.cbm")


def other_trees_as_json() -> None:
    data, progress = load_diabetes(return_X_y=True, as_frame=True)
    data = data[["age", "bmi", "bp"]].mask(data.age > 0.05)
    settings = {**SETTINGS, "grow_policy": "Lossguide", "max_leaves": 5}
    model = catboost.CatBoostRegressor(depth=4, **settings).fit(data, progress)
    path = FOLDER / "diabetes.json"
    model.save_model(path, format="json")
    written = json.loads(path.read_text())
    del written["model_info"]["training"], written["model_info"]["train_finish_time"]
    path.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    symmetric_trees_as_cbm()
    other_trees_as_json()
