"""What lies over what in a figure, and which operations it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archviz.scene import Group, Mark, Rect, Scene, Text, flatten
from archviz.text import CAP_HEIGHT


def groups(marks: Iterable[Mark]) -> Iterator[Group]:
    for mark in marks:
        if isinstance(mark, Group):
            yield mark
            yield from groups(mark.marks)


def listed(scene: Scene) -> list[str]:
    return [name for group in groups(scene.marks) for name in group.data.get("ops", "").split()]


def box(mark: Rect | Text) -> tuple[float, float, float, float]:
    if isinstance(mark, Rect):
        return mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
    high = mark.y - CAP_HEIGHT * mark.size
    return mark.left, high, mark.left + mark.width, mark.y + 0.21 * mark.size


def meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return (
        one[0] < other[2] - 0.05
        and other[0] < one[2] - 0.05
        and one[1] < other[3] - 0.05
        and other[1] < one[3] - 0.05
    )


def faults(scene: Scene) -> list[str]:
    """Labels over labels, across the edges of boxes or the page, too small; boxes over boxes."""
    texts = [mark for mark in flatten(scene.marks) if isinstance(mark, Text)]
    fronts = [m for m in flatten(scene.marks) if isinstance(m, Rect) and m.role[:5] == "front"]
    found = [f"{text.text!r} is {text.size} pt" for text in texts if text.size < 6]
    for text in texts:
        left, top, right, bottom = box(text)
        if left < 0 or top < 0 or right > scene.width or bottom > scene.height:
            found.append(f"{text.text!r} leaves the page")
        for front in map(box, fronts):
            inside = left > front[0] and right < front[2] and top > front[1] and bottom < front[3]
            if meet(box(text), front) and not inside:
                found.append(f"{text.text!r} leaves its box")
    for marks in (texts, fronts):
        for index, one in enumerate(marks):
            found += [f"{one} meets {o}" for o in marks[index + 1 :] if meet(box(one), box(o))]
    return found
