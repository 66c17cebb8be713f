"""The inset of a cuboid figure: the block that repeats, drawn once as a row of operations."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from archviz.errors import OptionError
from archviz.ir import Node
from archviz.ir.walk import leaves
from archviz.ops import category_of, table
from archviz.options import nearest
from archviz.records import record
from archviz.scene import Group, Mark, Path, Rect
from archviz.text import fit, printable, text_width
from archviz.views.layered.look import current
from archviz.views.layered.page import MARGIN, SMALL, VALUE, Page, count, plate, text
from archviz.views.layered.pieces import HEAD, arrow, rounded
from archviz.views.layered.plan import Plan, Stage, Unit
from archviz.views.layered.spine import Bypass
from archviz.views.layered.stages import path_of
from archviz.views.layered.words import bands_of, window_of, window_text

MOST_NODES, MOST_BYPASSES = 9, 3
"""Operations in a row, and ways around them, that an inset can show."""
BOX, GAP, BAND, CIRCLE = 20.0, 11.0, 4.6, 5.0
LANE = 12.0
"""Points of height of each way around."""


@record
class Chosen:
    """The run of blocks that the inset shows.

    Attributes:
        stage: Position of its stage.
        units: The blocks, all built alike.
        bypasses: The ways around, their ends counted from the first operation of the block.
        projects: Whether the first block of the stage has operations on its shortcut.
    """

    stage: int
    units: tuple[Unit, ...]
    bypasses: tuple[Bypass, ...]
    projects: tuple[Node, ...]


def chosen(plan: Plan, stages: Sequence[Stage]) -> Chosen | None:
    """The longest run of those that an inset can show, of equals the largest; None without any."""
    wanted = current().inset
    if wanted == "none":
        return None
    place = {node.id: index for index, node in enumerate(plan.spine.nodes)}
    named: list[str] = []
    best: tuple[tuple[int, int], Chosen] | None = None
    for number, stage in enumerate(stages):
        runs: list[list[Unit]] = []
        for unit in stage.units if not stage.folded else ():
            if runs and runs[-1][0].signature == unit.signature:
                runs[-1].append(unit)
            else:
                runs.append([unit])
        for run in runs:
            unit = run[0]
            if len(run) < 2 or not unit.is_block or len(unit.main) > MOST_NODES:
                continue
            first = place[unit.main[0].id]
            around = tuple(
                Bypass(bypass.start - first, bypass.end - first, bypass.nodes)
                for bypass in plan.spine.local
                if first <= bypass.end < first + len(unit.main)
            )
            if not 0 < len(around) <= MOST_BYPASSES:
                continue
            weight = (len(run), unit.parameters)
            names = [stage.name, *(".".join(path_of([one])) for one in run)]
            named += names
            if wanted != "auto" and not any(fnmatchcase(name, wanted) for name in names):
                continue
            if best is None or weight > best[0]:
                branches = stage.units[0].branches if stage.units[0].is_block else ()
                projects = branches if len(branches) > len(unit.branches) else ()
                best = (weight, Chosen(number, tuple(run), around, projects))
    if wanted != "auto" and best is None:
        raise OptionError(
            f"inset is {wanted!r}, which is no block that repeats", nearest(wanted, named)
        )
    return best[1] if best else None


def paint(
    plan: Plan, page: Page, found: Chosen, ends: tuple[float, float], *, points: bool
) -> None:
    """Adds the inset below what is on the page, if it has room.

    Args:
        plan: What is drawn.
        page: Where.
        found: What to show.
        ends: The left end and the right end of the stage that it is taken from.
        points: Whether lines lead from there to the inset.
    """
    left, right = ends
    unit = found.units[0]
    items = [_Item(node, plan) for node in unit.main]
    caption = _caption(plan, found)
    inner = sum(item.width for item in items) + GAP * (len(items) + 1) + 24.0
    width = max(inner, text_width(caption, VALUE) + 16.0)
    if width > page.width - 2 * MARGIN:
        return
    x0 = min(max((left + right - width) / 2, MARGIN), page.width - MARGIN - width)
    top = page.height + 13.0
    lanes = len(found.bypasses)
    axis = top + 7.0 + LANE * lanes + BOX / 2
    bottom = axis + BOX / 2 + 16.0
    lines = (
        Path((("M", left, page.height + 2.0), ("L", x0 + 2.0, top)), "callout"),
        Path((("M", right, page.height + 2.0), ("L", x0 + width - 2.0, top)), "callout"),
    )
    page.add(*(lines if points else ()))
    marks: list[Mark] = [Rect(x0, top, width, bottom - top, "inset", 5.0)]
    x = x0 + (width - inner) / 2 + 8.0
    begin = x
    x += 16.0
    spans: list[tuple[float, float]] = []
    for item in items:
        start = spans[-1][1] if spans else begin
        marks += arrow([(start, axis), (x, axis)])
        marks += item.paint(x, axis)
        spans.append((x, x + item.width))
        x += item.width + GAP
    marks += arrow([(spans[-1][1], axis), (spans[-1][1] + 16.0, axis)])
    for lane, bypass in enumerate(sorted(found.bypasses, key=lambda b: b.end - b.start)):
        y = axis - BOX / 2 - 4.0 - LANE * lane
        out = (spans[bypass.start][1] if bypass.start >= 0 else begin) + 4.0 + 1.5 * lane
        target = spans[bypass.end]
        into = (target[0] + target[1]) / 2
        stop = axis - items[bypass.end].height / 2
        line = [(out, axis), (out, y), (into, y), (into, stop - HEAD * 0.75)]
        marks.append(Path(rounded(line), "flow"))
        marks += arrow([(into, stop - HEAD), (into, stop)])[1:]
        label = _way(bypass, found, into - out + (4.0 if lane == 0 else -8.0))
        if label:
            marks.append(text((out + into) / 2, y - 2.4, label, "text", SMALL))
    marks.append(text(x0 + width / 2, bottom - 5.0, caption, "text", VALUE))
    page.add(Group(tuple(marks), "inset", title=caption))
    page.height = bottom
    for node in unit.main:
        for band in bands_of(node):
            page.mean(*band)


class _Item:
    """One merged operation of the block."""

    def __init__(self, node: Node, plan: Plan) -> None:
        self.node = node
        self.is_merge = node.op in table().merge
        category = category_of(node.op)
        self.is_small = category in ("act", "norm") and len(list(leaves(node))) == 1
        bands = bands_of(node)
        self.fill = bands[0][0] if bands else "other"
        self.bands = [fill for fill, _ in bands[1:]]
        window = window_text(window_of(node, plan.graph))
        name = bands[0][1] if bands else fit(printable(node.op), SMALL, 60.0)
        name = "depthwise" if _is_depthwise(node, plan) else name
        self.lines = [f"{window} {name}".strip()]
        sizes = _channels(node, plan)
        if category in ("conv", "linear") and sizes:
            self.lines.append(" → ".join(f"{size:,}" for size in sizes))
        if self.is_merge:
            self.width, self.height = 2 * CIRCLE, 2 * CIRCLE
        elif self.is_small:
            self.width, self.height = 6.5, 13.0
        else:
            widest = max(text_width(line, SMALL) for line in self.lines)
            self.width, self.height = widest + 7.0 + BAND * len(self.bands), BOX

    def paint(self, x: float, axis: float) -> list[Mark]:
        """The operation with its left end at x."""
        top = axis - self.height / 2
        if self.is_merge:
            return _merge(x + CIRCLE, axis, table().merge[self.node.op])
        marks: list[Mark] = [Rect(x, top, self.width, self.height, f"front {self.fill}", 1.5)]
        if self.is_small:
            return marks
        end = x + self.width - BAND * len(self.bands)
        marks += [
            Rect(end + BAND * k, top, BAND, self.height, f"front {fill}")
            for k, fill in enumerate(self.bands)
        ]
        middle = (x + end) / 2
        first = axis + 2.2 if len(self.lines) == 1 else axis - 1.6
        labels = [
            text(middle, first + 7.4 * number, line, "on-box", SMALL)
            for number, line in enumerate(self.lines)
        ]
        return [*marks, plate(labels, self.fill), *labels]


def _merge(x: float, y: float, symbol: str) -> list[Mark]:
    r = CIRCLE * 0.55
    strokes: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    match symbol:
        case "times":
            d = r * 0.75
            strokes = (((x - d, y - d), (x + d, y + d)), ((x - d, y + d), (x + d, y - d)))
        case "join":
            strokes = (((x - 1.3, y - r), (x - 1.3, y + r)), ((x + 1.3, y - r), (x + 1.3, y + r)))
        case "minus" | "divide":
            strokes = (((x - r, y), (x + r, y)),)
        case _:
            strokes = (((x - r, y), (x + r, y)), ((x, y - r), (x, y + r)))
    lines: list[Mark] = [Path((("M", *a), ("L", *b)), "sign") for a, b in strokes]
    return [Rect(x - CIRCLE, y - CIRCLE, 2 * CIRCLE, 2 * CIRCLE, "joint", CIRCLE), *lines]


def _channels(node: Node, plan: Plan) -> list[int]:
    """Channels before and after, when both are known."""
    ends = (node.inputs[:1], node.outputs[:1])
    found = [plan.extents[v].channels for ids in ends for v in ids if v and v in plan.extents]
    known = [channels for channels in found if isinstance(channels, int)]
    return known if len(known) == 2 else []


def _is_depthwise(node: Node, plan: Plan) -> bool:
    """Whether each channel is convolved alone."""
    if "Depthwise" in node.op:
        return True
    groups = node.attributes.get("groups", node.attributes.get("group", 1))
    sizes = _channels(node, plan)
    return isinstance(groups, int) and groups > 1 and bool(sizes) and groups == sizes[0]


def _way(bypass: Bypass, found: Chosen, room: float) -> str:
    """What a way around is called: "identity", or what it does."""
    if not bypass.nodes:
        label = "identity"
        if found.projects:
            done = ", ".join(name for node in found.projects for _, name in bands_of(node))
            label = f"identity ({done} in the first)"
        return label if text_width(label, SMALL) <= room else "identity"
    total = sum(1 for node in bypass.nodes for _ in leaves(node))
    words = [", ".join(name for node in bypass.nodes for _, name in bands_of(node)[:1])]
    merge = table().merge.get(found.units[0].main[bypass.end].op)
    if merge == "times" and category_of(bypass.nodes[0].op) == "pool":
        words = ["squeeze and excite", "SE"]  # Hu, Shen and Sun, "Squeeze-and-Excitation", 2018
    counted = f"{total} op{'s' if total > 1 else ''}"
    return next((w for w in (*words, counted) if w and text_width(w, SMALL) <= room), "")


def _caption(plan: Plan, found: Chosen) -> str:
    """Class, place and weights of the block: "Bottleneck, layer3.1–layer3.5 · 1.1M each"."""
    first, last = path_of(found.units[:1]), path_of(found.units[-1:])
    kind = plan.graph.scopes[first].type if first in plan.graph.scopes else ""
    ends = dict.fromkeys(".".join(path[-2:]) for path in (first, last) if path)
    names = f"{', ' if kind else ''}{'–'.join(ends)}" if ends else ""
    weights = f" · {count(found.units[0].parameters)} parameters each"
    return f"{kind}{names}" + weights if kind or names else f"Block ×{len(found.units)}{weights}"
