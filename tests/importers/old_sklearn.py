"""Writes files with whatever scikit-learn runs this, and what it predicts from them.

    python tests/importers/old_sklearn.py FOLDER

Run with versions of old, whose files today's scikit-learn does not load; the results are kept in
tests/importers/old_sklearn. Works with Python 3.6 and scikit-learn 0.20 and later.
"""

import json
import os
import pickle
import sys
import warnings
from contextlib import suppress

import numpy as np
import sklearn
from sklearn import ensemble, tree

DATA = np.random.RandomState(0).normal(size=(80, 3)).round(3)
LABELS = np.array(["no", "yes", "may be"])[(DATA[:, 0] > 0).astype(int) + (DATA[:, 1] > 0.5)]
TARGET = (DATA[:, 0] * 3 + DATA[:, 1] ** 2).round(3)
ROWS = 12


def estimators():
    few = {"max_depth": 2, "n_estimators": 2, "random_state": 0}
    yield "tree", tree.DecisionTreeClassifier(max_depth=3, random_state=0), LABELS
    yield "regressor", tree.DecisionTreeRegressor(max_depth=3, random_state=0), TARGET
    yield "forest", ensemble.RandomForestClassifier(**dict(few, n_estimators=3)), LABELS
    yield "boosting", ensemble.GradientBoostingClassifier(**few), LABELS
    yield "boosting_regressor", ensemble.GradientBoostingRegressor(**few), TARGET
    if sklearn.__version__ < "0.24":
        return  # isolation forests counted paths in another way
    isolation = ensemble.IsolationForest(n_estimators=3, max_samples=20, random_state=0)
    yield "isolation", isolation, None
    with suppress(ImportError):
        from sklearn.experimental import enable_hist_gradient_boosting  # noqa: F401
    histogram = ensemble.HistGradientBoostingClassifier(max_iter=2, max_leaf_nodes=5)
    yield "histogram", histogram, LABELS


def main(folder):
    warnings.simplefilter("ignore")
    os.makedirs(folder, exist_ok=True)
    expected = {"rows": DATA[:ROWS].tolist()}
    for name, estimator, target in estimators():
        estimator.fit(DATA, target)
        file = "{}_{}.pkl".format(name, sklearn.__version__)  # noqa: UP032 - as above
        with open(os.path.join(folder, file), "wb") as stream:
            pickle.dump(estimator, stream, protocol=4)
        if name == "isolation":
            answer = -estimator.score_samples(DATA[:ROWS])
        elif hasattr(estimator, "predict_proba"):
            answer = estimator.predict_proba(DATA[:ROWS])
        else:
            answer = estimator.predict(DATA[:ROWS])
        expected[file] = np.asarray(answer).tolist()
    with open(os.path.join(folder, sklearn.__version__ + ".json"), "w") as stream:
        json.dump(expected, stream)


if __name__ == "__main__":
    main(sys.argv[1])
