"""The layered engine: what holds of every placement, and what good pictures of networks have."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from geometry import crossings, faults, straight_share
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import NETWORKS, Network, build, resnet, synthetic
from random_graphs import graphs

from archviz.errors import LayoutError
from archviz.layouts import Area, Box, Link, Placement, Point, Route
from archviz.layouts.sugiyama import blocks, place
from archviz.layouts.sugiyama.grid import Grid

DIRECTIONS = ("TB", "LR")


@given(graphs(), st.sampled_from(DIRECTIONS))
@settings(max_examples=300, deadline=None)
def test_any_placement_is_without_fault(
    graph: tuple[list[Box], list[Link]], direction: str
) -> None:
    boxes, links = graph
    placement = place(boxes, links, direction=direction)
    assert faults(boxes, links, placement, direction) == []


@given(graphs(), st.sampled_from(DIRECTIONS))
@settings(max_examples=60, deadline=None)
def test_names_of_boxes_change_nothing(graph: tuple[list[Box], list[Link]], direction: str) -> None:
    boxes, links = graph
    renamed = [replace(box, id=f"z{-i}") for i, box in enumerate(boxes)]
    first = place(boxes, links, direction=direction)
    assert place(boxes, links, direction=direction) == first
    assert place(renamed, links, direction=direction) == first


class Forgetful(dict[Any, Any]):
    """Takes everything and gives nothing back."""

    def get(self, key: Any, default: Any = None) -> Any:
        return default


def repeated(boxes: list[Box], links: list[Link]) -> tuple[list[Box], list[Link]]:
    """A graph three times, a box between, and a link past the second."""
    every: list[Box] = []
    between: list[Link] = []
    joints: list[int] = []
    sources = {link.source for link in links}
    targets = {link.target for link in links}
    for _ in range(3):
        start = len(every)
        every += [replace(box, parent=box.parent + start * (box.parent >= 0)) for box in boxes]
        between += [
            replace(link, source=link.source + start, target=link.target + start) for link in links
        ]
        leaves = [i for i, box in enumerate(boxes) if not box.is_container]
        if joints:
            between += [Link(joints[-1], start + i) for i in leaves if i not in targets]
        joints.append(len(every))
        every.append(Box("joint", 60.0, 30.0))
        between += [Link(start + i, joints[-1]) for i in leaves if i not in sources]
    return every, [*between, Link(joints[0], joints[-1])]


@given(graphs(), st.sampled_from(DIRECTIONS))
@settings(max_examples=60, deadline=None)
def test_what_repeats_is_laid_out_as_if_it_did_not(
    graph: tuple[list[Box], list[Link]], direction: str
) -> None:
    boxes, links = repeated(*graph)

    class NoMemo(blocks.Memo):
        def __init__(self) -> None:
            super().__init__()
            self.shapes = Forgetful()
            self.stamps = Forgetful()

    expected = place(boxes, links, direction=direction)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("archviz.layouts.sugiyama.Memo", NoMemo)
        assert place(boxes, links, direction=direction) == expected


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("nested", [True, False], ids=["nested", "flat"])
@pytest.mark.parametrize("labelled", [True, False], ids=["labelled", "bare"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_placed_without_fault(
    name: str, *, labelled: bool, nested: bool, direction: str
) -> None:
    network = build(name, labelled=labelled, nested=nested)
    placement = place(network.boxes, network.links, direction=direction)
    assert faults(network.boxes, network.links, placement, direction) == []


class TestTheCheckItself:
    """A checker that finds nothing wrong must be able to."""

    boxes = (
        Box("c", 0, 0, -1, 20, is_container=True),
        Box("a", 40, 20, 0),
        Box("b", 40, 20, 0),
        Box("d", 40, 20),
    )
    links = (Link(1, 2, 0, (20, 10)), Link(1, 3))

    def changed(self, **changes: object) -> list[str]:
        placement = place(self.boxes, self.links)
        assert faults(self.boxes, self.links, placement) == []
        return faults(self.boxes, self.links, replace(placement, **changes))

    def areas(self, index: int, area: Area) -> list[str]:
        areas = list(place(self.boxes, self.links).areas)
        areas[index] = area
        return self.changed(areas=tuple(areas))

    def routes(self, index: int, **changes: object) -> list[str]:
        routes = list(place(self.boxes, self.links).routes)
        routes[index] = replace(routes[index], **changes)
        return self.changed(routes=tuple(routes))

    def test_it_sees_overlaps(self) -> None:
        second = place(self.boxes, self.links).areas[1]
        assert "boxes 1 and 2 overlap" in self.areas(2, second)

    def test_it_sees_what_is_outside_its_container(self) -> None:
        assert "box 1 is not in 0" in self.areas(1, Area(14, 0, 40, 20))

    def test_it_sees_slanted_and_loose_routes(self) -> None:
        start, *_, end = place(self.boxes, self.links).routes[1].points
        found = self.routes(1, x=0.0, y=0.0, way=(start, Point(end.x + 70, end.y)))
        assert "route 1 is not orthogonal" in found
        assert "route 1 ends beside its target" in found

    def test_it_sees_routes_through_boxes(self) -> None:
        a, b = (place(self.boxes, self.links).areas[i] for i in (1, 2))
        x, y = b.x + b.width / 2, a.y + a.height
        d = place(self.boxes, self.links).areas[3]
        assert "route 1 crosses box 2" in self.routes(
            1, x=0.0, y=0.0, way=(Point(x, y), Point(x, d.y))
        )

    def test_it_sees_covered_labels(self) -> None:
        a = place(self.boxes, self.links).areas[1]
        found = self.routes(0, label=Area(a.x, a.y + 5, 20, 10))
        assert "label 0 is on box 1" in found

    def test_it_sees_shared_stretches(self) -> None:
        boxes = [Box("a", 40, 20), Box("b", 40, 20), Box("c", 40, 20)]
        links = [Link(0, 2), Link(1, 2)]
        points = (Point(0, 20), Point(0, 60))
        routes = (Route(points), Route(points))
        found = faults(boxes, links, Placement(place(boxes, links).areas, routes, 500, 500))
        assert any("share a stretch" in fault for fault in found)


def middle(area: Area, direction: str = "TB") -> float:
    return area.x + area.width / 2 if direction == "TB" else area.y + area.height / 2


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_chain_is_straight_and_centred(direction: str) -> None:
    network = build("chain")
    placement = place(network.boxes, network.links, direction=direction)
    assert {middle(area, direction) for area in placement.areas} == {
        middle(placement.areas[0], direction)
    }
    assert all(len(route.points) == 2 for route in placement.routes)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_chain_through_nested_containers_is_straight(direction: str) -> None:
    network = Network()
    x = network.add("input")
    for depth in range(5):
        network.open(f"Module {depth}")
        x = network.add("Linear", x)
    for _ in range(5):
        network.close()
        x = network.add("ReLU", x)
    placement = place(network.boxes, network.links, direction=direction)
    assert all(len(route.points) == 2 for route in placement.routes)


@pytest.mark.parametrize("nested", [True, False])
def test_a_residual_block_is_a_straight_spine_and_one_rail(*, nested: bool) -> None:
    network = Network(nested=nested)
    y = network.residual(network.add("input"))
    network.add("output", y)
    placement = place(network.boxes, network.links)
    leaves = [area for box, area in zip(network.boxes, placement.areas, strict=True) if box.height]
    assert len({middle(area) for area in leaves}) == 1
    bent = [route for route in placement.routes if len(route.points) > 2]
    assert len(bent) == 1
    (rail,) = bent
    assert len(rail.points) == 6
    assert min(point.x for point in rail.points) < min(area.x for area in leaves)


def test_a_diamond_is_symmetric() -> None:
    boxes = [Box(name, 100, 30) for name in "abcd"]
    links = [Link(0, 1), Link(0, 2), Link(1, 3), Link(2, 3)]
    a, b, c, d = map(middle, place(boxes, links).areas)
    assert a == d == (b + c) / 2


def test_branches_stand_symmetrically_about_their_fork() -> None:
    boxes = [Box(str(i), 100, 30) for i in range(7)]
    links = [link for i in range(1, 6) for link in (Link(0, i), Link(i, 6))]
    x = [middle(area) for area in place(boxes, links).areas]
    assert x[0] == x[6]
    assert sorted(round(a - x[0], 3) for a in x[1:6]) == [-248, -124, 0, 124, 248]


def test_identical_containers_look_identical() -> None:
    network = build("transformer", labelled=True)
    placement = place(network.boxes, network.links)
    pictures = []
    for i, box in enumerate(network.boxes):
        if box.id == "FeedForward":
            outer = placement.areas[i]
            pictures.append(
                [outer.width, outer.height]
                + [
                    (area.x - outer.x, area.y - outer.y)
                    for inner, area in zip(network.boxes, placement.areas, strict=True)
                    if inner.parent == i
                ]
            )
    assert len(pictures) == 4
    assert all(picture == pictures[0] for picture in pictures)


def test_layers_look_identical_whatever_comes_in_beside_them() -> None:
    network = build("encoder-decoder")
    placement = place(network.boxes, network.links)
    layers = [i for i, box in enumerate(network.boxes) if box.id == "DecoderLayer"]
    first, second = (
        [
            (area.x - placement.areas[i].x, area.y - placement.areas[i].y)
            for area in placement.areas[i : i + layers[1] - layers[0]]
        ]
        for i in layers
    )
    assert first == second


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["unet", "transformer"])
def test_side_inputs_do_not_bend_the_spine(name: str, direction: str) -> None:
    network = build(name)
    placement = place(network.boxes, network.links, direction=direction)
    spine = ("input", "cat", "+", "Upsample", "LayerNorm", "Embedding", "output", "lm head")
    middles = {
        middle(area, direction)
        for box, area in zip(network.boxes, placement.areas, strict=True)
        if box.id in spine and not (box.id == "+" and box.parent < 0)
    }
    assert len(middles) == 1


def test_identical_blocks_without_containers_look_identical() -> None:
    network = Network(nested=False)
    resnet(network, 8)
    placement = place(network.boxes, network.links)
    starts = [i for i, box in enumerate(network.boxes) if box.id == "Conv2d down"]
    assert len(starts) == 2
    first, second = (
        [
            (round(middle(a) - middle(b), 3), round(a.y - b.y, 3))
            for a, b in pairwise(placement.areas[start - 3 : start + 3])
        ]
        for start in starts
    )
    assert first == second


def test_links_of_one_trunk_share_their_way() -> None:
    boxes = [Box(str(i), 60, 30) for i in range(6)]
    links = [Link(0, 1), Link(1, 2), Link(2, 3), Link(3, 4), Link(4, 5)]
    links += [Link(0, 3), Link(0, 4), Link(0, 5)]
    routes = place(boxes, links).routes[5:]
    assert len({route.points[:3] for route in routes}) == 1


def test_other_trunks_of_a_box_leave_from_other_places() -> None:
    boxes = [Box("a", 100, 30), Box("b", 60, 30), Box("c", 60, 30)]
    routes = place(boxes, [Link(0, 1, 0), Link(0, 2, 1)]).routes
    assert abs(routes[0].points[0].x - routes[1].points[0].x) >= 8


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_links_that_close_a_cycle_are_marked_and_run_beside(direction: str) -> None:
    boxes = [Box(name, 100, 30) for name in "abc"]
    links = [Link(0, 1), Link(1, 2), Link(2, 0)]
    placement = place(boxes, links, direction=direction)
    assert [route.is_back for route in placement.routes] == [False, False, True]
    assert faults(boxes, links, placement, direction) == []


def test_containers_that_call_each_other_again_are_placed() -> None:
    boxes = [
        Box("m", 0, 0, -1, 20, is_container=True),
        Box("n", 0, 0, -1, 20, is_container=True),
        Box("a", 60, 30, 0),
        Box("b", 60, 30, 1),
        Box("c", 60, 30, 0),
    ]
    links = [Link(2, 3), Link(3, 4)]
    placement = place(boxes, links)
    assert faults(boxes, links, placement) == []
    assert [route.is_back for route in placement.routes] == [False, True]


def test_no_boxes_make_an_empty_page() -> None:
    assert place([], []) == Placement((), (), 0.0, 0.0)


def test_an_empty_container_has_room_for_its_header() -> None:
    placement = place([Box("c", 80, 0, -1, 24, is_container=True)], [])
    assert placement.areas[0].width == 80
    assert placement.areas[0].height >= 24


def test_parts_without_links_between_them_are_packed_to_a_page() -> None:
    boxes = [Box(str(i), 100, 30) for i in range(60)]
    placement = place(boxes, [])
    assert 0.5 < placement.width / placement.height < 2
    rows = sorted({area.y for area in placement.areas})
    assert [placement.areas[i].y for i in range(60)] == sorted(a.y for a in placement.areas)
    assert len(rows) > 3


def test_deep_nesting_needs_no_deep_stack() -> None:
    depth = 3000
    boxes = [Box(str(i), 0, 0, i - 1, 20, is_container=True) for i in range(depth)]
    boxes += [Box("a", 60, 30, depth - 1), Box("b", 60, 30)]
    placement = place(boxes, [Link(depth, depth + 1)])
    assert len(placement.routes[0].points) == 2


def test_long_chains_and_long_links_need_no_deep_stack() -> None:
    count = 3000
    boxes = [Box(str(i), 60, 30) for i in range(count)]
    links = [Link(i, i + 1) for i in range(count - 1)]
    links += [Link(i, count - 1 - i) for i in range(0, 40, 2)] + [Link(count - 1, 0)]
    placement = place(boxes, links)
    assert len({middle(area) for area in placement.areas}) == 1


def test_a_value_used_everywhere_takes_one_lane() -> None:
    count = 400
    boxes = [Box(str(i), 60, 30) for i in range(count + 1)]
    links = [Link(i, i + 1) for i in range(count - 1)]
    links += [Link(count, i) for i in range(1, count)]
    placement = place(boxes, links)
    assert placement.width < 300


@pytest.mark.parametrize("size", [float("nan"), float("inf"), -1.0])
def test_sizes_that_are_none_are_refused(size: float) -> None:
    container = Box("c", 10, 0, header=20, is_container=True)
    for boxes in (
        [Box("a", size, 10)],
        [Box("b", 10, 10), Box("a", 10, size)],
        [container, Box("a", size, 10, 0), Box("b", 10, 10)],
        [replace(container, id="a", width=size)],
        [replace(container, id="a", header=size), Box("b", 10, 10, 0)],
    ):
        with pytest.raises(LayoutError, match="box 'a'"):
            place(boxes, [])


def test_links_to_containers_are_refused() -> None:
    with pytest.raises(LayoutError, match="no leaf"):
        place([Box("c", 0, 0, is_container=True), Box("a", 1, 1)], [Link(1, 0)])


def test_boxes_before_their_container_are_refused() -> None:
    with pytest.raises(LayoutError, match="'a'"):
        place([Box("a", 1, 1, 1), Box("c", 0, 0, is_container=True)], [])


@pytest.mark.parametrize("name", ["chain", "resnet", "googlenet", "unet", "transformer"])
@pytest.mark.parametrize("nested", [True, False], ids=["nested", "flat"])
def test_usual_networks_cross_nothing(name: str, *, nested: bool) -> None:
    network = build(name, nested=nested)
    placement = place(network.boxes, network.links)
    assert crossings(network.links, placement) == 0


@pytest.mark.parametrize("name", ["resnet", "unet", "transformer"])
def test_most_links_are_straight(name: str) -> None:
    network = build(name, nested=False)
    assert straight_share(place(network.boxes, network.links)) > 0.6


def test_the_hash_seed_changes_nothing() -> None:
    code = (
        "from networks import build\n"
        "from archviz.layouts.sugiyama import place\n"
        "n = build('transformer', labelled=True)\n"
        "print(place(n.boxes, n.links))"
    )
    path = os.pathsep.join((str(Path(__file__).parents[1]), *filter(None, sys.path)))
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": path,
            },
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "99")
    }
    assert len(printed) == 1


@pytest.mark.parametrize("nested", [True, False], ids=["nested", "flat"])
def test_hundreds_of_boxes_are_placed_without_fault(*, nested: bool) -> None:
    network = Network(labelled=True, nested=nested)
    synthetic(network, 400)
    placement = place(network.boxes, network.links)
    assert faults(network.boxes, network.links, placement) == []


def test_what_feeds_a_container_off_its_middle_stands_straight_above() -> None:
    boxes = [
        Box("first", 70, 34),
        Box("second", 100, 34),
        Box("container", 300, 0, -1, 28, is_container=True),
        Box("inside", 100, 60, 2),
        Box("beside", 80, 30, 2),
        Box("next", 100, 60, 2),
        Box("last", 70, 34),
    ]
    links = [Link(0, 3, 0), Link(1, 4, 1), Link(3, 5, 2), Link(5, 6, 3)]
    placed = place(boxes, links, direction="TB")
    assert [len(route.points) for route in placed.routes] == [2, 2, 2, 2]


def test_a_residual_between_containers_off_their_middles_crosses_nothing() -> None:
    def container(name: str) -> Box:
        return Box(name, 0, 0, -1, 28, is_container=True)

    boxes = [
        Box("tokens", 70, 34),
        container("attention"),
        Box("heads", 200, 60, 1),
        Box("first norm", 120, 60, 1),
        Box("intermediate", 176, 80),
        container("output"),
        Box("dense", 120, 60, 5),
        Box("second norm", 120, 60, 5),
    ]
    ends = [(0, 2), (2, 3), (0, 3), (3, 4), (4, 6), (6, 7), (3, 7)]
    links = [Link(source, target, source) for source, target in ends]
    placed = place(boxes, links)
    middles = [middle(placed.areas[i]) for i in (1, 3)]
    assert middles[0] < middles[1]  # the residual takes its room on the left
    assert crossings(links, placed) == 0


def test_a_lane_leaves_a_container_on_the_side_where_no_other_link_leaves() -> None:
    boxes = [
        Box("x", 70, 34),
        Box("body", 0, 0, -1, 28, is_container=True),
        Box("counted", 70, 34, 1),
        Box("computed", 120, 34, 1),
        Box("while", 120, 90),
    ]
    label = (30.0, 12.0)
    links = [Link(0, 3, 0), Link(2, 4, 2, label), Link(3, 4, 3, label), Link(0, 4, 0)]
    placed = place(boxes, links)
    assert middle(placed.areas[2]) < middle(placed.areas[3])
    assert crossings(links, placed) == 0


def test_equal_stretches_below_bottlenecks_of_other_widths_are_laid_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    laid_out = []

    def count(run: blocks.Run, *sizes: Any) -> Any:
        laid_out.append(run)
        return lay_run(run, *sizes)

    lay_run = blocks.lay_run
    monkeypatch.setattr(blocks, "lay_run", count)
    boxes = [Box(str(i), 100 + 10 * (i % 4 == 0) * i, 40) for i in range(13)]
    links = [
        Link(i + a, i + b) for i in (0, 4, 8) for a, b in ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4))
    ]
    place(boxes, links)
    assert len(laid_out) == 1


def runs_of(boxes: list[Box], links: list[Link]) -> list[tuple[blocks.Run, Any, blocks.Block]]:
    """What is laid out between bottlenecks, with the extents in use."""
    found = []

    def keep(run: blocks.Run, extents: Any) -> blocks.Block:
        block = lay_run(run, extents)
        found.append((run, extents, block))
        return block

    lay_run = blocks.lay_run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "lay_run", keep)
        place(boxes, links)
    return found


def assert_spaced_alike(boxes: list[Box], links: list[Link]) -> None:
    """Checks that runs along their own threads, rank by rank, look as they were laid out."""
    for run, extents, block in runs_of(boxes, links):
        memo = blocks.Memo()
        memo.extents = extents
        again = memo.block(run, block.threads)
        assert again.positions == block.positions
        assert (again.rails, again.rows) == (block.rails, block.rows)


@given(graphs())
@settings(deadline=None)
def test_runs_are_spaced_alike_in_bands_and_rank_by_rank(
    graph: tuple[list[Box], list[Link]],
) -> None:
    assert_spaced_alike(*graph)


@pytest.mark.parametrize("name", NETWORKS)
def test_runs_of_networks_are_spaced_alike_in_bands_and_rank_by_rank(name: str) -> None:
    network = build(name, nested=False)
    assert_spaced_alike(network.boxes, network.links)


def test_branches_of_equal_length_make_one_band() -> None:
    boxes = [Box(str(i), 100, 40) for i in range(8)]
    ends = [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7), (6, 7)]
    ((run, extents, _),) = runs_of(boxes, [Link(a, b) for a, b in ends])
    grid = Grid(run.ranks, run.extents, run.stretches, extents)
    assert grid.bands == [0, 1, 1, 1, 2]
    assert grid.column == [0, 1, 2, 1, 2, 1, 2, 3]
