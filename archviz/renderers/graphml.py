"""GraphML: nodes and edges with data, nested in yEd's groups; networkx and Gephi read it too.

The format: graphml.graphdrawing.org, "GraphML Primer"; groups and labels as yEd writes them
(``yfiles.foldertype``, ``y:ShapeNode``). It has no geometry: let yEd lay it out.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from archviz.ir import Graph, Model, Node
from archviz.ir.types import format_type
from archviz.outline import Box, Group, outline
from archviz.renderers import Renderer
from archviz.table import one_line
from archviz.views.node_link.weights import weights_of

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
  <key id="label" for="node" attr.name="label" attr.type="string"/>
  <key id="kind" for="node" attr.name="kind" attr.type="string"/>
  <key id="op" for="node" attr.name="op" attr.type="string"/>
  <key id="scope" for="node" attr.name="scope" attr.type="string"/>
  <key id="attributes" for="node" attr.name="attributes" attr.type="string"/>
  <key id="parameters" for="node" attr.name="parameters" attr.type="long"/>
  <key id="value" for="edge" attr.name="value" attr.type="string"/>
  <key id="type" for="edge" attr.name="type" attr.type="string"/>
  <key id="node" for="node" yfiles.type="nodegraphics"/>
  <graph id="G" edgedefault="directed">
"""


def render(model: Model) -> str:
    """The model's graph as GraphML.

    Args:
        model: What to write.
    """
    graph = model.graph
    drawn = outline(graph, shapes="none")
    taken = {box.id for box in drawn.boxes}
    lines: list[str] = []
    for part in [*drawn.inputs, *drawn.parts, *drawn.outputs]:
        if part is None:
            lines.append("</graph></node>")
        elif isinstance(part, Group):
            name = _group_id("/".join(part.path), taken)
            lines.append(f'<node id={_quoted(name)} yfiles.foldertype="group">')
            lines.append(_datum("label", " ".join(part.lines)))
            lines.append(_datum("kind", "scope"))
            lines.append(f'<graph id={_quoted(name + ":")} edgedefault="directed">')
        else:
            lines += _box(part, graph)
    for number, arrow in enumerate(drawn.arrows):
        value = graph.values.get(arrow.value)
        type_ = format_type(value.type) if value else ""
        lines.append(
            f'<edge id="e{number}" source={_quoted(arrow.source)} target={_quoted(arrow.target)}>'
            + _datum("value", arrow.value)
            + (_datum("type", type_) if type_ else "")
            + "</edge>"
        )
    return _HEAD + "\n".join(lines) + "\n</graph></graphml>\n"


def _box(box: Box, graph: Graph) -> list[str]:
    label = "\n".join(escape(one_line(line)) for line in box.lines)
    lines = [f"<node id={_quoted(box.id)}>", _datum("kind", box.kind)]
    if box.node is not None:
        lines += _facts(box.node, graph)
    lines.append(
        f'<data key="node"><y:ShapeNode><y:NodeLabel>{label}</y:NodeLabel>'
        '<y:Shape type="roundrectangle"/></y:ShapeNode></data>'
    )
    lines.append("</node>")
    return lines


def _facts(node: Node, graph: Graph) -> list[str]:
    facts = [_datum("op", node.op)]
    if node.scope:
        facts.append(_datum("scope", "/".join(node.scope)))
    if node.attributes:
        settings = (f"{key}={value}" for key, value in node.attributes.items())
        facts.append(_datum("attributes", ", ".join(settings)))
    weights = weights_of(node, graph)
    if weights:
        facts.append(_datum("parameters", str(weights)))
    return facts


def _group_id(path: str, taken: set[str]) -> str:
    name = f"scope:{path}"
    while name in taken:
        name += ":"
    taken.add(name)
    return name


def _datum(key: str, text: str) -> str:
    return f'<data key="{key}">{escape(one_line(text))}</data>'


def _quoted(text: str) -> str:
    """``text`` as an attribute's value; different texts give different ones."""
    safe = text.replace("\\", "\\\\")
    if not safe.isprintable():
        safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in safe)
    return quoteattr(safe)


RENDERER = Renderer(
    name="graphml",
    title="graph for yEd, Gephi and networkx",
    consumes="graph",
    render=render,
    suffixes=(".graphml",),
    loses="colours; parameters are counted, not listed",
)
