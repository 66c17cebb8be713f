"""A section's picture: corners of boxes, ways of links, areas of labels."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf

from archviz.layouts.sugiyama.measures import (
    LABEL_CLEARANCE,
    LABEL_OFFSET,
    LOOP_REACH,
    PITCH,
)
from archviz.layouts.sugiyama.parts import Rectangle, Size, Spot, loop_labels_height
from archviz.layouts.sugiyama.routes import Placed, Ways
from archviz.layouts.sugiyama.sketches import Sketch
from archviz.records import field, mutable

_NOWHERE: Placed = (0.0, 0.0, ())


@mutable
class Stamp:
    """The picture of a section, without the bottleneck above it; equal ones share it.

    Attributes:
        corners: Top left corner of each of its vertices, by place.
        routes: Ways of its links that leave one of its vertices or the bottleneck above; empty for
            those that are open.
        open: Corners of links that are only in part here, by slot.
        labels: Areas of links' labels, by slot.
        tags: Areas of labels that are vertices, by place.
        loops: Ways of self-loops and areas of their labels, by the place of their vertex.
        boxes: Least and greatest x of boxes.
        rails: Least and greatest x of links.
        texts: Least and greatest x of labels.
        height: From the lower border of the bottleneck above to that of the last one.
    """

    corners: list[Spot]
    routes: list[Placed]
    open: list[tuple[int, list[Spot]]] = field(default_factory=list)
    labels: list[tuple[int, Rectangle]] = field(default_factory=list)
    tags: list[tuple[int, Rectangle]] = field(default_factory=list)
    loops: list[tuple[int, list[tuple[Placed, Rectangle | None]]]] = field(default_factory=list)
    boxes: tuple[float, float] = (inf, -inf)
    rails: tuple[float, float] = (inf, -inf)
    texts: tuple[float, float] = (inf, -inf)
    height: float = 0.0


def draw(sketch: Sketch, ways: Ways) -> Stamp:
    """The picture of a section whose measures are all set."""
    xs, ys, vertices, rank = sketch.x, sketch.y, sketch.vertices, sketch.rank
    own = sketch.channels.start  # without the bottleneck above
    placed = [_NOWHERE] * sum([slot >= 0 for slot in sketch.slots])
    stamp = Stamp(
        [(x - vertex.width / 2, y) for x, y, vertex in zip(xs, ys, vertices, strict=True)][own:],
        placed,
        height=sketch.height,
    )
    net_x, link_x = sketch.net_x, sketch.link_x
    tags, labels = sketch.tags, sketch.labels
    for link, ((u, v), slot, net) in enumerate(
        zip(sketch.ends, sketch.slots, sketch.nets, strict=True)
    ):
        if u < 0 or v < 0 or u in tags or v in tags:
            stamp.open.append((slot, _way(sketch, link)))
        elif rank[v] == rank[u] + 1 and link_x[link] == net_x[net]:
            # Straight down, as most are.
            top = ys[u] + vertices[u].height
            placed[slot] = (link_x[link], top, ways.straight(ys[v] - top))
        else:
            placed[slot] = ways.shared(_way(sketch, link))
        if link in labels:
            stamp.labels.append((slot, _label_area(sketch, link, labels[link])))
    for v in range(own, len(vertices)):
        if v in tags:
            area = (
                xs[v] + LABEL_OFFSET,
                ys[v] + LABEL_CLEARANCE,
                vertices[v].width,
                vertices[v].height - 2 * LABEL_CLEARANCE,
            )
            stamp.tags.append((v, area))
        elif vertices[v].loops:
            stamp.loops.append((v, _loops(sketch, v, ways)))
    _set_extents(sketch, stamp, own)
    return stamp


def straightened(points: Sequence[Spot]) -> list[Spot]:
    """``points`` without repeated ones and without those a straight line passes."""
    kept: list[Spot] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept[-1] = point
        else:
            kept.append(point)
    return kept


def _way(sketch: Sketch, link: int) -> list[Spot]:
    """The corners of a link, or of what is here of it."""
    u, v = sketch.ends[link]
    net = sketch.nets[link]
    rank = sketch.rank
    back = sketch.is_back[link]
    points: list[Spot] = []
    legs: list[tuple[int, float]] = []
    at = 0.0
    if u >= 0:
        at = sketch.net_x[net]
        points.append((at, sketch.y[u] + sketch.vertices[u].height))
    if sketch.is_lane[link]:
        beside = sketch.lanes[net, back].x
        if u >= 0:
            legs.append((rank[u] + 1, beside))
        else:
            at = beside
    else:
        legs += [(r, sketch.rails[net, r]) for r in range(rank[u] + 1, rank[v])]
    if v >= 0:
        legs.append((rank[v], sketch.link_x[link]))
    for channel, following in legs:
        if following != at:
            nets = sketch.nets_in[channel]
            if nets is not None:
                start = sketch.first_track[channel]
                turning = nets[net]
                if turning.column is None and turning.upper >= 0:
                    y = start + PITCH * turning.upper
                    points += ((at, y), (following, y))
                else:
                    for x, track in turning.turns(at, following, down=not back):
                        points.append((x, start + PITCH * track))
            at = following
    if v >= 0:
        points.append((at, sketch.y[v]))
    return points


def _label_area(sketch: Sketch, link: int, label: Size) -> Rectangle:
    width, height = label
    rank = sketch.rank[sketch.ends[link][1]]
    x = sketch.link_x[link]
    x = x - LABEL_OFFSET - width if sketch.is_left[link] else x + LABEL_OFFSET
    room = sketch.row_top[rank] - sketch.label_top[rank] - height
    return (x, sketch.label_top[rank] + room // 1 / 2, width, height)


def _loops(sketch: Sketch, v: int, ways: Ways) -> list[tuple[Placed, Rectangle | None]]:
    """Self-loops: small ones inside larger ones, on the right, and their labels beside them."""
    vertex = sketch.vertices[v]
    right = sketch.x[v] + vertex.width / 2
    reach = sketch.x[v] + ceil(vertex.width) / 2 + LOOP_REACH
    middle = sketch.y[v] + vertex.height / 2
    step = vertex.height / 2 / (len(vertex.loops) + 1)
    rank = sketch.rank[v]
    text_y = sketch.row_top[rank] + (sketch.row_height[rank] - loop_labels_height(vertex.loops)) / 2
    found: list[tuple[Placed, Rectangle | None]] = []
    for k, label in enumerate(vertex.loops):
        away = (k + 1) * step
        points = [
            (right, middle + away),
            (reach + PITCH * k, middle + away),
            (reach + PITCH * k, middle - away),
            (right, middle - away),
        ]
        area: Rectangle | None = None
        if label:
            x = reach + PITCH * (len(vertex.loops) - 1) + LABEL_OFFSET
            area = (x, text_y, *label)
            text_y += label[1] + LABEL_CLEARANCE
        found.append((ways.shared(points), area))
    return found


def _set_extents(sketch: Sketch, stamp: Stamp, own: int) -> None:
    boxes = [
        (x - vertex.extent.left, x + vertex.extent.right)
        for x, vertex in zip(sketch.x[own:], sketch.vertices[own:], strict=True)
        if vertex.is_box
    ]
    stamp.boxes = _span([left for left, _ in boxes], [right for _, right in boxes])
    loops = [loop for _, found in stamp.loops for loop in found]
    placed = stamp.routes + [way for way, _ in loops]
    across = [x + step for x, _, way in placed for step, _ in way]
    across += [x for _, points in stamp.open for x, _ in points]
    stamp.rails = _span(across, across)
    texts = [area for _, area in (*stamp.labels, *stamp.tags)]
    texts += [area for _, area in loops if area]
    stamp.texts = _span([x for x, _, _, _ in texts], [x + width for x, _, width, _ in texts])


def _span(lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float]:
    return (min(lows, default=inf), max(highs, default=-inf))
