"""Cards: how each kind of node is measured and painted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from archviz.analysis.tree_words import tree_lines
from archviz.annotation import Remark
from archviz.ir import Graph, Node
from archviz.ir.types import format_type
from archviz.ir.walk import head_of, leaves, operations_of
from archviz.layouts import Area
from archviz.records import making, record, replace
from archviz.scene import Group, Mark, Path, Rect, Segment
from archviz.text import fit, printable, text_width
from archviz.views.node_link import foot
from archviz.views.node_link.containers import times
from archviz.views.node_link.faces import (
    HEADER,
    MERGE,
    NARROWEST,
    ROW,
    SIDE,
    SMALL_SIZE,
    STRIP,
    TEXT_SIZE,
    TITLE_SIZE,
    WIDEST,
    Face,
    across,
    content_of,
    face_of,
    stepped,
)
from archviz.views.node_link.lines import line
from archviz.views.node_link.weights import weights_of

RADIUS = 5.0
RING = 3.5
PILL = 34.0
MODULE = 42.0


@record
class Card:
    """A measured node, ready to be placed.

    Attributes:
        id: The node's id, or the value's of an input or output.
        face: What it shows, and how large that makes it.
        tooltip: What a pointer resting on it says.
        ops: Ids of the imported nodes it stands for.
        source: Id of the card that makes what a stub refers to, or "".
    """

    id: str
    face: Face
    tooltip: str = ""
    ops: tuple[str, ...] = ()
    source: str = ""


_make_card: Callable[..., Card] = making(Card)


def measure(
    node: Node,
    graph: Graph,
    label: str,
    remarks: tuple[Remark, ...] = (),
    faces: dict[object, Face] | None = None,
) -> Card:
    """The card of a node.

    Args:
        node: What it is of.
        graph: Where that is.
        label: What the reader knows it as.
        remarks: What stands at its foot.
        faces: Those of the graph so far; nodes that say the same share theirs.
    """
    op = node.op
    called = label or node.id
    tooltip = printable(f"{op} {called}" if called != op else op)
    if node.parts and head_of(node).parts:
        tooltip = printable(f"{tooltip}: {', '.join(part.op for part in leaves(node))}", 400)
    measured = _FACES.get(node.kind)
    if measured is not None:
        face = measured(node, graph, label)
    else:
        is_remarked = bool(remarks)
        content = content_of(node, graph) if faces is not None else None
        key = (content, label, is_remarked)
        known = faces.get(key) if faces is not None and content is not None else None
        face = face_of(node, graph, label, is_remarked) if known is None else known
        if known is None and faces is not None:
            face = faces.setdefault(face, face)
            if content is not None:
                faces[key] = face
    if remarks and face.kind in ("op", "module"):
        width = stepped(max(face.width, foot.width_of(remarks)), face.width, foot.WIDEST)
        height = face.height + foot.height_of(remarks)
        face = replace(face, width=width, height=height, remarks=remarks)
    return _make_card(node.id, face, tooltip, node.origin or (node.id,))


def _cut_off(node: Node, graph: Graph, label: str) -> Face:
    """The pill of what a selection left out."""
    return _pill("stub", printable(label or node.id), printable(node.op))


def _missing(node: Node, graph: Graph, label: str) -> Face:
    """The pill of a value that nobody produces."""
    return _pill("missing", "missing", printable(_first_output(node)))


def _tree_node(node: Node, graph: Graph, label: str) -> Face:
    """The card of a decision tree's node: its test or its answer, then what is known of it."""
    said = [printable(line, 60) for line in tree_lines(node.attributes)]
    title, *more = said or [node.op]
    width = max(text_width(title, TITLE_SIZE, bold=True), *(text_width(m, TEXT_SIZE) for m in said))
    return Face(
        "op",
        stepped(width + 2 * SIDE, 64.0, WIDEST),
        HEADER + (ROW * len(more) + 6 if more else 0),
        "other" if node.kind == "split" else "norm",
        title,
        rows=tuple([(line, "") for line in more]),
    )


def measure_pill(end: str, value_id: str, graph: Graph, title: str = "") -> Card:
    """The card of a graph's input or output, as ``end`` says."""
    name = printable(title or value_id)
    value = graph.values.get(value_id)
    note = printable(format_type(value.type)) if value is not None else ""
    return Card(f"{end}:{value_id}", _pill("pill", name, note), f"{name} {note}".strip())


def measure_reference(card_id: str, name: str, maker: Card | None) -> Card:
    """The stub of a value where it is consumed, with what makes it elsewhere."""
    source = maker.id if maker is not None else ""
    said = f"{name}, from {printable(maker.tooltip)}" if maker is not None else name
    return Card(f"reference:{card_id}", _pill("stub", name, ""), said, source=source)


def measure_source(value: str, name: str, uses: int) -> Card:
    """The stub of a value where it is made."""
    said = f"{name}, used in {uses} places"
    return Card(f"reference:{value}", _pill("stub", name, f"used in {uses} places"), said)


