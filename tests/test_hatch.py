import pytest

from archviz.hatch import INSET, KINDS, hatch
from archviz.scene import Path, Rect


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(80.0, 24.0), (14.0, 14.0), (7.0, 120.0)])
def test_a_hatch_stays_inside_what_it_covers(kind: str, size: tuple[float, float]) -> None:
    lines = hatch(Rect(10, 20, *size, "header linear"), kind)
    assert len(lines) >= 4
    for command, x, y in lines:
        assert command in "ML"
        assert 10 + INSET <= x <= 10 + size[0] - INSET
        assert 20 + INSET <= y <= 20 + size[1] - INSET


@pytest.mark.parametrize("kind", KINDS)
def test_a_hatch_stays_inside_the_outline_of_a_path(kind: str) -> None:
    quarter = Path((("M", 50, 50), ("L", 50, 0), ("C", 78, 0, 100, 22, 100, 50), ("Z",)), "slice")
    lines = hatch(quarter, kind)
    assert len(lines) >= 8
    for _, x, y in lines:
        assert x >= 50 - 1e-9
        assert y <= 50 + 1e-9
        assert (x - 50) ** 2 + (y - 50) ** 2 <= 50.5**2


def test_a_path_of_several_outlines_is_hatched_in_each() -> None:
    squares = Path(
        tuple(
            segment
            for x in (0, 100)
            for segment in (("M", x, 0), ("L", x + 20, 0), ("L", x + 20, 20), ("L", x, 20), ("Z",))
        ),
        "tile",
    )
    xs = [x for _, x, _ in hatch(squares, "diagonal")]
    assert any(x <= 20 for x in xs)
    assert any(x >= 100 for x in xs)
    assert not any(20 < x < 100 for x in xs)


def test_what_is_too_small_is_left_plain() -> None:
    assert hatch(Rect(0, 0, 2, 2, "header act"), "crossed") == ()


@pytest.mark.parametrize("kind", KINDS)
def test_the_swatch_of_a_legend_shows_its_hatch(kind: str) -> None:
    lines = hatch(Rect(0, 0, 6, 6, "front recurrent"), kind)
    assert len(lines) >= 2
    assert all(0 < x < 6 and 0 < y < 6 for _, x, y in lines)


def test_the_kinds_look_different() -> None:
    rect = Rect(0, 0, 40, 20, "header act")
    assert len({hatch(rect, kind) for kind in KINDS}) == len(KINDS)
