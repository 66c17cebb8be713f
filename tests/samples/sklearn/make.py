"""Writes the samples of this folder; needs scikit-learn, pandas and joblib."""

from __future__ import annotations

import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

FOLDER = Path(__file__).parent
IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]


def tree() -> None:
    estimator = DecisionTreeClassifier(max_depth=3, random_state=0)
    (FOLDER / "iris_tree.pkl").write_bytes(pickle.dumps(estimator.fit(IRIS, NAMES), protocol=4))


def forest() -> None:
    estimator = RandomForestClassifier(n_estimators=3, max_depth=2, random_state=0)
    joblib.dump(estimator.fit(IRIS, NAMES), FOLDER / "iris_forest.joblib", compress=("gzip", 9))


def pipeline() -> None:
    rng = np.random.default_rng(3)
    data, target = load_diabetes(return_X_y=True, as_frame=True)
    table = pd.DataFrame({"age": data.age, "bmi": data.bmi, "site": rng.choice(["a", "b"], 442)})
    numbers = Pipeline([("impute", SimpleImputer()), ("scale", StandardScaler())])
    columns = ColumnTransformer(
        [("numbers", numbers, ["age", "bmi"]), ("site", OneHotEncoder(), ["site"])]
    )
    boosting = GradientBoostingRegressor(n_estimators=2, max_depth=2, random_state=0)
    estimator = Pipeline([("columns", columns), ("boosting", boosting)]).fit(table, target)
    joblib.dump(estimator, FOLDER / "pipeline.joblib", compress=("zlib", 9))


if __name__ == "__main__":
    tree()
    forest()
    pipeline()
