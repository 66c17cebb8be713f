"""CPU time of starting Python, importing archviz and asking for its version: medians of nine.

Run: python benchmarks/import_time.py
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

CASES = {
    "python -c pass": "pass",
    "import archviz": "import archviz",
    "import archviz.api": "import archviz.api",
    "archviz --version": "from archviz_cli.main import run; run(['--version'])",
    "archviz --help": "from archviz_cli.main import run; run(['--help'])",
    "import onnx": "import onnx",
    "import networkx": "import networkx",
}
RUNS = 9


def cpu_seconds(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    bare = 0.0
    for name, code in CASES.items():
        median = statistics.median(cpu_seconds(code) for _ in range(RUNS))
        bare = bare or median
        print(f"{name:20} {median * 1000:7.1f} ms CPU  {(median - bare) * 1000:+7.1f} ms")


if __name__ == "__main__":
    main()
