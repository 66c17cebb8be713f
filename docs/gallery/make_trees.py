"""Draws the trees of the gallery; needs scikit-learn and pandas.

python docs/gallery/make_trees.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import archviz

HERE = Path(__file__).resolve().parent


def fitted(estimator: Any, data: Any) -> Any:
    """The estimator after it has seen the data, with the names of its features and classes."""
    import pandas

    names = getattr(data, "feature_names", None)
    table = pandas.DataFrame(data.data, columns=names)
    target = data.target
    if hasattr(data, "target_names") and hasattr(estimator, "predict_proba"):
        target = data.target_names[target].astype(str)
    return estimator.fit(table, target)


def main() -> None:
    """Writes a file for each."""
    iris = fitted(DecisionTreeClassifier(max_depth=4, random_state=0), load_iris())
    archviz.render(iris, HERE / "tree_iris.svg")
    row = "sepal length (cm)=6, sepal width (cm)=2.7, petal length (cm)=5.1, petal width (cm)=1.6"
    archviz.render(iris, HERE / "tree_path.svg", form="plain", highlight=[row], width="85mm")
    flowers = load_iris()
    seen = {"data": flowers.data, "y": flowers.target_names[flowers.target]}
    archviz.render(iris, HERE / "tree_iris_data.svg", highlight=["row=101"], **seen)
    archviz.render(iris, HERE / "tree_iris_space.svg", form="space", **seen)
    diabetes = fitted(DecisionTreeRegressor(max_depth=4, random_state=0), load_diabetes())
    archviz.render(diabetes, HERE / "tree_diabetes.svg")
    small = fitted(DecisionTreeRegressor(max_depth=3, random_state=0), load_diabetes())
    people = load_diabetes()
    known = {"data": people.data, "y": people.target}
    archviz.render(small, HERE / "tree_diabetes_data.svg", **known)
    boosted = GradientBoostingRegressor(n_estimators=60, max_depth=3, random_state=0)
    boosting = fitted(boosted, people)
    archviz.render(boosting, HERE / "forest_row.svg", highlight=["row=3"], **known)
    digits = fitted(DecisionTreeClassifier(random_state=0), load_digits())
    archviz.render(digits, HERE / "tree_digits.svg", max_nodes=31)
    forest = fitted(RandomForestClassifier(100, random_state=0), load_breast_cancer())
    archviz.render(forest, HERE / "forest_breast_cancer.svg")


if __name__ == "__main__":
    main()
