"""Containers: which scopes get a frame, what they are called, and what their nodes are called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archviz.ir import Graph, Node, ScopePath
from archviz.ir.walk import head_of, scope_children
from archviz.text import printable
from archviz.views.node_link.lists import scattered_lists
from archviz.views.node_link.weights import weights_by_scope

_GENERATED = re.compile(r"n?\d*|node_.*")
_NAMELESS = re.compile(r"block \d+")
_COUNTED = re.compile(r"_\d+")


def times(number: int, *, is_parallel: bool) -> str:
    """How many blocks one stands for, behind each other or side by side; "" for itself alone."""
    if number == 1:
        return ""
    return f"×{number} parallel" if is_parallel else f"×{number}"


def _called_again(graph: Graph, framed: set[ScopePath]) -> Iterator[ScopePath]:
    """The frames whose weights are all those of a frame before, as of a module called twice."""
    inside: dict[ScopePath, set[str]] = {}
    for node in graph.nodes if framed else ():
        names = {use.parameter for use in node.parameters if use.parameter in graph.parameters}
        for length in range(1, len(node.scope) + 1):
            if node.scope[:length] in framed:
                inside.setdefault(node.scope[:length], set()).update(names)
    first: dict[frozenset[str], ScopePath] = {}
    for path, names in inside.items():
        before = first.setdefault(frozenset(names), path) if names else path
        if path[: len(before)] != before:
            yield path


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
        lists = scattered_lists(graph)
        self._framed = {
            path
            for path, count in things.items()
            if path and path not in lists and (count > 1 or graph.scopes[path].repeat > 1)
        }
        self._frame_of: dict[ScopePath, ScopePath] = {}
        self._weights = weights_by_scope(graph)
        self._called_again = {*_called_again(graph, self._framed)}

    def frame_of(self, scope: ScopePath) -> ScopePath:
        """The innermost framed scope at or around ``scope``; () for the page."""
        found = self._frame_of.get(scope)
        if found is None:
            found = scope
            while found and found not in self._framed:
                found = found[:-1]
            self._frame_of[scope] = found
        return found

    def title(self, path: ScopePath) -> str:
        """The frame's name, as far as the frame around it does not say it already."""
        parts = path[len(self.frame_of(path[:-1])) :]
        # A run inside one module was given a name for want of one; the module's own says more.
        is_nameless = len(parts) > 1 and _NAMELESS.fullmatch(parts[-1])
        return printable(".".join(parts[:-1] if is_nameless else parts))

    def subtitle(self, path: ScopePath) -> str:
        """The class of the scope, "" when the source gives none or the name says it.

        Of blocks that grow it also says by how much.
        """
        scope = self.graph.scopes[path]
        class_ = "" if scope.type == path[-1] else printable(scope.type)
        wider = f"each {scope.growth:,} wider" if scope.growth else ""
        return ", ".join(filter(None, (class_, wider)))

    def repeat(self, path: ScopePath) -> str:
        """What a frame that stands for several says of that, "×12" or "×8 parallel", or ""."""
        scope = self.graph.scopes[path]
        return times(scope.repeat, is_parallel=scope.is_parallel)

    def note(self, path: ScopePath) -> str:
        """What stands at the right of the header: which copies it shows, or how many weights."""
        return self.copies(path) or self.tally(path)

    def copies(self, path: ScopePath) -> str:
        """Which copies a repeated frame stands for, "" for any other."""
        scope = self.graph.scopes[path]
        if scope.shares_weights:
            return "same weights"
        return f".{path[-1]} – .{scope.last}" if scope.last else ""

    def tally(self, path: ScopePath) -> str:
        """How many weights are inside, each once, or that a frame before has the very same ones."""
        if path in self._called_again:
            return "same weights"
        count = self._weights.get(path, 0)
        return f"{count:,} params{self._of_all(path)}" if count else ""

    def note_room(self, path: ScopePath) -> str:
        """The longest note that a small change would make of it, for its width.

        Numbers are measured with at least six digits: one more, and the frame would be another.
        """
        count = self._weights.get(path, 0)
        if self.copies(path) or path in self._called_again or not count:
            return self.note(path)
        return f"{10 ** max(6, len(str(count))) - 1:,} params{self._of_all(path)}"

    def _of_all(self, path: ScopePath) -> str:
        return " in all" if self.graph.scopes[path].growth else ""

    def label(self, node: Node) -> str:
        """What the reader calls the node: its unframed scopes, or else its own name.

        A name that is a mere number stands behind what the number counts.
        """
        name = self._label(node) if node.scope or node.name else ""
        if not name:
            return ""
        around = list(node.scope[: len(self.frame_of(node.scope))])
        while around and name.replace(".", "").isdecimal():
            name = f"{around.pop()}.{name}"
        return name

    def _label(self, node: Node) -> str:
        unframed = node.scope[len(self.frame_of(node.scope)) :]
        if node.kind != "op":
            if unframed and node.parts and head_of(node) is node:
                return ".".join(unframed)  # the card is the whole module
            if node.kind == "fused" and len(node.parts[0].scope) > len(node.scope):
                return ".".join((*unframed, node.name))
            if node.kind in ("module", "stub"):
                return ".".join((*unframed, node.name))
        if unframed:
            return ".".join(unframed)
        name = node.name and node.name.rstrip("/").rpartition("/")[2]
        if not name:
            return ""
        is_counted_op = name.startswith(node.op) and _COUNTED.fullmatch(name[len(node.op) :])
        is_made_up = name == node.op or is_counted_op or _GENERATED.fullmatch(name)
        return "" if is_made_up else name
