"""Measures a Scene: what overlaps, what is clipped, what runs through what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from archviz.scene import Group, Path, Rect, Scene, Segment, Text, flatten
from archviz.text import CAP_HEIGHT, text_width

Area = tuple[float, float, float, float]  # left, top, right, bottom
SLACK = 0.51  # layouts round to half pixels


def problems(scene: Scene) -> list[str]:
    """Every fault of the drawing as a sentence."""
    cards = [mark for mark in scene.marks if isinstance(mark, Group) and is_card(mark)]
    frames = [mark for mark in scene.marks if isinstance(mark, Group) and mark.role == "scope"]
    boxes = {card.id: extent(card) for card in cards}
    found = [
        f"two cards have the id {card.id!r}" for card in cards if ids(cards).count(card.id) > 1
    ]
    found += [f"{one} overlaps {other}" for one, other in overlapping(boxes)]
    page = (0.0, 0.0, scene.width, scene.height)
    for card in cards:
        if not inside(boxes[card.id], page):
            found.append(f"{card.id} leaves the page")
        for text in texts(card):
            if not inside(text_area(text), boxes[card.id]):
                found.append(f"the text {text.text!r} leaves its box {card.id}")
            if text_width(text.text, text.size, bold=is_bold(text)) > text.width + SLACK:
                found.append(f"the text {text.text!r} is wider than it says")
        found += [f"in {card.id}: {p}" for p in clashes([text_area(t) for t in texts(card)])]
    outer = {frame.id: extent(frame) for frame in frames}
    for one, other in overlapping(outer):
        if not inside(outer[one], outer[other]) and not inside(outer[other], outer[one]):
            found.append(f"the frames {one} and {other} cross")
    for frame in frames:
        found += [
            f"the title {text.text!r} leaves its frame {frame.id}"
            for text in texts(frame)
            if not inside(text_area(text), outer[frame.id])
        ]
        title = frame_title(frame)
        for card in cards:
            if overlap(boxes[card.id], outer[frame.id]) and not inside(
                boxes[card.id], outer[frame.id]
            ):
                found.append(f"{card.id} straddles the frame {frame.id}")
            if overlap(boxes[card.id], title):
                found.append(f"{card.id} covers the title of {frame.id}")
    found += label_problems(scene, boxes, frames)
    found += edge_problems(scene, boxes)
    return found


def ids(cards: Sequence[Group]) -> list[str]:
    return [card.id for card in cards]


def is_card(group: Group) -> bool:
    return group.role.startswith("node ")


def is_bold(text: Text) -> bool:
    return text.role.endswith("title")


def extent(group: Group) -> Area:
    rects = [mark for mark in flatten((group,)) if isinstance(mark, Rect)]
    return (
        min(rect.x for rect in rects),
        min(rect.y for rect in rects),
        max(rect.x + rect.width for rect in rects),
        max(rect.y + rect.height for rect in rects),
    )


def texts(group: Group) -> list[Text]:
    return [mark for mark in flatten((group,)) if isinstance(mark, Text)]


def text_area(text: Text) -> Area:
    return (text.left, text.y - CAP_HEIGHT * text.size, text.left + text.width, text.y)


def frame_title(frame: Group) -> Area:
    areas = [text_area(text) for text in texts(frame)]
    return (
        min(area[0] for area in areas),
        min(area[1] for area in areas),
        max(area[2] for area in areas),
        max(area[3] for area in areas),
    )


def overlap(one: Area, other: Area, slack: float = SLACK) -> bool:
    return (
        one[0] < other[2] - slack
        and other[0] < one[2] - slack
        and one[1] < other[3] - slack
        and other[1] < one[3] - slack
    )


def inside(inner: Area, outer: Area) -> bool:
    return (
        inner[0] >= outer[0] - SLACK
        and inner[1] >= outer[1] - SLACK
        and inner[2] <= outer[2] + SLACK
        and inner[3] <= outer[3] + SLACK
    )


def overlapping(areas: dict[str, Area]) -> Iterator[tuple[str, str]]:
    """Pairs that overlap, by a sweep over the tops."""
    items = sorted(areas.items(), key=lambda item: item[1][1])
    active: list[tuple[str, Area]] = []
    for name, area in items:
        active = [other for other in active if other[1][3] > area[1]]
        for other_name, other in active:
            if overlap(area, other):
                yield name, other_name
        active.append((name, area))


def clashes(areas: Sequence[Area]) -> list[str]:
    return [
        f"two texts overlap near ({one[0]:.0f}, {one[1]:.0f})"
        for index, one in enumerate(areas)
        for other in areas[:index]
        if overlap(one, other, 0.0)
    ]


def label_problems(scene: Scene, boxes: dict[str, Area], frames: list[Group]) -> list[str]:
    labels = {
        f"label {index} {mark.text!r}": text_area(mark)
        for index, mark in enumerate(flatten(scene.marks))
        if isinstance(mark, Text) and mark.role == "label"
    }
    found = [f"{one} overlaps {other}" for one, other in overlapping(labels)]
    for name, area in labels.items():
        found += [f"{name} touches {box}" for box, other in boxes.items() if overlap(area, other)]
        found += [
            f"{name} covers the title of {frame.id}"
            for frame in frames
            if overlap(area, frame_title(frame))
        ]
        if not inside(area, (0.0, 0.0, scene.width, scene.height)):
            found.append(f"{name} leaves the page")
    for path in edges(scene):
        for one, other in pairwise(path):
            line = segment_area(one, other)
            found += [f"an edge runs through {n}" for n, a in labels.items() if overlap(line, a)]
    return found


def edges(scene: Scene) -> list[list[tuple[float, float]]]:
    """The points of every edge, turns included."""
    return [
        points(mark.outline)
        for mark in flatten(scene.marks)
        if isinstance(mark, Path) and mark.role in ("edge", "back-edge")
    ]


def points(segments: Sequence[Segment]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for command, *numbers in segments:
        if command == "Q":
            (x0, y0), (x1, y1, x2, y2) = found[-1], numbers
            for step in range(1, 9):
                t = step / 8
                a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
                found.append((a * x0 + b * x1 + c * x2, a * y0 + b * y1 + c * y2))
        else:
            found.append((numbers[-2], numbers[-1]))
    return found


def segment_area(one: tuple[float, float], other: tuple[float, float]) -> Area:
    return (
        min(one[0], other[0]) - SLACK,
        min(one[1], other[1]) - SLACK,
        max(one[0], other[0]) + SLACK,
        max(one[1], other[1]) + SLACK,
    )


def edge_problems(scene: Scene, boxes: dict[str, Area]) -> list[str]:
    """Edges that pass through a box: every point of an edge stays outside every box's inside."""
    found = []
    bands: dict[int, list[tuple[str, Area]]] = {}
    for name, area in boxes.items():
        for band in range(int(area[1] // 200), int(area[3] // 200) + 1):
            bands.setdefault(band, []).append((name, area))
    for path in edges(scene):
        for one, other in pairwise(path):
            line = segment_area(one, other)
            near: dict[str, Area] = {}
            for band in range(int(line[1] // 200), int(line[3] // 200) + 1):
                near.update(bands.get(band, ()))
            # A circle is entered between its corners, so its square may be touched by some pixels.
            found += [
                f"an edge from ({path[0][0]:.0f}, {path[0][1]:.0f}) runs through {name}"
                for name, area in near.items()
                if overlap(line, area, 1.1 if area[2] - area[0] > 30 else 4.0)
            ]
    return found
