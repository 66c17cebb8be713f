"""Models that Keras saves here, held against what Keras says of them.

The zoo is built in a process of its own: Keras on the torch backend takes seconds to import, and
warns of many things.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from keras_truth import differences
from keras_zoo import ONLY_KERAS_3, ZOO

from archviz import api

SCRIPT = Path(__file__).with_name("keras_zoo.py")
APPLICATIONS = ("MobileNetV3Small", "DenseNet121", "EfficientNetB0")
"""Small ones; benchmarks/keras_applications.py goes through all forty."""

needs_keras = pytest.mark.skipif(not find_spec("keras"), reason="Keras is not installed")
needs_tf_keras = pytest.mark.skipif(
    not find_spec("tf_keras"), reason="tf_keras, which needs TensorFlow, is not installed"
)


def saved_by(framework: str, folder: Path, names: tuple[str, ...] = ()) -> Path:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    if not find_spec("tensorflow"):
        environment["KERAS_BACKEND"] = "torch"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), framework, str(folder), *names],
        env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.fixture(scope="module")
def keras_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_by("keras", tmp_path_factory.mktemp("keras"))


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_by("keras", tmp_path_factory.mktemp("applications"), APPLICATIONS)


@pytest.fixture(scope="module")
def tf_keras_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_by("tf_keras", tmp_path_factory.mktemp("tf_keras"))


def wrong(folder: Path, name: str, ending: str) -> list[str]:
    truth = json.loads((folder / f"{name}.truth.json").read_text())
    return differences(api.load(folder / f"{name}{ending}"), truth)


@needs_keras
@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", ZOO)
def test_a_model_saved_by_keras_3_is_what_keras_says(
    keras_files: Path, name: str, ending: str
) -> None:
    if name == "subclassed" and ending == ".h5":
        pytest.skip("Keras saves no subclassed model as .h5")
    found = wrong(keras_files, name, ending)
    assert found == []


@needs_keras
@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_is_what_keras_says(applications: Path, name: str, ending: str) -> None:
    assert wrong(applications, name, ending) == []


@needs_tf_keras
@pytest.mark.parametrize("ending", [".keras", ".h5", "_saved_model"])
@pytest.mark.parametrize("name", [name for name in ZOO if name not in ONLY_KERAS_3])
def test_a_model_saved_by_keras_2_is_what_keras_says(
    tf_keras_files: Path, name: str, ending: str
) -> None:
    if name == "subclassed" and ending != ".keras":
        pytest.skip("it has no call graph of layers in this form")
    found = wrong(tf_keras_files, name, ending)
    if name == "custom":
        # Keras 2 stores no shapes, so that nothing is known behind a layer of one's own; a
        # SavedModel has the weights of such a layer in another file.
        found = [i for i in found if "shapes [None]" not in i and "dtypes" not in i]
        found = [i for i in found if ending != "_saved_model" or "Keras counts" not in i]
    assert found == []
