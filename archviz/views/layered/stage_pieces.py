"""Stages as pieces of a cuboid figure: volumes, plates, bars, with their labels."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.ir import Dim, Graph
from archviz.ops import category_of
from archviz.records import record, replace
from archviz.scene import Group, Mark, Path
from archviz.text import fit
from archviz.views.layered.extents import Extent
from archviz.views.layered.footprint import Outline, distance, text_outline
from archviz.views.layered.look import current
from archviz.views.layered.page import NAME, SMALL, VALUE, count, group, text, unit_groups
from archviz.views.layered.pieces import Piece
from archviz.views.layered.plan import Plan, Stage, Unit, operations
from archviz.views.layered.stages import is_reducing
from archviz.views.layered.volumes import (
    THIN,
    flank,
    front,
    lid,
    log2,
    pixels,
    plate,
    silhouette,
    volume,
)
from archviz.views.layered.words import (
    bands_of,
    fill_of,
    is_transposed,
    stride_of,
    window_of,
    window_text,
)

LOWEST = 14.0
"""Points of the smallest resolution."""
MOST_ALIKE = 4
"""Plain operations that are drawn one by one."""
LONGEST = 62.0
"""Points that the name of a stage may take."""
BAR = 5.0
"""Points of the side of the bar of a vector."""


@record
class Scale:
    """How resolution and channels become points.

    Attributes:
        low: The smallest side in pixels that is more than one.
        high: The largest.
        most: Points of the largest side.
        wide: Points of width to each doubling of channels.
        widest: The most channels that a picture has.
        base: The y of names, the axis being at 0.
        windows: Whether the kernels of convolutions are told.
    """

    low: int
    high: int
    most: float
    wide: float
    widest: int
    base: float = 0.0
    windows: bool = True

    def height(self, extent: Extent) -> float:
        """Points of height of a picture of that resolution."""
        side = extent.side
        if side is None:
            return self.most * 0.6
        if side <= 1:
            return LOWEST * 0.6
        if self.high <= self.low:
            return self.most * 0.7
        space = current().scale.space
        if space != "log":
            share = side / self.high
            return max(self.most * (share if space == "linear" else share**0.5), LOWEST * 0.4)
        share = log2(side / self.low) / log2(self.high / self.low)
        return LOWEST + (self.most - LOWEST) * min(max(share, 0.0), 1.0)

    def depth(self, height: float) -> float:
        """Points that what is so high reaches back, along either axis."""
        return current().scale.depth * height

    def width(self, channels: Dim) -> float:
        """Points of width of so many channels."""
        known = channels if isinstance(channels, int) else 64
        form = current().scale.channels
        if form != "log":
            share = min(known / self.widest, 1.0)
            share = share if form == "linear" else share**0.5
            return max(THIN, self.wide * log2(self.widest) * share)
        return max(THIN, self.wide * log2(known) - 3.2 * min(1.0, self.wide / 1.65))

    def low_end(self, extent: Extent) -> float:
        """The y below which nothing of what is so large is drawn, labels apart."""
        if not extent.sides:
            return self.length(extent.channels) / 2
        height = self.height(extent)
        return (height + self.depth(height)) / 2

    def length(self, features: Dim) -> float:
        """Points along either axis of the bar of a vector."""
        known = features if isinstance(features, int) else 64
        return max(6.0, 0.37 * self.most * min(1.25, log2(known) / 12))


def scale_of(plan: Plan, most: float, wide: float, *, windows: bool = True) -> Scale:
    """The scale under which the largest resolution is ``most`` points high."""
    sides = [
        extent.side
        for extent in (plan.input, *(unit.extent for unit in plan.units))
        if extent.side is not None and extent.side > 1
    ]
    low, high = min(sides, default=1), max(sides, default=1)
    channels = (u.extent.channels for u in plan.units if u.extent.is_spatial)
    widest = max((number for number in channels if isinstance(number, int)), default=64)
    return Scale(low, high, most, wide, max(widest, 2), windows=windows)


def pieces_of(
    plan: Plan, stages: Sequence[Stage], scale: Scale, *, begins: bool = True
) -> list[Piece]:
    """The input, where the stages begin with it, and the stages, from left to right."""
    units = [unit for stage in stages for unit in stage.units]
    extents = [*([plan.input] if begins else ()), *(unit.extent for unit in units)]
    # Names stand under the highest of their own row.
    scale = replace(
        scale, base=max((scale.low_end(extent) for extent in extents), default=9.0) + 17
    )
    first = [_input(plan.input, scale)] if begins else []
    return [*first, *(_stage(stage, scale, plan.graph) for stage in stages)]


def _input(extent: Extent, scale: Scale) -> Piece:
    if not extent.is_spatial:
        return _bar(extent, "other", scale, (), "input", 0)
    height = scale.height(extent)
    depth = scale.depth(height)
    y = (depth - height) / 2
    marks: list[Mark] = plate(0, y, height, depth, "other")
    marks += _labels(THIN / 2, THIN, y + height, depth, _channels(extent), pixels(extent.sides))
    marks += _name(THIN / 2 + depth / 6, "input", 0, scale)
    leaves = THIN + depth / 2
    solid = (silhouette(0, y, THIN, height, depth),)
    return Piece((group(marks, "input"),), (0, 0), (leaves, 0), y - depth, leaves, solid)


def _stage(stage: Stage, scale: Scale, graph: Graph) -> Piece:
    drawn = _drawn(stage, scale, graph)
    if not stage.branches:
        return drawn
    return replace(drawn, marks=(*drawn.marks, group((), "absorbed", operations(stage.branches))))


def _drawn(stage: Stage, scale: Scale, graph: Graph) -> Piece:
    if stage.folded and any(unit.extent.is_spatial for unit in stage.units):
        return _volumes(stage, stage.units, scale, graph)
    units = [unit for unit in stage.units if unit.category != "pool"]
    if not units and is_reducing(stage.units[-1]):
        return _reduced(stage, scale)
    if not stage.units[0].extent.is_spatial:
        fill = fill_of(stage.units[-1].chief)
        times = 1 if stage.folded else len(stage.units)
        return _bar(stage.extent, fill, scale, stage.units, stage.name, stage.parameters, times)
    return _volumes(stage, units or list(stage.units), scale, graph)


def _volumes(stage: Stage, units: Sequence[Unit], scale: Scale, graph: Graph) -> Piece:
    extent = units[-1].extent
    height = scale.height(extent)
    depth = scale.depth(height)
    y = (depth - height) / 2
    marks: list[Mark] = []
    x = 0.0
    slabs = slabs_of(units)
    counts: list[tuple[float, float, str]] = []
    for slab in slabs:
        marks_here: list[Mark] = []
        left = x
        for shown in range(slab.shown):
            is_last = slab is slabs[-1] and shown == slab.shown - 1
            width = scale.width(slab.units[0].extent.channels)
            marks_here += _slab(x, y, width, height, depth, slab.units[0], is_last)
            x += width
        marks += unit_groups(marks_here, slab.units, slab.repeat)
        if slab.repeat > 1:
            counts.append((left, x, f"×{slab.repeat}"))
        elif len(slab.units) > slab.shown:
            many = f"{stage.folded} stages" if stage.folded else f"{len(slab.units)} blocks"
            counts.append((left, x, many))
    right = x + depth
    solid = [silhouette(0, y, x, height, depth)]
    has_pools = len(units) < len(stage.units)
    pools = [unit for unit in stage.units if has_pools and unit.category == "pool"]
    if pools:
        low = scale.height(stage.extent) if stage.extent.is_spatial else LOWEST
        low = min(low, height * 0.86)
        shallow = scale.depth(low)
        at = max(x + 1.4, right - shallow - THIN)
        fill = fill_of(pools[-1].chief)
        drawn = plate(at, (shallow - low) / 2, low, shallow, fill)
        marks += unit_groups(drawn, pools)
        solid.append(silhouette(at, (shallow - low) / 2, THIN, low, shallow))
        right = max(right, at + THIN + shallow)
    top = y - depth
    times = len(units)
    label = _channels_of(units) + (f" ×{times}" if times > 1 and not units[0].is_block else "")
    if units[0].is_block or times > sum(slab.shown for slab in slabs):
        label = _channels_of(units)
        for left, end, said in counts:
            marks += _bracket(left + depth, end + depth, y - depth - 2.0, said)
            top = y - depth - 16.0
    marks += _labels(x / 2, x, y + height, depth, label, pixels(extent.sides), solid[1:])
    middle = (x + depth * 0.3) / 2
    marks += _name(middle, stage.name, stage.parameters, scale)
    window = _window(units, graph) if scale.windows else ""
    if window:
        marks.append(text(middle, scale.base + 16.0, window, "text", SMALL))
    whole = Group(tuple(marks), "stage", stage.name, _title(stage))
    leaves = max(x + depth / 2, right - depth / 2)
    return Piece((whole,), (0, 0), (leaves, 0), top, x / 2 + depth, tuple(solid))


def _slab(
    x: float, y: float, width: float, height: float, depth: float, unit: Unit, is_last: bool
) -> list[Mark]:
    """One unit: a block in one colour, an operation in bands."""
    chief = unit.chief
    if unit.is_block:
        marks = [
            lid(x, y, width, depth, fill_of(chief)),
            front(x, y, width, height, fill_of(chief)),
        ]
        last = fill_of(chief)
    else:
        bands = [fill for node in unit.main for fill, _ in bands_of(node)]
        kept = [fill for k, fill in enumerate(bands) if fill not in bands[:k]] or ["other"]
        thin = {"norm": 0.16, "act": 0.28}
        shares = [thin.get(fill, 1.0) if len(kept) > 1 else 1.0 for fill in kept]
        main = 1.0 - sum(share for share in shares if share < 1)
        whole = sum(share == 1.0 for share in shares) or 1
        marks = []
        at = x
        for fill, share in zip(kept, shares, strict=True):
            wide = width * (share if share < 1 else max(main, 0.3) / whole)
            marks += [lid(at, y, wide, depth, fill), front(at, y, wide, height, fill)]
            at += wide
        last = kept[-1]
    return [*marks, flank(x + width, y, height, depth, last)] if is_last else marks


@record
class Slab:
    """What is drawn for units one behind the other.

    Attributes:
        units: All of them.
        shown: How many volumes stand for them.
        repeat: How many equal copies they are.
    """

    units: tuple[Unit, ...]
    shown: int
    repeat: int


def slabs_of(units: Sequence[Unit]) -> list[Slab]:
    """The volumes that stand for units: all, or a few of many; equal ones stand together."""
    runs: list[list[Unit]] = []
    for unit in units:
        if runs and runs[-1][0].signature == unit.signature:
            runs[-1].append(unit)
        else:
            runs.append([unit])
    limit = max(current().shown, 2) if units[0].is_block else MOST_ALIKE
    if len(units) <= limit and not units[0].is_block:
        return [Slab((unit,), 1, 1) for unit in units]
    if len(runs) > limit:
        return [Slab(tuple(units), limit, 1)]
    shown = [1] * len(runs)
    while sum(shown) < min(limit, len(units)):
        longest = max(range(len(runs)), key=lambda k: len(runs[k]) - shown[k])
        shown[longest] += 1
    return [Slab(tuple(run), shown[k], len(run)) for k, run in enumerate(runs)]


def _reduced(stage: Stage, scale: Scale) -> Piece:
    """A pooling over the whole picture."""
    height = LOWEST * 0.6
    depth = scale.depth(height)
    y = (depth - height) / 2
    width = max(5.0, 0.7 * scale.width(stage.extent.channels))
    operations = [name for unit in stage.units for name in unit.operations]
    marks: list[Mark] = [
        group(
            volume(0, y, width, height, depth, fill_of(stage.units[-1].chief)), "unit", operations
        )
    ]
    marks += _labels(width / 2, width, y + height, depth, _channels(stage.extent), "")
    marks += _name(width / 2, stage.name, stage.parameters, scale)
    whole = Group(tuple(marks), "stage", stage.name, _title(stage))
    solid = (silhouette(0, y, width, height, depth),)
    return Piece((whole,), (0, 0), (width + depth / 2, 0), y - depth, width / 2 + depth, solid)


def _bar(
    extent: Extent,
    fill: str,
    scale: Scale,
    units: Sequence[Unit],
    name: str,
    parameters: int,
    times: int = 1,
) -> Piece:
    """Vectors: a bar along the depth axis."""
    along = scale.length(extent.channels)
    y = along / 2 - BAR / 2
    marks = unit_groups(volume(0, y, BAR, BAR, along, fill), units, times)
    label = _channels(extent) + (f" ×{times}" if times > 1 else "")
    marks.append(text(along + BAR / 2, y - along - 3.0, label, "text", VALUE))
    marks += _name(BAR / 2 + along * 0.12, name, parameters, scale)
    whole = Group(tuple(marks), "stage", name, name)
    ends = (along / 2 - 0.8, 0.0), (BAR + along / 2 + 0.2, 0.0)
    solid = (silhouette(0, y, BAR, BAR, along),)
    top = y - along - (VALUE + 4.0 if label else 0.0)
    return Piece((whole,), *ends, top, along, solid, 14.0)


def _labels(
    middle: float,
    width: float,
    bottom: float,
    depth: float,
    channels: str,
    sides: str,
    plates: Sequence[Outline] = (),
) -> list[Mark]:
    """Channels under the front, the side along the slanted edge and beside plates there."""
    below = text(middle, bottom + 7.6, channels, "text", VALUE)
    x, y = width + depth / 2 + 2.6, bottom - depth / 2 + 5.2
    slanted = text(x, y, sides, "text", VALUE, rotation=-45.0)
    if plates and sides:
        near = distance(plates, [text_outline(slanted)], 0.6)
        slanted = replace(slanted, x=slanted.x + max(near, 0.0))
    if channels and sides:
        # A label that is wider than its volume gives way to the left.
        over = distance([text_outline(below)], [text_outline(slanted)], 0.6)
        below = replace(below, x=below.x - max(over, 0.0))
    return [label for label in (below, slanted) if label.text]


def _name(middle: float, name: str, parameters: int, scale: Scale) -> list[Mark]:
    shown = fit(name, NAME, LONGEST, bold=True)
    marks: list[Mark] = [text(middle, scale.base, shown, "heading-title", NAME)]
    if parameters:
        marks.append(text(middle, scale.base + 8.0, count(parameters), "note", SMALL))
    return marks


def _window(units: Sequence[Unit], graph: Graph) -> str:
    """Kernel and stride of the convolutions: "11×11, /4"; "" where they differ or blocks do."""
    found: dict[str, None] = {}
    for unit in units:
        if unit.is_block:
            return ""
        for node in unit.main:
            if category_of(node.op) == "conv":
                window = window_text(window_of(node, graph))
                stride = 1 if is_transposed(node) else stride_of(node)
                found[window + (f", /{stride}" if window and stride > 1 else "")] = None
    return next(iter(found)) if len(found) == 1 else ""


def _bracket(left: float, right: float, y: float, label: str) -> list[Mark]:
    line = Path(
        (("M", left, y), ("L", left, y - 3), ("L", right, y - 3), ("L", right, y)), "bracket"
    )
    return [line, text((left + right) / 2, y - 6.0, label, "heading-title", 9.0)]


def _channels(extent: Extent) -> str:
    known = extent.channels
    return f"{known:,}" if isinstance(known, int) else "?" if extent.sides else ""


def _channels_of(units: Sequence[Unit]) -> str:
    first, last = units[0].extent.channels, units[-1].extent.channels
    if first == last or not isinstance(first, int) or not isinstance(last, int):
        return _channels(units[-1].extent)
    return f"{first:,} → {last:,}"


def _title(stage: Stage) -> str:
    size = pixels(stage.extent.sides)
    parts = [stage.name, f"{_channels(stage.extent)} channels" if stage.extent.sides else "", size]
    return ", ".join(part for part in parts if part)
