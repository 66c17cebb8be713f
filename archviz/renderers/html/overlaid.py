"""What an overlay adds to a page: marks of nodes, of edges, and of modules that are closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from archviz.annotation import Annotation, Remark
from archviz.ir import Graph, Node, ScopePath
from archviz.layouts.sugiyama.states import Piece
from archviz.records import replace
from archviz.renderers.html.tables import path_data
from archviz.text import printable
from archviz.views.node_link.signs import sign

STATES = ("good", "off", "bad")
"""From what is as it should be to what is not: of several, the last one counts."""

SIGN_SIZE = 12.0

Annotate: TypeAlias = Callable[[Graph], Annotation]


class Overlaid:
    """An overlay's words by node, and by module when it is closed.

    Args:
        graph: What the page shows.
        annotate: Says what an overlay draws over a graph; None without an overlay.

    Attributes:
        said: What the overlay says of the graph.
    """

    def __init__(self, graph: Graph, annotate: Annotate | None) -> None:
        self._graph, self._annotate = graph, annotate
        self.said = annotate(graph) if annotate is not None else Annotation()
        self._closed = Annotation()

    def close(self, modules: Mapping[ScopePath, Node]) -> None:
        """Asks the overlay about closed modules: cards that stand for all that is inside."""
        if self._annotate is None:
            return
        inside: dict[ScopePath, list[str]] = {}
        for node in self._graph.nodes:
            for length in range(1, len(node.scope) + 1):
                inside.setdefault(node.scope[:length], []).extend(node.origins)
        nodes = [
            replace(node, origin=tuple(inside.get(path, ()))) for path, node in modules.items()
        ]
        self._closed = self._annotate(replace(self._graph, nodes=tuple(nodes)))

    def mark(self, name: str) -> list[str]:
        """The state and the sign of a node or closed module; nothing for one without a mark."""
        state = self.said.rings.get(name) or self._closed.rings.get(name, "")
        badge = self.said.badges.get(name) or self._closed.badges.get(name, "")
        return [state, badge] if state or badge else []

    def remarks(self, name: str) -> tuple[Remark, ...]:
        """What is said of a closed module."""
        return tuple(self._closed.remarks.get(name, ()))

    def rows(self, name: str) -> list[list[str]]:
        """What is said of a node, for the details."""
        return [
            [printable(remark.text, 200), printable(remark.note, 200)]
            for remark in self.said.remarks.get(name, ())
        ]

    def key(self) -> dict[str, Any]:
        """The legend, the notes, and the outlines of signs; nothing without an overlay."""
        said = self.said
        if not (said.legend or said.notes):
            return {}
        names = {*said.badges.values(), *(entry.sign for entry in said.legend)} - {""}
        outlines = {name: sign(name, 0.0, 0.0, "", SIGN_SIZE).outline for name in sorted(names)}
        return {
            "legend": [[printable(e.text, 80), e.state, e.sign] for e in said.legend],
            "notes": [printable(f"{n.text} {n.note}".strip(), 300) for n in said.notes],
            "signs": {name: path_data(outline) for name, outline in outlines.items()},
        }


def arc_states(
    pieces: Sequence[tuple[Piece, ...]], states: Sequence[str]
) -> dict[Piece, tuple[str]]:
    """The state of each arc: the worst one of the links that go along it.

    Args:
        pieces: The arcs of each link.
        states: What the overlay says of each link, "" for nothing.
    """
    found: dict[Piece, set[str]] = {}
    for parts, state in zip(pieces, states, strict=True):
        if state:
            for piece in parts:
                found.setdefault(piece, set()).add(state)
    return {piece: (max(several, key=STATES.index),) for piece, several in found.items()}
