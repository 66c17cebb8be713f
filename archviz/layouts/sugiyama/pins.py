"""Where links leave and arrive on the borders of boxes."""

from __future__ import annotations

from archviz.layouts.sugiyama.measures import NEAR, PIN_STEP
from archviz.layouts.sugiyama.parts import Part


def pin_sources(part: Part) -> None:
    """Sets where each net leaves its source."""
    rank, x = part.rank, part.x
    leaving: list[dict[int, list[float]] | None] = [None] * len(part.vertices)
    first: dict[int, int] = {}
    for link, (u, _) in enumerate(part.ends):
        net = part.nets[link]
        if net not in part.net_x:
            part.net_x[net] = x[u] + part.leave[link]
            if u in first and part.vertices[u].outs is None and part.vertices[u].width:
                leaving[u] = {}
            first[u] = net
    if not any(nets is not None for nets in leaving):
        return
    for link, (u, v) in enumerate(part.ends):
        nets = leaving[u]
        if nets is not None:
            net = part.nets[link]
            if part.is_lane[link]:
                towards = part.lanes[net, part.is_back[link]].x
            elif rank[v] == rank[u] + 1:
                towards = x[v] + part.arrive[link]
            else:
                towards = part.rails[net, rank[u] + 1]
            nets.setdefault(net, []).append(towards)
    for u, nets in enumerate(leaving):
        if nets is not None:
            means = {net: sum(towards) / len(towards) for net, towards in nets.items()}
            order = sorted(means, key=lambda net: (means[net], net))
            places = _spread(part, u, [means[net] for net in order], is_free=False)
            part.net_x.update(zip(order, places, strict=True))


def pin_targets(part: Part) -> None:
    """Sets where each link ends on its target, and which labels are on the left."""
    rank, x, vertices = part.rank, part.x, part.vertices
    part.link_x = [x[v] + at for (_, v), at in zip(part.ends, part.arrive, strict=True)]
    part.is_left = [False] * len(part.ends)
    entering: dict[int, list[tuple[float, int]]] = {}
    for link, (u, v) in enumerate(part.ends):
        vertex = vertices[v]
        if vertex.ins is not None or vertex.child < 0:
            continue
        net = part.nets[link]
        if part.is_lane[link]:
            entry = part.lanes[net, part.is_back[link]].x
        elif rank[v] == rank[u] + 1:
            entry = part.net_x[net]
        else:
            entry = part.rails[net, rank[v] - 1]
        if vertex.entering > 1:
            entering.setdefault(v, []).append((entry, link))
        elif entry != x[v] and abs(entry - x[v]) < min(NEAR, vertex.reach):
            part.link_x[link] = entry
    for v, links in entering.items():
        links.sort()
        is_free = not any(link in part.labels for _, link in links)
        places = _spread(part, v, [entry for entry, _ in links], is_free=is_free)
        for (_, link), place in zip(links, places, strict=True):
            part.link_x[link] = place
        part.is_left[links[0][1]] = True


def _spread(part: Part, v: int, others: list[float], *, is_free: bool) -> list[float]:
    """Places of links' ends on the border of a leaf, the straight one in its middle.

    Args:
        part: The part.
        v: The leaf.
        others: Where the links come from or go to, sorted.
        is_free: Whether others may be straight too, away from the middle.
    """
    x = part.x[v]
    reach = part.vertices[v].reach
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
