"""Makes the folders here and those of tests/importers/ydf_models; needs ydf and pandas.

python tests/samples/ydf/make.py
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import ydf

HERE = Path(__file__).resolve().parent
OTHERS = HERE.parents[1] / "importers" / "ydf_models"
SHOWN = ("cart", "gbt3", "rf")


def table() -> pd.DataFrame:
    source = np.random.default_rng(0)
    rows = 400
    found = pd.DataFrame(
        {
            "age": source.normal(40, 10, rows).round(1),
            "plan": source.choice(["free", "team", "family", "pro"], rows),
            "on": source.random(rows) > 0.5,
            "size": source.integers(0, 9, rows),
        }
    )
    found.loc[::9, "age"] = np.nan
    found["y"] = np.where((found.age.fillna(40) > 42) ^ (found.plan == "team"), "yes", "no")
    found["z"] = found["size"] * 2.0 + found.age.fillna(40) / 10 + source.normal(size=rows)
    found["c"] = np.array(["a", "b", "c"])[(found["size"] // 3).to_numpy()]
    return found


def learners() -> dict[str, tuple[Callable[..., Any], str]]:
    forest, boosting = ydf.RandomForestLearner, ydf.GradientBoostedTreesLearner
    small = {"num_trees": 5, "max_depth": 4}
    boosted = {"num_trees": 4, "max_depth": 3, "validation_ratio": 0.0}
    oblique = {**boosted, "split_axis": "SPARSE_OBLIQUE"}
    regression = {"task": ydf.Task.REGRESSION}
    return {
        "rf": (lambda **k: forest(**small, **k), "y"),
        "rf_nowta": (lambda **k: forest(**small, winner_take_all=False, **k), "c"),
        "rf_reg": (lambda **k: forest(**small, **regression, **k), "z"),
        "gbt": (lambda **k: boosting(**boosted, **k), "y"),
        "gbt3": (lambda **k: boosting(**boosted, **k), "c"),
        "gbt_reg": (lambda **k: boosting(**boosted, **regression, **k), "z"),
        "gbt_obl": (lambda **k: boosting(**oblique, **regression, **k), "z"),
        "cart": (lambda **k: ydf.CartLearner(max_depth=4, **k), "c"),
    }


def main() -> None:
    data = table()
    predictions = {}
    for name, (learner, label) in learners().items():
        own = data.drop(columns=[other for other in "yzc" if other != label])
        model = learner(label=label).train(own)
        model.save(str((HERE if name in SHOWN else OTHERS) / name))
        predictions[name] = model.predict(own)
    isolation = ydf.IsolationForestLearner(
        num_trees=3, features=["age", "size"], subsample_count=32
    )
    model = isolation.train(data)
    model.save(str(OTHERS / "iso"))
    predictions["iso"] = model.predict(data)
    np.savez_compressed(
        OTHERS / "predictions.npz",
        age=data.age,
        on=data.on,
        size=data["size"],
        plan=data.plan.to_numpy(str),
        **{f"of {name}": found for name, found in predictions.items()},
    )


if __name__ == "__main__":
    main()
