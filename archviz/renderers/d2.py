r"""D2: a diagram whose containers are the model's modules.

The language: d2lang.com/tour. Text in double quotes knows ``\"``, ``\\``, ``\n`` and, so that
nothing is substituted, ``\$``.
"""

from __future__ import annotations

from typing import Literal

from archviz.ir import Model, ScopePath
from archviz.outline import Box, Group, outline
from archviz.renderers import Renderer
from archviz.table import one_line

MAX_LABEL = 80
"""Characters of a label's line."""

_SPECIAL = str.maketrans({"\\": "\\\\", '"': '\\"', "$": "\\$"})
_STYLES = {
    "input": " {shape: oval}",
    "output": " {shape: oval}",
    "module": " {style.multiple: true}",
    "stub": " {style.stroke-dash: 3}",
    "missing": " {style.stroke-dash: 3}",
}


def render(
    model: Model,
    *,
    direction: Literal["TB", "LR"] = "TB",
    shapes: Literal["change", "all", "none"] = "change",
) -> str:
    """The model's graph as a D2 diagram.

    Args:
        model: What to write.
        direction: Of the arrows, from top to bottom or from left to right.
        shapes: Which arrows are labelled with shapes.
    """
    drawn = outline(model.graph, shapes=shapes)
    names, groups = drawn.names()

    def place(path: ScopePath) -> str:
        return "".join(f"{groups[path[:length]]}." for length in range(1, len(path) + 1))

    def box(item: Box) -> str:
        return f"{names[item.id]}: {_text(*item.lines)}{_STYLES.get(item.kind, '')}"

    lines = [f"direction: {'down' if direction == 'TB' else 'right'}"]
    lines += [box(item) for item in drawn.inputs]
    depth = 0
    for part in drawn.parts:
        if part is None:
            depth -= 1
            lines.append(f"{'  ' * depth}}}")
        elif isinstance(part, Group):
            lines.append(f"{'  ' * depth}{groups[part.path]}: {_text(*part.lines)} {{")
            depth += 1
        else:
            lines.append("  " * depth + box(part))
    lines += [box(item) for item in drawn.outputs]
    full = {item.id: place(item.group) + names[item.id] for item in drawn.boxes}
    for arrow in drawn.arrows:
        label = f": {_text(arrow.label)}" if arrow.label else ""
        lines.append(f"{full[arrow.source]} -> {full[arrow.target]}{label}")
    return "\n".join(lines) + "\n"


def _text(*lines: str) -> str:
    return '"' + "\\n".join(_escaped(line) for line in lines) + '"'


def _escaped(text: str) -> str:
    text = one_line(text[: MAX_LABEL - 1] + "…" if len(text) > MAX_LABEL else text)
    return text.translate(_SPECIAL)


RENDERER = Renderer(
    name="d2",
    title="diagram for D2",
    consumes="graph",
    render=render,
    suffixes=(".d2",),
    loses="attributes, parameters, dtypes and colours",
)
