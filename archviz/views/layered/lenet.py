"""The LeNet figure: stacked feature maps with receptive fields, and vectors as slanted bars.

After Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document
Recognition", 1998, figure 2. Sides are to scale.
"""

from __future__ import annotations

from collections.abc import Sequence

from archviz.errors import OptionError
from archviz.records import record
from archviz.scene import Mark, Path, Rect, Segment
from archviz.views.layered.extents import Extent
from archviz.views.layered.footprint import outlines
from archviz.views.layered.kind import Kind
from archviz.views.layered.page import MARGIN, SMALL, Page, count, group, moved, text
from archviz.views.layered.pieces import Piece, fill
from archviz.views.layered.plan import Plan, Unit
from archviz.views.layered.stages import names_of
from archviz.views.layered.volumes import pixels
from archviz.views.layered.words import bands_of, fill_of, is_transposed, window_of, window_text

MOST_SIDE, MOST_CHANNELS, MOST_UNITS = 64, 64, 8
"""Pixels, channels and convolutions up to which maps can be shown as they are."""
SHEETS = 16
"""Maps that are shown of many."""
SHIFT, REACH = 3.1, 31.0
"""Points between maps of one layer, and from its first to its last at most."""
LARGEST, LEAST_SIDE = 55.0, 5.0
"""Points of the largest map, where there is room, and of the smallest."""
BAR = 6.0
TICKS = 14
NAME_SIZE, VALUE_SIZE = 7.5, 7.0


def suits(plan: Plan) -> bool:
    """Whether it convolves small pictures, a few times, to few channels, in one row."""
    convolutions = [unit for unit in plan.units if unit.category == "conv"]
    sizes = [plan.input, *(unit.extent for unit in convolutions)]
    return (
        len(convolutions) > 0
        and len(plan.units) <= MOST_UNITS
        and not plan.skips
        and _can_draw(plan)
        and all(isinstance(size.channels, int) for size in sizes)
        and all(isinstance(s.channels, int) and s.channels <= MOST_CHANNELS for s in sizes)
        and 1 < (plan.input.side or 0) <= MOST_SIDE
        and not any(is_transposed(unit.chief) for unit in convolutions)
        and any(unit.category == "linear" for unit in plan.units)
    )


def _can_draw(plan: Plan) -> bool:
    return len(plan.input.sides) == 2 and all(
        unit.category in ("conv", "pool", "linear") and not unit.is_block for unit in plan.units
    )


@record
class Item:
    """The input or a unit as drawn.

    Attributes:
        extent: What it gives.
        width: Points of the drawing, without labels.
        height: Points.
        unit: None for the input.
    """

    extent: Extent
    width: float
    height: float
    unit: Unit | None


def draw(plan: Plan, page: Page) -> None:
    """Draws every operation with weights and every pooling."""
    if not _can_draw(plan):
        raise OptionError(
            "the figure 'lenet' shows rows of convolutions, poolings and dense layers on pictures",
            "this model has more; leave out --set figure=lenet",
        )
    names = ["input", *names_of([(unit,) for unit in plan.units])]

    def build(scale: float) -> Sequence[Piece]:
        items = _items(plan, scale)
        middle = max(item.height for item in items) / 2
        return [_piece(item, name, middle, plan) for item, name in zip(items, names, strict=True)]

    found = fill(build, page.width - 2 * MARGIN, 0.5, 1.0)
    if found is None:
        raise OptionError(
            f"a LeNet figure of {len(names)} stages has no room in {page.width / 72:.2f} in",
            "give more --width, or leave out --set figure=lenet",
        )
    pieces, places, scale = found
    items = _items(plan, scale)
    places = [place + MARGIN for place in places]
    marks: list[Mark] = []
    for piece, place in zip(pieces, places, strict=True):
        marks += [moved(mark, place) for mark in piece.marks]
    marks += _fields(items, places, plan)
    ys = [y for outline in outlines(marks) for _, y in outline]
    top = min(ys) - MARGIN
    page.add(*(moved(mark, 0.0, -top) for mark in marks))
    page.height = max(ys) - top
    for unit in plan.units:
        page.mean(*bands_of(unit.chief)[0])
    page.facts.append("maps to scale")
    said = (f"{name} {_size(item.extent)}" for item, name in zip(items, names, strict=True))
    page.words.append("; ".join(said))
    page.omit(plan.spine.feeding, "they prepare what is given beside the input")
    page.omit(plan.spine.leaving, "they lead to other outputs")


def _items(plan: Plan, share: float) -> list[Item]:
    sides = [extent.side or 1 for extent in (plan.input, *(u.extent for u in plan.units))]
    scale = LARGEST * share / max(sides)
    found = []
    for extent, unit in ((plan.input, None), *((unit.extent, unit) for unit in plan.units)):
        if extent.sides:
            high, wide = (side if isinstance(side, int) else 1 for side in extent.sides[:2])
            back = _reach(extent)
            width = max(LEAST_SIDE, wide * scale) + back
            found.append(Item(extent, width, max(LEAST_SIDE, high * scale) + back, unit))
        else:
            features = extent.channels if isinstance(extent.channels, int) else 120
            length = share * min(102.0, 16.0 + 86.0 * (features / 120) ** 0.62)
            found.append(Item(extent, BAR + 0.22 * length, round(length, 4), unit))
    return found


def _sheets(extent: Extent) -> int:
    return min(extent.channels if isinstance(extent.channels, int) else SHEETS, SHEETS)


def _reach(extent: Extent) -> float:
    """Points from the first map of a layer to the last, along either axis."""
    return min(SHIFT * (_sheets(extent) - 1), REACH)


