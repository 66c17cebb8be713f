"""Faces of cards: what is written on the card of an operation, and how large that makes it."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from archviz.annotation import Remark
from archviz.ir import Graph, Node
from archviz.ir.types import format_shape
from archviz.ir.walk import head_of, links
from archviz.ops import table
from archviz.ops.titles import title_of
from archviz.records import record
from archviz.text import printable, text_width
from archviz.views.node_link.labels import bias_of, category, detail, rows, shown_parts

NARROWEST, WIDEST = 120.0, 240.0
HEADER = 24.0
ROW = 15.0
SIDE = 10.0
GAP = 14.0
"""Least room between two texts of one line."""
MERGE = 24.0
MOST_JOINED = 3
"""A circle has no room for the arrow heads of more values; those get a card."""
STRIP = 17.0
MOST_STRIPS = 6
"""Above this many, the same operation several times in a row shares one."""
STEP = 8.0
"""Widths are multiples of this, so that "layers.9" and "layers.10" are laid out alike."""

TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 12.0, 10.5, 10.0


@record
class Face:
    """What a card shows; cards that show the same share it.

    Attributes:
        kind: "op", "merge", "module", "pill", "stub" or "missing".
        width: In pixels.
        height: In pixels.
        category: Colour category, or the symbol of a merge.
        title: The bold text.
        note: The text beside or below it.
        rows: Names and values under the header.
        strips: Category, name and note of each further part of a fused card, in order.
        label: The name of a module or stub.
        repeat: How many modules it stands for, "×12" or "×8 parallel"; "" for one.
        remarks: Lines at its foot, which an overlay says.
    """

    kind: str
    width: float
    height: float
    category: str = ""
    title: str = ""
    note: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    strips: tuple[tuple[str, str, str], ...] = ()
    label: str = ""
    repeat: str = ""
    remarks: tuple[Remark, ...] = ()


def face_of(node: Node, graph: Graph, label: str, is_remarked: bool) -> Face:
    """What the card of an operation that the reader knows as ``label`` shows."""
    symbol = table().merge.get(node.op)
    joined = len(node.inputs) - node.inputs.count(None) if symbol else 0
    if symbol and 1 < joined <= MOST_JOINED and not node.parameters and not is_remarked:
        return Face("merge", MERGE, MERGE, symbol, node.op)
    first = head_of(node) if node.parts else node
    rest = [part for part in links(node.parts) if part is not first] if first is not node else []
    title = title_of(first if first.op == node.op else node, graph)
    title = printable(title, 60)
    if node.attributes.get("guessed") is True:
        title += " ?"
    note, *more = _wrapped(detail(first, graph), text_width(title, TITLE_SIZE, bold=True) + GAP)
    lines = (*(("", text) for text in more), *rows(first, graph, label, rest))
    if bias_of(first, rest, graph) is not None:
        rest = rest[1:]
    strips = _strips([*shown_parts(first), *rest], graph) if first.parts or rest else ()
    width = across((title, TITLE_SIZE, True), (note, TEXT_SIZE, False))
    for name, value in lines:
        width = max(width, across((name, TEXT_SIZE, False), (value, TEXT_SIZE, False)))
    for _, name, value in strips:
        width = max(width, across((name, TEXT_SIZE, False), (value, TEXT_SIZE, False)))
    narrowest = NARROWEST if lines or note or strips else 64.0
    height = HEADER + (ROW * len(lines) + 6 if lines else 0) + STRIP * len(strips)
    width = stepped(width, narrowest, WIDEST)
    return Face("op", width, height, category(first, graph), title, note, lines, strips)


def _wrapped(settings: str, taken: float) -> list[str]:
    """``settings`` in lines of whole settings, the first beside what takes ``taken`` pixels.

    One that is too long for any line is left for the painter to shorten.
    """
    lines = [""]
    room = WIDEST - 2 * SIDE
    for setting in settings.split(", "):
        last = f"{lines[-1]}, {setting}" if lines[-1] else setting
        if text_width(last, TEXT_SIZE) <= room - (taken if len(lines) == 1 else 0.0):
            lines[-1] = last
        else:
            lines.append(setting)
    return lines


def content_of(node: Node, graph: Graph) -> object:
    """What decides the face of a node without parameters; None when it has some."""
    if node.parameters or node.forest is not None:
        return None
    inputs = node.inputs
    joined = len(inputs) - inputs.count(None)
    scope = graph.scopes.get(node.scope) if node.scope else None
    around = scope.type if scope is not None else None
    attributes = node.attributes
    if not attributes and not node.parts:
        return (node.op, node.kind, joined, around)
    types = None
    if attributes:  # some are read together with what goes in and comes out
        values = [graph.values.get(value or "") for value in (*inputs, *node.outputs)]
        types = tuple([value and value.type for value in values])
    parts = tuple([content_of(part, graph) for part in node.parts])
    if None in parts:
        return None
    # The attributes as text, for True is not 1 there.
    return (node.op, node.kind, joined, around, repr(attributes), types, parts)


def _strips(parts: list[Node], graph: Graph) -> tuple[tuple[str, str, str], ...]:
    """One strip a part; the same operation several times in a row has one."""
    found: list[tuple[str, str, str]] = []
    for _, same in groupby([_strip(part, graph) for part in parts], itemgetter(0, 1)):
        (fill, name, note), *more = same
        times = f" ×{len(more) + 1}" if more and len(parts) > MOST_STRIPS else ""
        if not times:
            found += [(fill, name, note), *more]
        else:
            found.append((fill, f"{name}{times}", note if all(m[2] == note for m in more) else ""))
    return tuple(found)


def _strip(part: Node, graph: Graph) -> tuple[str, str, str]:
    """Category, name and note of a fused card's further part."""
    note = detail(part, graph)
    if not note:
        used = (graph.parameters.get(use.parameter) for use in part.parameters)
        shapes = [p.type.shape or () for p in used if p is not None]
        note = format_shape(max(shapes, key=len)) if shapes else ""  # a weight, not its bias
    return category(part, graph), printable(title_of(part, graph), 40), note


@lru_cache(maxsize=4096)
def across(left: tuple[str, float, bool], right: tuple[str, float, bool]) -> float:
    """Width of two texts at the ends of one line, with the room between and beside them."""
    gap = GAP if left[0] and right[0] else 0.0
    texts = sum(text_width(text, size, bold=bold) for text, size, bold in (left, right))
    return texts + gap + 2 * SIDE


def stepped(width: float, narrowest: float, widest: float) -> float:
    """``width`` or a little more, between the two others."""
    return min(max(math.ceil(width / STEP) * STEP, narrowest), widest)
