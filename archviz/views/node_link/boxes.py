"""What a picture is made of before it is placed: cards and frames as boxes, values as links."""

from __future__ import annotations

from itertools import count

from archviz.annotation import Annotation
from archviz.ir import Graph, ScopePath, TensorType
from archviz.ir.types import format_shape
from archviz.layouts import Box, Link
from archviz.records import field, making, mutable
from archviz.text import printable, text_width
from archviz.views.node_link import cards, edges, faces
from archviz.views.node_link.cards import Card
from archviz.views.node_link.containers import Frames
from archviz.views.node_link.frames import FRAME_HEADER, STACK
from archviz.views.node_link.pills import grouped
from archviz.views.node_link.shared import name_of, shared_values

LABEL_HEIGHT = 12.0


@mutable
class Drawing:
    """Boxes and links under construction.

    Attributes:
        boxes: Cards and frames, a frame before what is in it.
        cards: By box.
        frames: The scope of each frame, by box.
        links: What joins the cards.
        labels: The text beside each link, "" for none.
        states: What an overlay says of each link, "" for nothing.
        frame_of: The box of each scope that has a frame.
        merges: The boxes of cards that are circles.
    """

    boxes: list[Box] = field(default_factory=list)
    cards: dict[int, Card] = field(default_factory=dict)
    frames: dict[int, ScopePath] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    frame_of: dict[ScopePath, int] = field(default_factory=dict)
    merges: set[int] = field(default_factory=set)

    def frame(self, path: ScopePath, frames: Frames) -> int:
        """The index of the innermost frame at or around ``path``, -1 for the page."""
        path = frames.frame_of(path) if path else path
        if not path:
            return -1
        index = self.frame_of.get(path)
        if index is None:
            parent = self.frame(path[:-1], frames)
            index = self.frame_of[path] = len(self.boxes)
            self.frames[index] = path
            self.boxes.append(_frame_box(path, parent, frames))
        return index


