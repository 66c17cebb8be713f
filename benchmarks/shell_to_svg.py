"""From shell to SVG: whole commands on a model that every onnx installation has.

The yardstick of the same run is ``python -c "import onnx"``, which any reader of ONNX files must
pay. CPU time is user and system time of the child process, as the operating system counts it.

    python benchmarks/shell_to_svg.py [--runs 7]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def light_model(name: str) -> Path:
    """A model inside the onnx package, found without importing it."""
    spec = importlib.util.find_spec("onnx")
    if spec is None or spec.origin is None:
        raise SystemExit("the onnx package is not installed")
    return Path(spec.origin).parent / "backend" / "test" / "data" / "light" / f"{name}.onnx"


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of one run of ``command``."""
    # An installed package has its byte code; so does a checkout after the run that fills caches.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def main() -> None:
    """Prints the medians and their differences."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "model.svg")
        render = [sys.executable, "-m", "archviz", "render", "-o", output]
        commands = {
            "python -c 'import onnx'": [sys.executable, "-c", "import onnx"],
            "archviz --version": [sys.executable, "-m", "archviz", "--version"],
        }
        for name in ("light_resnet50", "light_densenet121"):
            commands[f"archviz render {name}.onnx"] = [*render, str(light_model(name))]
        times: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():  # fills caches
            cpu_seconds(command)
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(cpu_seconds(command))
    yardstick = statistics.median(times["python -c 'import onnx'"])
    print(f"{'command':36} {'CPU ms':>8} {'over import onnx':>17}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:36} {median * 1e3:8.0f} {(median - yardstick) * 1e3:+14.0f} ms")


if __name__ == "__main__":
    main()
