"""Measures a figure of the layered style: what overlaps, what is too small, what is missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from archviz.ir import Graph, Model
from archviz.ir.walk import all_nodes
from archviz.scene import Group, Mark, Path, Rect, Scene, Text, flatten
from archviz.text import CAP_HEIGHT

Polygon = list[tuple[float, float]]
SOLID = ("front", "lid", "flank", "copied")
"""Roles of faces, which text must not touch unless it is all inside."""
SLACK = 0.35
LEAST = 6.0


def problems(scene: Scene) -> list[str]:
    """Every fault of the drawing as a sentence; lengths in points."""
    texts = [mark for mark in flatten(scene.marks) if isinstance(mark, Text)]
    shapes = [(text.text, text_polygon(text)) for text in texts]
    found = [f"{t.text!r} is of {t.size} pt" for t in texts if t.size < LEAST]
    page = [(0.0, 0.0), (scene.width, 0.0), (scene.width, scene.height), (0.0, scene.height)]
    for name, shape in shapes:
        if not is_inside(shape, page):
            found.append(f"{name!r} leaves the page")
    for (one, a), (other, b) in combinations(shapes, 2):
        if do_overlap(a, b):
            found.append(f"{one!r} overlaps {other!r}")
    for mark in flatten(scene.marks):
        word = mark.role.partition(" ")[0]
        if isinstance(mark, Rect | Path) and word in SOLID:
            face = polygon(mark)
            if not is_inside(face, page):
                found.append(f"a {mark.role} leaves the page")
            found += [
                f"{name!r} is on a {mark.role}"
                for name, shape in shapes
                if do_overlap(shape, face) and not is_inside(shape, face)
            ]
        elif isinstance(mark, Path):
            found += [
                f"a {mark.role} runs through {name!r}"
                for name, shape in shapes
                for line in strokes(mark)
                if do_overlap(shape, line)
            ]
    found += _standing_in_each_other(scene)
    return found


def _standing_in_each_other(scene: Scene) -> Iterator[str]:
    """Stages, whose faces must not touch those of another stage."""
    stages = [
        (mark.id or mark.role, [polygon(m) for m in flatten(mark.marks) if _is_solid(m)])
        for mark in scene.marks
        if isinstance(mark, Group) and mark.role in ("stage", "input", "unit", "block")
    ]
    for (one, faces), (other, others) in combinations(stages, 2):
        if any(do_overlap(a, b) for a in faces for b in others):
            yield f"{one} stands in {other}"


def _is_solid(mark: Mark) -> bool:
    return isinstance(mark, Rect | Path) and mark.role.partition(" ")[0] in SOLID


def accounted(scene: Scene) -> Counter[str]:
    """How often each operation is drawn, or said to be left out."""
    return Counter(name for group in groups(scene.marks) for name in operations(group))


def operations(group: Group) -> list[str]:
    return group.data.get("ops", "").split()


def groups(marks: Sequence[Mark]) -> Iterator[Group]:
    for mark in marks:
        if isinstance(mark, Group):
            yield mark
            yield from groups(mark.marks)


def imported(model: Model) -> list[str]:
    """Every operation that the figure was given, in order."""
    return [name.replace(" ", "_") for node in model.graph.nodes for name in node.origins]


def unfolded(scene: Scene, graph: Graph) -> list[str]:
    """Faults of the figure's ×N: copies that are not as many, or not of the same operations."""
    op = {node.id.replace(" ", "_"): node.op for node in all_nodes(graph)}
    found = []
    for group in groups(scene.marks):
        times = int(group.data.get("repeat", "1"))
        names = operations(group)
        if len(names) % times:
            found.append(f"{len(names)} operations are no {times} copies")
            continue
        size = len(names) // times
        copies = [
            [op.get(n, n) for n in names[k : k + size]] for k in range(0, len(names), size or 1)
        ]
        if times > 1 and any(copy != copies[0] for copy in copies):
            found.append(f"the copies of {group.id or group.role} differ")
    return found


def polygon(mark: Mark) -> Polygon:
    if isinstance(mark, Rect):
        x, y, w, h = mark.x, mark.y, mark.width, mark.height
        return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    assert isinstance(mark, Path)
    return points(mark)


def points(path: Path) -> Polygon:
    return [(float(s[-2]), float(s[-1])) for s in path.segments if len(s) > 1]  # type: ignore[arg-type]


def strokes(path: Path) -> list[Polygon]:
    """Each straight stretch as a very thin polygon."""
    return [[a, b, b, a] for a, b in pairwise(points(path))]


def text_polygon(text: Text) -> Polygon:
    left = text.left - text.x
    high = CAP_HEIGHT * text.size
    corners = [(left, -high), (left + text.width, -high), (left + text.width, 0.0), (left, 0.0)]
    turn = math.radians(text.rotation)
    cos, sin = math.cos(turn), math.sin(turn)
    return [(text.x + x * cos - y * sin, text.y + x * sin + y * cos) for x, y in corners]


def is_inside(inner: Polygon, outer: Polygon) -> bool:
    """Whether a polygon lies in a convex one."""
    return all(depth(point, outer) >= -SLACK for point in inner)


def depth(point: tuple[float, float], outer: Polygon) -> float:
    """How far inside the nearest edge a point is, negative outside."""
    x, y = point
    area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in edges(outer))
    least = math.inf
    for (x0, y0), (x1, y1) in edges(outer):
        length = math.hypot(x1 - x0, y1 - y0)
        if length:
            side = ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / length
            least = min(least, side if area > 0 else -side)
    return least


def edges(shape: Polygon) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return list(zip(shape, [*shape[1:], shape[0]], strict=True))


def do_overlap(one: Polygon, other: Polygon) -> bool:
    """Whether two convex polygons share more than a sliver (separating axes)."""
    for (x0, y0), (x1, y1) in (*edges(one), *edges(other)):
        length = math.hypot(x1 - x0, y1 - y0)
        if not length:
            continue
        nx, ny = (y1 - y0) / length, (x0 - x1) / length
        a = [x * nx + y * ny for x, y in one]
        b = [x * nx + y * ny for x, y in other]
        if max(a) <= min(b) + SLACK or max(b) <= min(a) + SLACK:
            return False
    return True
