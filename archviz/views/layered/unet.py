"""The U-Net figure: levels of resolution going down and up again, and copies between equals.

After O. Ronneberger, P. Fischer and T. Brox, "U-Net: Convolutional Networks for Biomedical Image
Segmentation", 2015, figure 1. Widths and heights are logarithmic.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from archviz.errors import OptionError
from archviz.records import field, mutable
from archviz.scene import Mark, Rect
from archviz.views.layered.extents import Extent
from archviz.views.layered.kind import Kind
from archviz.views.layered.page import MARGIN, NAME, SMALL, Page, group, text, unit_groups
from archviz.views.layered.pieces import arrow
from archviz.views.layered.plan import Plan, Skip, Unit, operations
from archviz.views.layered.volumes import THIN, log2, pixels
from archviz.views.layered.words import bands_of, fill_of, window_of, window_text

LOW, HIGH = 15.0, 57.0
"""Points of the smallest and the largest resolution."""
STEP = 15.0
"""Points from a level to the next."""
ARROW = 10.3
"""Points between bars of one level."""
COPY = 18.0
"""Points that the arrow of a copy has, at least."""
LANE = 4.0
"""Points between connections that go below the bars of their level."""
SIDE_LABEL = 12.0
NARROW, WIDE = 0.8, 2.6
"""Points of width to each doubling of channels."""


def suits(plan: Plan) -> bool:
    """Whether resolution goes down and up, and two connections at least join equal levels."""
    return len({plan.units[skip.target].extent.sides for skip in _copies(plan)}) >= 2 and (
        _turn(plan) is not None
    )


def _copies(plan: Plan) -> list[Skip]:
    """Skip connections between levels of one size with smaller ones between."""
    found = []
    for skip in plan.skips:
        before = plan.units[skip.source].extent if skip.source >= 0 else plan.input
        after = plan.units[skip.target].extent
        between = [u.extent.side or 0 for u in plan.units[skip.source + 1 : skip.target]]
        is_level = before.sides and before.sides == after.sides
        if is_level and between and min(between) < (before.side or 0):
            found.append(skip)
    return found


def _turn(plan: Plan) -> int | None:
    """The position of the first unit of the smallest resolution, when larger ones follow."""
    sides = [unit.extent.side or 0 for unit in plan.units]
    if not all(sides):
        return None
    low = sides.index(min(sides))
    return low if max(sides[low:]) > sides[low] and (plan.input.side or 0) > sides[low] else None


@mutable
class Bar:
    """A unit or a run of equal ones as drawn.

    Attributes:
        units: What it stands for, none for the input.
        extent: What it gives.
        level: Its level, 0 for the largest resolution.
        copied: Channels that are put beside it, for each connection that does.
        x: Its left end, that of what was copied apart.
        width: Of the bar itself.
        beside: Width of what was copied, on its left.
    """

    units: list[Unit]
    extent: Extent
    level: int
    copied: list[int] = field(default_factory=list)
    x: float = 0.0
    width: float = 0.0
    beside: float = 0.0

    @property
    def left(self) -> float:
        """The left end of the whole."""
        return self.x - self.beside

    @property
    def right(self) -> float:
        """The right end."""
        return self.x + self.width

    @property
    def middle(self) -> float:
        """The middle of the bar itself."""
        return self.x + self.width / 2

    @property
    def label(self) -> str:
        """Its channels, those that were copied first, and how many units it stands for."""
        known = self.extent.channels
        parts = [*map(str, self.copied), str(known if isinstance(known, int) else "?")]
        times = f" ×{len(self.units)}" if len(self.units) > 1 else ""
        return "+".join(parts) + times

    @property
    def fill(self) -> str:
        """Its colour: that of what makes it, of what grows that of up-convolutions."""
        return fill_of(self.units[0].chief) if self.units else "other"


def draw(plan: Plan, page: Page) -> None:
    """Draws the U, every unit or run of equal units a bar."""
    if _turn(plan) is None:
        raise OptionError(
            "the figure 'unet' needs pictures that get smaller and larger again",
            "this model has none; leave out --set figure=unet",
        )
    room = page.width - 2 * MARGIN - SIDE_LABEL
    sides = sorted({e.side or 1 for e in (plan.input, *(u.extent for u in plan.units))})[::-1]
    for together, gap in ((False, ARROW), (False, 0.7 * ARROW), (True, ARROW), (True, 0.7 * ARROW)):
        bars = _bars(plan, sides, together)
        low, high = NARROW, WIDE
        if _lay(bars, low, gap) > room:
            continue
        for _ in range(20):
            middle = (low + high) / 2
            if _lay(bars, middle, gap) > room:
                high = middle
            else:
                low = middle
        more, most = gap, 4 * ARROW
        for _ in range(20):
            middle = (more + most) / 2
            if _lay(bars, low, middle) > room:
                most = middle
            else:
                more = middle
        _lay(bars, low, more)
        _Painter(plan, page, bars, sides).paint()
        return
    raise OptionError(
        f"a U-Net figure of {len(bars)} bars has no room in {page.width / 72:.2f} in",
        "give more --width, or leave out --set figure=unet",
    )


def _bars(plan: Plan, sides: Sequence[int], together: bool) -> list[Bar]:
    """The input and the units; ``together`` draws equal ones of a level as one."""
    bars = [Bar([], plan.input, sides.index(plan.input.side or sides[0]))]
    bar_of: list[Bar] = []
    targets = {skip.target for skip in plan.skips}
    sources = {skip.source for skip in plan.skips}
    for index, unit in enumerate(plan.units):
        level = sides.index(unit.extent.side or sides[0])
        last = bars[-1]
        is_more = (
            together
            and bool(last.units)
            and last.level == level
            and unit.extent == last.extent
            and unit.is_block == last.units[-1].is_block
            and unit.category == last.units[-1].category
            and index not in targets
            and index - 1 not in sources
        )
        if is_more:
            last.units.append(unit)
        else:
            bars.append(Bar([unit], unit.extent, level))
        bar_of.append(bars[-1])
    for skip in plan.skips:
        before = plan.units[skip.source].extent if skip.source >= 0 else plan.input
        is_level = before.sides == bar_of[skip.target].extent.sides
        if skip.joins == "join" and is_level and isinstance(before.channels, int):
            bar_of[skip.target].copied.append(before.channels)
    for bar in bars:
        # What is joined last is what the unit made itself; the rest was copied.
        own = bar.extent.channels
        if bar.copied and isinstance(own, int) and bar.units and bar.units[0].is_joined:
            bar.extent = Extent(max(own - sum(bar.copied), 1), bar.extent.sides)
    return bars


def _lay(bars: Sequence[Bar], wide: float, gap: float) -> float:
    """Gives bars their places from left to right; returns where they end."""
    ends: dict[int, float] = {}
    for bar in bars:
        bar.width = _width(bar.extent.channels, wide)
        bar.beside = sum(_width(channels, wide) for channels in bar.copied)
    bars[0].x = 0.0
    ends[bars[0].level] = bars[0].right
    for before, bar in pairwise(bars):
        if bar.level == before.level:
            labels = _label_width(bar) / 2 + 2.0
            centres = labels + _label_end(bars, before)
            bar.x = max(before.right + gap + bar.beside, centres - bar.width / 2 + bar.beside / 2)
        else:
            bar.x = before.middle - bar.width / 2
            free = ends.get(bar.level, -1e9) + (COPY if bar.copied else gap)
            if bar.left < free:
                before.x += free - bar.left
                bar.x += free - bar.left
                ends[before.level] = before.right
        ends[bar.level] = bar.right
    return max(max(bar.right, _label_end(bars, bar)) for bar in bars)


def _width(channels: object, wide: float) -> float:
    known = channels if isinstance(channels, int) else 64
    return max(THIN, wide * (log2(known) - 3.8))


def _label_end(bars: Sequence[Bar], bar: Bar) -> float:
    """Where the label above a bar ends; beside an upright arrow it starts at the arrow."""
    at = next(index for index, other in enumerate(bars) if other is bar)
    before = bars[at - 1] if at else bar
    after = bars[at + 1] if at + 1 < len(bars) else bar
    if before.level < bar.level and before.label == bar.label:
        return bar.right
    if before.level < bar.level or after.level < bar.level:
        return bar.middle + 3.0 + _label_width(bar)
    return (bar.left + bar.right + _label_width(bar)) / 2


def _label_width(bar: Bar) -> float:
    return text(0, 0, bar.label, size=SMALL).width


class _Painter:
    """Bars at their places, with everything between them."""

    def __init__(self, plan: Plan, page: Page, bars: Sequence[Bar], sides: Sequence[int]) -> None:
        self.plan = plan
        self.page = page
        self.bars = bars
        self.bar_of = [bar for bar in bars for _ in bar.units]
        self.under = self._lanes()
        low, high = log2(sides[-1]), log2(sides[0])
        self.heights = [LOW + (HIGH - LOW) * (log2(s) - low) / ((high - low) or 1) for s in sides]
        self.tops: list[float] = []
        y = MARGIN + 8.0
        for level, height in enumerate(self.heights):
            self.tops.append(y)
            y += height + STEP + LANE * len(self.under.get(level, ()))
        self.bottom = y - STEP

    def paint(self) -> None:
        marks: list[Mark] = []
        shift = MARGIN + SIDE_LABEL
        for bar in self.bars:
            bar.x += shift
        seen: set[int] = set()
        steps: dict[str, list[tuple[str, int]]] = {}
        for before, bar in zip((None, *self.bars), self.bars, strict=False):
            if before is not None:
                marks += self._step(before, bar)
                name = _step_name(bar.units[0], self.plan)
                way = (bar.level > before.level) - (bar.level < before.level)
                steps.setdefault(bar.fill, []).append((name, way))
            is_last = bar is self.bars[-1]
            following = None if is_last else self.bars[self.bars.index(bar) + 1]
            marks += self._bar(bar, before, following)
            if bar.level not in seen:
                seen.add(bar.level)
                side = pixels(bar.extent.sides)
                label = f"{side}²" if side.isdecimal() and len(bar.extent.sides) == 2 else side
                middle = self.tops[bar.level] + self.heights[bar.level] / 2
                marks.append(text(bar.left - 2.6, middle, label, size=SMALL, rotation=-90.0))
        first, last = self.bars[0], self.bars[-1]
        for bar, word in ((first, "input"), (last, "output")):
            y = self.tops[bar.level] + self.heights[bar.level] + 7.6
            right = self.page.width - MARGIN
            half = text(0, 0, word, size=NAME).width / 2
            x = min(max(bar.middle, MARGIN + half), right - half)
            near = self.bars[1] if bar is first else self.bars[-2]
            if near.level > bar.level:  # an upright arrow is in the way
                x = bar.middle + 6.0 + half if bar is first else bar.middle - 6.0 - half
            marks.append(text(x, y, word, size=NAME))
        for fill, told in steps.items():
            names, ways = zip(*told, strict=True)
            self.page.line(f"step {fill}", max(dict.fromkeys(names), key=names.count))
            self.page.upright[f"step {fill}"] = max(dict.fromkeys(ways), key=ways.count)
        marks += self._copies()
        self.page.add(*marks)
        self.page.height = self.bottom
        # Beside the lower left arm of the U the page is empty.
        free = min(bar.left for bar in self.bars if bar.level >= len(self.tops) - 2)
        self.page.corner = (
            MARGIN + SIDE_LABEL,
            self.bottom,
            free - 20.0 - 2 * MARGIN,
            self._room(),
        )
        self.page.facts.append("width: log channels, height: log side")
        self.page.words.append(
            "; ".join(f"{b.label} at {pixels(b.extent.sides)}" for b in self.bars)
        )
        self.page.omit(self.plan.spine.feeding, "they prepare what is given beside the input")
        self.page.omit(self.plan.spine.leaving, "they lead to other outputs")

    def _room(self) -> float:
        """Points of height that are free at the lower left, beside the last two levels."""
        return self.bottom - self.tops[max(len(self.tops) - 2, 0)] + 4.0

    def _bar(self, bar: Bar, before: Bar | None, following: Bar | None) -> list[Mark]:
        top, height = self.tops[bar.level], self.heights[bar.level]
        drawn: list[Mark] = []
        if bar.beside:
            drawn.append(Rect(bar.left, top, bar.beside, height, "copied"))
        drawn.append(Rect(bar.x, top, bar.width, height, f"front {bar.fill}"))
        repeat = len(bar.units) if len({unit.signature for unit in bar.units}) == 1 else 1
        marks: list[Mark] = unit_groups(drawn, bar.units, repeat, bar.label)
        is_under = before is not None and before.level < bar.level
        leads_up = following is not None and following.level < bar.level
        if is_under and before is not None and before.label == bar.label:
            return marks  # a pooling keeps the channels
        middle = (bar.left + bar.right) / 2
        if is_under or leads_up:
            marks.append(text(bar.middle + 3.0, top - 2.8, bar.label, size=SMALL, anchor="start"))
        else:
            marks.append(text(middle, top - 2.8, bar.label, size=SMALL))
        return marks

    def _step(self, before: Bar, bar: Bar) -> list[Mark]:
        """The arrow that leads to a bar."""
        role = f"step {bar.fill}"
        top, height = self.tops[bar.level], self.heights[bar.level]
        if bar.level == before.level:
            y = top + height / 2
            return arrow([(before.right + 1.0, y), (bar.left - 1.0, y)], role)
        if bar.level > before.level:
            start = self.tops[before.level] + self.heights[before.level] + 1.0
            return arrow([(before.middle, start), (before.middle, top - 1.0)], role)
        start = self.tops[before.level] - 1.0
        return arrow([(before.middle, start), (before.middle, top + height + 1.0)], role)

    def _lanes(self) -> dict[int, list[Skip]]:
        """Connections that have to go below the bars of their level, others being in the way."""
        found: dict[int, list[Skip]] = {}
        for skip in self.plan.skips:
            source = self._source(skip)
            target = self.bar_of[skip.target]
            between = self.bars[self.bars.index(source) + 1 : self.bars.index(target)]
            if source.level == target.level and any(b.level == source.level for b in between):
                found.setdefault(source.level, []).append(skip)
        return found

    def _source(self, skip: Skip) -> Bar:
        return self.bar_of[skip.source] if skip.source >= 0 else self.bars[0]

    def _copies(self) -> list[Mark]:
        marks: list[Mark] = []
        left_out = 0
        for skip in self.plan.skips:
            source, target = self._source(skip), self.bar_of[skip.target]
            if source.level != target.level:
                left_out += 1
                self.page.omit(skip.nodes, "connections between levels")
                continue
            role, name = ("copy", "copy, concatenate") if skip.joins == "join" else ("skip", "add")
            self.page.line(role, name)
            top, height = self.tops[source.level], self.heights[source.level]
            lanes = self.under.get(source.level, [])
            if skip in lanes:
                y = top + height + LANE * (lanes.index(skip) + 1) + 1.0
                ends = [(source.middle, top + height + 1.0), (source.middle, y)]
                x = target.left + (target.beside or target.width) / 2
                ends += [(x, y), (x, top + height + 1.0)]
            else:
                y = top + height / 2
                if target.level == self.bars[self.bars.index(target) - 1].level:
                    y = top + height / 4  # an arrow comes in at the middle
                ends = [(source.right + 2.0, y), (target.left - 1.0, y)]
            drawn = arrow(ends, role)
            if skip.nodes:
                chief = max(skip.nodes, key=lambda node: len(node.parameters))
                x = (source.right + target.left) / 2 - 3.0
                drawn.append(Rect(x, ends[-2][1] - 3.0, 6.0, 6.0, f"front {fill_of(chief)}", 1.0))
                self.page.mean(*(bands_of(chief) or [("other", "other")])[0])
            marks.append(group(drawn, "skip", operations(skip.nodes)))
        if left_out:
            self.page.facts.append(f"{left_out} connections between levels not drawn")
        return marks


def _step_name(unit: Unit, plan: Plan) -> str:
    """What leads to a bar: "conv 3×3, batch norm, ReLU"."""
    if unit.is_block:
        return "block"
    bands = [name for node in unit.main for _, name in bands_of(node)]
    window = window_text(window_of(unit.chief, plan.graph))
    first = f"{bands[0]} {window}".strip() if bands else "step"
    rest = ("BN" if name == "batch norm" else name for name in dict.fromkeys(bands[1:3]))
    return ", ".join([first, *rest])


KIND = Kind("unet", "U-Net", suits, draw)
