"""Measures a drawing of trees: what overlaps, what leaves its place, what runs through what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from scene_geometry import (
    SLACK,
    Area,
    inside,
    overlap,
    overlapping,
    points,
    segment_area,
    text_area,
)

from archviz.scene import Group, Mark, Path, Rect, Scene, Text, flatten
from archviz.text import text_width


def problems(scene: Scene) -> list[str]:
    """Every fault of the drawing as a sentence."""
    return [
        *_texts(scene),
        *_nodes(scene),
        *_lines(scene),
        *_page(scene),
    ]


def nodes(scene: Scene) -> dict[str, Area]:
    """The extent of every node by its id."""
    return {group.id: extent([group]) for group in _groups(scene)}


def _groups(scene: Scene) -> list[Group]:
    return [m for m in scene.marks if isinstance(m, Group) and m.role.startswith("node ")]


def extent(marks: Sequence[Mark]) -> Area:
    xs: list[float] = []
    ys: list[float] = []
    for mark in flatten(tuple(marks)):
        left, top, right, bottom = area_of(mark)
        xs += [left, right]
        ys += [top, bottom]
    return min(xs), min(ys), max(xs), max(ys)


def area_of(mark: Rect | Path | Text) -> Area:
    match mark:
        case Rect():
            return mark.x, mark.y, mark.x + mark.width, mark.y + mark.height
        case Text():
            return text_area(mark)
        case Path():
            found = points([s for s in mark.segments if s[0] != "Z"])
            return (
                min(x for x, _ in found),
                min(y for _, y in found),
                max(x for x, _ in found),
                max(y for _, y in found),
            )


def _texts(scene: Scene) -> Iterator[str]:
    """No text lies on another, and each is as wide as it says."""
    listed = [mark for mark in flatten(scene.marks) if isinstance(mark, Text)]
    areas = {f"{index} {text.text!r}": text_area(text) for index, text in enumerate(listed)}
    for one, other in overlapping(areas):
        yield f"the texts {one} and {other} overlap"
    for text in listed:
        if (
            abs(
                text_width(text.text, text.size, bold=text.role.split()[0].endswith("title"))
                - text.width
            )
            > 0.01
        ):
            yield f"the text {text.text!r} is not as wide as it says"
        if not text.text.isprintable():
            yield f"the text {text.text!r} has characters that are none"


def _nodes(scene: Scene) -> Iterator[str]:
    areas = nodes(scene)
    if len(areas) < len(_groups(scene)):
        yield "two nodes have one id"
    for one, other in overlapping(areas):
        yield f"the nodes {one} and {other} overlap"
    for group in _groups(scene):
        boxes = [m for m in group.marks if isinstance(m, Rect)]
        if (
            not boxes
            or group.role in ("node dot",)
            or any(m.role == "pie" for m in group.marks if isinstance(m, Path))
        ):
            continue
        box = area_of(max(boxes, key=lambda rect: rect.width * rect.height))
        for mark in group.marks:
            if not inside(area_of(mark), (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)):
                yield f"{mark} leaves its card {group.id}"


def _lines(scene: Scene) -> Iterator[str]:
    areas = nodes(scene)
    labels = {
        f"{index} {mark.text!r}": text_area(mark)
        for index, mark in enumerate(scene.marks)
        if isinstance(mark, Text) and mark.role == "label"
    }
    for name, area in labels.items():
        for node, other in areas.items():
            if overlap(area, other, 0.0):
                yield f"the label {name} touches {node}"
    for mark in scene.marks:
        if isinstance(mark, Path) and mark.role in ("edge", "path"):
            for one, other in pairwise(points(mark.segments)):
                line = segment_area(one, other)
                for name, area in (*areas.items(), *labels.items()):
                    if overlap(line, area, 1.1):
                        yield f"a line runs through {name}"


def _page(scene: Scene) -> Iterator[str]:
    page = (0.0, 0.0, scene.width, scene.height)
    for mark in flatten(scene.marks):
        if not inside(area_of(mark), page):
            yield f"{mark} leaves the page"
    head = [
        text_area(m)
        for m in scene.marks
        if isinstance(m, Text) and m.role in ("note", "heading-title")
    ]
    for name, area in nodes(scene).items():
        if any(overlap(area, other, SLACK) for other in head):
            yield f"{name} lies on the key"
