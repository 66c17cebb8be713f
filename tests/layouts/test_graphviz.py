"""The optional engine: a child process that may be missing, slow or broken."""

from __future__ import annotations

import importlib.util
import json
import shutil
import stat
import sys
from pathlib import Path

import pytest
from geometry import overlap, within
from networks import NETWORKS, build

from archviz.errors import LayoutError
from archviz.layouts import Box, Link
from archviz.layouts.graphviz import place

installed = pytest.mark.skipif(
    not shutil.which("dot") and importlib.util.find_spec("pygraphviz") is None,
    reason="neither dot nor pygraphviz is installed",
)

BOXES = [Box("a", 60, 30), Box("b", 60, 30)]


def fake_dot(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\n{code}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


@installed
@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_placed_in_their_containers(name: str, direction: str) -> None:
    network = build(name, labelled=True)
    placement = place(network.boxes, network.links, direction=direction)
    for i, box in enumerate(network.boxes):
        if box.parent >= 0:
            assert within(placement.areas[i], placement.areas[box.parent])
    leaves = [i for i, box in enumerate(network.boxes) if not box.is_container]
    for i in leaves:
        for j in leaves:
            assert i == j or not overlap(placement.areas[i], placement.areas[j])
    assert all(len(route.points) > 1 and route.label for route in placement.routes)


@installed
def test_a_link_against_the_direction_is_marked() -> None:
    routes = place(BOXES, [Link(0, 1), Link(1, 0)]).routes
    assert [route.is_back for route in routes] == [False, True]


@installed
def test_an_empty_container_has_an_area() -> None:
    boxes = [Box("c", 80, 0, -1, 24, is_container=True), Box("a", 60, 30)]
    area = place(boxes, []).areas[0]
    assert area.width >= 80
    assert area.height >= 24


def test_without_graphviz_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("archviz.layouts.graphviz.find_spec", lambda name: None)
    with pytest.raises(LayoutError, match=r"needs Graphviz.*archviz\[graphviz\]"):
        place(BOXES, [])


def test_one_that_takes_too_long_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dot(tmp_path, monkeypatch, "import time; time.sleep(30)")
    with pytest.raises(LayoutError, match=r"within 0\.2 s"):
        place(BOXES, [], timeout=0.2)


def test_one_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_dot(tmp_path, monkeypatch, "import sys; sys.exit('no layout today')")
    with pytest.raises(LayoutError, match="no layout today"):
        place(BOXES, [])


def test_the_package_is_used_where_the_program_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = {
        "bb": "0,0,60,90",
        "objects": [{"name": "n0", "pos": "30,75"}, {"name": "n1", "pos": "30,15"}],
        "edges": [{"id": "0", "pos": "30,60 30,50 30,40 30,30"}],
    }
    (tmp_path / "pygraphviz.py").write_text(
        "class AGraph:\n"
        "    def __init__(self, string):\n"
        "        assert 'n0 -> n1' in string\n"
        f"    def draw(self, format, prog):\n        return {json.dumps(drawing).encode()!r}\n"
    )
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("archviz.layouts.graphviz.find_spec", lambda name: object())
    placement = place(BOXES, [Link(0, 1)])
    assert placement.routes[0].points == ((30, 30), (30, 60))


def test_sizes_that_are_none_are_refused() -> None:
    with pytest.raises(LayoutError, match="box 'a'"):
        place([Box("a", float("nan"), 1)], [])


def test_nothing_needs_no_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert place([], []).areas == ()
