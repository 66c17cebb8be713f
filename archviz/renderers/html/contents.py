"""What a page holds: the model's modules, nodes and texts, each once, as plain values."""

from __future__ import annotations

from typing import Any

from archviz.diagnostics import Diagnostic
from archviz.ir import Graph, Model, Node, ScopePath
from archviz.ir.walk import leaf_count, scope_children
from archviz.layouts.sugiyama.states import States, prepare
from archviz.records import record, replace
from archviz.renderers.html import details
from archviz.renderers.html.overlaid import Annotate, Overlaid, arc_states
from archviz.renderers.html.tables import Pictures, Table, relative
from archviz.renderers.html.trees import in_parts
from archviz.renderers.html.wiring import parts_of
from archviz.text import fit, printable, text_width
from archviz.views.node_link import cards, faces
from archviz.views.node_link.boxes import Drawing, collect
from archviz.views.node_link.cards import Card
from archviz.views.node_link.containers import Frames
from archviz.views.node_link.frames import TITLE_SIZE

LONGEST_TITLE = 360.0
"""Pixels of a module's name in its header; a longer one is shortened."""


@record
class Contents:
    """A page's data, and what its layout in Python needs.

    Attributes:
        data: What goes into the page.
        states: The layout of every state.
        drawing: Cards and frames by box.
        summary: What the overlay says, in a sentence.
    """

    data: dict[str, Any]
    states: States
    drawing: Drawing
    summary: str = ""


def contents(
    model: Model,
    annotate: Annotate | None = None,
    *,
    shapes: str = "change",
    depth: int | str = "auto",
) -> Contents:
    """The contents of a model's page.

    Args:
        model: As the passes left it, with no module collapsed.
        annotate: Says what an overlay draws over a graph.
        shapes: Which edges are labelled.
        depth: How many levels of modules are open at first.
    """
    return _Collector(model, shapes, annotate).collected(depth)


