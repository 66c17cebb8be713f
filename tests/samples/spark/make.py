"""Makes the folders here and in tests/importers/spark_models; needs pyspark and Java 17.

Spark runs on this machine alone: where it may not look up the machine's name it would wait for
ever. Identifiers of stages and names of files are random; the models and predictions are not.

    python tests/samples/spark/make.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.ml import Pipeline, classification, regression
from pyspark.ml.feature import StringIndexer, VectorAssembler
from pyspark.sql import SparkSession

HERE = Path(__file__).resolve().parent
OTHERS = HERE.parents[1] / "importers" / "spark_models"
SHOWN = ("dt", "rf", "pipeline")


def save(model: Any, name: str) -> None:
    folder = (HERE if name in SHOWN else OTHERS) / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save(str(folder))
    for pattern in (".*.crc", "_SUCCESS"):
        for path in folder.rglob(pattern):
            path.unlink()


def main() -> None:
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master("local[1]")
    builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
    session = builder.config("spark.ui.enabled", "false").getOrCreate()
    source = np.random.default_rng(0)
    count = 300
    age = source.normal(40, 10, count).round(1)
    plan = source.choice(["free", "team", "family", "pro"], count)
    size = source.integers(0, 9, count)
    y = np.where((age > 42) ^ (plan == "team"), "yes", "no")
    c = np.array(["a", "b", "c"])[size // 3]
    z = size * 2.0 + age / 10
    columns = (age.tolist(), plan.tolist(), size.astype(float).tolist(), y.tolist(), c.tolist())
    rows = list(zip(*columns, z.tolist(), strict=True))
    data = session.createDataFrame(rows, ["age", "plan", "size", "y", "c", "z"]).coalesce(1)
    indexers = [
        StringIndexer(inputCol=name, outputCol=into, stringOrderType="alphabetAsc")
        for name, into in (("plan", "plan_i"), ("y", "yi"), ("c", "ci"))
    ]
    assembler = VectorAssembler(inputCols=["age", "plan_i", "size"], outputCol="features")
    table = Pipeline(stages=[*indexers, assembler]).fit(data).transform(data)
    found: dict[str, Any] = {"age": age, "plan": plan, "size": size}
    tree, forest = classification.DecisionTreeClassifier, classification.RandomForestClassifier
    for name, estimator, column in (
        ("dt", tree(labelCol="yi", maxDepth=4, seed=1), "probability"),
        ("dt3", tree(labelCol="ci", maxDepth=3, seed=1, impurity="entropy"), "probability"),
        ("dtr", regression.DecisionTreeRegressor(labelCol="z", maxDepth=4, seed=1), "prediction"),
        ("rf", forest(labelCol="ci", numTrees=4, maxDepth=3, seed=1), "probability"),
        (
            "rfr",
            regression.RandomForestRegressor(labelCol="z", numTrees=4, maxDepth=3, seed=1),
            "prediction",
        ),
        (
            "gbt",
            classification.GBTClassifier(labelCol="yi", maxIter=4, maxDepth=2, seed=1),
            "probability",
        ),
    ):
        model = estimator.fit(table)
        save(model, name)
        predicted = [row[0] for row in model.transform(table).select(column).collect()]
        found[f"of {name}"] = np.array([getattr(p, "values", p) for p in predicted])
        (OTHERS / f"{name}.txt").write_text(model.toDebugString)
    last = forest(labelCol="yi", numTrees=2, maxDepth=2, seed=1)
    save(Pipeline(stages=[*indexers[:2], assembler, last]).fit(data), "pipeline")
    np.savez_compressed(OTHERS / "predictions.npz", **found)
    session.stop()


if __name__ == "__main__":
    main()
