"""The layout engine beside dot, Netron's dagre and ELK: CPU time and quality, in one run.

Times are CPU seconds: of the call for our engine, of the whole process for dot, and of the call
alone, without starting node, for dagre and ELK. An engine that takes more than --slow seconds runs
once, others --runs times. What each line must reach is printed beside it.

    python benchmarks/layout.py [--runs 5] [--limit 120] [--only resnet50] [--only growth]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from layout_graphs import MODELS, Sample, model, synthetic
from layout_peers import Run, dagre, dot, elk
from layout_quality import Quality, measure

from archviz.layouts import Placement
from archviz.layouts.sugiyama import place

GRAPHS: dict[str, Callable[[], Sample]] = {
    **{name: lambda name=name: model(name) for name in MODELS},  # type: ignore[misc]
    "synth_300": lambda: synthetic(300),
    "synth_1000": lambda: synthetic(1000),
}
LEAST_OVER_DOT = {"gpt2_12": 80, "synth_1000": 1000}
LEAST_OVER_DAGRE = 50
LEAST_OVER_ELK = 100
MOST_INK = 1.15
MORE_STRAIGHT = 0.1
MOST_GROWTH = 12

failures: list[str] = []


def expect(holds: bool, what: str) -> str:
    """A mark for the table; a failure is kept for the end."""
    if not holds:
        failures.append(what)
    return "" if holds else "  <- MISSED"


def timed(sample: Sample) -> tuple[float, Placement]:
    """CPU seconds, and the placement."""
    start = time.process_time()
    placement = place(sample.boxes, sample.links)
    return time.process_time() - start, placement


def own(sample: Sample, runs: int) -> tuple[float, Placement]:
    """CPU seconds of the median run, and the placement."""
    times = []
    for _ in range(runs):
        seconds, placement = timed(sample)
        times.append(seconds)
    return statistics.median(times), placement


def peer(run: Callable[[], Run], runs: int, slow: float) -> Run:
    """The median run; one alone when it is slow or fails."""
    found = [run()]
    while len(found) < runs and found[0].seconds < slow and not found[0].reason:
        found.append(run())
    return sorted(found, key=lambda one: one.seconds)[len(found) // 2]


def row(name: str, seconds: float, quality: Quality | None, note: str = "") -> None:
    """One line of the table."""
    text = f"  {name:9}{seconds * 1000:11.1f} ms"
    if quality:
        text += (
            f"{quality.crossings:6} crossings {quality.straight:5.2f} straight"
            f"{quality.length:6.0f} long{quality.ink:6.0f} ink{quality.over_boxes:4} over boxes"
            f"{quality.overlaps:3} overlaps"
        )
    print(text + note, flush=True)


def compare(sample: Sample, runs: int, limit: float, slow: float) -> None:
    """A graph beside dot and dagre."""
    name = sample.name
    print(f"\n{name}: {len(sample.boxes)} boxes, {len(sample.links)} links")
    seconds, placement = own(sample, max(runs, 7))
    quality = measure(sample, placement)
    clean = not quality.over_boxes and not quality.overlaps
    row("sugiyama", seconds, quality, expect(clean, f"{name}: 0 overlaps, 0 edges over boxes"))
    other = peer(lambda: dot(sample, limit), runs, slow)
    least = LEAST_OVER_DOT.get(name, 0)
    ratio = other.seconds / seconds
    note = f"  {ratio:.1f} x (>= {least} x)" + expect(ratio >= least, f"{name}: {least} x dot")
    if other.placement:
        theirs = measure(sample, other.placement)
        row("dot", other.seconds, theirs, note)
        fewer = quality.crossings <= theirs.crossings
        ink = quality.ink / theirs.ink
        more = quality.straight - theirs.straight
        print(
            f"  against dot: crossings {quality.crossings} / {theirs.crossings}"
            + expect(fewer, f"{name}: crossings {quality.crossings} > dot's {theirs.crossings}")
            + f", ink {ink:.2f} (<= {MOST_INK})"
            + expect(ink <= MOST_INK, f"{name}: ink {ink:.2f} x dot's")
            + f", straight {more:+.2f} (>= {MORE_STRAIGHT})"
            + expect(more >= MORE_STRAIGHT, f"{name}: straight {more:+.2f}")
        )
    else:
        row("dot", other.seconds, None, f"  {other.reason}{note}")
    other = peer(lambda: dagre(sample, limit), runs, slow)
    if not other.seconds:
        print(f"  dagre: {other.reason}")
        return
    ratio = other.seconds / seconds
    note = f"  {ratio:.1f} x (>= {LEAST_OVER_DAGRE} x)"
    note += expect(ratio >= LEAST_OVER_DAGRE, f"{name}: {ratio:.0f} x dagre")
    theirs_or_none = measure(sample, other.placement) if other.placement else None
    row("dagre", other.seconds, theirs_or_none, f"  {other.reason}{note}")


def compare_nested(runs: int, limit: float, slow: float) -> None:
    """Llama with its modules as containers, beside ELK."""
    for name in ("gpt2_12", "llama32"):
        sample = model(name, nested=True)
        containers = len(sample.boxes) - len(sample.leaves)
        print(f"\n{name}, nested: {len(sample.leaves)} boxes in {containers} containers")
        seconds, placement = own(sample, max(runs, 7))
        row("sugiyama", seconds, measure(sample, placement))
        other = peer(lambda sample=sample: elk(sample, limit), runs, slow)  # type: ignore[misc]
        if not other.seconds:
            print(f"  ELK: {other.reason}")
            return
        ratio = other.seconds / seconds
        least = LEAST_OVER_ELK if name == "llama32" else 0
        note = f"  {other.reason}  {ratio:.1f} x (>= {least} x)"
        row(
            "ELK",
            other.seconds,
            None,
            note + expect(ratio >= least, f"{name} nested: {ratio:.0f} x ELK"),
        )


def growth(runs: int) -> None:
    """How time grows from 10,000 boxes to 100,000, by turns, as other work slows both down."""
    samples = {size: synthetic(size) for size in (10_000, 100_000)}
    times: dict[int, list[float]] = {size: [] for size in samples}
    print()
    for _ in range(max(runs, 5)):
        for size, sample in samples.items():
            times[size].append(timed(sample)[0])
    medians = {size: statistics.median(found) for size, found in times.items()}
    for size, seconds in medians.items():
        print(f"{size:7,} boxes: {seconds:.3f} s, {seconds / size * 1e6:.1f} µs a box", flush=True)
    ratio = medians[100_000] / medians[10_000]
    holds = expect(ratio <= MOST_GROWTH, f"t(100,000) / t(10,000) is {ratio:.1f}")
    print(f"t(100,000) / t(10,000): {ratio:.1f} (<= {MOST_GROWTH}){holds}")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds a peer may take")
    parser.add_argument("--slow", type=float, default=5.0, help="a peer that takes more runs once")
    parser.add_argument("--only", action="append", choices=[*GRAPHS, "nested", "growth"])
    parser.add_argument("--large", action="store_true", help="growth too, after all others")
    arguments = parser.parse_args()
    wanted = arguments.only or [*GRAPHS, "nested"]
    for name in wanted:
        if name in GRAPHS:
            compare(GRAPHS[name](), arguments.runs, arguments.limit, arguments.slow)
    if "nested" in wanted:
        compare_nested(arguments.runs, arguments.limit, arguments.slow)
    if arguments.large or "growth" in wanted:
        growth(arguments.runs)
    print("\n" + ("\n".join(["missed:", *failures]) if failures else "all hold"))


if __name__ == "__main__":
    main()