class _Collector:
    def __init__(self, model: Model, shapes: str, annotate: Annotate | None) -> None:
        self.model = model
        self.graph = graph = in_parts(model.graph)
        self.frames = Frames(graph)
        self.overlaid = Overlaid(graph, annotate)
        # A page draws rings around cards without keeping room for them.
        said = replace(self.overlaid.said, rings={})
        self.drawing = collect(graph, self.frames, shapes, said)
        self.nodes = {node.id: node for node in graph.nodes}
        self.found = _by_node(model)
        self.pictures = Pictures()
        self.sections, self.leaves, self.modules = Table(), Table(), Table()
        self.cells, self.wirings, self.labels = Table(), Table(), Table()
        self.closed = self._closed_cards()
        self.states = prepare(
            self.drawing.boxes,
            self.drawing.links,
            {index: (card.face.width, card.face.height) for index, card in self.closed.items()},
        )
        self.texts = self._label_texts()
        self.arcs = arc_states(self.states.pieces, self.drawing.states)

    def collected(self, depth: int | str) -> Contents:
        drawing = self.drawing
        page = len(drawing.boxes)
        # Inner modules first: what is around them names them by number.
        numbers: list[int] = [0] * (page + 1)
        for index in range(page - 1, -1, -1):
            if index in drawing.frames:
                numbers[index] = -1 - self._module(index, numbers)
            else:
                numbers[index] = self._leaf(index)
        root = self._cell(page, numbers)
        pictures = self.pictures
        data = {
            "title": printable(self.model.source or self.graph.name or "model"),
            "sections": self.sections.rows,
            "about": self._sections(details.of_model(self.model, self.graph)),
            "shapes": pictures.shapes.rows,
            "styles": pictures.styles.rows,
            "texts": pictures.texts.rows,
            "cards": pictures.cards.rows,
            "leaves": self.leaves.rows,
            "modules": self.modules.rows,
            "labels": self.labels.rows,
            "wirings": self.wirings.rows,
            "cells": self.cells.rows,
            "root": root,
            "depth": depth,
            **self.overlaid.key(),
        }
        return Contents(data, self.states, drawing, self.overlaid.said.summary)

    def _closed_cards(self) -> dict[int, Card]:
        """The card of each frame when it is closed."""
        inside = _Inside(self.graph)
        nodes = {}
        for path in self.drawing.frames.values():
            scope = self.graph.scopes[path]
            nodes[path] = Node(
                "/".join(path),
                scope.type or self.frames.title(path) or path[-1],
                scope=path[:-1],
                attributes={
                    "operations": inside.operations[path],
                    **({"parallel": True} if scope.is_parallel else {}),
                },
                parameters=inside.uses(path),
                kind="module",
                name=f"{path[-1]} – {scope.last}" if scope.last else path[-1],
                repeat=scope.repeat,
            )
        self.overlaid.close(nodes)
        return {
            index: cards.measure(
                node, self.graph, self.frames.label(node), self.overlaid.remarks(node.id)
            )
            for index, node in zip(self.drawing.frames, nodes.values(), strict=True)
        }

    def _around(self, index: int) -> ScopePath:
        parent = self.drawing.boxes[index].parent
        return self.drawing.frames[parent] if parent >= 0 else ()

    def _sections(self, found: list[details.Section]) -> list[int]:
        return [self.sections.add([title, rows]) for title, rows in found]

    def _leaf(self, index: int) -> int:
        card, path = self.drawing.cards[index], self._around(index)
        node = self.nodes.get(card.id)
        name = relative(printable(card.id, 1000), path)
        if node is not None:
            found = details.of_node(node, self.graph, path, self.found.get(node.id, []))
            found += details.shortened([("Overlay", self.overlaid.rows(node.id))])
        elif card.face.kind == "pill":
            found = details.of_value(card.id.partition(":")[2], self.graph)
        else:
            found = []
        severity = max((d.severity for d in self.found.get(card.id, [])), default="", key=_rank)
        about = printable(node.op, 60) if node is not None else card.tooltip
        row: list[Any] = [self.pictures.add(card, about), name, self._sections(found)]
        state = self.overlaid.mark(card.id)
        if card.source or severity or state:
            row += [card.source, str(severity), *state]
        return self.leaves.add(row)

    def _module(self, index: int, numbers: list[int]) -> int:
        path, around = self.drawing.frames[index], self._around(index)
        box = self.drawing.boxes[index]
        scope = self.graph.scopes[path]
        title = fit(self.frames.title(path), TITLE_SIZE, LONGEST_TITLE, bold=True)
        subtitle, note = self.frames.subtitle(path), self.frames.note(path)
        repeat = self.frames.repeat(path)
        facts = [["class", printable(scope.type)]] if scope.type else []
        facts += [["contents", self.closed[index].face.note]]
        if repeat:
            last = f" – {printable(scope.last)}" if scope.last else ""
            facts += [["repeats", f"{repeat} equal blocks, drawn once{last}"]]
        row = [
            self._cell(index, numbers),
            self.pictures.add(self.closed[index], ""),
            [printable(part) for part in path[len(around) :]],
            [
                _measured(title, TITLE_SIZE, bold=True),
                _measured(subtitle, faces.TEXT_SIZE),
                _measured(note, faces.SMALL_SIZE),
                _measured(repeat, faces.TITLE_SIZE, bold=True),
            ],
            [int(box.header), int(box.width)],
            self._sections([("Module", facts)]),
            printable(scope.last),
            *self.overlaid.mark("/".join(path)),
        ]
        return self.modules.add(row)

    def _cell(self, index: int, numbers: list[int]) -> int:
        cell, plan = self.states.cells[index], self.states.plans[index]
        assert plan is not None
        children = [numbers[child] for child in cell.children]
        arcs = [
            [
                *(source, port, target, target_port, net, self.texts.get((index, arc), -1)),
                *self.arcs.get((index, arc), ()),
            ]
            for arc, (source, port, target, target_port, net, _) in enumerate(cell.arcs)
        ]
        wiring = self.wirings.add([arcs, plan.head, parts_of(self.states, index)])
        return self.cells.add([children, wiring])

    def _label_texts(self) -> dict[tuple[int, int], int]:
        """The label of each arc that has one, at its leaf or at a module that is closed."""
        texts: dict[tuple[int, int], int] = {}
        for parts, text in zip(self.states.pieces, self.drawing.labels, strict=True):
            if text:
                number = self.labels.add([text, text_width(text, faces.SMALL_SIZE)])
                for cell, arc in parts:
                    is_last = self.states.cells[cell].arcs[arc][5] is not None
                    if is_last or (cell, arc) in self.states.labels:
                        texts.setdefault((cell, arc), number)
        return texts


class _Inside:
    """What each scope holds, at any depth."""

    def __init__(self, graph: Graph) -> None:
        self.parameters: dict[ScopePath, dict[str, Any]] = {path: {} for path in graph.scopes}
        self.operations: dict[ScopePath, int] = dict.fromkeys(graph.scopes, 0)
        children = scope_children(graph)
        for node in graph.nodes:
            count = leaf_count(node)
            if node.scope in self.operations:
                self.operations[node.scope] += count
            for length in range(1, len(node.scope) + 1):
                inside = self.parameters[node.scope[:length]]
                for use in node.parameters:
                    inside.setdefault(use.parameter, use)
        for path in sorted(graph.scopes, key=len, reverse=True):
            self.operations[path] += sum(
                self.operations[child] * graph.scopes[child].repeat
                for child in children.get(path, ())
            )

    def uses(self, path: ScopePath) -> tuple[Any, ...]:
        return tuple(self.parameters[path].values())


def _by_node(model: Model) -> dict[str, list[Diagnostic]]:
    """Diagnostics by the drawn node that stands for the one they are about."""
    home = {origin: node.id for node in model.graph.nodes for origin in node.origins}
    found: dict[str, list[Diagnostic]] = {}
    for item in model.diagnostics:
        for name in dict.fromkeys(home[node] for node in item.nodes if node in home):
            found.setdefault(name, []).append(item)
    return found


def _measured(text: str, size: float, *, bold: bool = False) -> list[Any]:
    return [text, round(text_width(text, size, bold=bold), 1)]


def _rank(severity: str) -> int:
    return ("", "info", "warning", "error").index(severity)
