"""Feature space: which answer each place in the plane of two features gets, or along one.

Other features stay near the median of the data, or at that of the thresholds where there is no
data. For a single tree the borders are its own thresholds; for many trees a fine grid stands for
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archviz.analysis.tree_counts import outwards, step_of
from archviz.analysis.trees import importances
from archviz.errors import OptionError
from archviz.ir import Forest
from archviz.ir.forest.routing import linked, raw_predictions
from archviz.options import nearest
from archviz.scene import Mark, Path, Rect, Segment, Text
from archviz.text import fit, printable, text_width
from archviz.theme import STEPS
from archviz.views.tree.fills import Fills, full, shade
from archviz.views.tree.legend import legend
from archviz.views.tree.numbers import number
from archviz.views.tree.plots import Plots
from archviz.views.tree.sheet import MARGIN, Sheet

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

SIDE, NARROWEST = 420.0, 200.0
BAND = 64.0
MOST_BORDERS = 160
GRID = 140
DOTS = 26
"""Cells along each axis that rows of data are counted in."""

SIZE, TITLE = 10.0, 11.5
LEFT, BELOW = 58.0, 34.0


def draw(
    forest: Forest,
    fills: Fills,
    features: Sequence[str],
    plots: Plots | None,
    pixels: float | None,
    has_legend: bool,
) -> Sheet:
    """The plane of two features, or the line of one.

    Raises:
        OptionError: There is no such feature, or more than two are asked for.
    """
    chosen = _chosen(forest, features)
    side = SIDE if pixels is None else pixels * 1.15 - 2 * MARGIN - LEFT
    side = min(max(side, NARROWEST), SIDE)
    middle = _middle(forest, plots)
    edges = [_edges(forest, feature, plots) for feature in chosen]
    grid = _answers(forest, chosen, edges, middle)
    marks: list[Mark] = []
    y = MARGIN
    said = _said(forest, chosen, middle)
    for text in (plots.said if plots is not None else "", said):
        if text:
            shown = fit(text, SIZE, LEFT + side)
            marks.append(Text(MARGIN, y + 11, shown, "note", SIZE, text_width(shown, SIZE)))
            y += 16
    if has_legend:
        key, room = _legend(forest, fills, grid, LEFT + side, y, plots)
        marks += key
        y += room
    y += 6
    x = MARGIN + LEFT
    tall = side if len(chosen) == 2 else BAND
    marks += _regions(forest, fills, grid, edges, x, y, side, tall)
    if plots is not None:
        marks += _rows(plots, chosen, edges, x, y, side, tall)
    marks.append(Rect(x, y, side, tall, "frame"))
    marks += _axes(forest, chosen, edges, x, y, side, tall)
    return Sheet(round(x + side + MARGIN, 2), round(y + tall + BELOW + MARGIN, 2), tuple(marks))


def _chosen(forest: Forest, features: Sequence[str]) -> list[int]:
    """The features of the axes: those named, else the two that matter most."""
    names = {forest.feature_name(k): k for k in reversed(range(forest.feature_count))}
    if len(features) > 2:
        raise OptionError(
            f"--features names {len(features)}", "a plane has two features, a line one"
        )
    found = []
    for name in features:
        if name not in names:
            raise OptionError(
                f"--features: there is no feature {name!r}", nearest(name, list(names)[:50])
            )
        found.append(names[name])
    if found:
        return found
    shares, _ = importances(forest)
    order = [k for k in (-shares).argsort(kind="stable").tolist() if shares[k] > 0][:2]
    if not order:
        raise OptionError("no tree splits, so that there is no feature space to draw")
    return order


def _middle(forest: Forest, plots: Plots | None) -> Array:
    """The value of every feature that no axis shows; float64 (features,)."""
    import numpy as np

    count = forest.feature_count
    if plots is not None:
        table = plots.found.rows.table
        columns = [table[np.isfinite(table[:, k]), k] for k in range(count)]
        return np.array([_near_median(column) if len(column) else 0.0 for column in columns])
    found = np.zeros(count)
    tested = forest.feature >= 0
    for feature in np.unique(forest.feature[tested]).tolist():
        own = forest.threshold[tested & (forest.feature == feature)]
        own = own[np.isfinite(own)]
        found[feature] = float(np.median(own)) if len(own) else 0.0
    return found


def _near_median(column: Array) -> float:
    """A round number beside the median, which itself may be a row's value."""
    import numpy as np

    step = step_of(float(column.min()), float(column.max()))
    return float(np.floor(np.median(column) / step) * step)


