"""Mermaid: a flowchart that GitHub, GitLab and many documentation tools draw from Markdown.

The language: mermaid.js.org/syntax/flowchart.html. Mermaid draws nothing above ``maxEdges`` (500)
edges or ``maxTextSize`` (50,000) characters unless the page's owner raises them, so modules are
collapsed until the chart is within both.
"""

from __future__ import annotations

import re
from typing import Literal

from archviz.errors import RendererError
from archviz.ir import Model
from archviz.outline import Box, Group, Outline, outline
from archviz.passes import PASSES
from archviz.renderers import Renderer
from archviz.table import one_line

MAX_LABEL = 80
"""Characters of a label's line."""

_BRACKETS = {
    "input": ("([", "])"),
    "output": ("([", "])"),
    "module": ("[[", "]]"),
    "stub": ("{{", "}}"),
    "missing": ("{{", "}}"),
}
_SPECIAL = {ord(char): f"#{ord(char)};" for char in '#&<>"`\\'}
"""Characters that a quoted label, or the HTML in it, would take for more than themselves."""
_LIST = re.compile(r"^(\s*(?:\d+)?)([-+*.)])(?=\s)")
"""How a line starts that Mermaid refuses as a Markdown list."""


def render(
    model: Model,
    *,
    direction: Literal["TB", "LR"] = "TB",
    shapes: Literal["change", "all", "none"] = "change",
    max_edges: int = 500,
    max_text: int = 50_000,
) -> str:
    """The model's graph as a Mermaid flowchart.

    Args:
        model: What to write.
        direction: Of the arrows, from top to bottom or from left to right.
        shapes: Which arrows are labelled with shapes.
        max_edges: Arrows that the reader's Mermaid draws.
        max_text: Characters that the reader's Mermaid reads.

    Raises:
        RendererError: The graph is above a limit with every module collapsed.
    """
    graph = model.graph
    deepest = max((len(node.scope) for node in graph.nodes), default=0)
    drawn = outline(graph, shapes=shapes)
    text = _chart(drawn, direction)
    depth = deepest
    while (len(drawn.arrows) > max_edges or len(text) > max_text) and depth:
        depth -= 1
        collapsed = PASSES.get("collapse-scopes").apply(graph, depth=depth)
        drawn = outline(collapsed, shapes=shapes)
        text = f"%% collapsed at depth {depth} to stay within what Mermaid draws\n"
        text = _chart(drawn, direction, text)
    if len(drawn.arrows) > max_edges or len(text) > max_text:
        raise RendererError(
            f"{one_line(model.source) or 'the model'}: Mermaid draws at most {max_edges:,} arrows "
            f"and {max_text:,} characters, and this has {len(drawn.arrows):,} and {len(text):,}",
            "draw a part with --focus, or write another format",
        )
    return text


def _chart(drawn: Outline, direction: str, note: str = "") -> str:
    names, groups = drawn.names()
    lines = [f"flowchart {direction}"]
    lines += [_box(box, names) for box in drawn.inputs]
    depth = 1
    for part in drawn.parts:
        if part is None:
            depth -= 1
            lines.append(f"{'  ' * depth}end")
        elif isinstance(part, Group):
            # Mermaid has room for one line above the boxes of a group.
            label = _label((" – ".join(part.lines),))
            lines.append(f"{'  ' * depth}subgraph {groups[part.path]}[{label}]")
            depth += 1
        else:
            lines.append("  " * (depth - 1) + _box(part, names))
    lines += [_box(box, names) for box in drawn.outputs]
    for arrow in drawn.arrows:
        label = f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {names[arrow.source]} -->{label} {names[arrow.target]}")
    return note + "\n".join(lines) + "\n"


def _box(box: Box, names: dict[str, str]) -> str:
    opening, closing = _BRACKETS.get(box.kind, ("[", "]"))
    return f"  {names[box.id]}{opening}{_label(box.lines)}{closing}"


def _label(lines: tuple[str, ...]) -> str:
    return '"' + "<br>".join(_escaped(line) for line in lines) + '"'


def _escaped(text: str) -> str:
    text = one_line(text[: MAX_LABEL - 1] + "…" if len(text) > MAX_LABEL else text)
    text = text.translate(_SPECIAL)
    return _LIST.sub(lambda start: f"{start[1]}#{ord(start[2])};", text)


RENDERER = Renderer(
    name="mermaid",
    title="flowchart for GitHub, GitLab and documentation",
    consumes="graph",
    render=render,
    suffixes=(".mmd", ".mermaid"),
    loses="attributes, parameters, dtypes and colours; modules are collapsed within its limits",
)
