"""Writes the samples of this folder; needs xgboost, pandas and scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
from sklearn.datasets import load_iris

FOLDER = Path(__file__).parent
DATA, SPECIES = load_iris(return_X_y=True, as_frame=True)


def classes_as_json() -> None:
    names = [name.removesuffix(" (cm)") for name in DATA.columns]
    model = xgboost.XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1)
    model.fit(DATA.set_axis(names, axis=1), SPECIES).save_model(FOLDER / "iris.json")


def categories_and_missing_values_as_ubj() -> None:
    rng = np.random.default_rng(7)
    size = 200
    table = pd.DataFrame(
        {
            "age": np.where(rng.random(size) < 0.2, np.nan, rng.integers(18, 80, size)),
            "plan": pd.Categorical(rng.choice(["basic", "family", "premium"], size)),
            "score": rng.normal(size=size).round(2),
        }
    )
    target = (table.plan == "family") | (table.age.fillna(70) > 60)
    model = xgboost.XGBClassifier(
        n_estimators=3, max_depth=3, n_jobs=1, enable_categorical=True, max_cat_to_onehot=1
    )
    model.fit(table, target).save_model(FOLDER / "plans.ubj")


if __name__ == "__main__":
    classes_as_json()
    categories_and_missing_values_as_ubj()