def collect(graph: Graph, frames: Frames, shapes: str, said: Annotation) -> Drawing:
    """The boxes and links of a graph.

    Args:
        graph: What to draw.
        frames: Its frames.
        shapes: Which links are labelled.
        said: What an overlay says.
    """
    drawing = Drawing()
    make_box, make_link = making(Box), making(Link)
    boxes, placed, merges, rings = drawing.boxes, drawing.cards, drawing.merges, said.rings
    links, texts, states = drawing.links, drawing.labels, drawing.states

    def add(card: Card, parent: int = -1) -> int:
        index, face = len(boxes), card.face
        placed[index] = card
        room = 2 * cards.RING if rings and card.id in rings else 0.0
        boxes.append(make_box(card.id, face.width + room, face.height + room, parent))
        if face.kind == "merge":
            merges.add(index)
        return index

    producer: dict[str | None, int] = {}
    trunks: dict[str | None, int] = {}
    for title, ids in grouped(graph.inputs, graph):
        producer.update(dict.fromkeys(ids, add(cards.measure_pill("input", ids[0], graph, title))))
        trunks.update(zip(ids, count()))
    box_of: list[int] = []
    known: dict[object, faces.Face] = {}
    measure, remarks_of = cards.measure, said.remarks
    for node in graph.nodes:
        remarks = remarks_of.get(node.id, ()) if remarks_of else ()
        card = measure(node, graph, frames.label(node), remarks, known)
        index = add(card, drawing.frame(node.scope, frames) if node.scope else -1)
        box_of.append(index)
        for value in node.outputs:
            producer[value] = index
        if len(node.outputs) > 1:
            trunks.update(zip(node.outputs, count()))
    producer.pop(None, None)
    said_of_edges = said.edges
    labels = _labels(graph, shapes)

    shared = shared_values(graph)
    maker_of = (
        {value: node for node in graph.nodes for value in node.outputs if value in shared}
        if shared
        else {}
    )
    references: dict[tuple[str, int], int] = {}

    def reference(value: str, parent: int) -> int:
        """The stub of a shared value among the boxes inside ``parent``."""
        if (value, parent) not in references:
            maker = drawing.cards[producer[value]] if value in producer else None
            name = name_of(value, maker_of.get(value))
            home = drawing.boxes[parent].id if parent >= 0 else ""
            card = cards.measure_reference(f"{value}@{home}", name, maker)
            references[value, parent] = add(card, parent)
        return references[value, parent]

    def link(value: str, target: int, source: int | None) -> None:
        if source is None:
            return
        text, size, state = "", None, ""
        if value in labels:
            text = labels[value]
            size = (text_width(text, edges.LABEL_SIZE), LABEL_HEIGHT)
            if shapes != "all":
                del labels[value]
        if said_of_edges:
            user = drawing.cards[target]
            state = said_of_edges.get((value, "" if user.face.kind == "pill" else user.id), "")
        links.append(make_link(source, target, trunks.get(value, 0), size))
        texts.append(text)
        states.append(state)

    for node, index in zip(graph.nodes, box_of, strict=True):
        inputs = node.inputs
        for value in dict.fromkeys(inputs) if len(inputs) > 1 else inputs:
            if value in shared:
                link(value, index, reference(value, drawing.boxes[index].parent))
            elif value is not None and (value in labels or said_of_edges):
                link(value, index, producer.get(value))
            elif (source := producer.get(value)) is not None:
                links.append(make_link(source, index, trunks.get(value, 0)))
                texts.append("")
                states.append("")
    for value, uses in shared.items():
        maker = producer.get(value)
        if maker is not None and drawing.cards[maker].face.kind != "pill":
            card = cards.measure_source(value, name_of(value, maker_of.get(value)), uses)
            link(value, add(card, drawing.boxes[maker].parent), maker)
    for title, ids in grouped(graph.outputs, graph):
        index = add(cards.measure_pill("output", ids[0], graph, title))
        for value in dict.fromkeys(ids):
            link(value, index, producer.get(value))
    return drawing


def _frame_box(path: ScopePath, parent: int, frames: Frames) -> Box:
    title = text_width(frames.title(path), 11.5, bold=True)
    titles = title + text_width(frames.subtitle(path), faces.TEXT_SIZE)
    titles += text_width(frames.note_room(path), faces.SMALL_SIZE)
    repeat = frames.repeat(path)
    stack = STACK if repeat else 0.0
    if repeat:
        titles += max(text_width(repeat, faces.TITLE_SIZE, bold=True) + 20, 44.0) + stack
    # An edge often comes in at the middle, and the name should stand whole beside it.
    wanted = min(max(titles + 48, 2 * (title + 20)), 420.0)
    width = faces.STEP * round(wanted / faces.STEP + 0.5)
    return Box("/".join(path), width, 0.0, parent, FRAME_HEADER + stack, is_container=True)


def _labels(graph: Graph, shapes: str) -> dict[str, str]:
    """The text on the edges of each value that has one."""
    if shapes == "none":
        return {}
    texts: dict[str, str] = {}
    values = graph.values
    for node in graph.nodes:
        if node.kind == "split":
            texts.update(zip((v for v in node.outputs if v), ("yes", "no"), strict=False))
        before = None
        for consumed in node.inputs:
            known = values.get(consumed) if consumed is not None else None
            if known is not None and isinstance(known.type, TensorType):
                before = known.type
                break
        for value in node.outputs:
            type_ = values[value].type if value is not None else None
            if type_ is before and shapes != "all":
                continue  # most are one and the same
            if value is None or not isinstance(type_, TensorType) or type_.shape is None:
                continue
            if shapes == "all" or before is None or type_.shape != before.shape:
                texts[value] = printable(format_shape(type_.shape), 40)
    if shapes == "change":  # the pill of an output says it already
        for value in graph.outputs:
            texts.pop(value, None)
    return texts
