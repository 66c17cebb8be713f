"""Graphviz's ``dot`` as a layout engine, when it is installed.

Either the ``dot`` program or the package pygraphviz 2, which brings the library. Both run in a
child process with a time limit, because ``dot`` takes minutes over a thousand boxes and cannot be
interrupted. Links are bent lines, not orthogonal ones.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from math import hypot, isfinite
from typing import Any, Literal

from archviz.errors import LayoutError
from archviz.layouts import Area, Box, Layout, Link, Placement, Point, Route

_MARGIN = 14
_LABEL_PAD = 8
"""What dot keeps free around the label of a cluster."""

_SAMPLES = 6

# The library in a child process: reads DOT, writes what ``dot -Tjson0`` writes.
_CHILD = """
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.read())
sys.stdout.buffer.write(graph.draw(format="json0", prog="dot"))
"""


def place(
    boxes: Sequence[Box],
    links: Sequence[Link],
    *,
    direction: Literal["TB", "LR"] = "TB",
    timeout: float = 60.0,
) -> Placement:
    """Places ``boxes`` and routes ``links``.

    Args:
        boxes: What to place.
        links: What to route.
        direction: Where links run: down, or to the right.
        timeout: Seconds that Graphviz may take.

    Raises:
        LayoutError: Graphviz is not installed, does not finish in time or fails.
    """
    for box in boxes:
        if not all(isfinite(x) and x >= 0 for x in (box.width, box.height, box.header)):
            raise LayoutError(f"the box {box.id!r} has no finite size")
    if not boxes:
        return Placement((), (), 0.0, 0.0)
    drawing = _run("\n".join(_dot(boxes, links, direction)), timeout)
    return _read(drawing, boxes, links, direction)


def _run(text: str, timeout: float) -> dict[str, Any]:
    """What Graphviz makes of ``text``."""
    program = shutil.which("dot")
    if program:
        command = [program, "-Tjson0"]
    elif find_spec("pygraphviz"):
        command = [sys.executable, "-c", _CHILD]
    else:
        raise LayoutError(
            "the layout 'graphviz' needs Graphviz, and neither its program dot nor the package "
            "pygraphviz is installed",
            "run: pip install 'archviz[graphviz]', or use --layout sugiyama",
        )
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise LayoutError(
            f"Graphviz did not finish within {timeout:g} s",
            "use --layout sugiyama, or draw less with --depth or --focus",
        ) from None
    try:
        drawing: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else f"it ended with status {done.returncode}"
        raise LayoutError(f"Graphviz failed: {reason}", "use --layout sugiyama") from None
    return drawing


def _dot(boxes: Sequence[Box], links: Sequence[Link], direction: str) -> Iterator[str]:
    """The graph in Graphviz's language; a pixel is a point."""
    yield "digraph {"
    yield f'graph [rankdir={direction}, splines=polyline, nodesep="{24 / 72}", ranksep="{30 / 72}"]'
    yield 'node [shape=box, fixedsize=true, label=""]'
    yield "edge [arrowhead=none]"
    inside: dict[int, list[int]] = {}
    for i, box in enumerate(boxes):
        inside.setdefault(box.parent, []).append(i)
    # The boxes still to write, innermost last; -1 closes a container.
    waiting = list(reversed(inside.get(-1, ())))
    while waiting:
        i = waiting.pop()
        if i < 0:
            yield "}"
        elif boxes[i].is_container:
            yield f"subgraph cluster_{i} {{"
            header = _room(max(boxes[i].width - 2 * _LABEL_PAD, 1), max(boxes[i].header, 1))
            yield f"graph [margin={_MARGIN}, labelloc=t, label={header}]"
            if i not in inside:
                yield f'empty_{i} [style=invis, width="0.02", height="0.02"]'
            waiting.append(-1)
            waiting.extend(reversed(inside.get(i, ())))
        else:
            yield f'n{i} [width="{boxes[i].width / 72}", height="{boxes[i].height / 72}"]'
    for k, link in enumerate(links):
        label = f", label={_room(*link.label)}" if link.label else ""
        yield f'n{link.source} -> n{link.target} [id="{k}"{label}]'
    yield "}"


def _room(width: float, height: float) -> str:
    """A label without text of a given size."""
    size = f'WIDTH="{round(width + 0.5)}" HEIGHT="{round(height + 0.5)}"'
    return (
        f'<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" '
        f"{size}><TR><TD></TD></TR></TABLE>>"
    )


def _read(
    drawing: dict[str, Any], boxes: Sequence[Box], links: Sequence[Link], direction: str
) -> Placement:
    left, low, right, high = map(float, drawing["bb"].split(","))

    def point(text: str) -> Point:
        x, y = map(float, text.split(","))
        return Point(round(x - left, 2), round(high - y, 2))

    areas = [Area(0.0, 0.0, box.width, box.height) for box in boxes]
    for item in drawing.get("objects", ()):
        name = item["name"]
        if name.startswith("cluster_"):
            x0, y0, x1, y1 = map(float, item["bb"].split(","))
            areas[int(name[8:])] = Area(
                round(x0 - left, 2), round(high - y1, 2), round(x1 - x0, 2), round(y1 - y0, 2)
            )
        elif name.startswith("n"):
            i = int(name[1:])
            middle = point(item["pos"])
            width, height = boxes[i].width, boxes[i].height
            areas[i] = Area(
                round(middle.x - width / 2, 2), round(middle.y - height / 2, 2), width, height
            )
    routes = [Route(()) for _ in links]
    for item in drawing.get("edges", ()):
        k = int(item["id"])
        link = links[k]
        label = None
        if link.label:
            middle = point(item["lp"])
            width, height = link.label
            label = Area(
                round(middle.x - width / 2, 2), round(middle.y - height / 2, 2), width, height
            )
        source, target = areas[link.source], areas[link.target]
        runs_back = source.y >= target.y if direction == "TB" else source.x >= target.x
        points = tuple(_flattened([point(text) for text in item["pos"].split()]))
        routes[k] = Route(points, label, runs_back)
    return Placement(tuple(areas), tuple(routes), round(right - left, 2), round(high - low, 2))


def _flattened(control: list[Point]) -> Iterator[Point]:
    """Corners of a line along cubic Bézier curves."""
    yield control[0]
    for i in range(0, len(control) - 3, 3):
        a, b, c, d = control[i : i + 4]
        length = hypot(d.x - a.x, d.y - a.y) or 1.0
        bow = max(
            abs((p.x - a.x) * (d.y - a.y) - (p.y - a.y) * (d.x - a.x)) / length for p in (b, c)
        )
        for step in range(1, _SAMPLES) if bow > 1 or a == d else ():
            t = step / _SAMPLES
            s = 1 - t
            yield Point(
                round(s**3 * a.x + 3 * s * s * t * b.x + 3 * s * t * t * c.x + t**3 * d.x, 2),
                round(s**3 * a.y + 3 * s * s * t * b.y + 3 * s * t * t * c.y + t**3 * d.y, 2),
            )
        if d != a:
            yield d


LAYOUT = Layout(
    name="graphviz",
    title="Graphviz's dot, when it is installed",
    place=place,
    features=frozenset({"graphs", "containers", "labels"}),
)
