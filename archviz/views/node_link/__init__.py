"""The node-link style: operations as cards, modules as frames, values as edges.

Geometry follows from built-in text metrics and a layout engine; colours are left to themes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Literal

from archviz.annotation import Annotation
from archviz.errors import OptionError
from archviz.garbage import collection_paused
from archviz.ir import Graph, Model
from archviz.ir.patterns import matched_by
from archviz.ir.walk import operation_count
from archviz.layouts import LAYOUTS, Area, Box, Placement, Route, require
from archviz.length import parse_length
from archviz.log import Log
from archviz.records import replace
from archviz.scene import Group, Mark, Rect, Scene, Text
from archviz.text import CAP_HEIGHT, printable, text_width
from archviz.views import View
from archviz.views.node_link import annotated, cards, edges
from archviz.views.node_link.boxes import Drawing, collect
from archviz.views.node_link.columns import Page, Wrapping
from archviz.views.node_link.containers import Frames
from archviz.views.node_link.fit import Fit
from archviz.views.node_link.frames import paint_frame
from archviz.views.node_link.legend import paint_legend
from archviz.views.node_link.obstacles import Obstacles
from archviz.views.node_link.pills import grouped
from archviz.views.node_link.weights import weights_by_scope

MARGIN = 16.0
KEY_WIDTH = 300.0
"""Least width of a picture with an overlay, for its legend."""

logger = Log(__name__)


@collection_paused()
def draw(
    model: Model,
    said: Annotation | None = None,
    *,
    direction: Literal["TB", "LR"] = "TB",
    shapes: Literal["change", "all", "none"] = "change",
    layout: str = "sugiyama",
    columns: int | Literal["auto"] = "auto",
    width: str = "",
    fit: Literal["none", "page"] = "none",
    legend: bool = False,
    highlight: tuple[str, ...] = (),
) -> Scene:
    """The model's graph as a picture.

    Args:
        model: What to draw; its subgraphs should have been expanded.
        said: What an overlay says of its nodes and edges.
        direction: Top to bottom, or left to right.
        shapes: Which edges say the shape of what they carry: those where it changes, all, none.
        layout: The engine that places boxes.
        columns: How many columns a picture from top to bottom has, or rows one to the right;
            "auto" cuts one that is too long for a screen or a page where few edges pass.
        width: How wide the picture is to be shown, "84mm", "3.25in" or "600px"; with "auto" it
            has no more columns than leave its text large enough to read. "" for its own size.
        fit: "page" chooses columns so that the picture is as large as can be on a page of A4 and
            of US Letter, and shows it in that size, or within ``width``.
        legend: Whether the picture says what its colours mean.
        highlight: Patterns of nodes to ring; see :func:`archviz.ir.patterns.matched_by`.

    Raises:
        LayoutError: The engine is missing or failed.
        OptionError: A pattern of ``highlight`` matches nothing, ``width`` is no length, or
            ``columns`` is below 1.
    """
    wanted = parse_length(width, "--width") if width else None
    if columns != "auto" and columns < 1:
        raise OptionError(f"--columns is {columns}", "give 1 or more, or auto")
    graph = model.graph
    frames = Frames(graph)
    said = said or Annotation()
    drawing = collect(graph, frames, shapes, said)
    engine = LAYOUTS.get(layout)
    require(engine, drawing.boxes)
    logger.info("laying out %d boxes", len(drawing.boxes))
    placement = engine.place(drawing.boxes, drawing.links, direction=direction)
    if direction == "TB":
        placement = _entering_from_the_side(drawing, placement)
    page, shown_width = Fit(columns, wanted, fit, MARGIN).apply(
        Wrapping(placement, drawing.boxes, drawing.links, direction)
    )
    del placement  # of a huge picture, it takes much memory
    placed = page.placement

    areas = [_area((x + MARGIN, y + MARGIN, w, h)) for x, y, w, h in placed.areas]
    for index, card in drawing.cards.items() if said.rings else ():
        if said.rings.get(card.id):
            areas[index] = cards.inside_ring(areas[index])
    marks = _painted_frames(drawing, page, areas, frames)
    marks += annotated.paint_rings(said, drawing.cards, areas)
    ringed = _highlighted(graph, highlight)
    marks += [
        cards.paint_ring(card, areas[index])
        for index, card in (drawing.cards.items() if ringed else ())
        if card.id in ringed
    ]
    marks += _painted_edges(drawing, placed.routes, areas)
    wide, high = placed.width + 2 * MARGIN, placed.height + 2 * MARGIN
    del page, placed  # of a huge picture, routes and marks together take much memory
    marks += cards.paint_all((card, areas[index]) for index, card in drawing.cards.items())
    marks += annotated.paint_badges(said, drawing.cards, areas)
    if not drawing.boxes:
        marks.append(_note("The model has no operations."))
        wide, high, shown_width = 240.0, 48.0, wanted
    if legend and drawing.cards:
        key = paint_legend(drawing.cards.values(), wide, high - MARGIN + 10, MARGIN)
        marks.append(key)
        bottoms = [mark.y + mark.height for mark in key.marks if isinstance(mark, Rect)]
        high = max([high, *(bottom + MARGIN for bottom in bottoms)])
    if said.legend or said.notes:
        wide = max(wide, KEY_WIDTH)
        key_marks, bottom = annotated.paint_key(said, wide, high - MARGIN + 10, MARGIN)
        marks += key_marks
        high = bottom + MARGIN
    title = printable(model.source or graph.name or "model")
    paper = Rect(0, 0, wide, high, "page")
    description = " ".join(filter(None, (describe(model), printable(said.summary, 400))))
    return Scene(wide, high, (paper, *marks), title, description, shown_width)


def _painted_frames(
    drawing: Drawing, page: Page, areas: Sequence[Area], frames: Frames
) -> list[Mark]:
    marks: list[Mark] = []
    tallies: list[Text] = []
    crossings = _crossings(drawing, page.placement.routes, areas)

    def add(painted: tuple[Group, list[Text]]) -> None:
        marks.append(painted[0])
        tallies.extend(painted[1])

    for index, path in drawing.frames.items():
        depth = len(_around(drawing.boxes, index)) - 1
        add(paint_frame(path, areas[index], frames, depth, crossings.get(index, [])))
        for number, piece in enumerate(page.pieces.get(index, ())[1:], 2):
            x, y, width, height = piece.area
            area = Area(x + MARGIN, y + MARGIN, width, height)
            entries = [entry + MARGIN for entry in piece.crossings]
            add(paint_frame(path, area, frames, depth, entries, number))
    return [*marks, Group(tuple(tallies), "tallies")] if tallies else marks


def _painted_edges(drawing: Drawing, routes: Sequence[Route], areas: Sequence[Area]) -> list[Mark]:
    merges = drawing.merges
    painted = edges.Painted(MARGIN)
    add = painted.add
    # Most ends are at the same places of circles: a way with such ends is made once.
    known: dict[tuple[object, ...], edges.Way] = {}
    for link, route, label, state in zip(
        drawing.links, routes, drawing.labels, drawing.states, strict=True
    ):
        source, target = link.source, link.target
        way = route.way
        if way and (source in merges or target in merges):
            first = _seen_from(route, areas[source]) if source in merges else None
            last = _seen_from(route, areas[target]) if target in merges else None
            key = (id(way), first, last)
            round_way = known.get(key)
            if round_way is None:
                round_way = known[key] = edges.rounded_ends(way, first, last)
            add(route, label, state, round_way)
        else:
            add(route, label, state)
    return painted.marks()


def _seen_from(route: Route, area: Area) -> Area:
    """Where an area with a margin is, from the origin of a route without one."""
    x, y, width, height = area
    return _area((x - MARGIN - route.x, y - MARGIN - route.y, width, height))


def _entering_from_the_side(drawing: Drawing, placement: Placement) -> Placement:
    """Lets rails come into merges from the side where nothing is in the way."""
    merges = drawing.merges
    page = Area(0.0, 0.0, placement.width, placement.height)
    ways: dict[int, Route] = {}
    turns: dict[int, Route] = {}
    boxes, areas = drawing.boxes, placement.areas
    for index, (link, route) in enumerate(zip(drawing.links, placement.routes, strict=True)):
        if link.target in merges and len(route.way) >= 4:
            frame = boxes[link.target].parent
            room = areas[frame] if frame >= 0 else page
            way = edges.beside_circle(route, areas[link.target], room)
            if way is not None:
                ways[index] = way
                turn = (route.way[-3], *way.way[-2:])
                turns[index] = Route(turn, way.label, way.is_back, way.x, way.y)
    if not ways:
        return placement
    routes = list(placement.routes)
    obstacles = Obstacles(placement, list(drawing.cards), turns.values())
    for index, way in ways.items():
        if obstacles.is_free(turns[index], drawing.links[index], index):
            routes[index] = way
            obstacles.occupy(way, index)
    return replace(placement, routes=tuple(routes))


def _highlighted(graph: Graph, patterns: Sequence[str]) -> set[str]:
    found = matched_by(graph, patterns)
    for pattern, nodes in found.items():
        if not nodes:
            raise OptionError(
                f"--highlight {pattern!r} matches nothing that is drawn",
                "list names with: archviz summary, or open more with --depth",
            )
    return {node.id for nodes in found.values() for node in nodes}


def describe(model: Model) -> str:
    """What the picture shows, in a few sentences."""
    graph = model.graph
    shown, stood_for = len(graph.nodes), operation_count(graph)
    weights = weights_by_scope(graph)[()]
    text = f"Node-link diagram of {printable(model.source or graph.name or 'a model')}: "
    text += f"{shown:,} {'box' if shown == 1 else 'boxes'}"
    text += f" for {stood_for:,} {'operation' if stood_for == 1 else 'operations'}"
    text += f", {weights:,} parameters" if weights else ""
    for name, ids in (("Inputs", graph.inputs), ("Outputs", graph.outputs)):
        listed = [printable(title) for title, _ in grouped(ids, graph)]
        if listed:
            more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
            text += f". {name}: {', '.join(listed[:6])}{more}"
    collapsed = sum(node.kind == "module" for node in graph.nodes)
    if collapsed:
        text += f". {collapsed} modules are" if collapsed > 1 else ". 1 module is"
        text += " collapsed"
    return text + "."


def _crossings(
    drawing: Drawing, routes: Sequence[Route], areas: Sequence[Area]
) -> dict[int, list[float]]:
    """For each frame the places where an edge comes down through its header."""
    found: dict[int, list[float]] = {}
    if not drawing.frames:
        return found
    for link, route in zip(drawing.links, routes, strict=True):
        inside = _around(drawing.boxes, drawing.boxes[link.source].parent)
        target = _around(drawing.boxes, drawing.boxes[link.target].parent)
        while inside and target and inside[-1] == target[-1]:
            inside.pop()
            target.pop()
        for index in (*inside, *target):
            top = areas[index].y - MARGIN
            bottom = top + drawing.boxes[index].header
            found.setdefault(index, []).extend(
                one.x + MARGIN
                for one, other in pairwise(route.points)
                if one.x == other.x and min(one.y, other.y) < bottom and max(one.y, other.y) > top
            )
    return found


def _around(boxes: list[Box], index: int) -> list[int]:
    """The box and the containers around it, innermost first."""
    found = []
    while index >= 0:
        found.append(index)
        index = boxes[index].parent
    return found


_area = partial(tuple.__new__, Area)


def _note(text: str) -> Text:
    size = 12.0
    return Text(16, 24 + CAP_HEIGHT * size / 2, text, "note", size, text_width(text, size))


VIEW = View("node-link", "operations as cards, modules as frames", draw, is_annotated=True)
