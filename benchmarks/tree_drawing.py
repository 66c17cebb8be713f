"""Drawing decision trees, beside plot_tree, dtreeviz and dot in the same run.

Everything is CPU time, user and system, of whole processes or of calls in one process. It needs
scikit-learn, matplotlib and dtreeviz in the environment, and Graphviz's dot.

    python benchmarks/tree_drawing.py [--runs 3] [--only start,call,dot,large]
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

warnings.filterwarnings("ignore")
os.environ.setdefault("MPLBACKEND", "agg")

PLOT_TREE = """
import pickle, sys, matplotlib
matplotlib.use("agg")
from matplotlib import pyplot
from sklearn.tree import plot_tree
from sklearn.datasets import load_iris
data = load_iris()
figure = pyplot.figure(figsize=(12, 8))
plot_tree(pickle.load(open(sys.argv[1], "rb")), feature_names=data.feature_names,
          class_names=data.target_names, filled=True)
figure.savefig(sys.argv[2])
"""
DTREEVIZ = """
import logging, pickle, sys, warnings, matplotlib
matplotlib.use("agg")
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import dtreeviz
from sklearn.datasets import load_iris
data = load_iris()
model = dtreeviz.model(pickle.load(open(sys.argv[1], "rb")), data.data, data.target,
                       feature_names=data.feature_names, target_name="species",
                       class_names=list(data.target_names))
model.view().save(sys.argv[2])
"""


class Cost(NamedTuple):
    """CPU seconds and peak memory of a process in MB."""

    cpu: float
    memory: float


def process(command: list[str], limit: float | None = None) -> Cost | None:
    """What a command costs; None when it takes longer than ``limit`` CPU seconds."""

    def bound() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit)))

    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        preexec_fn=bound,
    )
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if limit and child.returncode < 0:
        return None
    if child.returncode:
        raise SystemExit(said.decode()[-2000:])
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def call(function: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call, those of its child processes included, and what it returns."""
    before = os.times()
    found = function()
    after = os.times()
    return sum(after[:4]) - sum(before[:4]), found


def cheapest(command: list[str], runs: int) -> Cost:
    costs = [cost for _ in range(runs) if (cost := process(command))]
    return Cost(median(c.cpu for c in costs), max(c.memory for c in costs))


def row(name: str, ours: float, theirs: float, wanted: float, unit: str = "s") -> None:
    ratio = theirs / ours
    verdict = "holds" if ratio >= wanted else "FAILS"
    print(
        f"{name:44} ours {ours:10.3f} {unit:2}  peer {theirs:10.3f} {unit:2}  "
        f"{ratio:8.1f}x of {wanted:g}x  {verdict}",
        flush=True,
    )


def bound(name: str, found: float, most: float, unit: str) -> None:
    verdict = "holds" if found <= most else "FAILS"
    print(f"{name:44} {found:10.2f} {unit:2}  of at most {most:g} {unit}  {verdict}", flush=True)


def start(folder: Path, runs: int) -> None:
    """Iris from the start of a process to the SVG."""
    from sklearn.datasets import load_iris
    from sklearn.tree import DecisionTreeClassifier

    data = load_iris()
    model = folder / "iris.pkl"
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(data.data, data.target)
    model.write_bytes(pickle.dumps(tree))
    svg = str(folder / "iris.svg")
    archviz = [sys.executable, "-m", "archviz", "render", str(model), "-o", svg]
    process(archviz)
    ours = cheapest(archviz, runs)
    for name, script in (("plot_tree", PLOT_TREE), ("dtreeviz", DTREEVIZ)):
        command = [sys.executable, "-c", script, str(model), svg]
        process(command)
        theirs = cheapest(command, runs)
        row(f"iris from process start, over {name}", ours.cpu, theirs.cpu, 10)
    print(f"{'':44} memory {ours.memory:.0f} MB")


