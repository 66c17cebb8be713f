"""All of ``keras.applications`` read without Keras, held against what Keras says.

``python benchmarks/keras_applications.py [NAME...]`` saves each model (``weights=None``) as .keras
and .h5, one after the other, and compares layers, edges, output shapes, dtypes and parameter
counts. It needs Keras with a backend, some 3 GB of disk, and half an hour. What the backend cannot
build, as torch NASNet, is told and counts as failed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests" / "importers"
sys.path.insert(0, str(TESTS))

from keras_truth import differences  # noqa: E402
from keras_zoo import APPLICATIONS  # noqa: E402

from archviz import api  # noqa: E402


def main(names: list[str]) -> int:
    layers = edges = wrong = failed = 0
    for name in names or APPLICATIONS:
        with tempfile.TemporaryDirectory() as folder:
            script = [sys.executable, str(TESTS / "keras_zoo.py"), "keras", folder, name]
            made = subprocess.run(script, capture_output=True, text=True)
            if made.returncode:
                failed += 1
                print(f"{name}: {made.stderr.strip().splitlines()[-1]}", flush=True)
                continue
            truth = json.loads((Path(folder) / f"{name}.truth.json").read_text())
            layers += len(truth["rows"])
            edges += sum(len(row["inputs"]) for row in truth["rows"])
            for ending in ("keras", "h5"):
                begin = time.process_time()
                model = api.load(Path(folder) / f"{name}.{ending}")
                spent = time.process_time() - begin
                found = differences(model, truth)
                wrong += len(found)
                print(
                    f"{name}.{ending}: {len(model.body.nodes)} layers, {spent * 1000:.0f} ms",
                    flush=True,
                )
                print("".join(f"  {sentence}\n" for sentence in found[:5]), end="", flush=True)
    print(f"{layers} layers and {edges} edges in each form, {wrong} differences, {failed} failed")
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