def _edges(forest: Forest, feature: int, plots: Plots | None) -> Array:
    """Borders of the cells along a feature, the ends of the axis among them."""
    import numpy as np

    own = forest.threshold[(forest.feature == feature)]
    own = np.unique(own[np.isfinite(own)])
    low, high = (float(own[0]), float(own[-1])) if len(own) else (0.0, 1.0)
    pad = (high - low) * 0.12 or abs(high) * 0.5 or 1.0
    low, high = low - pad, high + pad
    if plots is not None:
        column = plots.found.rows.table[:, feature]
        column = column[np.isfinite(column)]
        if len(column):
            low, high = min(float(column.min()), low + pad), max(float(column.max()), high - pad)
            more = (high - low) * 0.02 or 0.5
            low, high = outwards(low - more, high + more)
    inside = own[(own > low) & (own < high)]
    if len(inside) <= MOST_BORDERS:
        return np.concatenate([[low], inside, [high]])
    return np.linspace(low, high, GRID + 1)


def _answers(forest: Forest, chosen: Sequence[int], edges: Sequence[Array], middle: Array) -> Array:
    """Predictions in the middle of each cell; float64 (cells along y, along x, outputs)."""
    import numpy as np

    centres = [(edge[:-1] + edge[1:]) / 2 for edge in edges]
    along = centres[0]
    up = centres[1] if len(chosen) == 2 else np.zeros(1)
    data = np.tile(middle, (len(along) * len(up), 1))
    data[:, chosen[0]] = np.tile(along, len(up))
    if len(chosen) == 2:
        data[:, chosen[1]] = np.repeat(up, len(along))
    # A few rows at a time, for a forest holds a leaf a tree for each.
    step = max(1, 2_000_000 // max(forest.tree_count * max(forest.width, 1), 1))
    parts = [
        linked(forest, raw_predictions(forest, data[at : at + step]))
        for at in range(0, len(data), step)
    ]
    return np.concatenate(parts).reshape(len(up), len(along), -1)


def _colors(forest: Forest, fills: Fills, grid: Array) -> list[list[str]]:
    """The colour of each cell."""
    import numpy as np

    classes = len(fills.classes)
    if classes:
        own = (
            grid[..., fills.first : fills.first + max(fills.width, 1)] if fills.width > 1 else grid
        )
        if own.shape[-1] == 1:
            own = np.concatenate([1 - own, own], -1)
        own = np.maximum(own, 0.0)
        total = own.sum(-1, keepdims=True)
        share = own / np.where(total > 0, total, 1.0)
        best = share.argmax(-1)
        even = 1 / own.shape[-1]
        purity = np.clip((share.max(-1) - even) / (1 - even), 0.0, 1.0)
        # Dots of the class itself have to be seen on it.
        return [
            [shade(int(k), 0.6 * float(p)) for k, p in zip(*pair, strict=True)]
            for pair in zip(best, purity, strict=True)
        ]
    values = grid[..., 0]
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    steps = np.clip(np.round((values - low) / span * (STEPS - 1)), 0, STEPS - 1).astype(int)
    return [[f"value-{step}" for step in row] for row in steps.tolist()]


def _regions(
    forest: Forest,
    fills: Fills,
    grid: Array,
    edges: Sequence[Array],
    x: float,
    y: float,
    side: float,
    tall: float,
) -> list[Mark]:
    """Cells of one colour in a row are one rectangle, those of one colour one path."""
    xs = _scaled(edges[0], x, side)
    ys = _scaled(edges[1], 0.0, tall) if len(edges) == 2 else [0.0, tall]
    paths: dict[str, list[Segment]] = {}
    for level, row in enumerate(_colors(forest, fills, grid)):
        top, low = y + tall - ys[level + 1], y + tall - ys[level]
        first = 0
        for index in range(1, len(row) + 1):
            if index < len(row) and row[index] == row[first]:
                continue
            # Neighbours overlap, so that nothing shines through between them.
            right, end = min(xs[index] + 0.4, x + side), min(low + 0.4, y + tall)
            paths.setdefault(row[first], []).extend(_box(xs[first], top, right, end))
            first = index
    return [Path(tuple(segments), f"tile {color}") for color, segments in paths.items()]


def _scaled(edges: Array, start: float, length: float) -> list[float]:
    span = float(edges[-1] - edges[0]) or 1.0
    return [round(start + float(edge - edges[0]) / span * length, 2) for edge in edges]


def _box(left: float, top: float, right: float, low: float) -> tuple[Segment, ...]:
    left, top, right, low = (round(value, 2) for value in (left, top, right, low))
    return (("M", left, top), ("L", right, top), ("L", right, low), ("L", left, low), ("Z",))


def _rows(
    plots: Plots,
    chosen: Sequence[int],
    edges: Sequence[Array],
    x: float,
    y: float,
    side: float,
    tall: float,
) -> list[Mark]:
    """How many rows of each class there are in each cell, as squares of that area."""
    import numpy as np

    rows = plots.found.rows
    spans = [(float(edge[0]), float(edge[-1])) for edge in edges]
    down = DOTS if len(chosen) == 2 else 1
    known = np.isfinite(rows.table[:, list(chosen)]).all(1)
    places = [
        np.clip(
            ((rows.table[known, feature] - low) / ((high - low) or 1.0) * DOTS).astype(np.int64),
            0,
            DOTS - 1,
        )
        for feature, (low, high) in zip(chosen, spans, strict=True)
    ]
    up = places[1] if len(chosen) == 2 else np.zeros_like(places[0])
    has_classes = bool(rows.classes) and rows.target is not None
    classes = len(rows.classes) if has_classes else 1
    group = rows.target[known] if has_classes and rows.target is not None else np.zeros_like(up)
    group = np.clip(group, 0, classes - 1)
    key = (group * down + up) * DOTS + places[0]
    counted = np.bincount(key, minlength=classes * down * DOTS).reshape(classes, down, DOTS)
    most = float(counted.sum(0).max()) or 1.0
    wide, high = side / DOTS, tall / down
    marks: list[Mark] = []
    for kind in range(classes):
        segments: list[Segment] = []
        for level, place in zip(*np.nonzero(counted[kind]), strict=True):
            here = counted[:, level, place]
            # Squares of several classes in a cell stand side by side.
            others = np.flatnonzero(here).tolist()
            slot, slots = others.index(kind), len(others)
            if down == 1:
                tall_bar = here[kind] / most * (tall - 4)
                below = here[:kind].sum() / most * (tall - 4)
                left = x + place * wide + 0.8
                low = y + tall - below
                segments += _box(left, low - tall_bar, left + wide - 1.6, low)
                continue
            size = max(min(wide, high) * 0.8 * float(here[kind] / most) ** 0.5, 2.0)
            size = min(size, min(wide, high) / slots + 1.0)
            cx = x + (place + (slot + 0.5) / slots) * wide
            cy = y + tall - (level + 0.5) * high
            segments += _box(cx - size / 2, cy - size / 2, cx + size / 2, cy + size / 2)
        if segments:
            marks.append(Path(tuple(segments), f"slice {full(kind) if has_classes else 'ink'}"))
    return marks


def _axes(
    forest: Forest,
    chosen: Sequence[int],
    edges: Sequence[Array],
    x: float,
    y: float,
    side: float,
    tall: float,
) -> list[Mark]:
    marks: list[Mark] = []
    base = y + tall
    low, high = (number(float(edges[0][k]), 3) for k in (0, -1))
    for text, place, anchor in ((low, x, "start"), (high, x + side, "end")):
        marks.append(Text(place, base + 13, text, "note", SIZE, text_width(text, SIZE), anchor))
    name = fit(printable(forest.feature_name(chosen[0])), TITLE, side, bold=True)
    wide = text_width(name, TITLE, bold=True)
    marks.append(Text(x + side / 2, base + 28, name, "heading-title", TITLE, wide, "middle"))
    if len(chosen) == 2:
        low, high = (number(float(edges[1][k]), 3) for k in (0, -1))
        for text, place in ((low, base), (high, y + 9)):
            marks.append(Text(x - 6, place, text, "note", SIZE, text_width(text, SIZE), "end"))
        name = fit(printable(forest.feature_name(chosen[1])), TITLE, tall - 40, bold=True)
        wide = text_width(name, TITLE, bold=True)
        place = x - LEFT + 12
        marks.append(Text(place, y + tall / 2, name, "heading-title", TITLE, wide, "middle", -90.0))
    return marks


def _said(forest: Forest, chosen: Sequence[int], middle: Array) -> str:
    """Which features stay where they are."""
    import numpy as np

    tested = np.unique(forest.feature[forest.feature >= 0]).tolist()
    others = [feature for feature in tested if feature not in chosen]
    if not others:
        return ""
    first = ", ".join(
        f"{printable(forest.feature_name(k), 24)} {number(float(middle[k]), 3)}" for k in others[:3]
    )
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"others near their median: {first}{more}"


def _legend(
    forest: Forest, fills: Fills, grid: Array, width: float, y: float, plots: Plots | None
) -> tuple[list[Mark], float]:
    from archviz.records import replace

    if fills.classes:
        own = replace(fills, kind="class", width=len(fills.classes))
        return legend(own, width, MARGIN, y)
    own = replace(fills, kind="value", low=float(grid.min()), high=float(grid.max()), width=1)
    return legend(own, width, MARGIN, y)
