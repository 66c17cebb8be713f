r"""DOT: the graph for Graphviz, one cluster a scope.

The language: "The DOT Language", graphviz.org/doc/info/lang.html. In a quoted string only
``\"`` is an escape; labels then read backslashes and character entities of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Literal

from archviz.ir import Model
from archviz.outline import Box, Group, Outline, outline
from archviz.renderers import Renderer
from archviz.table import one_line

MAX_LABEL = 80
"""Characters of a label's line."""

LONGEST_ID = 1_500
"""Characters of an identifier; Graphviz reads 16,384 bytes, and an escaped character has ten."""


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
    drawn = outline(model.graph, shapes=shapes)
    lines = [
        f"digraph {_id(model.source or model.graph.name)} {{",
        f'  graph [rankdir={direction}, fontname="Helvetica", compound=true]',
        '  node [shape=box, style=rounded, fontname="Helvetica", fontsize=11, height=0.3]',
        '  edge [fontname="Helvetica", fontsize=9, arrowsize=0.7]',
    ]
    lines += [f"  {_box(box)}" for box in drawn.inputs]
    lines += _clusters(drawn)
    lines += [f"  {_box(box)}" for box in drawn.outputs]
    for arrow in drawn.arrows:
        label = f" [label={_label(arrow.label)}]" if arrow.label else ""
        lines.append(f"  {_id(arrow.source)} -> {_id(arrow.target)}{label}")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _clusters(drawn: Outline) -> Iterator[str]:
    depth = 1
    for part in drawn.parts:
        if part is None:
            depth -= 1
            yield f"{'  ' * depth}}}"
        elif isinstance(part, Group):
            yield f"{'  ' * depth}subgraph {_id('cluster_' + '/'.join(part.path))} {{"
            depth += 1
            yield f"{'  ' * depth}label={_label(*part.lines)}"
            yield f"{'  ' * depth}style=rounded"
        else:
            yield f"{'  ' * depth}{_box(part)}"


def _box(box: Box) -> str:
    label = f"label={_label(*box.lines)}"
    if box.node is None:
        return f"{_id(box.id)} [shape=oval, style=solid, {label}]"
    extra = ""
    if box.kind == "module":
        extra = ", peripheries=2"
    elif box.kind in ("stub", "missing"):
        extra = ', style="rounded,dashed"'
    return f"{_id(box.id)} [{label}, tooltip={_label(box.id)}{extra}]"


def _id(text: str) -> str:
    """``text`` as a DOT identifier; different texts give different ones."""
    if len(text) > LONGEST_ID:
        text = f"{text[:MAX_LABEL]}…{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
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
    loses="attributes, parameters, dtypes and colours",
)
