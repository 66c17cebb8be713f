"""The browser and Python agree on where everything is, whatever is open; nothing overlaps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pages import geometry_of, opened, tangled_model
from samples import samples_of

from archviz import api
from archviz.ir import Model
from archviz.layouts import LAYOUTS
from archviz.layouts.sugiyama.states import place_state
from archviz.renderers.html import RENDERER
from archviz.renderers.html.contents import Contents, contents

TOLERANCE = 0.01
STATES = 50


def contents_of(model: Model) -> Contents:
    return contents(api.prepare(model, passes=RENDERER.passes))


def encoder() -> Model:
    return api.load(next(path for path in samples_of("onnx") if "encoder" in path.name))


@pytest.mark.parametrize("seed", range(4))
def test_with_everything_open_a_page_is_laid_out_as_a_picture(seed: int) -> None:
    found = contents_of(tangled_model(seed))
    placed = place_state(found.states, set(found.drawing.frames))
    whole = LAYOUTS.get("sugiyama").place(found.drawing.boxes, found.drawing.links)
    assert [placed.areas[index] for index in range(len(whole.areas))] == list(whole.areas)
    assert (placed.width, placed.height) == (whole.width, whole.height)


def assert_apart(areas: dict[str, list[float]]) -> None:
    """Checks that no card is on another, and that each is inside what it belongs to."""
    inside: dict[str, list[str]] = {}
    for place in areas:
        inside.setdefault(place.rpartition(".")[0], []).append(place)
    for around, places in inside.items():
        for one, other in combinations(places, 2):
            ax, ay, aw, ah = areas[one]
            bx, by, bw, bh = areas[other]
            is_apart = ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay
            assert is_apart, (one, other)
        if around:
            x, y, w, h = areas[around]
            for place in places:
                cx, cy, cw, ch = areas[place]
                assert x <= cx, place
                assert y <= cy, place
                assert cx + cw <= x + w, place
                assert cy + ch <= y + h, place


def assert_edges_go_around(found: dict[str, dict[str, Any]]) -> None:
    """Checks that no edge runs through a card of the module that it is in."""
    areas = found["areas"]
    siblings: dict[str, list[list[float]]] = {}
    for place, area in areas.items():
        siblings.setdefault(place.rpartition(".")[0], []).append(area)
    for key, points in found["routes"].items():
        cell = key.rpartition(":")[0]
        for (ax, ay), (bx, by) in pairwise(points):
            for x, y, w, h in siblings.get(cell, ()):
                is_through = (
                    min(ax, bx) < x + w - 0.5
                    and max(ax, bx) > x + 0.5
                    and min(ay, by) < y + h - 0.5
                    and max(ay, by) > y + 0.5
                )
                assert not is_through, (key, (x, y, w, h))


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    def is_near(a: Any, b: Any) -> bool:
        if isinstance(a, list):
            return len(a) == len(b) and all(map(is_near, a, b))
        return abs(a - b) <= TOLERANCE

    assert ours.keys() == theirs.keys()
    return [key for key in ours if not is_near(ours[key], theirs[key])]


@pytest.mark.parametrize("make", [encoder, lambda: tangled_model(1), lambda: tangled_model(8)])
def test_every_state_has_the_coordinates_that_python_gives_and_no_overlaps(
    browser: Any, written: Callable[..., Path], make: Callable[[], Model]
) -> None:
    model = make()
    found = contents_of(model)
    random = Random(0)
    frames = list(found.drawing.frames)
    states = [set(frames), set()]
    states += [{frame for frame in frames if random.random() < 0.6} for _ in range(STATES)]
    with opened(browser, written(model)) as shown:
        for state in states:
            expected = geometry_of(found, place_state(found.states, state))
            shown.run(
                "paths => archviz.setOpen(paths)", [expected["places"][str(f)] for f in state]
            )
            got = shown.run("archviz.geometry()")
            for kind in ("areas", "routes", "labels"):
                assert differences(expected[kind], got[kind]) == []
            assert_apart(got["areas"])
            assert_edges_go_around(got)
