"""Writes the samples of this folder; needs lightgbm, pandas and scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.datasets import load_iris

FOLDER = Path(__file__).parent
SETTINGS = {"verbosity": -1, "num_threads": 1, "seed": 1, "min_data_in_leaf": 5}


def classes_as_json() -> None:
    data, species = load_iris(return_X_y=True, as_frame=True)
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in data.columns]
    settings = {**SETTINGS, "objective": "multiclass", "num_class": 3, "num_leaves": 4}
    model = lightgbm.train(settings, lightgbm.Dataset(data.set_axis(names, axis=1), species), 2)
    (FOLDER / "iris.json").write_text(json.dumps(model.dump_model(), indent=1) + "\n")


def categories_and_missing_values_as_text() -> None:
    rng = np.random.default_rng(7)
    size = 200
    table = pd.DataFrame(
        {
            "age": np.where(rng.random(size) < 0.2, np.nan, rng.integers(18, 80, size)),
            "plan": pd.Categorical(rng.choice(["basic", "family", "premium"], size)),
            "score": rng.normal(size=size).round(2),
        }
    )
    target = 3.0 * (table.plan == "family") + (table.age.fillna(70) > 60) + table.score
    settings = {**SETTINGS, "objective": "regression", "num_leaves": 6, "min_data_per_group": 1}
    model = lightgbm.train({**settings, "cat_smooth": 1}, lightgbm.Dataset(table, target), 3)
    model.save_model(FOLDER / "plans.txt")


if __name__ == "__main__":
    classes_as_json()
    categories_and_missing_values_as_text()