def _pill(kind: str, title: str, note: str) -> Face:
    text = max(text_width(title, TITLE_SIZE, bold=True), text_width(note, SMALL_SIZE))
    height = PILL if note else HEADER
    return Face(kind, stepped(text + height, 64.0, WIDEST), height, title=title, note=note)


def _module(node: Node, graph: Graph, label: str) -> Face:
    weights = weights_of(node, graph)
    things = "ops" if graph.values else "modules"
    note = f"{operations_of(node):,} {things}" + (f", {weights:,} params" if weights else "")
    shown = label if label != node.op else ""
    width = across((node.op, TITLE_SIZE, True), (shown, TEXT_SIZE, False)) + 24
    width = max(width, text_width(note, 9.5) + 44)
    repeat = times(node.repeat, is_parallel="parallel" in node.attributes)
    if repeat:
        width += text_width(repeat, TITLE_SIZE, bold=True) + 20
    return Face(
        "module",
        stepped(width, NARROWEST, WIDEST),
        MODULE,
        title=printable(node.op),
        note=note,
        label=shown,
        repeat=repeat,
    )


_FACES = {
    "module": _module,
    "stub": _cut_off,
    "missing": _missing,
    "split": _tree_node,
    "leaf": _tree_node,
}
"""What makes the face of a node that is no operation, by its kind."""


def _first_output(node: Node) -> str:
    return next((value for value in node.outputs if value is not None), node.id)


def paint(card: Card, area: Area) -> Group:
    """The card's marks where the layout put it."""
    return next(paint_all([(card, area)]))


def paint_all(placed: Iterable[tuple[Card, Area]]) -> Iterator[Group]:
    """Each card where the layout put it; those that look alike share their marks."""
    known: dict[object, tuple[Mark, ...]] = {}
    painters = {
        "op": _paint_op,
        "merge": _paint_merge,
        "module": _paint_module,
        "pill": _paint_pill,
        "stub": _paint_pill,
        "missing": _paint_pill,
    }
    roles = {kind: f"node {kind}" for kind in painters}
    make_group = making(Group)
    for card, (x, y, width, height) in placed:
        face = card.face
        look = (id(face), width, height)
        marks = known.get(look)
        if marks is None:
            area = Area(0.0, 0.0, width, height)
            painted = painters[face.kind](face, area)
            if face.remarks:
                painted += foot.paint(face.remarks, area)
            marks = known[look] = tuple(painted)
        ops = card.ops
        data = {}
        if ops:
            joined = ops[0] if len(ops) == 1 else " ".join(ops)
            # A space separates operations, and stands for itself in none.
            if joined.count(" ") >= len(ops):
                joined = " ".join([op.replace(" ", "%20") for op in ops])
            data["ops"] = joined
        if card.source:
            data["source"] = card.source
        yield make_group(marks, roles[face.kind], card.id, card.tooltip, data, x, y)


def inside_ring(area: Area) -> Area:
    """Where a card is in the area that it has together with its ring."""
    return Area(area.x + RING, area.y + RING, area.width - 2 * RING, area.height - 2 * RING)


def paint_ring(card: Card, area: Area, role: str = "ring") -> Rect:
    """A ring around a card, in the room that layouts keep around boxes."""
    is_round = card.face.kind in ("pill", "stub", "missing", "merge")
    radius = area.height / 2 if is_round else RADIUS
    x, y, width, height = area
    return Rect(x - RING, y - RING, width + 2 * RING, height + 2 * RING, role, radius + RING)


def _pair(
    area: Area, middle: float, left: str, right: str, roles: tuple[str, str], size: float
) -> list[Mark]:
    """Two texts at the ends of one line; the left one gives way."""
    bold = roles[0].endswith("title")
    room = area.width - 2 * SIDE
    needed = text_width(left, size, bold=bold) + 8 if left else 0.0
    right = fit(right, TEXT_SIZE, max(room - needed, room * 0.62))
    taken = text_width(right, TEXT_SIZE) + 8 if right else 0.0
    left = fit(left, size, room - taken, bold=bold)
    marks: list[Mark] = []
    if left:
        marks.append(line(area.x + SIDE, middle, left, roles[0], size))
    if right:
        x = area.x + area.width - SIDE
        marks.append(line(x, middle, right, roles[1], TEXT_SIZE, "end"))
    return marks


def _paint_op(face: Face, area: Area) -> list[Mark]:
    x, y, width, height = area
    fill = f"header {face.category}"
    middle = y + HEADER / 2
    marks: list[Mark] = []
    if face.rows or face.strips or face.remarks:
        marks.append(Rect(x, y, width, height, "card", RADIUS))
        marks.append(Path(_tab(x, y, width, HEADER, RADIUS), fill))
    else:
        marks.append(Rect(x, y, width, height, fill, RADIUS))
    if face.note or face.rows or face.strips:
        marks += _pair(area, middle, face.title, face.note, ("title", "detail"), TITLE_SIZE)
    else:
        title = fit(face.title, TITLE_SIZE, width - 2 * SIDE, bold=True)
        marks.append(line(x + width / 2, middle, title, "title", TITLE_SIZE, "middle"))
    middle = y + HEADER + 3 + ROW / 2
    for name, value in face.rows:
        marks += _pair(area, middle, name, value, ("row-name", "row-value"), TEXT_SIZE)
        middle += ROW
    top = y + height - foot.height_of(face.remarks) - STRIP * len(face.strips)
    for index, (fill, name, value) in enumerate(face.strips):
        is_last = index == len(face.strips) - 1 and not face.remarks
        base = _base(x, top, width, STRIP, RADIUS if is_last else 0.0)
        marks += [Path(base, f"header {fill}"), Path(_rule(x, top, width), "rule")]
        marks += _pair(area, top + STRIP / 2, name, value, ("detail", "detail"), TEXT_SIZE)
        top += STRIP
    marks.append(Rect(x, y, width, height, f"outline {face.category}", RADIUS))
    return marks


