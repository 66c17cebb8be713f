"""Layout: time, crossings, straightness and overlaps beside Graphviz's dot, on the same boxes.

CPU time, the child's when there is one; both engines take turns in one run. Where dot takes more
than a few seconds it runs once, and beyond --limit it is stopped. Lengths are pixels a link.

    python benchmarks/layout.py [--runs 5] [--limit 100] [--large]

--large adds the time of 10,000 and 100,000 boxes, without dot, which does not get there.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import sys
import time
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from networks import Network, googlenet, resnet, synthetic, transformer, unet

from archviz.errors import LayoutError
from archviz.layouts import Placement
from archviz.layouts import graphviz as dot
from archviz.layouts import sugiyama as own

SLOW = 5.0

GRAPHS: dict[str, Callable[[Network], None]] = {
    "resnet 50": lambda network: resnet(network, 16),
    "googlenet": lambda network: googlenet(network, 9),
    "unet": lambda network: unet(network, 5),
    "transformer 12": lambda network: transformer(network, 12),
    "transformer 32": lambda network: transformer(network, 32),
    "synthetic 300": lambda network: synthetic(network, 300),
    "synthetic 1000": lambda network: synthetic(network, 1000),
}


def child_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(work: Callable[[], Placement], clock: Callable[[], float]) -> tuple[float, Placement]:
    start = clock()
    placement = work()
    return clock() - start, placement


Segment = tuple[float, float, float, float, int]


def segments(placement: Placement) -> list[Segment]:
    """Pieces of routes as (x, y, x, y, link), the upper end first."""
    found = []
    for k, route in enumerate(placement.routes):
        for a, b in pairwise(route.points):
            upper, lower = sorted((a, b), key=lambda p: p.y)
            found.append((upper.x, upper.y, lower.x, lower.y, k))
    return sorted(found, key=lambda s: s[1])


def crossings(network: Network, found: list[Segment]) -> int:
    """Places where routes without a common end cross, to 2 px."""
    links = network.links
    places: set[tuple[int, int]] = set()
    active: list[Segment] = []
    for s in found:
        active = [t for t in active if t[3] >= s[1]]
        for t in active:
            a, b = links[s[4]], links[t[4]]
            if {a.source, a.target} & {b.source, b.target}:
                continue
            place = meeting(s, t)
            if place:
                places.add((round(place[0] / 2), round(place[1] / 2)))
        active.append(s)
    return len(places)


def meeting(s: Segment, t: Segment) -> tuple[float, float] | None:
    dx, dy = s[2] - s[0], s[3] - s[1]
    ex, ey = t[2] - t[0], t[3] - t[1]
    across = dx * ey - dy * ex
    if abs(across) < 1e-9:
        return None
    p = ((t[0] - s[0]) * ey - (t[1] - s[1]) * ex) / across
    q = ((t[0] - s[0]) * dy - (t[1] - s[1]) * dx) / across
    if 1e-6 < p < 1 - 1e-6 and 1e-6 < q < 1 - 1e-6:
        return s[0] + p * dx, s[1] + p * dy
    return None


def over_boxes(network: Network, placement: Placement, found: list[Segment]) -> int:
    """Links that pass a box they do not end at, by two pixels or more."""
    leaves = sorted(
        (area.y, i)
        for i, (box, area) in enumerate(zip(network.boxes, placement.areas, strict=True))
        if not box.is_container
    )
    tops = [y for y, _ in leaves]
    tallest = max(placement.areas[i].height for _, i in leaves)
    hit: set[tuple[int, int]] = set()
    for x0, y0, x1, y1, k in found:
        link = network.links[k]
        for _, i in leaves[bisect_left(tops, y0 - tallest) : bisect_left(tops, y1)]:
            area = placement.areas[i]
            if i in (link.source, link.target):
                continue
            low, high = max(y0, area.y + 2), min(y1, area.y + area.height - 2)
            if low > high:
                continue
            share = [(y - y0) / (y1 - y0) for y in (low, high)] if y1 > y0 else [0.0, 1.0]
            ends = sorted(x0 + s * (x1 - x0) for s in share)
            if ends[0] < area.x + area.width - 2 and ends[1] > area.x + 2:
                hit.add((k, i))
    return len(hit)


def overlaps(network: Network, placement: Placement) -> int:
    leaves = sorted(
        (area.y, area)
        for box, area in zip(network.boxes, placement.areas, strict=True)
        if not box.is_container
    )
    count = 0
    for i, (_, a) in enumerate(leaves):
        for y, b in leaves[i + 1 :]:
            if y >= a.y + a.height:
                break
            count += a.x < b.x + b.width and b.x < a.x + a.width
    return count


def quality(network: Network, placement: Placement) -> str:
    found = segments(placement)
    count = len(placement.routes)
    straight = sum(
        max(p.x for p in route.points) - min(p.x for p in route.points) < 2
        for route in placement.routes
    )
    length = sum(abs(s[2] - s[0]) + abs(s[3] - s[1]) for s in found) / count
    ink = drawn_length(network, placement) / count
    return (
        f"{crossings(network, found):5} crossings {straight / count:5.2f} straight "
        f"{length:5.0f} long {ink:5.0f} ink "
        f"{over_boxes(network, placement, found):3} over boxes "
        f"{overlaps(network, placement):2} overlaps  "
        f"{placement.width:5.0f} × {placement.height:.0f}"
    )


def drawn_length(network: Network, placement: Placement) -> float:
    """Length of all lines, what links of one source share counted once."""
    total = 0.0
    lines: dict[tuple[int, str, float], list[tuple[float, float]]] = {}
    for link, route in zip(network.links, placement.routes, strict=True):
        for a, b in pairwise(route.points):
            if a.x == b.x:
                lines.setdefault((link.source, "x", a.x), []).append(tuple(sorted((a.y, b.y))))
            elif a.y == b.y:
                lines.setdefault((link.source, "y", a.y), []).append(tuple(sorted((a.x, b.x))))
            else:
                total += ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5
    for spans in lines.values():
        end = float("-inf")
        for low, high in sorted(spans):
            total += max(0.0, high - max(low, end))
            end = max(end, high)
    return total


def compare(name: str, network: Network, runs: int, limit: float) -> None:
    print(f"\n{name}: {len(network.boxes)} boxes, {len(network.links)} links")
    times: list[float] = []
    peer_times: list[float] = []
    peer: Placement | None = None
    peer_goes_on = bool(shutil.which("dot"))
    for _ in range(runs):
        seconds, placement = timed(
            lambda: own.place(network.boxes, network.links), time.process_time
        )
        times.append(seconds)
        if peer_goes_on:
            started = child_seconds()
            try:
                seconds, peer = timed(
                    lambda: dot.place(network.boxes, network.links, timeout=limit), child_seconds
                )
            except LayoutError:
                print(f"  dot        stopped after {child_seconds() - started:.1f} s CPU")
                peer_goes_on = False
                continue
            peer_times.append(seconds)
            peer_goes_on = seconds < SLOW
    median = statistics.median(times)
    print(f"  sugiyama {median * 1000:9.1f} ms ({len(times)})  {quality(network, placement)}")
    if peer is not None:
        peer_median = statistics.median(peer_times)
        print(
            f"  dot      {peer_median * 1000:9.1f} ms ({len(peer_times)})  {quality(network, peer)}"
        )
        print(f"  ratio    {peer_median / median:9.1f}")


def own_seconds(network: Network, runs: int) -> float:
    return statistics.median(
        timed(lambda: own.place(network.boxes, network.links), time.process_time)[0]
        for _ in range(runs)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit", type=float, default=100.0)
    parser.add_argument("--large", action="store_true")
    arguments = parser.parse_args()
    if not shutil.which("dot"):
        print("dot is not installed: no peer in this run")
    for nested in (False, True):
        for name, make in GRAPHS.items():
            network = Network(nested=nested)
            make(network)
            kind = "nested" if nested else "flat"
            compare(f"{name}, {kind}", network, arguments.runs, arguments.limit)
    if arguments.large:
        print()
        for nested in (False, True):
            for size in (10_000, 100_000):
                network = Network(nested=nested)
                synthetic(network, size)
                seconds = own_seconds(network, arguments.runs)
                kind = "nested" if nested else "flat"
                print(f"{size} boxes, {kind}: {seconds:.3f} s, {seconds / size * 1e6:.1f} µs a box")


if __name__ == "__main__":
    main()
