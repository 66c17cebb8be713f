"""Fitted estimators of scikit-learn, every kind that is made of trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn import ensemble, tree
from sklearn.datasets import load_diabetes, load_iris

IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
GAPS = IRIS.copy()
GAPS[::4, 2] = np.nan
WEIGHTS = np.linspace(0.5, 2.0, len(IRIS))
NAMES = np.array(["setosa", "versi color", "virginica"])[SPECIES]
TWO = SPECIES > 0
SEVERAL = np.c_[SPECIES, SPECIES[::-1] % 2]
PAIR = np.c_[PROGRESS, PROGRESS**0.5]
CATEGORIES = np.random.default_rng(5).integers(0, 7, (150, 1)).astype(float)
MIXED = np.hstack([IRIS[:, :2], CATEGORIES])
ODD = TWO ^ (CATEGORIES[:, 0] % 2 > 0)
CHAIN = np.arange(1000.0)[:, None]

Fitted = tuple[Any, np.ndarray]


def zoo() -> Iterator[tuple[str, Callable[[], Fitted]]]:
    """Names, and functions that fit an estimator and give the rows it was fitted on."""

    def fit(estimator: Any, data: Any, target: Any, **more: Any) -> Callable[[], Fitted]:
        return lambda: (estimator.fit(data, target, **more), data)

    yield "classifier", fit(tree.DecisionTreeClassifier(random_state=0), IRIS, SPECIES)
    yield (
        "entropy",
        fit(
            tree.DecisionTreeClassifier(criterion="entropy", max_depth=3, random_state=0),
            IRIS,
            NAMES,
        ),
    )
    yield "weights", fit(
        tree.DecisionTreeClassifier(max_depth=3, random_state=0),
        IRIS, SPECIES, sample_weight=WEIGHTS,
    )  # fmt: skip
    yield "missing", fit(tree.DecisionTreeClassifier(max_depth=4, random_state=0), GAPS, SPECIES)
    yield (
        "several-targets",
        fit(tree.DecisionTreeClassifier(max_depth=3, random_state=0), IRIS, SEVERAL),
    )
    yield "single-leaf", fit(tree.DecisionTreeClassifier(random_state=0), IRIS, np.zeros(150))
    yield (
        "regressor",
        fit(tree.DecisionTreeRegressor(max_depth=5, random_state=0), DIABETES, PROGRESS),
    )
    yield (
        "two-outputs",
        fit(tree.DecisionTreeRegressor(max_depth=4, random_state=0), DIABETES, PAIR),
    )
    yield "chain-999", fit(tree.DecisionTreeRegressor(random_state=0), CHAIN, 2.0 ** -CHAIN[:, 0])
    yield "extra", fit(tree.ExtraTreeClassifier(max_depth=4, random_state=0), IRIS, NAMES)
    yield (
        "extra-regressor",
        fit(tree.ExtraTreeRegressor(max_depth=4, random_state=0), DIABETES, PROGRESS),
    )
    for name in ("RandomForest", "ExtraTrees"):
        yield f"{name}-classifier", fit(
            getattr(ensemble, f"{name}Classifier")(n_estimators=4, max_depth=4, random_state=0),
            IRIS, NAMES,
        )  # fmt: skip
        yield f"{name}-regressor", fit(
            getattr(ensemble, f"{name}Regressor")(n_estimators=4, max_depth=4, random_state=0),
            DIABETES, PROGRESS,
        )  # fmt: skip
    yield (
        "forest-several-targets",
        fit(
            ensemble.RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0),
            IRIS,
            SEVERAL,
        ),
    )
    yield (
        "boosting",
        fit(ensemble.GradientBoostingRegressor(n_estimators=5, random_state=0), DIABETES, PROGRESS),
    )
    yield (
        "boosting-two",
        fit(ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0), IRIS, TWO),
    )
    yield "boosting-exponential", fit(
        ensemble.GradientBoostingClassifier(n_estimators=5, loss="exponential", random_state=0),
        IRIS, TWO,
    )  # fmt: skip
    yield (
        "boosting-three",
        fit(ensemble.GradientBoostingClassifier(n_estimators=4, random_state=0), IRIS, NAMES),
    )
    yield "boosting-zero", fit(
        ensemble.GradientBoostingClassifier(n_estimators=4, init="zero", random_state=0),
        IRIS, NAMES,
    )  # fmt: skip
    yield (
        "histogram",
        fit(ensemble.HistGradientBoostingRegressor(max_iter=5, random_state=0), DIABETES, PROGRESS),
    )
    yield "histogram-poisson", fit(
        ensemble.HistGradientBoostingRegressor(max_iter=5, loss="poisson", random_state=0),
        DIABETES, PROGRESS,
    )  # fmt: skip
    yield (
        "histogram-three",
        fit(ensemble.HistGradientBoostingClassifier(max_iter=3, random_state=0), GAPS, NAMES),
    )
    yield "histogram-categories", fit(
        ensemble.HistGradientBoostingClassifier(
            max_iter=4, categorical_features=[2], min_samples_leaf=4, random_state=0
        ),
        MIXED, ODD,
    )  # fmt: skip
    yield (
        "isolation",
        fit(ensemble.IsolationForest(n_estimators=5, max_features=2, random_state=0), IRIS, None),
    )
    yield "adaboost", fit(ensemble.AdaBoostClassifier(n_estimators=4, random_state=0), IRIS, NAMES)
    yield (
        "adaboost-regressor",
        fit(ensemble.AdaBoostRegressor(n_estimators=5, random_state=0), DIABETES, PROGRESS),
    )
    yield (
        "bagging",
        fit(
            ensemble.BaggingClassifier(n_estimators=4, max_features=2, random_state=0), IRIS, NAMES
        ),
    )
    yield "bagging-regressor", fit(
        ensemble.BaggingRegressor(n_estimators=4, max_features=0.5, random_state=0),
        DIABETES, PROGRESS,
    )  # fmt: skip


ZOO = dict(zoo())
