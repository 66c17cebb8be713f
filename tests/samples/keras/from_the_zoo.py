"""Makes the samples of this folder, with TensorFlow, Keras 3 and tf_keras at hand.

``python tests/samples/keras/from_the_zoo.py``
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ZOO = HERE.parents[1] / "importers" / "keras_zoo.py"


def main() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = ["shared_encoder", "attention", "subclassed", "transformer", "densely_connected"]
        subprocess.run([sys.executable, str(ZOO), "keras", name, *names], check=True)
        for kept in ("shared_encoder", "attention", "subclassed"):
            shutil.copy(folder / f"{kept}.keras", HERE)
        with zipfile.ZipFile(folder / "shared_encoder.keras") as archive:
            (HERE / "shared_encoder.weights.h5").write_bytes(archive.read("model.weights.h5"))
        for kept in ("transformer", "densely_connected"):
            with zipfile.ZipFile(folder / f"{kept}.keras") as archive:
                config = json.loads(archive.read("config.json"))
            (HERE / f"{kept}.json").write_text(json.dumps(config, indent=1) + "\n")
        subprocess.run([sys.executable, str(ZOO), "tf_keras", name, "states", "frozen"], check=True)
        shutil.copy(folder / "states.h5", HERE)
        target = HERE / "frozen_saved_model"
        target.mkdir(exist_ok=True)
        for kept in ("saved_model.pb", "keras_metadata.pb"):
            shutil.copy(folder / "frozen_saved_model" / kept, target)


if __name__ == "__main__":
    main()
