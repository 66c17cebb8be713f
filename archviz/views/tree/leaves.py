"""The leaves of a tree as a chart: how many rows are in each, and how sure its answer is."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.ir import Forest
from archviz.scene import Mark, Path, Rect, Text
from archviz.text import fit, text_width
from archviz.views.tree.fills import Fills, full
from archviz.views.tree.legend import caption, legend
from archviz.views.tree.numbers import count, number
from archviz.views.tree.part import Limits, part_of
from archviz.views.tree.plots import Plots
from archviz.views.tree.sheet import MARGIN, Sheet

MOST = 120
"""Leaves that have a bar, the largest."""

SIZE, TITLE = 10.0, 11.5
WIDTH, NARROWEST = 760.0, 240.0
TALL, LOW = 150.0, 90.0
GAP = 26.0
AXIS = 46.0
BINS = 20


def draw(
    forest: Forest,
    tree: int,
    fills: Fills,
    plots: Plots | None,
    pixels: float | None,
    has_legend: bool,
) -> Sheet:
    """Two charts: rows of each leaf, and rows by how pure, or which, their leaf's answer is.

    Where nothing says how many rows there are, leaves count instead.
    """
    width = WIDTH if pixels is None else min(max(pixels * 1.15 - 2 * MARGIN, NARROWEST), WIDTH)
    part = part_of(forest, tree, Limits())
    leaves = [n for n, pair in zip(part.numbers, part.children, strict=True) if pair is None]
    start = int(forest.starts[tree])
    values = [forest.value[start + leaf].tolist() for leaf in leaves]
    sizes = _sizes(forest, plots, start, leaves)
    shares = [_shares(fills, plots, leaf, own) for leaf, own in zip(leaves, values, strict=True)]
    order = sorted(range(len(leaves)), key=lambda k: (-sizes[k], k))
    said = plots.said if plots is not None else ""
    marks, height = caption(part, width, MARGIN, MARGIN, said)
    y = MARGIN + height
    if has_legend:
        key, room = legend(fills, width, MARGIN, y, plots.classes if plots else ())
        marks += key
        y += room
    shown = order[:MOST]
    what = _counted(forest, plots)
    more = f", the largest {len(shown):,} of {len(leaves):,}" if len(shown) < len(leaves) else ""
    each, whose = (what, "their") if what == "Leaves" else (f"{what} of each leaf", "their leaf's")
    y = _title(marks, y, each + more, width)
    colors = [fills.fill(own) for own in values]
    y = _bars(marks, y, width, shown, leaves, sizes, shares, colors)
    if any(shares):
        y = _title(marks, y, f"{what} by the share of {whose} most frequent class", width)
        pairs = [(max(share), sizes[k]) for k, share in enumerate(shares) if share]
        y = _histogram(marks, y, width, pairs, 0.0, 1.0)
    elif fills.kind == "value" and fills.high > fills.low:
        y = _title(marks, y, f"{what} by {whose} answer", width)
        answers = [(fills.own(own)[0], sizes[k]) for k, own in enumerate(values)]
        y = _histogram(marks, y, width, answers, fills.low, fills.high)
    return Sheet(width + 2 * MARGIN, round(y + MARGIN - GAP, 2), tuple(marks))


def _counted(forest: Forest, plots: Plots | None) -> str:
    """What the lengths of bars are numbers of."""
    if plots is not None or forest.samples is not None:
        return "Rows"
    return "Leaves" if forest.weight is None else "Weight"


def _sizes(forest: Forest, plots: Plots | None, start: int, leaves: Sequence[int]) -> list[float]:
    if plots is not None:
        return [float(plots.samples(leaf)) for leaf in leaves]
    column = forest.samples if forest.samples is not None else forest.weight
    if column is None:
        return [1.0] * len(leaves)
    return [float(column[start + leaf]) for leaf in leaves]


def _shares(fills: Fills, plots: Plots | None, leaf: int, values: Sequence[float]) -> list[float]:
    if plots is not None and plots.classes:
        return plots.shares(leaf)
    return fills.fractions(values) if fills.kind == "class" else []


def _title(marks: list[Mark], y: float, text: str, width: float) -> float:
    shown = fit(text, TITLE, width, bold=True)
    wide = text_width(shown, TITLE, bold=True)
    marks.append(Text(MARGIN, y + 12, shown, "heading-title", TITLE, wide))
    return y + 24


def _bars(
    marks: list[Mark],
    y: float,
    width: float,
    shown: Sequence[int],
    leaves: Sequence[int],
    sizes: Sequence[float],
    shares: Sequence[Sequence[float]],
    colors: Sequence[str],
) -> float:
    room = width - AXIS
    wide = min(room / max(len(shown), 1), 34.0)
    most = max((sizes[k] for k in shown), default=1.0) or 1.0
    base = y + TALL
    _scale(marks, y, base, most)
    last = -1e9
    for place, k in enumerate(shown):
        x = MARGIN + AXIS + place * wide
        low = base
        parts = list(enumerate(shares[k])) if shares[k] else [(-1, 1.0)]
        for index, share in parts:
            tall = share * sizes[k] / most * TALL
            if tall >= 0.2:
                role = f"tile {full(index)}" if index >= 0 else f"leaf {colors[k]}"
                gap = 1.0 if wide > 4 else 0.3
                marks.append(
                    Rect(
                        round(x, 2),
                        round(low - tall, 2),
                        round(wide - gap, 2),
                        round(tall, 2),
                        role,
                    )
                )
                low -= tall
        label = str(leaves[k])
        half = text_width(label, SIZE) / 2
        middle = x + wide / 2
        if middle - half > last + 4:
            marks.append(Text(middle, base + 13, label, "note", SIZE, 2 * half, "middle"))
            last = middle + half
    right = MARGIN + AXIS + len(shown) * wide
    marks.append(Path((("M", MARGIN + AXIS, base), ("L", round(right, 2), base)), "rule"))
    text = "leaf"
    marks.append(
        Text(MARGIN + AXIS - 8, base + 13, text, "note", SIZE, text_width(text, SIZE), "end")
    )
    return base + 16 + GAP


def _scale(marks: list[Mark], top: float, base: float, most: float) -> None:
    """The largest number at the height that it has."""
    text = count(most)
    wide = text_width(text, SIZE)
    marks.append(Text(MARGIN + AXIS - 8, top + 4, text, "note", SIZE, wide, "end"))
    marks.append(Path((("M", MARGIN + AXIS - 4, top), ("L", MARGIN + AXIS - 4, base)), "rule"))


def _histogram(
    marks: list[Mark],
    y: float,
    width: float,
    pairs: Sequence[tuple[float, float]],
    low: float,
    high: float,
) -> float:
    room = min(width - AXIS, BINS * 24.0)
    wide = room / BINS
    counted = [0.0] * BINS
    for value, size in pairs:
        place = int((value - low) / (high - low) * BINS) if value == value else 0
        counted[min(max(place, 0), BINS - 1)] += size
    most = max(counted) or 1.0
    base = y + LOW
    _scale(marks, y, base, most)
    for index, rows in enumerate(counted):
        if rows:
            tall = max(rows / most * LOW, 0.8)
            x = MARGIN + AXIS + index * wide
            marks.append(
                Rect(round(x, 2), round(base - tall, 2), round(wide - 1, 2), round(tall, 2), "bar")
            )
    right = MARGIN + AXIS + room
    marks.append(Path((("M", MARGIN + AXIS, base), ("L", right, base)), "rule"))
    for value, end, anchor in ((low, MARGIN + AXIS, "start"), (high, right, "end")):
        text = number(value, 3)
        marks.append(Text(end, base + 13, text, "note", SIZE, text_width(text, SIZE), anchor))
    return base + 16 + GAP
