"""The two edits that passes are made of, and the sweep after them; each takes linear time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from archviz.ir.build import change_node
from archviz.ir.graph import Graph, Node, ParameterUse
from archviz.ir.walk import captured, leaves
from archviz.records import changing, replace

_change_use = changing(ParameterUse)


def bypass(graph: Graph, dropped: Mapping[str, int | None]) -> Graph:
    """The graph without some nodes, their consumers rejoined to what the nodes consumed.

    A dropped node is accounted for in the ``origin`` of the first kept node behind it, or else
    before it, or else of the one that follows it in the graph's order.

    Args:
        graph: Where to drop.
        dropped: For each node's id the position of the input that stands in for its outputs;
            None leaves a hole in every consumer.
    """
    if not dropped:
        return graph
    stand_in: dict[str, str | None] = {}
    for node in graph.nodes:
        if node.id in dropped:
            index = dropped[node.id]
            kept = None if index is None else node.inputs[index]
            stand_in.update((output, kept) for output in node.outputs if output is not None)

    def resolve(value: str | None) -> str | None:
        seen = set()
        while value is not None and value in stand_in:
            if value in seen:  # a cycle of dropped nodes leads nowhere
                return None
            seen.add(value)
            value = stand_in[value]
        return value

    absorbed = _heirs(graph, dropped)
    nodes = []
    for node in graph.nodes:
        if node.id not in dropped:
            rewired = rewire(node, resolve)
            if node.id in absorbed:
                rewired = change_node(rewired, origin=(*node.origins, *absorbed[node.id]))
            nodes.append(rewired)
    outputs = tuple(out for value in graph.outputs if (out := resolve(value)) is not None)
    values = {key: value for key, value in graph.values.items() if key not in stand_in}
    return replace(graph, nodes=tuple(nodes), values=values, outputs=outputs)


def _heirs(graph: Graph, dropped: Mapping[str, int | None]) -> dict[str, list[str]]:
    """The origins of dropped nodes by the kept node that takes them over."""
    first_consumer: dict[str, Node] = {}
    producer: dict[str, Node] = {}
    for node in graph.nodes:
        for used in used_values(node) if node.subgraphs else node.inputs:
            if used is not None and used not in first_consumer:
                first_consumer[used] = node
        for made in node.outputs:
            if made is not None:
                producer[made] = node
    absorbed: dict[str, list[str]] = {}
    last = next((node for node in reversed(graph.nodes) if node.id not in dropped), None)
    following: dict[str, Node | None] = {}
    for node in reversed(graph.nodes):
        if node.id not in dropped:
            last = node
        else:
            following[node.id] = last
    for node in graph.nodes:
        if node.id not in dropped:
            continue
        heir = _first_kept(node, dropped, lambda n: n.outputs, first_consumer)
        heir = heir or _first_kept(node, dropped, lambda n: n.inputs, producer)
        heir = heir or following[node.id]
        if heir is not None:
            absorbed.setdefault(heir.id, []).extend(node.origins)
    return absorbed


def _first_kept(
    node: Node,
    dropped: Mapping[str, int | None],
    values: Callable[[Node], tuple[str | None, ...]],
    step: Mapping[str, Node],
) -> Node | None:
    seen = {node.id}
    reached: list[Node] = [node]
    while reached:
        here = reached.pop()
        for value in values(here):
            following = step.get(value) if value is not None else None
            if following is None or following.id in seen:
                continue
            if following.id not in dropped:
                return following
            seen.add(following.id)
            reached.append(following)
    return None


def rewire(node: Node, resolve: Callable[[str | None], str | None]) -> Node:
    """The node, and all inside it, with each consumed value put through ``resolve``."""
    inputs = tuple([resolve(value) for value in node.inputs])
    if node.subgraphs:
        subgraphs = {}
        for role, part in node.subgraphs.items():
            inner = tuple(rewire(child, resolve) for child in part.nodes)
            outputs = tuple(out for value in part.outputs if (out := resolve(value)) is not None)
            subgraphs[role] = replace(part, nodes=inner, outputs=outputs)
        return change_node(node, inputs=inputs, subgraphs=subgraphs)
    return node if inputs == node.inputs else change_node(node, inputs=inputs)


def contract(graph: Graph, groups: Sequence[tuple[Node, Iterable[str]]]) -> Graph:
    """The graph with each group of nodes merged into one.

    A merged node stands where the first of its members stood, consumes what came from outside
    in the order of first use, and produces what is used outside. It need not be convex: merging
    may close a cycle, which layouts accept.

    Args:
        graph: Where to merge.
        groups: For each group the node that replaces it, whose inputs, outputs, parameters and
            origin are filled in here, and the ids of its members; no id is in two groups.
    """
    if not groups:
        return graph
    owner = {member: index for index, (_, members) in enumerate(groups) for member in members}
    nodes: list[Node] = []
    around: list[Node] = []
    merged: dict[int, tuple[int, list[Node]]] = {}
    for node in graph.nodes:
        index = owner.get(node.id)
        if index is None:
            around.append(node)
            nodes.append(node)
        elif index in merged:
            merged[index][1].append(node)
        else:
            merged[index] = (len(nodes), [node])
            nodes.append(node)  # keeps the place
    leaving: set[str | None] = {*graph.outputs}
    leaving.update(chain.from_iterable([node.inputs for node in around]))
    for node in around:
        if node.subgraphs:
            leaving.update(used_values(node))
    entering: list[dict[str, None]] = []
    for _, members in merged.values():
        inside = {value for node in members for value in node.outputs}
        taken: dict[str, None] = {}
        for node in members:
            for value in used_values(node) if node.subgraphs else node.inputs:
                if value is not None and value not in inside:
                    taken[value] = None
        entering.append(taken)
        leaving.update(taken)
    leaving.discard(None)
    values = dict(graph.values)
    for (index, (place, members)), taken in zip(merged.items(), entering, strict=True):
        outputs: list[str | None] = []
        origin: list[str] = []
        parameters: dict[str, ParameterUse] = {}
        for node in members:
            for value in node.outputs:
                if value in leaving:
                    outputs.append(value)
                elif value is not None:
                    values.pop(value, None)
            origin += node.origin or (node.id,)
            for use in node.parameters:
                if use.parameter not in parameters:
                    parameters[use.parameter] = _change_use(use, index=-1)
        nodes[place] = change_node(
            groups[index][0],
            inputs=tuple(taken),
            outputs=tuple(outputs),
            parameters=tuple(parameters.values()),
            origin=tuple(origin),
        )
    return replace(graph, nodes=tuple(nodes), values=values)


def used_values(node: Node) -> list[str]:
    """Ids that the node consumes, itself or inside its subgraphs from around it."""
    used = [value for value in node.inputs if value is not None]
    if node.subgraphs:
        for part in node.subgraphs.values():
            used.extend(captured(part))
    return used


def sweep(graph: Graph) -> Graph:
    """The graph without values, parameters and scopes that nothing mentions any more."""
    nodes = list(graph.nodes)
    gone = {*graph.values}
    gone.difference_update(graph.inputs, graph.outputs)
    pending = [node for node in nodes if node.subgraphs]
    while pending:
        for part in pending.pop().subgraphs.values():
            gone.difference_update(part.outputs)
            nodes.extend(part.nodes)
            pending += [node for node in part.nodes if node.subgraphs]
    gone.difference_update(chain.from_iterable([node.outputs for node in nodes]))
    values, parameters, scopes = graph.values, graph.parameters, graph.scopes
    if gone:
        gone.difference_update(chain.from_iterable([node.inputs for node in nodes]))
        values = {key: value for key, value in values.items() if key not in gone}
    if parameters:
        used = {use.parameter for node in nodes for use in node.parameters}
        parameters = {key: item for key, item in parameters.items() if key in used}
    if scopes:
        places = {node.scope for node in nodes}
        # What is fused keeps its modules, for their classes name its operations.
        for node in nodes:
            if node.kind == "fused":
                places.update([part.scope for part in leaves(node)])
        kept = {path[:length] for path in places for length in range(1, len(path) + 1)}
        scopes = {path: scope for path, scope in scopes.items() if path in kept}
    return replace(graph, values=values, parameters=parameters, scopes=scopes)
