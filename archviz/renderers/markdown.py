"""Markdown: the figure in words, for those who cannot see it, and for documents without pictures.

A sentence on the whole, the steps in the order of the drawing, each with what it takes and gives,
and a table of the modules. GitHub Flavored Markdown (github.github.com/gfm) for the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archviz.analysis.summary import summarize
from archviz.ir import Graph, Model
from archviz.ir.types import format_type
from archviz.ir.walk import operation_count
from archviz.outline import Arrow, Box, Group, Outline, outline
from archviz.renderers import Renderer
from archviz.table import one_line
from archviz.views.node_link.weights import weights_by_scope, weights_of

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#&$])")
MOST_NAMED = 4
"""Sources of a step that are named; more are counted."""


def render(model: Model) -> str:
    """The model in words.

    Args:
        model: As it would be drawn.
    """
    drawn = outline(model.graph, shapes="none")
    lines = [f"# {escaped(model.source or model.graph.name or 'Model')}", ""]
    lines += [_overview(model, drawn), ""]
    lines += _steps(model.graph, drawn)
    if any(True for _ in drawn.boxes):
        lines.append("")
    lines += _table(model)
    return "\n".join(lines) + "\n"


def _overview(model: Model, drawn: Outline) -> str:
    weights = weights_by_scope(model.graph)[()]
    operations = operation_count(model.graph)
    shown = sum(box.node is not None for box in drawn.boxes)
    text = f"{_counted(operations, 'operation')}"
    if shown != operations:
        text += f" in {_counted(shown, 'step')}"
    if weights:
        text += f", {_counted(weights, 'parameter')}"
    for word, boxes in (("Takes", drawn.inputs), ("Gives", drawn.outputs)):
        if boxes:
            text += f". {word} " + ", ".join(_terminal(box) for box in boxes)
    return text + "."


def _terminal(box: Box) -> str:
    name, *type_ = map(escaped, box.lines)
    return f"{name} ({type_[0]})" if type_ else name


def _steps(graph: Graph, drawn: Outline) -> Iterator[str]:
    """A numbered line a box, those of a module indented below its name."""
    numbers: dict[str, str] = {box.id: escaped(box.lines[0]) for box in drawn.inputs}
    steps = [part for part in drawn.parts if isinstance(part, Box)]
    numbers.update((box.id, f"step {number}") for number, box in enumerate(steps, 1))
    arriving: dict[str, list[Arrow]] = {}
    for arrow in drawn.arrows:
        arriving.setdefault(arrow.target, []).append(arrow)
    number, depth = 0, 0
    for part in drawn.parts:
        if part is None:
            depth -= 1
        elif isinstance(part, Group):
            yield f"{'  ' * depth}- **{' – '.join(map(escaped, part.lines))}**"
            depth += 1
        else:
            number += 1
            previous = f"step {number - 1}" if number > 1 else ""
            sources = [numbers[arrow.source] for arrow in arriving.get(part.id, ())]
            yield f"{'  ' * depth}- Step {number}: {_step(graph, part, sources, previous)}"
    if drawn.outputs:
        ends = [
            f"{escaped(box.lines[0])} from {_named([numbers[a.source] for a in arriving[box.id]])}"
            for box in drawn.outputs
            if box.id in arriving
        ]
        if ends:
            yield f"- Gives {', '.join(ends)}"


def _step(graph: Graph, box: Box, sources: Sequence[str], previous: str) -> str:
    """What the box does, what it takes unless that is the step before, and what it gives."""
    text = " – ".join(map(escaped, box.lines))
    if sources and list(dict.fromkeys(sources)) != [previous]:
        text += f", from {_named(sources)}"
    node = box.node
    outputs = node.outputs if node else ()
    types = [format_type(v.type) for out in outputs if out and (v := graph.values.get(out))]
    given = ", ".join(escaped(type_) for type_ in types if type_)
    return f"{text}; gives {given}" if given else text


def _named(sources: Sequence[str]) -> str:
    found = list(dict.fromkeys(sources))
    if len(found) > MOST_NAMED:
        found[MOST_NAMED - 1 :] = [f"{len(found) - MOST_NAMED + 1} more"]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"


def _table(model: Model) -> Iterator[str]:
    """The modules with their outputs and parameters."""
    rows = summarize(model).rows
    if not rows:
        return
    yield "| module | type | output | parameters |"
    yield "| :-- | :-- | :-- | --: |"
    graph = model.graph
    sizes = weights_by_scope(graph)
    repeats = {path: scope.repeat for path, scope in graph.scopes.items()}
    for node in graph.nodes:
        if node.kind == "module":
            sizes[*node.scope, node.name] = weights_of(node, graph)
            repeats[*node.scope, node.name] = node.repeat
    for row in rows:
        outputs = ", ".join(escaped(format_type(type_) or "?") for type_ in row.outputs)
        repeat = repeats.get(row.path, 1)
        # A row counts what is drawn; a block that is drawn once has the weights of all that it is.
        size = row.counts.parameters and sizes.get(row.path, row.counts.parameters)
        count = f"{size:,}" if size else "shared" if row.is_shared else ""
        name = escaped("/".join(row.path)) + (f" ×{repeat}" if repeat > 1 else "")
        yield f"| {name} | {escaped(row.type)} | {outputs} | {count} |"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def escaped(text: str) -> str:
    """``text`` on one line, so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


RENDERER = Renderer(
    name="markdown",
    title="the figure in words, and its table of modules",
    consumes="graph",
    render=render,
    suffixes=(".md",),
    loses="attributes and constants",
)
