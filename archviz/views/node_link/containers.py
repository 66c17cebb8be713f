"""Containers: which scopes get a frame, what they are called, and what their nodes are called."""

from __future__ import annotations

import re

from archviz.ir import Graph, Node, ScopePath
from archviz.ir.walk import scope_children
from archviz.text import printable
from archviz.views.node_link.labels import count_weights

_GENERATED = re.compile(r"n?\d*|node_.*")
_COUNTED = re.compile(r"_\d+")


class Frames:
    """The scopes of a graph that enclose two or more things, and so get a frame.

    A scope around a single thing would only add a line around a line; its name goes to what is
    inside it.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        children = scope_children(graph)
        own: dict[ScopePath, int] = dict.fromkeys(children, 0)
        for node in graph.nodes:
            own[node.scope] += 1
        things: dict[ScopePath, int] = {}
        for path in sorted(children, key=len, reverse=True):
            things[path] = own[path] + sum(things[child] > 0 for child in children[path])
        self._framed = {path for path, count in things.items() if path and count > 1}
        self._weights: dict[ScopePath, dict[str, None]] = {}
        for node in graph.nodes:
            names = [use.parameter for use in node.parameters]
            for length in range(1, len(node.scope) + 1) if names else ():
                path = node.scope[:length]
                if path in self._framed:
                    self._weights.setdefault(path, {}).update(dict.fromkeys(names))

    def frame_of(self, scope: ScopePath) -> ScopePath:
        """The innermost framed scope at or around ``scope``; () for the page."""
        while scope and scope not in self._framed:
            scope = scope[:-1]
        return scope

    def title(self, path: ScopePath) -> str:
        """The frame's name, as far as the frame around it does not say it already."""
        return printable(".".join(path[len(self.frame_of(path[:-1])) :]))

    def subtitle(self, path: ScopePath) -> str:
        """The class of the scope, "" when the source gives none or the name says it."""
        type_ = self.graph.scopes[path].type
        return "" if type_ == path[-1] else printable(type_)

    def parameter_note(self, path: ScopePath) -> str:
        """How many weights are inside, each once: "215,808 params"."""
        names = self._weights.get(path, {})
        count = count_weights([self.graph.parameters[name] for name in names])
        return f"{count:,} params" if count else ""

    def label(self, node: Node) -> str:
        """What the reader calls the node: its unframed scopes, or else its own name."""
        unframed = node.scope[len(self.frame_of(node.scope)) :]
        if node.kind == "fused" and len(node.parts[0].scope) > len(node.scope):
            return ".".join((*unframed, node.name))
        if node.kind in ("module", "stub"):
            return ".".join((*unframed, node.name))
        if unframed:
            return ".".join(unframed)
        name = node.name.rstrip("/").rpartition("/")[2]
        is_counted_op = name.startswith(node.op) and _COUNTED.fullmatch(name[len(node.op) :])
        is_made_up = name == node.op or is_counted_op or _GENERATED.fullmatch(name)
        return "" if is_made_up else name
