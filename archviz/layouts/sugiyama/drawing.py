"""A part's picture: corners of boxes, ways of links, areas of labels."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, inf

from archviz.layouts.sugiyama.measures import (
    LABEL_CLEARANCE,
    LABEL_OFFSET,
    LOOP_REACH,
    PITCH,
)
from archviz.layouts.sugiyama.parts import Drawn, Part, Rectangle, Size, Spot
from archviz.layouts.sugiyama.routes import Placed, Ways


def draw(part: Part, ways: Ways) -> Drawn:
    """The picture of a part whose measures are all set."""
    drawn = Drawn(height=part.height)
    xs, ys, vertices, rank = part.x, part.y, part.vertices, part.rank
    for vertex, x, y in zip(vertices, xs, ys, strict=True):
        if vertex.child >= 0:
            drawn.corners[vertex.child] = (x - vertex.width / 2, y)
    drawn.inlets = {port: xs[v] for port, v in part.inlets.items()}
    drawn.outlets = {port: xs[v] for port, v in part.outlets.items()}
    ends, nets, net_x, link_x = part.ends, part.nets, part.net_x, part.link_x
    labels, ends_with, straight = part.labels, part.ends_with, ways.straight
    routes = drawn.routes
    for index, link in part.chains.items():
        u, v = ends[link]
        at = net_x[nets[link]]
        if link_x[link] == at and rank[v] == rank[u] + 1 and index not in ends_with:
            # Straight down, as most are.
            top = ys[u] + vertices[u].height
            routes[index] = (at, top, straight(ys[v] - top))
            if link in labels:
                drawn.labels[index] = _label_area(part, link, labels[link])
            continue
        points = _way(part, link)
        last = ends_with.get(index, link)
        if last != link:
            points = straightened(points + _way(part, last))
        routes[index] = ways.shared(points)
        if part.is_back[link] or part.is_back[last]:
            drawn.backs.append(index)
        label = labels.get(link)
        if label:
            drawn.labels[index] = _label_area(part, link, label)
    for tag, index in part.tags.items():
        vertex = vertices[tag]
        drawn.labels[index] = (
            xs[tag] + LABEL_OFFSET,
            ys[tag] + LABEL_CLEARANCE,
            vertex.width,
            vertex.height - 2 * LABEL_CLEARANCE,
        )
    for v in part.loops:
        _draw_loops(part, v, drawn, ways)
    _set_extents(part, drawn)
    return drawn


def straightened(points: list[Spot]) -> list[Spot]:
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


def _way(part: Part, link: int) -> list[Spot]:
    u, v = part.ends[link]
    net = part.nets[link]
    at = part.net_x[net]
    end = part.link_x[link]
    first, last = part.rank[u] + 1, part.rank[v]
    points = [(at, part.y[u] + part.vertices[u].height)]
    back = False
    if part.is_lane[link]:
        back = part.is_back[link]
        legs = [(first, part.lanes[net, back].x), (last, end)]
    elif first == last:
        legs = [(last, end)]
    else:
        rails = part.rails
        legs = [(r, rails[net, r]) for r in range(first, last)]
        legs.append((last, end))
    for channel, following in legs:
        if following != at:
            nets = part.channels[channel]
            if nets is not None:
                start = part.first_track[channel]
                turning = nets[net]
                if turning.column is None and turning.upper >= 0:
                    y = start + PITCH * turning.upper
                    points += ((at, y), (following, y))
                else:
                    for x, track in turning.turns(at, following, down=not back):
                        points.append((x, start + PITCH * track))
            at = following
    points.append((at, part.y[v]))
    return points


def _label_area(part: Part, link: int, label: Size) -> Rectangle:
    width, height = label
    rank = part.rank[part.ends[link][1]]
    x = part.link_x[link]
    x = x - LABEL_OFFSET - width if part.is_left[link] else x + LABEL_OFFSET
    room = part.row_top[rank] - part.label_top[rank] - height
    return (x, part.label_top[rank] + room // 1 / 2, width, height)


def _draw_loops(part: Part, v: int, drawn: Drawn, ways: Ways) -> None:
    """Self-loops: small ones inside larger ones, on the right, and their labels beside them."""
    vertex = part.vertices[v]
    loops = part.loops[v]
    right = part.x[v] + vertex.width / 2
    reach = part.x[v] + ceil(vertex.width) / 2 + LOOP_REACH
    middle = part.y[v] + vertex.height / 2
    step = vertex.height / 2 / (len(loops) + 1)
    rank = part.rank[v]
    text_y = part.row_top[rank] + (part.row_height[rank] - part.loop_labels_height(v)) / 2
    for k, index in enumerate(loops):
        away = (k + 1) * step
        points = [
            (right, middle + away),
            (reach + PITCH * k, middle + away),
            (reach + PITCH * k, middle - away),
            (right, middle - away),
        ]
        drawn.routes[index] = ways.shared(points)
        drawn.backs.append(index)
        label = part.arcs[index][5]
        if label:
            x = reach + PITCH * (len(loops) - 1) + LABEL_OFFSET
            drawn.labels[index] = (x, text_y, *label)
            text_y += label[1] + LABEL_CLEARANCE


def _across(routes: Iterable[Placed]) -> tuple[float, float] | None:
    """The least and the greatest x of ways; None without any."""
    reach: dict[int, tuple[float, float]] = {}
    low, high = inf, -inf
    for x, _, way in routes:
        found = reach.get(id(way))
        if found is None:
            steps = [step for step, _ in way]
            found = reach[id(way)] = (min(steps), max(steps))
        if x + found[0] < low:
            low = x + found[0]
        if x + found[1] > high:
            high = x + found[1]
    return (low, high) if low <= high else None


def _set_extents(part: Part, drawn: Drawn) -> None:
    middle = part.x[0]
    boxes = [
        (x - vertex.extent.left, x + vertex.extent.right)
        for x, vertex in zip(part.x, part.vertices, strict=True)
        if vertex.child >= 0
    ]
    drawn.boxes = (
        min([left for left, _ in boxes], default=middle),
        max([right for _, right in boxes], default=middle),
    )
    drawn.rails = _across(drawn.routes.values()) or (middle, middle)
    if drawn.labels:
        drawn.texts = (
            min([x for x, _, _, _ in drawn.labels.values()]),
            max([x + width for x, _, width, _ in drawn.labels.values()]),
        )
    else:
        drawn.texts = (middle, middle)
