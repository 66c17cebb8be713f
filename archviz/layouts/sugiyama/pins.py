"""Where links leave and arrive on the borders of boxes."""

from __future__ import annotations

from archviz.layouts.sugiyama.measures import NEAR, PIN_STEP
from archviz.layouts.sugiyama.sketches import Sketch


def pin_sources(sketch: Sketch) -> None:
    """Sets where each net leaves its source."""
    rank, x = sketch.rank, sketch.x
    leaving: list[dict[int, list[float]] | None] = [None] * len(sketch.vertices)
    first: dict[int, int] = {}
    for link, (u, _) in enumerate(sketch.ends):
        net = sketch.nets[link]
        if u >= 0 and net not in sketch.net_x:
            sketch.net_x[net] = x[u] + sketch.leave[link]
            if u in first and sketch.vertices[u].outs is None and sketch.vertices[u].width:
                leaving[u] = {}
            first[u] = net
    if not any(nets is not None for nets in leaving):
        return
    for link, (u, v) in enumerate(sketch.ends):
        nets = leaving[u] if u >= 0 else None
        if nets is not None:
            net = sketch.nets[link]
            if sketch.is_lane[link]:
                towards = sketch.lanes[net, sketch.is_back[link]].x
            elif rank[v] == rank[u] + 1:
                towards = x[v] + sketch.arrive[link]
            else:
                towards = sketch.rails[net, rank[u] + 1]
            nets.setdefault(net, []).append(towards)
    for u, nets in enumerate(leaving):
        if nets is not None:
            means = {net: sum(towards) / len(towards) for net, towards in nets.items()}
            order = sorted(means, key=lambda net: (means[net], net))
            places = _spread(sketch, u, [means[net] for net in order], is_free=False)
            sketch.net_x.update(zip(order, places, strict=True))


def pin_targets(sketch: Sketch) -> None:
    """Sets where each link ends on its target, and which labels are on the left."""
    rank, x, vertices = sketch.rank, sketch.x, sketch.vertices
    sketch.link_x = [
        x[v] + at if v >= 0 else 0.0 for (_, v), at in zip(sketch.ends, sketch.arrive, strict=True)
    ]
    sketch.is_left = [False] * len(sketch.ends)
    entering: dict[int, list[tuple[float, int]]] = {}
    for link, (u, v) in enumerate(sketch.ends):
        if v < 0:
            continue
        vertex = vertices[v]
        if vertex.ins is not None or not vertex.is_box:
            continue
        net = sketch.nets[link]
        if sketch.is_lane[link]:
            entry = sketch.lanes[net, sketch.is_back[link]].x
        elif rank[v] == rank[u] + 1:
            entry = sketch.net_x[net]
        else:
            entry = sketch.rails[net, rank[v] - 1]
        if vertex.entering > 1:
            entering.setdefault(v, []).append((entry, link))
        elif entry != x[v] and abs(entry - x[v]) < min(NEAR, vertex.reach):
            sketch.link_x[link] = entry
    for v, links in entering.items():
        links.sort()
        is_free = not any(link in sketch.labels for _, link in links)
        places = _spread(sketch, v, [entry for entry, _ in links], is_free=is_free)
        for (_, link), place in zip(links, places, strict=True):
            sketch.link_x[link] = place
        sketch.is_left[links[0][1]] = True


def _spread(sketch: Sketch, v: int, others: list[float], *, is_free: bool) -> list[float]:
    """Places of links' ends on the border of a leaf, the straight one in its middle.

    Args:
        sketch: The section.
        v: The leaf.
        others: Where the links come from or go to, sorted.
        is_free: Whether others may be straight too, away from the middle.
    """
    x = sketch.x[v]
    reach = sketch.vertices[v].reach
    count = len(others)
    straight = [i for i, other in enumerate(others) if other == x]
    if not straight:
        step = min(PIN_STEP, 2 * reach / (count - 1))
        return [_half(x + (i - (count - 1) / 2) * step, step) for i in range(count)]
    middle = straight[len(straight) // 2]
    step = min(PIN_STEP, reach / max(middle, count - 1 - middle))
    places = [_half(x + (i - middle) * step, step) for i in range(count)]
    if is_free and step == PIN_STEP:
        for i in range(middle + 1, count):
            room = x + reach - (count - 1 - i) * step
            least = places[i - 1] + step
            places[i] = others[i] if least <= others[i] <= room else max(places[i], least)
        for i in range(middle - 1, -1, -1):
            room = x - reach + i * step
            most = places[i + 1] - step
            places[i] = others[i] if room <= others[i] <= most else min(places[i], most)
    return places


def _half(x: float, step: float) -> float:
    """``x`` in half pixels, unless the steps are about as small."""
    return round(x * 2) / 2 if step > 2 else x
