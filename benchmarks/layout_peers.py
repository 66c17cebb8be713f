"""Peers of the layout engine: dot, Netron's dagre, ELK; fetched when they are not at hand."""

from __future__ import annotations

import io
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from layout_graphs import Sample

from archviz.errors import LayoutError
from archviz.layouts import Area, Placement, Point, Route, graphviz

SCRIPT = Path(__file__).with_name("layout_peers.js")


@dataclass(frozen=True, slots=True)
class Run:
    """What a peer made of a graph.

    Attributes:
        seconds: CPU seconds, of the whole process for dot and of the layout alone for others.
        placement: None when it did not finish, or only its time is known.
        reason: Why there is none.
    """

    seconds: float
    placement: Placement | None = None
    reason: str = ""


def child_seconds() -> float:
    """CPU seconds of all children so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def dot(sample: Sample, limit: float) -> Run:
    """Graphviz's dot; ``limit`` is in seconds of wall time."""
    if not shutil.which("dot"):
        return Run(0.0, None, "dot is not installed")
    before = child_seconds()
    try:
        placement = graphviz.place(sample.boxes, sample.links, timeout=limit)
    except LayoutError as error:
        return Run(child_seconds() - before, None, str(error).partition(";")[0])
    return Run(child_seconds() - before, placement)


def dagre(sample: Sample, limit: float) -> Run:
    """The dagre inside Netron, called as Netron calls it."""
    found = netron_dagre()
    return _node("dagre", found, sample, limit) if found else Run(0.0, None, "no Netron from PyPI")


def elk(sample: Sample, limit: float) -> Run:
    """ELK's layered algorithm with INCLUDE_CHILDREN."""
    found = elk_folder()
    return _node("elk", found, sample, limit) if found else Run(0.0, None, "no elkjs from npm")


def _node(kind: str, place: Path, sample: Sample, limit: float) -> Run:
    boxes = [
        (box.width, box.height, box.parent, box.header, box.is_container) for box in sample.boxes
    ]
    graph = {"boxes": boxes, "links": [(link.source, link.target) for link in sample.links]}
    command = [
        "node",
        "--stack-size=8000",
        "--max-old-space-size=8000",
        str(SCRIPT),
        kind,
        str(place),
    ]
    before = child_seconds()
    try:
        done = subprocess.run(
            command,
            input=json.dumps(graph),
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Run(child_seconds() - before, None, f"not finished after {limit:g} s")
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "Error" in line]
        return Run(child_seconds() - before, None, lines[0].strip() if lines else "it failed")
    made = json.loads(done.stdout)
    if "areas" not in made:
        return Run(made["seconds"])
    areas = tuple(Area(*area) for area in made["areas"])
    routes = tuple(Route(tuple(Point(*point) for point in points)) for points in made["routes"])
    width = max(area.x + area.width for area in areas)
    height = max(area.y + area.height for area in areas)
    return Run(made["seconds"], Placement(areas, routes, width, height))


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="layout-peers-")


@cache
def netron_dagre() -> Path | None:
    """Netron's copy of dagre, out of its wheel."""
    if not shutil.which("node"):
        return None
    folder = Path(_folder().name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "netron",
        "-d",
        str(folder),
    ]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    wheel = next(folder.glob("netron-*.whl"))
    target = folder / "dagre.mjs"
    with zipfile.ZipFile(io.BytesIO(wheel.read_bytes())) as archive:
        target.write_bytes(archive.read("netron/dagre.js"))
    return target


@cache
def elk_folder() -> Path | None:
    """A folder with elkjs, installed by npm."""
    if not shutil.which("npm"):
        return None
    folder = Path(_folder().name) / "elk"
    folder.mkdir()
    (folder / "package.json").write_text("{}", encoding="utf-8")
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "elkjs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return None if done.returncode else folder
