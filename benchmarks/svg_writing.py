"""Writing SVG: our renderer beside svgwrite, and 100,000 operations from the Model to the file.

The Scene of the first part has a rectangle, a text and a path an operation, the usual roles and
half-pixel coordinates. svgwrite writes the same elements with the same attributes, once as it is
by default, checking every value, and once without checks. The second part runs in a process of its
own, whose peak memory the operating system counts; the Model is there before the clock starts.
How Python was built is printed too: without profile-guided optimisation, as pyenv builds it unless
told otherwise, it takes a fifth more time.

    python benchmarks/svg_writing.py [--elements 10000] [--nodes 100000] [--runs 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layout_graphs import synthetic

import archviz
from archviz.font import FALLBACKS
from archviz.ir import Model, TensorType
from archviz.ir.build import GraphBuilder
from archviz.renderers.svg import path_data, render
from archviz.scene import Mark, Rect, Scene, Text
from archviz.scene import Path as PathMark
from archviz.theme import load_theme

LEAST_RATIO = 20
MOST_SECONDS = 3.0
MOST_MEGABYTES = 400
CHILD = "--child"


def scene(count: int) -> Scene:
    """``count`` rectangles with a text and an edge to the next."""
    marks: list[Mark] = []
    for index in range(count):
        x, y = (index % 40) * 160 + 0.5, (index // 40) * 70.0
        marks += [
            Rect(x, y, 120.0, 40.0, "card", 5.0),
            Text(x + 60, y + 24.3, f"layer.{index} Conv", "title", 12.0, 90.0, "middle"),
            PathMark(
                (("M", x + 60, y + 40), ("C", x + 60, y + 55, x + 80, y + 55, x + 80, y + 70)),
                "edge",
            ),
        ]
    return Scene(6400.0, (count // 40 + 1) * 70.0, tuple(marks), "scene")


def by_svgwrite(subject: Scene, *, checks: bool) -> str:
    """The same elements through svgwrite."""
    import svgwrite

    theme = load_theme("light")
    drawing: Any = svgwrite.Drawing(
        size=(subject.width, subject.height), debug=checks, font_family=FALLBACKS["sans"]
    )
    for mark in subject.marks:
        assert not isinstance(mark, archviz.scene.Group)
        style = theme.style(mark.role)
        colours: dict[str, Any] = {"fill": theme.palette[style.fill] if style.fill else "none"}
        if style.stroke:
            colours["stroke"] = theme.palette[style.stroke]
            colours["stroke_width"] = style.stroke_width
        match mark:
            case Rect():
                made = drawing.rect(
                    (mark.x, mark.y), (mark.width, mark.height), rx=mark.radius, **colours
                )
            case Text():
                made = drawing.text(
                    mark.text, (mark.x, mark.y), font_size=mark.size, text_anchor="middle",
                    font_weight=700, **colours,
                )  # fmt: skip
            case PathMark():
                made = drawing.path(path_data(mark.segments), **colours)
        drawing.add(made)
    return str(drawing.tostring())


def seconds(work: Callable[[], object], runs: int) -> float:
    """Median CPU seconds."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def compare_writers(count: int, runs: int) -> None:
    """Prints our time and svgwrite's."""
    subject = scene(count)
    own = seconds(lambda: render(subject, theme="light"), runs)
    print(f"{3 * count:,} elements: archviz {own:.3f} s")
    try:
        import svgwrite  # noqa: F401
    except ImportError:
        print("  svgwrite is not installed: no peer in this run")
        return
    for checks, name in ((True, "by default"), (False, "without checks")):
        peer = seconds(lambda checks=checks: by_svgwrite(subject, checks=checks), 1)  # type: ignore[misc]
        verdict = f" (>= {LEAST_RATIO} x)" if checks else ""
        missed = "  <- MISSED" if checks and peer < LEAST_RATIO * own else ""
        print(f"  svgwrite {name}: {peer:.3f} s, {peer / own:.1f} x{verdict}{missed}")


def model(size: int) -> Model:
    """A synthetic network as a Model."""
    sample = synthetic(size)
    sources: list[list[int]] = [[] for _ in sample.boxes]
    for link in sample.links:
        sources[link.target].append(link.source)
    builder = GraphBuilder("synthetic")
    type_ = TensorType("float32", (1, 64, 56, 56))
    operators = ("Conv", "Relu", "Add", "MatMul")
    values: list[str] = []
    for index, found in enumerate(sources):
        values.append(builder.value(f"v{index}", type_))
        if found:
            inputs = tuple(values[source] for source in found)
            builder.node(operators[index % 4], inputs, (values[-1],))
        else:
            builder.inputs.append(values[-1])
    builder.outputs.append(values[-1])
    return Model(builder.build(), "synthetic", "synthetic")


def child(size: int, path: str) -> None:
    """Draws a Model and prints what that took."""
    subject = model(size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    archviz.render(subject, path, depth="all")
    taken = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([taken, before / 1024, peak / 1024]))


def whole_way(size: int, runs: int) -> None:
    """From the Model to the file, each time in a process of its own: the median run."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.svg"
        command = [sys.executable, __file__, CHILD, str(size), str(path)]
        for _ in range(runs):
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found.append(json.loads(done.stdout))
        megabytes = path.stat().st_size / 1e6
    taken, before, peak = (statistics.median(column) for column in zip(*found, strict=True))
    least = min(seconds for seconds, *_ in found)
    missed = "  <- MISSED" if taken > MOST_SECONDS or peak > MOST_MEGABYTES else ""
    print(
        f"{size:,} operations, Model to SVG file: {taken:.2f} s (<= {MOST_SECONDS}; least "
        f"{least:.2f}), {peak:.0f} MB (<= {MOST_MEGABYTES}; {before:.0f} with the Model alone), "
        f"{megabytes:.1f} MB written{missed}"
    )


def main() -> None:
    """Prints both parts."""
    if CHILD in sys.argv:
        child(int(sys.argv[2]), sys.argv[3])
        return
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--elements", type=int, default=10_000, help="of each kind")
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    print(f"Python {sys.version}")
    compare_writers(arguments.elements, arguments.runs)
    whole_way(arguments.nodes // 10, arguments.runs)
    whole_way(arguments.nodes, arguments.runs)


if __name__ == "__main__":
    main()
