"""Cytoscape JSON: elements for Cytoscape.js, modules as compound nodes.

The format: js.cytoscape.org, "Elements JSON"; Cytoscape desktop and networkx read it too. It has
no positions: any of Cytoscape's layouts places the nodes.
"""

from __future__ import annotations

from typing import Any

from archviz.ir import Model, ScopePath
from archviz.ir.types import format_type
from archviz.outline import Group, outline
from archviz.renderers import Renderer
from archviz.table import one_line


def render(model: Model) -> str:
    """The model's graph as Cytoscape JSON.

    Args:
        model: What to write.
    """
    import json

    graph = model.graph
    drawn = outline(graph, shapes="none")
    taken = {box.id for box in drawn.boxes}
    groups: dict[ScopePath, str] = {}
    nodes: list[dict[str, Any]] = []
    for part in [*drawn.inputs, *drawn.parts, *drawn.outputs]:
        if part is None:
            continue
        if isinstance(part, Group):
            name = groups[part.path] = _free(f"scope:{'/'.join(part.path)}", taken)
            data = {"id": name, "label": one_line(" ".join(part.lines)), "kind": "scope"}
            parent = groups.get(part.path[:-1])
        else:
            label = "\n".join(map(one_line, part.lines))
            data = {"id": part.id, "label": label, "kind": part.kind}
            parent = groups.get(part.group)
            if part.node is not None:
                data["op"] = part.node.op
        if parent is not None:
            data["parent"] = parent
        nodes.append({"data": data})
    edges = []
    for number, arrow in enumerate(drawn.arrows):
        value = graph.values.get(arrow.value)
        edge = {
            "id": _free(f"edge:{number}", taken),
            "source": arrow.source,
            "target": arrow.target,
            "value": arrow.value,
        }
        if value and value.type:
            edge["type"] = format_type(value.type)
        edges.append({"data": edge})
    made = {
        "data": {"name": model.source},
        "directed": True,
        "multigraph": True,
        "elements": {"nodes": nodes, "edges": edges},
    }
    return json.dumps(made, indent=1) + "\n"


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += ":"
    taken.add(name)
    return name


RENDERER = Renderer(
    name="cytoscape",
    title="elements for Cytoscape.js and Cytoscape",
    consumes="graph",
    render=render,
    suffixes=(".cyjs",),
    loses="attributes, parameters and colours",
)
