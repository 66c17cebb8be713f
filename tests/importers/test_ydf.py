"""Yggdrasil's models, read from their folders alone: predictions are the library's."""

from __future__ import annotations

import gzip
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.errors import ImporterError
from archviz.importers.ydf.messages import blobs
from archviz.ir import Condition, Forest
from archviz.ir.forest.routing import linked, raw_predictions
from archviz.ir.verify import verify
from archviz.source import Source

MODELS = Path(__file__).parent / "ydf_models"
SAMPLES = Path(__file__).parents[1] / "samples" / "ydf"
STORED: dict[str, Any] = dict(np.load(MODELS / "predictions.npz"))
NAMES = sorted(name.removeprefix("of ") for name in STORED if name.startswith("of "))


def folder(name: str) -> Path:
    return next(path for path in (SAMPLES / name, MODELS / name) if path.is_dir())


def forest_in(path: Path) -> Forest:
    body = api.load(path).body
    assert isinstance(body, Forest)
    assert verify(body) == []
    return body


def rows(forest: Forest) -> Any:
    """The training data as numbers, categories by their place in the vocabulary."""
    columns = []
    for feature, name in enumerate(forest.feature_names):
        names = forest.category_names.get(feature)
        values = STORED[name]
        columns.append([names.index(v) for v in values.tolist()] if names else values)
    return np.array(columns, np.float64).T


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_those_of_the_library(name: str) -> None:
    forest = forest_in(folder(name))
    data, wanted = rows(forest), STORED[f"of {name}"]
    found = linked(forest, raw_predictions(forest, data))
    if wanted.ndim == 1:
        found = found[:, -1]
    # What takes a missing value's place in a sum of features is told to be left out.
    whole = ~np.isnan(data).any(1) if name == "gbt_obl" else np.ones(len(data), bool)
    assert whole.sum() > 300
    np.testing.assert_allclose(found[whole], wanted[whole], rtol=2e-6, atol=1e-7)


def test_conditions_names_and_counts_are_those_of_the_folder() -> None:
    forest = forest_in(SAMPLES / "rf")
    assert forest.class_names == (("no", "yes"),)
    assert forest.feature_names == ("age", "plan", "on", "size")
    assert forest.feature_types == ("float", "category", "bool", "float")
    assert forest.category_names[1][0] == "<OOD>"
    assert forest.samples is not None
    inner = ~forest.is_leaf
    offset = forest.starts[forest.tree_of_rows()]
    children = (
        forest.samples[(forest.yes + offset)[inner]] + forest.samples[(forest.no + offset)[inner]]
    )
    np.testing.assert_array_equal(forest.samples[inner], children)
    assert (forest.samples[forest.starts[:-1]] == 400).all()
    kinds = {Condition(int(code)) for code in forest.condition}
    assert {Condition.LEAF, Condition.GE, Condition.IN} <= kinds
    oblique = forest_in(MODELS / "gbt_obl")
    assert (oblique.condition == Condition.OBLIQUE).any()
    told = [item.name for item in api.load(MODELS / "gbt_obl").diagnostics]
    assert told == ["missing-replaced"]


def copied(tmp_path: Path, name: str = "cart") -> Path:
    return Path(shutil.copytree(folder(name), tmp_path / "model"))


def test_shards_may_be_compressed_or_tfrecords(tmp_path: Path) -> None:
    wanted = forest_in(folder("cart"))
    path = copied(tmp_path)
    shard = path / "nodes-00000-of-00001"
    content = shard.read_bytes()
    shard.write_bytes(content[:4] + b"\1" + content[5:8] + gzip.compress(content[8:]))
    assert forest_in(path) == wanted
    records = [
        len(blob).to_bytes(8, "little") + bytes(4) + blob + bytes(4) for blob in blobs(content)
    ]
    shard.write_bytes(b"".join(records))
    assert forest_in(path) == wanted


def test_a_saved_model_of_tf_df_is_read_from_its_assets(tmp_path: Path) -> None:
    assets = tmp_path / "saved" / "assets"
    assets.mkdir(parents=True)
    for path in folder("gbt3").iterdir():
        shutil.copy(path, assets / f"8c1e{path.name}")
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"\x08\x01")
    assert forest_in(tmp_path / "saved") == forest_in(folder("gbt3"))


BROKEN = {
    "cut": lambda data: data[:-5],
    "one node": lambda data: data[:40],
    "long": lambda data: data[:8] + b"\xff\xff\xff\xff" + data[12:],
    "rubbish": lambda data: data[:12] + b"\xff" * (len(data) - 12),
    "bomb": lambda data: data[:4] + b"\1" + data[5:8] + gzip.compress(bytes(400 << 20), 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_shard_is_one_sentence(name: str, tmp_path: Path) -> None:
    path = copied(tmp_path)
    shard = path / "nodes-00000-of-00001"
    shard.write_bytes(BROKEN[name](shard.read_bytes()))
    with pytest.raises(ImporterError, match=r"^model: ") as caught:
        api.load(path, importer="ydf")
    assert "\n" not in str(caught.value)


def test_every_byte_that_is_changed_ends_in_a_model_or_a_sentence(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    path = copied(tmp_path)
    for file in sorted(path.iterdir()):
        content = file.read_bytes()
        for _ in range(60):
            changed = bytearray(content)
            changed[source.integers(len(changed))] = source.integers(256)
            file.write_bytes(bytes(changed))
            with suppress(ImporterError):
                assert verify(api.load(path, importer="ydf").body) == []
        file.write_bytes(content)


def test_a_live_model_is_saved_and_read(tmp_path: Path) -> None:
    class GenericModel:
        def save(self, path: str) -> None:
            shutil.copytree(folder("rf"), path)

    GenericModel.__module__ = "ydf.model.generic_model"
    GenericModel.__qualname__ = "GenericModel"
    model = api.load(Source.of(GenericModel()))
    assert model.body == forest_in(folder("rf"))
    assert model.source == "GenericModel"
