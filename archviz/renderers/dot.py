r"""DOT: the graph for Graphviz, one cluster a scope.

The language: "The DOT Language", graphviz.org/doc/info/lang.html. In a quoted string only
``\"`` is an escape; labels then read backslashes and character entities of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from archviz.ir import Graph, Model, Node, ScopePath, TensorType, Value
from archviz.ir.build import unique
from archviz.ir.edit import used_values
from archviz.ir.types import format_shape, format_type
from archviz.ir.walk import operations_of
from archviz.renderers import Renderer
from archviz.table import one_line

MAX_LABEL = 80
"""Characters of a label's line."""


def render(
    model: Model,
    *,
    direction: Literal["TB", "LR"] = "TB",
    shapes: Literal["change", "all", "none"] = "change",
) -> str:
    """The model's graph in DOT.

    Args:
        model: What to write.
        direction: Of the edges, from top to bottom or from left to right.
        shapes: Which edges are labelled with shapes.
    """
    graph = model.body
    taken = {node.id: 1 for node in graph.nodes}
    inputs = {value: unique(f"input:{value}", taken) for value in graph.inputs}
    outputs = [unique(f"output:{value}", taken) for value in graph.outputs]
    lines = [
        f"digraph {_id(model.source or graph.name)} {{",
        f'  graph [rankdir={direction}, fontname="Helvetica", compound=true]',
        '  node [shape=box, style=rounded, fontname="Helvetica", fontsize=11, height=0.3]',
        '  edge [fontname="Helvetica", fontsize=9, arrowsize=0.7]',
    ]
    lines += _terminals(graph, [(inputs[value], value) for value in graph.inputs])
    lines += _cluster(graph, (), _by_scope(graph), 1)
    lines += _terminals(graph, list(zip(outputs, graph.outputs, strict=True)))
    lines += _edges(graph, inputs, outputs, shapes)
    lines.append("}")
    return "\n".join(lines) + "\n"


def _terminals(graph: Graph, terminals: list[tuple[str, str]]) -> Iterator[str]:
    for terminal, value_id in terminals:
        value = graph.values.get(value_id)
        label = _label(value_id, format_type(value.type) if value else "")
        yield f"  {_id(terminal)} [shape=oval, style=solid, label={label}]"


def _by_scope(graph: Graph) -> dict[ScopePath, tuple[list[Node], list[ScopePath]]]:
    """For each scope that has nodes somewhere inside: its own nodes and its inner scopes."""
    found: dict[ScopePath, tuple[list[Node], list[ScopePath]]] = {(): ([], [])}
    for node in graph.nodes:
        for length in range(1, len(node.scope) + 1):
            path = node.scope[:length]
            if path not in found:
                found[path] = ([], [])
                found[path[:-1]][1].append(path)
        found[node.scope][0].append(node)
    return found


def _cluster(
    graph: Graph,
    path: ScopePath,
    by_scope: dict[ScopePath, tuple[list[Node], list[ScopePath]]],
    depth: int,
) -> list[str]:
    # Scopes may nest deeper than Python recurses, so closing braces wait on the stack.
    lines: list[str] = []
    stack: list[tuple[ScopePath, int] | str] = [(path, depth)]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            lines.append(item)
            continue
        path, depth = item
        indent = "  " * depth
        nodes, inner = by_scope[path]
        if path:
            scope = graph.scopes.get(path)
            title = path[-1] + (f" ×{scope.repeat}" if scope and scope.repeat > 1 else "")
            lines.append(f"{'  ' * (depth - 1)}subgraph {_id('cluster_' + '/'.join(path))} {{")
            lines.append(f"{indent}label={_label(title, scope.type if scope else '')}")
            lines.append(f"{indent}style=rounded")
            stack.append(f"{'  ' * (depth - 1)}}}")
        lines.extend(f"{indent}{_node(node)}" for node in nodes)
        stack.extend((child, depth + 1) for child in reversed(inner))
    return lines


def _node(node: Node) -> str:
    shown = node.name or node.id.rpartition("/")[2] or node.id
    does = " + ".join(part.op for part in node.parts) or node.op
    label = _label(does, shown if shown != node.op else "")
    extra = ""
    if node.kind == "module":
        count = operations_of(node)
        does = f"{node.op} ×{node.repeat}" if node.repeat > 1 else node.op
        label = _label(does, shown, f"{count:,} operation{'' if count == 1 else 's'}")
        extra = ", peripheries=2"
    elif node.kind in ("stub", "missing"):
        extra = ', style="rounded,dashed"'
    return f"{_id(node.id)} [label={label}, tooltip={_label(node.id)}{extra}]"


def _edges(graph: Graph, inputs: dict[str, str], outputs: list[str], shapes: str) -> Iterator[str]:
    producer = dict(inputs)
    arriving: dict[str, Value | None] = {}
    for node in graph.nodes:
        first = next((value for value in node.inputs if value is not None), None)
        for output in node.outputs:
            if output is not None:
                producer[output] = node.id
                arriving[output] = graph.values.get(first) if first is not None else None
    ends = [(node.id, value) for node in graph.nodes for value in used_values(node)]
    for target, value_id in [*ends, *zip(outputs, graph.outputs, strict=True)]:
        if value_id not in producer:
            continue
        label = _shape(graph.values.get(value_id), arriving.get(value_id), shapes)
        yield (
            f"  {_id(producer[value_id])} -> {_id(target)}"
            + (f" [label={_label(label)}]" if label else "")
        )


def _shape(value: Value | None, before: Value | None, shapes: str) -> str:
    type_ = value.type if value else None
    if shapes == "none" or not isinstance(type_, TensorType) or type_.shape is None:
        return ""
    earlier = before.type if before else None
    if shapes == "change" and isinstance(earlier, TensorType) and earlier.shape == type_.shape:
        return ""
    return format_shape(type_.shape)


def _id(text: str) -> str:
    """``text`` as a DOT identifier; different texts give different ones."""
    # Backslashes are doubled so that none can stand before the closing quote.
    safe = text.replace("\\", "\\\\").replace('"', '\\"')
    if not safe.isprintable():
        safe = "".join(char if char.isprintable() else _escape(char) for char in safe)
    return f'"{safe}"'


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _label(*lines: str) -> str:
    """A label of the lines that are not empty."""
    return '"' + "\\n".join(_label_line(line) for line in lines if line) + '"'


def _label_line(text: str) -> str:
    text = one_line(text[: MAX_LABEL - 1] + "…" if len(text) > MAX_LABEL else text)
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


RENDERER = Renderer(
    name="dot",
    title="graph for Graphviz",
    consumes="graph",
    render=render,
    suffixes=(".dot", ".gv"),
)
