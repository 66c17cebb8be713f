"""Makes the PMML files here and in tests/importers/pmml_models.

Needs nyoka, and sklearn2pmml with Java for those of XGBoost and LightGBM. Another run has another
time in each file, and another scikit-learn another last digit in what gradient boosting learns.

    python tests/samples/pmml/make.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from nyoka import skl_to_pmml
from sklearn import ensemble, tree
from sklearn.datasets import load_diabetes, load_iris
from sklearn.pipeline import Pipeline
from sklearn2pmml import sklearn2pmml
from sklearn2pmml.pipeline import PMMLPipeline

HERE = Path(__file__).resolve().parent
OTHERS = HERE.parents[1] / "importers" / "pmml_models"
SHOWN = ("iris_tree", "iris_forest", "xgboost")


def main() -> None:
    iris, diabetes = load_iris(), load_diabetes()
    species = iris.target_names[iris.target]
    gaps = diabetes.data.copy()
    gaps[::7, 2] = np.nan
    flowers = (iris.data, species, ["sl", "sw", "pl", "pw"], "species")
    people = (diabetes.data, diabetes.target, list(diabetes.feature_names), "y")
    small: dict[str, Any] = {"max_depth": 3, "random_state": 0}
    two: dict[str, Any] = {"max_depth": 2, "random_state": 0}
    predictions: dict[str, Any] = {}
    for name, estimator, (data, target, names, label) in (
        ("iris_tree", tree.DecisionTreeClassifier(max_depth=4, random_state=0), flowers),
        ("iris_forest", ensemble.RandomForestClassifier(4, **small), flowers),
        ("dtr", tree.DecisionTreeRegressor(max_depth=4, random_state=0), people),
        ("gb", ensemble.GradientBoostingRegressor(n_estimators=4, **two), people),
        ("gbc", ensemble.GradientBoostingClassifier(n_estimators=3, **two), flowers),
    ):
        model = Pipeline([("model", estimator)]).fit(data, target)
        skl_to_pmml(model, names, label, str(file(name)))
        predictions[name] = predicted(model, data)
    frame = pd.DataFrame(iris.data, columns=iris.feature_names)
    holes = pd.DataFrame(gaps, columns=diabetes.feature_names)
    progression = pd.Series(diabetes.target, name="target")
    boosted = lightgbm.LGBMClassifier(n_estimators=3, num_leaves=5, verbose=-1, min_child_samples=5)
    for name, estimator, data, target in (
        ("lightgbm", boosted, frame, pd.Series(species, name="species")),
        ("xgboost", xgboost.XGBRegressor(n_estimators=4, max_depth=3), holes, progression),
    ):
        model = PMMLPipeline([("model", estimator)]).fit(data, target)
        sklearn2pmml(model, str(file(name)))
        predictions[name] = predicted(model, data)
    np.savez_compressed(
        OTHERS / "predictions.npz",
        iris=iris.data,
        diabetes=diabetes.data,
        gaps=gaps,
        names=np.array(diabetes.feature_names),
        **{f"of {name}": found for name, found in predictions.items()},
    )


def file(name: str) -> Path:
    return (HERE if name in SHOWN else OTHERS) / f"{name}.pmml"


def predicted(model: Any, data: Any) -> Any:
    return model.predict_proba(data) if hasattr(model, "predict_proba") else model.predict(data)


if __name__ == "__main__":
    main()