def _piece(item: Item, name: str, middle: float, plan: Plan) -> Piece:
    """Drawing and labels; names above, what makes it below and to the left."""
    fill_ = fill_of(item.unit.chief) if item.unit is not None else "other"
    drawn = _maps(item, fill_) if item.extent.sides else _vector(item, fill_)
    units = (item.unit,) if item.unit is not None else ()
    operations = [name for unit in units for name in unit.operations]
    marks: list[Mark] = [group(drawn, "unit", operations, title=name)]
    high = -middle - 14.0
    marks.append(text(item.width / 2, high - 9.0, name, "heading-title", NAME_SIZE))
    marks.append(text(item.width / 2, high, _size(item.extent), "text", VALUE_SIZE))
    if item.unit is not None:
        # Lines say how the item comes about, so they stand under the way that leads to it.
        x = min(0.0, item.width / 2 - 14.0)
        y = middle + 14.0
        for line in _making(item.unit, plan):
            marks.append(text(x, y, line, "text", VALUE_SIZE))
            y += 8.3
        if item.unit.parameters:
            marks.append(text(x, y, count(item.unit.parameters), "note", SMALL))
    return Piece(tuple(marks), (0, 0), (item.width, 0), -item.height / 2, item.width / 2, least=8.0)


def _maps(item: Item, fill_: str) -> list[Mark]:
    sheets = _sheets(item.extent)
    back = _reach(item.extent)
    step = back / max(sheets - 1, 1)
    wide, high = item.width - back, item.height - back
    top = -item.height / 2
    return [
        Rect(
            step * k,
            top + step * k,
            wide,
            high,
            f"{'front' if (sheets - 1 - k) % 2 == 0 else 'lid'} {fill_}",
        )
        for k in range(sheets)
    ]


def _vector(item: Item, fill_: str) -> list[Mark]:
    slope = item.width - BAR
    top = -item.height / 2
    corners = ((BAR, top), (BAR + slope, -top), (slope, -top))
    segments: tuple[Segment, ...] = (
        ("M", 0.0, top),
        *(("L", *corner) for corner in corners),
        ("Z",),
    )
    marks: list[Mark] = [Path(segments, f"front {fill_}")]
    features = item.extent.channels if isinstance(item.extent.channels, int) else TICKS
    cells = min(features, TICKS)
    for k in range(1, cells):
        x, y = slope * k / cells, top + item.height * k / cells
        marks.append(Path((("M", x, y), ("L", x + BAR, y)), f"tick {fill_}"))
    return marks


def _fields(items: Sequence[Item], places: Sequence[float], plan: Plan) -> list[Mark]:
    """What each map looks at: a window on the map before, and lines to one of its pixels."""
    marks: list[Mark] = []
    for number in range(1, len(items)):
        before, here = items[number - 1], items[number]
        left, right = places[number - 1], places[number]
        if here.extent.sides and before.extent.sides and here.unit is not None:
            marks += _field(before, here, left, right, number, plan)
        elif not here.extent.sides:
            role = "callout" if before.extent.sides else "ray"
            top, bottom = -here.height / 2, here.height / 2
            ends = _ends(before, left)
            slope = here.width - BAR
            marks.append(Path((("M", *ends[0]), ("L", right, top)), role))
            marks.append(Path((("M", *ends[1]), ("L", right + slope, bottom)), role))
    return marks


def _ends(item: Item, left: float) -> tuple[tuple[float, float], tuple[float, float]]:
    if item.extent.sides:
        wide = item.width - _reach(item.extent)
        return (left + wide, -item.height / 2), (left + item.width, item.height / 2)
    slope = item.width - BAR
    return (left + BAR, -item.height / 2), (left + BAR + slope, item.height / 2)


def _field(
    before: Item, here: Item, left: float, right: float, number: int, plan: Plan
) -> list[Mark]:
    assert here.unit is not None
    window = window_of(here.unit.chief, plan.graph) or (1, 1)
    back = _reach(before.extent)
    wide, high = before.width - back, before.height - back
    side = before.extent.side or 1
    kernel = min(window[-1] / side, 1.0)
    size = max(2.0, kernel * min(wide, high))
    # Windows stand above and below the middle in turn, so that lines in and out stay apart.
    share = 0.3 if number % 2 else 0.62
    x = left + back + min(wide - size - 1.0, wide * 0.52)
    down = min(max(high * share - size / 2, 0.5), max(high - size - 0.5, 0.0))
    y = -before.height / 2 + back + down
    ahead = _reach(here.extent)
    point_x = right + ahead + (here.width - ahead) * 0.28
    point_y = -here.height / 2 + ahead + (here.height - ahead) * (0.5 if number % 2 else 0.72)
    dot = 1.6
    return [
        Rect(x, y, size, size, "window"),
        Path((("M", x + size, y), ("L", point_x, point_y)), "ray"),
        Path((("M", x + size, y + size), ("L", point_x, point_y)), "ray"),
        Rect(point_x - dot / 2, point_y - dot / 2, dot, dot, "flow-head"),
    ]


def _making(unit: Unit, plan: Plan) -> list[str]:
    """What makes a map, in two lines: "5×5 conv", "tanh"."""
    bands = [name for node in unit.main for _, name in bands_of(node)]
    window = window_text(window_of(unit.chief, plan.graph)) if unit.category != "linear" else ""
    first = bands[0] if bands else "dense"
    return [f"{window} {first}".strip(), *(name for name in bands[1:3])]


def _size(extent: Extent) -> str:
    channels = str(extent.channels)
    if not extent.sides:
        return channels
    sides = "×".join(str(side) for side in extent.sides)
    return f"{channels} @ {sides}" if pixels(extent.sides) else channels


KIND = Kind("lenet", "Feature maps", suits, draw)
