"""What stands in the way of a line, near and far, in pictures of any shape."""

from __future__ import annotations

import random
from collections.abc import Callable

from steps import growth

from archviz.layouts import Area, Link, Placement, Point, Route
from archviz.views.node_link.obstacles import CLEAR, Obstacles


def touches(one: Area, other: Area) -> bool:
    return (
        other.x < one.x + one.width + CLEAR
        and one.x - CLEAR < other.x + other.width
        and other.y < one.y + one.height + CLEAR
        and one.y - CLEAR < other.y + other.height
    )


def test_a_line_is_free_exactly_when_no_box_and_no_other_line_is_near() -> None:
    rng = random.Random(7)
    areas = [Area(rng.uniform(-500, 9000), rng.uniform(-500, 9000), 120.0, 60.0) for _ in range(40)]
    lines = []
    for _ in range(60):
        x, y, length = rng.uniform(0, 6000), rng.uniform(0, 6000), rng.choice([40, 300, 5000])
        is_level = rng.random() < 0.5
        lines.append((Point(x, y), Point(x + length, y) if is_level else Point(x, y + length)))
    placement = Placement(
        tuple(areas), tuple(Route((one, other)) for one, other in lines), 9999.0, 9999.0
    )
    obstacles = Obstacles(placement, range(len(areas)), placement.routes)
    answers = set()
    for index, (one, other) in enumerate(lines):
        own = Area(one.x, one.y, other.x - one.x, other.y - one.y)
        around = [Area(a.x, a.y, b.x - a.x, b.y - a.y) for a, b in lines]
        expected = not any(touches(own, area) for area in areas[2:]) and not any(
            touches(own, area) for number, area in enumerate(around) if number != index
        )
        assert obstacles.is_free(placement.routes[index], Link(0, 1, 0), index) == expected
        answers.add(expected)
    assert answers == {True, False}


def test_a_way_that_was_changed_is_in_the_way_of_the_next() -> None:
    across = Route((Point(0.0, 50.0), Point(200.0, 50.0)))
    far = Route((Point(0.0, 900.0), Point(200.0, 900.0)))
    obstacles = Obstacles(Placement((), (far, far), 999.0, 999.0), (), [across])
    assert obstacles.is_free(across, Link(0, 1, 0), 1)
    obstacles.occupy(across, 0)
    assert obstacles.is_free(across, Link(0, 1, 0), 0)
    assert not obstacles.is_free(across, Link(0, 1, 0), 1)


def look_around(count: int) -> Callable[[], None]:
    areas, routes = [], []
    for index in range(count):
        areas.append(Area(index * 150.0, 0.0, 120.0, 60.0))
        routes.append(Route((Point(0.0, 100.0), Point(index * 150.0 + 200, 100.0))))
    ways = [
        Route((Point(index * 150.0, 68.0), Point(index * 150.0, 84.0))) for index in range(count)
    ]
    obstacles = Obstacles(
        Placement(tuple(areas), tuple(routes), 150.0 * count, 200.0), range(count), ways
    )

    def look() -> None:
        for index, between in enumerate(ways):
            assert obstacles.is_free(between, Link(0, 1, 0), index)

    return look


def test_looking_around_takes_no_more_work_in_a_wide_picture() -> None:
    assert growth(look_around, 250) < 1.5
