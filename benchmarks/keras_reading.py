"""Reading and drawing a Keras model beside Keras itself, whole processes, in one run.

``python benchmarks/keras_reading.py [NAME]`` needs Keras with a backend and pydot. It saves a model
of ``keras.applications`` (DenseNet201 unless named), then takes the CPU time and the peak memory of
two processes: archviz to SVG, and ``load_model`` with ``plot_model``'s graph to DOT. A second part
does the same for a SavedModel whose constants make 500 MB, where only archviz is asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

OURS = "import sys; from archviz import api; api.render(sys.argv[1], sys.argv[1] + '.svg')"
THEIRS = """
import sys, keras
model = keras.models.load_model(sys.argv[1])
dot = keras.utils.model_to_dot(model, show_shapes=True)
open(sys.argv[1] + '.dot', 'w').write(dot.to_string())
"""
SAVE = """
import sys, keras
getattr(keras.applications, sys.argv[2])(weights=None).save(sys.argv[1])
"""


def cost(script: str, *arguments: str) -> tuple[float, float]:
    """CPU seconds and peak megabytes of a process that runs ``script``."""
    code = (
        f"import resource\n{script}\nused = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    seconds, megabytes = done.stdout.split()[-2:]
    return float(seconds), float(megabytes)


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


def main(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / f"{name}.keras")
        cost(SAVE, path, name)
        cost(OURS, path)  # writes the byte code of what it imports, as an installation does
        ours, theirs = cost(OURS, path), cost(THEIRS, path)
        print(f"{name}: archviz {ours[0]:.2f} s, {ours[1]:.0f} MB")
        print(f"{name}: load_model and model_to_dot {theirs[0]:.2f} s, {theirs[1]:.0f} MB")
        print(
            f"{theirs[0] / ours[0]:.0f} times the time, {theirs[1] / ours[1]:.1f} times the memory"
        )
        # A process starts with the peak of the one that starts it, which so has to stay small.
        with ProcessPoolExecutor(1) as other:
            large = other.submit(large_saved_model, Path(folder), 500 << 20).result()
        size = os.path.getsize(large / "saved_model.pb") >> 20
        seconds, megabytes = cost(OURS, str(large))
        print(f"a SavedModel of {size} MB: {seconds:.2f} s, {megabytes:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "DenseNet201")
