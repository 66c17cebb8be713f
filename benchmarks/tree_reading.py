"""CPU time of reading tree models, beside the libraries' own tables of their nodes.

    python benchmarks/tree_reading.py [--trees 100]

Needs xgboost, lightgbm, pandas, scikit-learn and joblib. Every pair is timed in this process, the
better of three runs each; a ratio above 1 says how many times less archviz takes. Forests are
checked as they are read.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import lightgbm
import numpy as np
import xgboost
from sklearn.ensemble import ExtraTreesClassifier

from archviz import api

REPEATS = 3


def cpu(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def row(name: str, nodes: int, ours: float, theirs: float | None, what: str) -> None:
    ratio = f"{theirs / ours:6.1f} x" if theirs else ""
    other = f"{theirs:8.3f} s" if theirs else " " * 10
    print(f"{name:22} {nodes:>9,} nodes {ours:8.3f} s {other} {ratio:>9}  {what}", flush=True)


def nodes_of(path: Path) -> int:
    body: Any = api.load(path).body
    return int(body.node_count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=100)
    trees = parser.parse_args().trees
    rng = np.random.default_rng(0)
    data = rng.normal(size=(40_000, 12))
    target = data[:, 0] * data[:, 1] + np.sin(3 * data[:, 2]) + 0.1 * rng.normal(size=len(data))
    folder = Path(tempfile.mkdtemp())

    settings = {"max_depth": 10, "nthread": 1, "verbosity": 0, "min_child_weight": 1}
    booster = xgboost.train(settings, xgboost.DMatrix(data, target), trees)
    for suffix in (".json", ".ubj"):
        path = folder / f"xgboost{suffix}"
        booster.save_model(path)

        def table(path: Path = path) -> object:
            return xgboost.Booster(model_file=path).trees_to_dataframe()

        ours = cpu(lambda path=path: api.load(path))  # type: ignore[misc]
        what = "Booster and trees_to_dataframe"
        row(f"xgboost{suffix}", nodes_of(path), ours, cpu(table), what)

    options = {"num_leaves": 511, "num_threads": 1, "verbosity": -1, "min_data_in_leaf": 2}
    model = lightgbm.train(options, lightgbm.Dataset(data, target), trees)
    path = folder / "lightgbm.txt"
    model.save_model(path)
    theirs = cpu(lambda: lightgbm.Booster(model_file=str(path)).trees_to_dataframe())
    row(
        "lightgbm.txt", nodes_of(path), cpu(lambda: api.load(path)), theirs,
        "Booster and trees_to_dataframe",
    )  # fmt: skip

    labels = rng.integers(0, 3, len(data))
    forest = ExtraTreesClassifier(n_estimators=40, n_jobs=1, random_state=0).fit(data, labels)
    for name, write in (
        ("sklearn.pkl", lambda path: path.write_bytes(pickle.dumps(forest))),
        ("sklearn.joblib", lambda path: joblib.dump(forest, path)),
        ("sklearn.joblib.gz", lambda path: joblib.dump(forest, path, compress=("gzip", 3))),
    ):
        path = folder / name
        write(path)
        ours = cpu(lambda path=path: api.load(path))  # type: ignore[misc]
        theirs = cpu(lambda path=path: joblib.load(path))  # type: ignore[misc]
        row(name, nodes_of(path), ours, theirs, "joblib.load, which runs what it reads")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory of all of this, training included: {peak:,} MB")


if __name__ == "__main__":
    main()
