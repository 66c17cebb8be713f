"""Keeps one scope and shows what it is joined to as stubs."""

from __future__ import annotations

from archviz.errors import OptionError, closest
from archviz.ir import Graph, Node, ScopePath
from archviz.ir.edit import contract, sweep, used_values
from archviz.ir.walk import producers
from archviz.passes import Pass
from archviz.records import replace


def apply(graph: Graph, *, focus: str = "") -> Graph:
    """The part of the graph in the scope ``focus``, its neighbours merged into stubs.

    Args:
        graph: Where to look.
        focus: A scope's path, its parts joined by "/" or "."; or a node's id.

    Raises:
        OptionError: There is no such scope or node.
    """
    if not focus:
        return graph
    path = _find(graph, focus)
    inside = {
        node.id
        for node in graph.nodes
        if (node.scope[: len(path)] == path if path else node.id == focus)
    }
    around = path or next(node.scope for node in graph.nodes if node.id == focus)
    neighbours = _neighbours(graph, inside)

    members: dict[ScopePath, list[str]] = {}
    classes: dict[ScopePath, str] = {}
    for node in graph.nodes:
        if node.id in neighbours:
            home = _representative(node, around)
            scope = graph.scopes.get(home)
            members.setdefault(home, []).append(node.id)
            classes.setdefault(home, node.op if scope is None else scope.type or home[-1])
    stubs = []
    for home, ids in members.items():
        name = "/".join(home)
        stub = Node(f"{name}@stub", classes[home], kind="stub", name=".".join(home))
        stubs.append((stub, ids))
    kept = tuple(node for node in graph.nodes if node.id in inside or node.id in neighbours)
    merged = contract(replace(graph, nodes=kept), stubs)
    return sweep(_cut(merged, inside))


def _find(graph: Graph, focus: str) -> ScopePath:
    wanted = focus.strip("/.")
    names: dict[str, ScopePath] = {}
    for path in graph.scopes:
        names.setdefault("/".join(path), path)
        names.setdefault(".".join(path), path)
    if wanted in names:
        return names[wanted]
    if any(node.id == focus for node in graph.nodes):
        return ()
    ends = (name for name in names if name.endswith(f"/{wanted.replace('.', '/')}"))
    near = next(ends, "") or closest(wanted, [*names, *(node.id for node in graph.nodes)], 0.5)
    raise OptionError(
        f"--focus {focus!r} is no scope and no node of the model",
        f"did you mean {near!r}?" if near else "list the scopes with: archviz summary",
    )


def _neighbours(graph: Graph, inside: set[str]) -> set[str]:
    source = producers(graph)
    found: set[str] = set()
    for node in graph.nodes:
        for value in used_values(node):
            producer = source.get(value)
            if producer is None:
                continue
            if node.id in inside and producer.id not in inside:
                found.add(producer.id)
            elif producer.id in inside and node.id not in inside:
                found.add(node.id)
    return found


def _representative(node: Node, around: ScopePath) -> ScopePath:
    """The outermost scope of ``node`` that does not enclose ``around``, or the node itself."""
    for length in range(1, len(node.scope) + 1):
        if node.scope[:length] != around[:length]:
            return node.scope[:length]
    return (*node.scope, node.name or node.id.rpartition("/")[2])


def _cut(graph: Graph, inside: set[str]) -> Graph:
    """Drops edges that do not touch the focus, and inputs and outputs that it does not have."""
    used: set[str] = set()
    made: set[str] = set()
    for node in graph.nodes:
        if node.id in inside:
            used.update(used_values(node))
            made.update(value for value in node.outputs if value is not None)
    nodes = tuple(
        node
        if node.id in inside
        else replace(
            node,
            inputs=tuple(value for value in node.inputs if value in made),
            outputs=tuple(value for value in node.outputs if value in used),
        )
        for node in graph.nodes
    )
    return replace(
        graph,
        nodes=nodes,
        inputs=tuple(value for value in graph.inputs if value in used),
        outputs=tuple(value for value in graph.outputs if value in made),
    )


PASS = Pass("select", "keeps one scope, its neighbours as stubs", apply)
