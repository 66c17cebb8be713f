"""Reading and drawing a Keras model beside Keras itself, whole processes, in one run.

``python benchmarks/keras_reading.py [NAME] [--runs 3]`` needs Keras with a backend, pydot and
Graphviz. It saves a model of ``keras.applications`` (DenseNet201 unless named), then takes the CPU
time and the peak memory of two commands that make an SVG file of it, in turn, with the processes
that they start: ``archviz render``, and ``load_model`` with ``plot_model``. The least of the runs
counts, for other work on a machine only adds. A second part does the same for a SavedModel whose
constants make 500 MB, where only archviz is asked.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

THEIRS = """
import sys
sys.modules["IPython"] = None  # plot_model would hand it the picture, and it takes no SVG
import keras
model = keras.models.load_model(sys.argv[1])
keras.utils.plot_model(model, sys.argv[2], show_shapes=True)
"""
SAVE = """
import sys, keras
getattr(keras.applications, sys.argv[2])(weights=None).save(sys.argv[1])
"""


class Cost(NamedTuple):
    """CPU seconds and peak memory in MB of a process and of those that it started."""

    seconds: float
    megabytes: float


def cost(*arguments: str) -> Cost:
    """What Python costs with these arguments."""
    started = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} ends with {started.returncode}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def ours(path: str) -> Cost:
    """What ``archviz render`` costs."""
    return cost("-m", "archviz", "render", path, "-o", f"{path}.svg")


def large_saved_model(folder: Path, size: int) -> Path:
    """A SavedModel of dense layers whose weights are constants of ``size`` bytes in all."""
    from archviz.importers.tensorflow.messages import message_class

    model = message_class("SavedModel")()
    meta = model.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    nodes = meta.graph_def.node
    nodes.add(name="x", op="Placeholder")
    before, width, number = "x", 2048, max(1, size // (2048 * 2048 * 4))
    for index in range(number):
        constant = nodes.add(name=f"layer{index}/kernel", op="Const")
        tensor = constant.attr["value"].tensor
        tensor.dtype = 1
        tensor.tensor_shape.dim.add(size=width)
        tensor.tensor_shape.dim.add(size=width)
        tensor.tensor_content = bytes(width * width * 4)
        nodes.add(name=f"layer{index}/MatMul", op="MatMul", input=[before, f"layer{index}/kernel"])
        before = f"layer{index}/MatMul"
    signature = meta.signature_def["serving_default"]
    signature.inputs["x"].name = "x:0"
    signature.outputs["y"].name = f"{before}:0"
    target = folder / "large"
    target.mkdir()
    (target / "saved_model.pb").write_bytes(model.SerializeToString())
    return target


def main(name: str, runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"{name}.keras")
        cost("-c", SAVE, path, name)
        ours(path)  # writes the byte code of what it imports, as an installation does
        both = [(ours(path), cost("-c", THEIRS, path, f"{path}.dot.svg")) for _ in range(runs)]
        first, second = (
            Cost(min(each.seconds for each in costs), min(each.megabytes for each in costs))
            for costs in zip(*both, strict=True)
        )
        print(f"{name}: archviz {first.seconds:.2f} s, {first.megabytes:.0f} MB")
        print(f"{name}: load_model, plot_model {second.seconds:.2f} s, {second.megabytes:.0f} MB")
        print(
            f"{second.seconds / first.seconds:.0f} times the time, "
            f"{second.megabytes / first.megabytes:.1f} times the memory"
        )
        # A process starts with the peak of the one that starts it, which so has to stay small.
        with ProcessPoolExecutor(1) as other:
            large = other.submit(large_saved_model, Path(folder), 500 << 20).result()
        size = os.path.getsize(large / "saved_model.pb") >> 20
        used = ours(str(large))
        print(f"a SavedModel of {size} MB: {used.seconds:.2f} s, {used.megabytes:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="?", default="DenseNet201")
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    main(chosen.name, chosen.runs)
