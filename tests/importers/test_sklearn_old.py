"""Files that scikit-learn wrote long ago, most of which today's does not load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from archviz import api
from archviz.ir import Forest
from archviz.ir.forest.routing import linked, raw_predictions
from archviz.ir.verify import verify

FOLDER = Path(__file__).parent / "old_sklearn"
FILES = sorted(FOLDER.glob("*.pkl"))


def test_the_files_are_there() -> None:
    versions = {path.stem.rpartition("_")[2] for path in FILES}
    assert {"0.20.4", "0.24.2", *(f"1.{minor}" for minor in range(8))} <= {
        version if version.startswith("0") else version[:3] for version in versions
    }
    assert len(FILES) > 65


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_old_file_predicts_as_it_did(path: Path) -> None:
    version = path.stem.rpartition("_")[2]
    expected = json.loads((FOLDER / f"{version}.json").read_text())
    model = api.load(path)
    forest = model.body
    assert isinstance(forest, Forest)
    assert verify(forest) == []
    assert model.metadata["scikit-learn"] == version
    mine = linked(forest, raw_predictions(forest, np.array(expected["rows"])))
    answers = np.array(expected[path.name])
    np.testing.assert_allclose(mine.reshape(answers.shape), answers, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_old_file_has_counts_and_classes(path: Path) -> None:
    forest = api.load(path).body
    assert isinstance(forest, Forest)
    assert forest.samples is not None
    kind = path.stem.rpartition("_")[0]
    if kind in ("tree", "forest"):
        assert forest.class_names == (("may be", "no", "yes"),)
        assert forest.samples[0] == 80 or kind == "forest"