def fancy(folder: Path, runs: int) -> None:
    """A regression tree of depth six with the data at every split, in one process."""
    import logging

    import dtreeviz
    from sklearn.tree import DecisionTreeRegressor

    import archviz

    logging.disable(logging.CRITICAL)
    source = np.random.default_rng(0)
    x = source.normal(size=(20640, 8))
    y = x[:, 0] * 2 + np.sin(3 * x[:, 1]) + x[:, 2] * x[:, 3] + source.normal(size=20640) * 0.3
    names = [f"feature {k}" for k in range(8)]
    tree = DecisionTreeRegressor(max_depth=6, random_state=0).fit(x, y)
    target = folder / "cal6.svg"

    def draw() -> Path:
        return archviz.render(tree, target, form="fancy", theme="light", data=x, y=y)  # type: ignore[return-value]

    draw()
    ours = median(call(draw)[0] for _ in range(max(runs, 5)))
    size = target.stat().st_size

    def peer() -> None:
        model = dtreeviz.model(tree, x, y, feature_names=names, target_name="y")
        model.view().save(str(folder / "peer.svg"))

    theirs, _ = call(peer)
    row("depth 6 over 20,640 rows, over dtreeviz", ours, theirs, 100)
    their_size = (folder / "peer.svg").stat().st_size
    row("  bytes", size / 1e3, their_size / 1e3, 50, "kB")


def dot(folder: Path, runs: int) -> None:
    """A tree of some 20,000 nodes, every one of them a card, over dot on the same tree."""
    from sklearn.datasets import make_classification
    from sklearn.tree import DecisionTreeClassifier, export_graphviz

    x, y = make_classification(50000, 20, n_informative=4, flip_y=0.45, random_state=0)
    tree = DecisionTreeClassifier(random_state=0).fit(x, y)
    print(f"{tree.tree_.node_count:,} nodes, depth {tree.get_depth()}")
    model = folder / "deep.pkl"
    model.write_bytes(pickle.dumps(tree))
    export_graphviz(tree, str(folder / "deep.dot"), filled=True)
    svg = str(folder / "deep.svg")
    limit = 600.0
    theirs = process(["dot", "-Tsvg", str(folder / "deep.dot"), "-o", svg], limit)
    if theirs is None:
        print(f"dot was stopped after {limit:g} CPU seconds")
        theirs = Cost(limit, 0)
    archviz = [sys.executable, "-m", "archviz", "render", str(model), "-o", svg]
    for name, options in (("as it is drawn unasked", []), ("every node a card", ["--form=plain"])):
        ours = cheapest([*archviz, *options], runs)
        row(f"deep tree, {name}, over dot", ours.cpu, theirs.cpu, 100)


def large(folder: Path, runs: int) -> None:
    """A forest of a million nodes, and one tree of 200,000."""
    from sklearn.ensemble import ExtraTreesClassifier

    source = np.random.default_rng(0)
    x = source.normal(size=(58500, 10)).astype(np.float32)
    y = source.integers(0, 3, len(x))
    forest = ExtraTreesClassifier(10, max_features=1, random_state=0).fit(x, y)
    nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
    print(f"forest of {nodes:,} nodes")
    (folder / "forest.pkl").write_bytes(pickle.dumps(forest))
    svg = str(folder / "forest.svg")
    archviz = [sys.executable, "-m", "archviz", "render", "-o", svg]
    ours = cheapest([*archviz, str(folder / "forest.pkl")], runs)
    bound("overview of the forest", ours.cpu, 3, "s")
    bound("  memory", ours.memory, 400, "MB")
    x = source.normal(size=(116000, 10)).astype(np.float32)
    y = source.integers(0, 3, len(x))
    single = ExtraTreesClassifier(1, max_features=1, bootstrap=False, random_state=0).fit(x, y)
    tree = single.estimators_[0]
    print(f"tree of {tree.tree_.node_count:,} nodes")
    (folder / "tree.pkl").write_bytes(pickle.dumps(tree))
    ours = cheapest([*archviz, str(folder / "tree.pkl"), "--form=icicle"], runs)
    bound("one tree as tiles", ours.cpu, 2, "s")


PARTS = {"start": start, "call": fancy, "dot": dot, "large": large}


def main() -> None:
    """Prints a line for each comparison."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(PARTS))
    arguments = parser.parse_args()
    began = time.time()
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only.split(","):
            if name == "dot" and not shutil.which("dot"):
                print("dot is not installed")
                continue
            PARTS[name](Path(folder), arguments.runs)
    print(f"{time.time() - began:.0f} s in all")


if __name__ == "__main__":
    main()
