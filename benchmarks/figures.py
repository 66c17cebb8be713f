"""Figures for papers of many networks: the faults of each drawing, and the time that it takes.

``python benchmarks/figures.py [FILE...]`` draws the models in the files, or every network of
``keras.applications`` that takes a picture of 224 pixels, without weights. It prints what each
figure is, how many operations it shows and leaves out, and what is wrong with it.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "views"))

from volume_geometry import accounted, imported, problems, unfolded

import archviz
from archviz.errors import ArchvizError
from archviz.ir import Model
from archviz.preparing import prepared
from archviz.views import VIEWS

APPLICATIONS = (
    "VGG16", "VGG19", "ResNet50", "ResNet101V2", "InceptionV3", "InceptionResNetV2", "Xception",
    "MobileNet", "MobileNetV2", "MobileNetV3Small", "DenseNet121", "EfficientNetB0",
    "EfficientNetV2B0", "ConvNeXtTiny",
)  # fmt: skip


def models(files: list[str]) -> Iterator[tuple[str, Model]]:
    """Each model with a name."""
    for file in files:
        yield Path(file).name, archviz.load(file)
    if not files:
        os.environ.setdefault("KERAS_BACKEND", "torch")
        import keras

        for name in APPLICATIONS:
            network = getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3))
            yield name, archviz.load(network)


def main(files: list[str]) -> int:
    """Prints a line for each model; returns how many have faults."""
    wrong = 0
    draw = VIEWS.get("layered").draw
    for name, model in models(files):
        begin = time.process_time()
        ready, _ = prepared(model, "auto", "", (), False, (), merges=False)
        try:
            scene = draw(ready)
        except ArchvizError as error:
            print(f"{name:32} refused: {error}", flush=True)
            continue
        spent = time.process_time() - begin
        faults = [*problems(scene), *unfolded(scene, model.graph)]
        known = Counter(dict.fromkeys(imported(ready), 1))
        if accounted(scene) != known:
            faults.append("operations are drawn twice or not at all")
        kind = scene.description.partition(" of ")[0]
        print(f"{name:32} {kind:14} {len(known):5} operations {spent * 1000:6.0f} ms", flush=True)
        print("".join(f"  {fault}\n" for fault in faults[:5]), end="", flush=True)
        wrong += bool(faults)
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
