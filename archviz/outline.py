"""The outline of a graph: boxes in nested groups, and labelled arrows between them.

Formats that leave the geometry to another tool (DOT, Mermaid, D2, GraphML, Cytoscape) all write
this; each only has its own grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from archviz.analysis.tree_words import tree_lines
from archviz.ir import Graph, Node, ScopePath, TensorType, Value
from archviz.ir.build import unique
from archviz.ir.edit import used_values
from archviz.ir.types import format_shape, format_type
from archviz.ir.walk import links, operations_of
from archviz.ops.titles import title_of
from archviz.records import record

Shapes = Literal["change", "all", "none"]
"""Which arrows are labelled with the shape of what they carry."""

LONGEST_NAME = 40
"""Characters of the names that :meth:`Outline.names` gives."""

_NO_NAME = re.compile(r"[^A-Za-z0-9]+")


@record
class Box:
    """Something drawn as one box.

    Attributes:
        id: Unique in the outline.
        lines: Its label, what it does first; none is empty.
        kind: "input", "output", or the node's kind.
        group: Path of the group it is in.
        node: What it stands for; None for an input or output of the graph.
    """

    id: str
    lines: tuple[str, ...]
    kind: str
    group: ScopePath = ()
    node: Node | None = None


@record
class Group:
    """A scope with several boxes inside; one around a single box only names the box.

    Attributes:
        path: Its place; the groups of its prefixes are around it.
        lines: Its label: name with repeats, then class.
    """

    path: ScopePath
    lines: tuple[str, ...]


@record
class Arrow:
    """A value on its way to one consumer, by ids of boxes; ``label`` is its shape or ""."""

    source: str
    target: str
    value: str
    label: str = ""


@record
class Outline:
    """A graph as boxes and arrows.

    Attributes:
        inputs: Boxes of the graph's inputs.
        outputs: Boxes of the graph's outputs.
        parts: What opens, stands and closes in reading order: a Group opens, a Box stands, None
            closes the group opened last.
        arrows: In the order of their consumers.
    """

    inputs: tuple[Box, ...]
    outputs: tuple[Box, ...]
    parts: tuple[Group | Box | None, ...]
    arrows: tuple[Arrow, ...]

    @property
    def boxes(self) -> Iterator[Box]:
        """Every box: inputs, nodes, outputs."""
        yield from self.inputs
        yield from (part for part in self.parts if isinstance(part, Box))
        yield from self.outputs

    @property
    def groups(self) -> Iterator[Group]:
        """Every group, outer before inner."""
        return (part for part in self.parts if isinstance(part, Group))

    def names(self) -> tuple[dict[str, str], dict[ScopePath, str]]:
        """Names of boxes by id and of groups by path for languages that want plain ones.

        A name has ASCII letters, digits and underscores, starts with a letter, is no language's
        keyword, and differs from every other in more than case.
        """
        taken: dict[str, int] = {}

        def name(prefix: str, text: str) -> str:
            plain = f"{prefix}_{_NO_NAME.sub('_', text[-LONGEST_NAME:]).strip('_').lower()}"
            taken[plain] = taken.get(plain, 0) + 1
            # No plain name has two underscores in a row, so a numbered one is new.
            return plain if taken[plain] == 1 else f"{plain}__{taken[plain]}"

        groups = {group.path: name("m", "/".join(group.path)) for group in self.groups}
        return {box.id: name("n", box.id) for box in self.boxes}, groups


def outline(graph: Graph, *, shapes: Shapes = "change") -> Outline:
    """The outline of ``graph``.

    Args:
        graph: As the passes left it.
        shapes: Which arrows say a shape.
    """
    taken = {node.id: 1 for node in graph.nodes}
    sources = {value: unique(f"input:{value}", taken) for value in graph.inputs}
    targets = [unique(f"output:{value}", taken) for value in graph.outputs]
    return Outline(
        inputs=tuple(_terminal(graph, sources[value], value, "input") for value in graph.inputs),
        outputs=tuple(
            _terminal(graph, target, value, "output")
            for target, value in zip(targets, graph.outputs, strict=True)
        ),
        parts=tuple(_parts(graph)),
        arrows=tuple(_arrows(graph, sources, targets, shapes)),
    )


def _terminal(graph: Graph, box: str, value_id: str, kind: str) -> Box:
    value = graph.values.get(value_id)
    type_ = format_type(value.type) if value else ""
    return Box(box, _lines(value_id, type_), kind)


def _lines(*lines: str) -> tuple[str, ...]:
    return tuple(line for line in lines if line)


def _parts(graph: Graph) -> Iterator[Group | Box | None]:
    inside: dict[ScopePath, list[Node | ScopePath]] = {(): []}
    for node in graph.nodes:
        for length in range(1, len(node.scope) + 1):
            path = node.scope[:length]
            if path not in inside:
                inside[path] = []
                inside[path[:-1]].append(path)
        inside[node.scope].append(node)
    # Scopes may nest deeper than Python recurses, so what is to come waits on the stack.
    stack: list[tuple[Node | ScopePath, ScopePath] | None] = [
        (item, ()) for item in reversed(inside[()])
    ]
    while stack:
        top = stack.pop()
        if top is None:
            yield None
            continue
        item, around = top
        if isinstance(item, Node):
            yield _box(item, graph, around)
            continue
        scope, members = graph.scopes.get(item), inside[item]
        if len(members) == 1 and isinstance(members[0], Node) and (not scope or scope.repeat == 1):
            yield _box(members[0], graph, around, item[-1])
            continue
        yield _group(graph, item)
        stack.append(None)
        stack.extend((member, item) for member in reversed(members))


def _group(graph: Graph, path: ScopePath) -> Group:
    scope = graph.scopes.get(path)
    if scope is None:
        return Group(path, _lines(path[-1]))
    repeat = f" ×{scope.repeat}" if scope.repeat > 1 else ""
    repeat += " parallel" if scope.is_parallel else ""
    repeat += f", each {scope.growth:,} wider" if scope.growth else ""
    return Group(path, _lines(path[-1] + repeat, scope.type))


def _box(node: Node, graph: Graph, group: ScopePath, module: str = "") -> Box:
    shown = module or node.name or node.id.rpartition("/")[2] or node.id
    if node.kind in ("split", "leaf") or "hidden_nodes" in node.attributes:
        return Box(node.id, tree_lines(node.attributes), node.kind, group, node)
    does = " + ".join(title_of(part, graph) for part in links([node]))
    lines = _lines(does, shown if shown != node.op else "")
    if node.kind == "module":
        count = operations_of(node)
        does = f"{node.op} ×{node.repeat}" if node.repeat > 1 else node.op
        lines = _lines(does, shown, f"{count:,} operation{'' if count == 1 else 's'}")
    return Box(node.id, lines, node.kind, group, node)


def _arrows(
    graph: Graph, sources: dict[str, str], targets: list[str], shapes: Shapes
) -> Iterator[Arrow]:
    producer = dict(sources)
    branches: dict[str, str] = {}
    arriving: dict[str, Value | None] = {}
    for node in graph.nodes:
        if node.kind == "split":
            branches.update(zip((v for v in node.outputs if v), ("yes", "no"), strict=False))
        first = next((value for value in node.inputs if value is not None), None)
        for output in node.outputs:
            if output is not None:
                producer[output] = node.id
                arriving[output] = graph.values.get(first) if first is not None else None
    ends = [(node.id, value) for node in graph.nodes for value in used_values(node)]
    for target, value_id in [*ends, *zip(targets, graph.outputs, strict=True)]:
        if value_id in producer:
            label = branches.get(value_id) or _shape(
                graph.values.get(value_id), arriving.get(value_id), shapes
            )
            yield Arrow(producer[value_id], target, value_id, label)


def _shape(value: Value | None, before: Value | None, shapes: Shapes) -> str:
    type_ = value.type if value else None
    if shapes == "none" or not isinstance(type_, TensorType) or type_.shape is None:
        return ""
    earlier = before.type if before else None
    if shapes == "change" and isinstance(earlier, TensorType) and earlier.shape == type_.shape:
        return ""
    return format_shape(type_.shape)
