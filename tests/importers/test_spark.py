"""Spark's folders, read without Spark: every node as it prints it, and the same predictions."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.errors import ImporterError
from archviz.ir import Condition, Forest
from archviz.ir.forest.routing import linked, raw_predictions
from archviz.ir.verify import verify

pytest.importorskip("pyarrow", reason="pyarrow comes with the extra parquet")

MODELS = Path(__file__).parent / "spark_models"
SAMPLES = Path(__file__).parents[1] / "samples" / "spark"
STORED: dict[str, Any] = dict(np.load(MODELS / "predictions.npz"))
NAMES = sorted(name.removeprefix("of ") for name in STORED if name.startswith("of "))
PLANS = sorted(set(STORED["plan"].tolist()))
DATA = np.column_stack(
    [STORED["age"], [PLANS.index(plan) for plan in STORED["plan"].tolist()], STORED["size"]]
)


def folder(name: str) -> Path:
    return next(path for path in (SAMPLES / name, MODELS / name) if path.is_dir())


def forest_in(path: Path) -> Forest:
    body = api.load(path).body
    assert isinstance(body, Forest)
    assert verify(body) == []
    return body


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_those_of_spark(name: str) -> None:
    forest = forest_in(folder(name))
    found = linked(forest, raw_predictions(forest, DATA))
    wanted = STORED[f"of {name}"]
    if wanted.ndim == 2 and found.shape[1] == 1:
        found = np.column_stack([1 - found[:, 0], found[:, 0]])
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_test_and_answer_is_as_spark_prints_it(name: str) -> None:
    forest = forest_in(folder(name))
    printed = (MODELS / f"{name}.txt").read_text()
    tests = re.findall(r"If \(feature (\d+) (<=|in) ([^)]*)\)", printed)
    answers = [float(text) for text in re.findall(r"Predict: (\S+)", printed)]
    mine: list[tuple[str, str, Any]] = []
    leaves: list[float] = []
    for tree in range(forest.tree_count):
        start = int(forest.starts[tree])
        stack = [0]
        while stack:
            row = start + stack.pop()
            if forest.yes[row] < 0:
                own = forest.value[row]
                leaves.append(float(own.argmax()) if len(own) > 1 else float(own[0]))
                continue
            if forest.condition[row] == Condition.IN:
                said = ("in", set(map(float, forest.categories_of(row))))
            else:
                said = ("<=", float(forest.threshold[row]))
            mine.append((str(forest.feature[row]), *said))
            stack += [int(forest.no[row]), int(forest.yes[row])]
    theirs = [
        (feature, sign, float(text) if sign == "<=" else set(map(float, text[1:-1].split(","))))
        for feature, sign, text in tests
    ]
    assert mine == theirs
    assert leaves == answers


def test_a_pipeline_tells_the_names() -> None:
    forest = forest_in(SAMPLES / "pipeline")
    assert forest.feature_names == ("age", "plan_i", "size")
    assert forest.category_names == {1: ("family", "free", "pro", "team")}
    assert forest.class_names == (("no", "yes"),)
    assert forest.name == "RandomForestClassification"


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLES / "rf", tmp_path / "model"))


def test_a_broken_folder_is_one_sentence(tmp_path: Path) -> None:
    path = copied(tmp_path)
    part = next((path / "data").glob("part-*"))
    content = part.read_bytes()
    for changed in (content[:100], b"PAR1" + bytes(50) + b"PAR1"):
        part.write_bytes(changed)
        with pytest.raises(ImporterError, match=r"^model: this is no model of Spark"):
            api.load(path)
    part.unlink()
    with pytest.raises(ImporterError, match="its trees are not all there"):
        api.load(path)
    about = next((path / "metadata").glob("part-*"))
    stored = json.loads(about.read_text())
    about.write_text(json.dumps({**stored, "class": "org.apache.spark.ml.clustering.KMeansModel"}))
    with pytest.raises(ImporterError, match="it holds KMeansModel, no trees"):
        api.load(path)


def test_without_pyarrow_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImporterError, match=r"takes pyarrow; run: pip install pyarrow"):
        api.load(SAMPLES / "dt")
