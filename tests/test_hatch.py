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


def test_a_path_is_hatched_over_its_extent() -> None:
    tab = Path((("M", 0, 24), ("L", 0, 5), ("Q", 0, 0, 5, 0), ("L", 80, 0), ("Z",)), "header act")
    assert hatch(tab, "diagonal") == hatch(Rect(0, 0, 80, 24, "header act"), "diagonal")


def test_what_is_too_small_is_left_plain() -> None:
    assert hatch(Rect(0, 0, 2, 2, "header act"), "crossed") == ()


def test_the_kinds_look_different() -> None:
    rect = Rect(0, 0, 40, 20, "header act")
    assert len({hatch(rect, kind) for kind in KINDS}) == len(KINDS)