def _rule(x: float, y: float, width: float) -> tuple[Segment, ...]:
    return (("M", x, y), ("L", x + width, y))


def _base(x: float, y: float, width: float, height: float, r: float) -> tuple[Segment, ...]:
    """A rectangle whose lower corners are round."""
    right, bottom = x + width, y + height
    return (
        ("M", x, y),
        ("L", right, y),
        ("L", right, bottom - r),
        ("Q", right, bottom, right - r, bottom),
        ("L", x + r, bottom),
        ("Q", x, bottom, x, bottom - r),
        ("Z",),
    )


def _tab(x: float, y: float, width: float, height: float, r: float) -> tuple[Segment, ...]:
    """A rectangle whose upper corners are round."""
    return (
        ("M", x, y + height),
        ("L", x, y + r),
        ("Q", x, y, x + r, y),
        ("L", x + width - r, y),
        ("Q", x + width, y, x + width, y + r),
        ("L", x + width, y + height),
        ("Z",),
    )


def _paint_merge(face: Face, area: Area) -> list[Mark]:
    x, y = area.x + area.width / 2, area.y + area.height / 2
    r = MERGE / 2
    circle = Rect(x - r, y - r, MERGE, MERGE, "merge", r)
    return [circle, Path(_symbol(face.category, x, y), "merge-symbol")]


def _symbol(name: str, x: float, y: float) -> tuple[Segment, ...]:
    """A sign drawn as lines, so that no font needs to have it."""
    across = (("M", x - 6, y), ("L", x + 6, y))
    match name:
        case "plus":
            return (*across, ("M", x, y - 6), ("L", x, y + 6))
        case "minus":
            return across
        case "times":
            d = 4.5
            return (
                ("M", x - d, y - d), ("L", x + d, y + d), ("M", x - d, y + d), ("L", x + d, y - d),
            )  # fmt: skip
        case "divide":
            return (("M", x - 4, y + 6), ("L", x + 4, y - 6))
        case _:  # join: two bars
            return (
                ("M", x - 3, y - 6), ("L", x - 3, y + 6), ("M", x + 3, y - 6), ("L", x + 3, y + 6),
            )  # fmt: skip


def _paint_pill(face: Face, area: Area) -> list[Mark]:
    x, y, width, height = area
    texts = {"pill": ("pill-title", "pill-text"), "stub": ("stub-text", "stub-text")}
    roles = texts.get(face.kind, ("missing-text", "missing-text"))
    marks: list[Mark] = [Rect(x, y, width, height, face.kind, height / 2)]
    centre, room = x + width / 2, width - height
    bold = roles[0].endswith("title")
    title = fit(face.title, TITLE_SIZE, room, bold=bold)
    marks.append(
        line(centre, y + (11.5 if face.note else height / 2), title, roles[0], TITLE_SIZE, "middle")
    )
    if face.note:
        note = fit(face.note, SMALL_SIZE, room)
        marks.append(line(centre, y + 24, note, roles[1], SMALL_SIZE, "middle"))
    return marks


def _paint_module(face: Face, area: Area) -> list[Mark]:
    x, y, width, whole = area
    height = whole - foot.height_of(face.remarks)
    inset = 3.5
    marks: list[Mark] = []
    inner = Area(x + 13, y, width - 13 + 2, height)
    if face.repeat:
        pill = text_width(face.repeat, TITLE_SIZE, bold=True) + 12
        left = x + width - pill - 9
        marks.append(Rect(left, y + height / 2 - 8.5, pill, 17, "pill", 8.5))
        marks.append(
            line(left + pill / 2, y + height / 2, face.repeat, "pill-title", TITLE_SIZE, "middle")
        )
        inner = Area(x + 13, y, width - 13 - pill - 6, height)
    return [
        Rect(x, y, width, whole, "module", RADIUS),
        Rect(x + inset, y + inset, width - 2 * inset, height - 2 * inset, "module-inner", 3.0),
        Path(
            (("M", x + 12, y + 12), ("L", x + 17, y + 17), ("L", x + 12, y + 22), ("Z",)), "marker"
        ),
        *_pair(inner, y + 17, face.title, face.label, ("module-title", "module-text"), TITLE_SIZE),
        line(x + 23, y + 31, fit(face.note, 9.5, inner.width - 23), "module-text", 9.5),
        *marks,
    ]
