"""What the details panel says of a node or a module, as sections of named rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archviz.diagnostics import Diagnostic, SourceLocation
from archviz.ir import Attribute, Graph, Model, Node, ScopePath, TensorType
from archviz.ir.types import format_type
from archviz.ir.walk import operation_count
from archviz.renderers.html.tables import relative
from archviz.text import printable
from archviz.views.node_link.weights import weights_by_scope

Row = list[str]
Section = tuple[str, list[Row]]

LONGEST = 400
"""Characters of a value; a longer one ends in "…"."""
MOST_ROWS = 40
"""Rows of a section; the last one counts those left out."""


def of_node(
    node: Node, graph: Graph, path: ScopePath, found: Sequence[Diagnostic]
) -> list[Section]:
    """Sections about a node that is drawn inside the module at ``path``."""
    sections = [("Operation", _operation(node))]
    for part in node.parts or (node,):
        title = f" of {printable(part.op, 60)}" if node.parts else ""
        sections.append((f"Attributes{title}", _attributes(part, path)))
        if not node.parts:
            continue
        sections.append((f"Parameters{title}", _parameters(part, graph, path)))
    if not node.parts:
        sections.append(("Parameters", _parameters(node, graph, path)))
    sections += [
        ("Inputs", [["", row[1]] for row in _values(node.inputs, graph, path)]),
        ("Outputs", _after_node(_values(node.outputs, graph, path), relative(node.id, path))),
        ("Source", [*_place(node.location)]),
        ("Stands for", [[relative(printable(o), path)] for o in node.origin if o != node.id]),
        ("Diagnostics", diagnostics(found)),
    ]
    if node.forest is not None:
        forest = node.forest
        rows = [["trees", f"{forest.tree_count:,}"], ["nodes", f"{forest.node_count:,}"]]
        sections.append(("Decision trees", rows))
    return shortened(sections)


def of_value(value: str, graph: Graph) -> list[Section]:
    """Sections about an input or output of the graph."""
    return shortened([("Value", _values((value,), graph, ()))])


def of_model(model: Model, graph: Graph) -> list[Section]:
    """Sections about the whole model."""
    weights = weights_by_scope(graph)[()]
    facts = [["operations", f"{operation_count(graph):,}"]]
    if weights:
        facts.append(["parameters", f"{weights:,}"])
    if model.format:
        facts.append(["read as", printable(model.format, 80)])
    facts += [[printable(key), printable(value, LONGEST)] for key, value in model.metadata.items()]
    return shortened(
        [
            ("Model", facts),
            ("Inputs", _values(graph.inputs, graph, ())),
            ("Outputs", _values(graph.outputs, graph, ())),
            ("Diagnostics", diagnostics(model.diagnostics)),
        ]
    )


def diagnostics(found: Iterable[Diagnostic]) -> list[Row]:
    """A row a diagnostic: its code or name with how severe it is, and what it says."""
    rows = []
    for item in found:
        name = f"{item.code} {item.name}".strip()
        text = f"{item.message}. {item.hint}" if item.hint else item.message
        where = item.location
        place = f" ({where.file}:{where.line})" if where else ""
        rows.append([printable(f"{item.severity}: {name}", 80), printable(text + place, LONGEST)])
    return rows


def shortened(sections: Iterable[Section]) -> list[Section]:
    """Sections that have rows, none of them endless."""
    kept = []
    for title, rows in sections:
        if len(rows) > MOST_ROWS:
            more = len(rows) - MOST_ROWS + 1
            rows = [*rows[: MOST_ROWS - 1], [f"and {more:,} more"]]
        if rows:
            kept.append((title, rows))
    return kept


def _operation(node: Node) -> list[Row]:
    rows = [["type", printable(node.op)]]
    if node.domain:
        rows.append(["domain", printable(node.domain)])
    if node.parts:
        rows.append(["made of", printable(", ".join(part.op for part in node.parts), LONGEST)])
    return rows


def _attributes(node: Node, path: ScopePath) -> list[Row]:
    return [
        [printable(name, 80), relative(printable(_text(value), LONGEST), path)]
        for name, value in node.attributes.items()
    ]


def _text(value: Attribute) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value[:64]))}{', …' if len(value) > 64 else ''}]"
    if isinstance(value, TensorType):
        return format_type(value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _parameters(node: Node, graph: Graph, path: ScopePath) -> list[Row]:
    rows = []
    for use in node.parameters:
        parameter = graph.parameters.get(use.parameter)
        if parameter is None:
            continue
        facts = [format_type(parameter.type)]
        if parameter.kind != "weight":
            facts.append(parameter.kind)
        if parameter.trainable is False:
            facts.append("frozen")
        if parameter.value is not None:
            facts.append(f"= {_text(parameter.value)}")
        name = relative(printable(parameter.name), path)
        rows.append([name, printable(", ".join(filter(None, facts)), LONGEST)])
    return rows


def _values(ids: Iterable[str | None], graph: Graph, path: ScopePath) -> list[Row]:
    rows = []
    for value_id in ids:
        value = graph.values.get(value_id or "")
        if value_id is not None:
            type_ = format_type(value.type) if value is not None else ""
            rows.append([relative(printable(value_id), path), printable(type_)])
    return rows


def _after_node(rows: list[Row], name: str) -> list[Row]:
    """The rows of values that are named after the node that makes them, with "$" for its name."""
    own = name.rpartition("/")[2].lstrip("~^%=")
    found = []
    for value, type_ in rows:
        before, is_named, after = value.rpartition(own) if own else ("", "", value)
        is_plain = is_named and "$" not in value
        found.append([f"{before}${after}" if is_plain else value.replace("$", "$$"), type_])
    return found


def _place(location: SourceLocation | None) -> Iterable[Row]:
    if location is not None:
        inside = f" in {location.function}" if location.function else ""
        place = f"{location.file}:{location.line}" if location.line else location.file
        yield [printable(place, LONGEST), printable(f"{location.text}{inside}".strip(), LONGEST)]
