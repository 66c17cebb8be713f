"""Merges chains that readers take for one operation: convolution, normalisation, activation.

The patterns are data (archviz/ops/patterns.toml). A chain is merged when nothing else uses what
flows inside it and when it does not reach out of a module that holds more than its link.
"""

from __future__ import annotations

from archviz.ir import Graph, Node, ScopePath
from archviz.ir.edit import contract, sweep
from archviz.ir.walk import consumers
from archviz.ops import category_of, patterns, table
from archviz.passes import Pass


def apply(graph: Graph) -> Graph:
    """The graph with each chain merged into a node of kind "fused" that keeps its parts."""
    following = _only_consumers(graph)
    crowd = _kinds_inside(graph)
    taken: set[str] = set()
    groups: list[tuple[Node, list[str]]] = []
    for node in graph.nodes:
        if node.id in taken:
            continue
        chain = max((_match(node, steps, following, taken) for steps in patterns()), key=len)
        while len(chain) > 1 and _common_scope(chain, crowd) is None:
            chain = chain[:-1]
        if len(chain) < 2:
            continue
        taken.update(part.id for part in chain)
        groups.append((_fused(chain, crowd), [part.id for part in chain]))
    return sweep(contract(graph, groups))


def _only_consumers(graph: Graph) -> dict[str, Node]:
    """For each node's id the node that alone uses its one output."""
    used = consumers(graph)
    outputs = set(graph.outputs)
    found = {}
    for node in graph.nodes:
        made = [v for v in node.outputs if v is not None and (v in used or v in outputs)]
        if len(made) == 1 and made[0] not in outputs and len(used[made[0]]) == 1:
            found[node.id] = used[made[0]][0]
    return found


def _kinds_inside(graph: Graph) -> dict[ScopePath, int]:
    """How many kinds of things are directly in each scope; a module called twice has one."""
    inside: dict[ScopePath, set[object]] = {}
    for node in graph.nodes:
        inside.setdefault(node.scope, set()).add(node.op)
    for path in graph.scopes:
        inside.setdefault(path[:-1], set()).add(path)
    return {path: len(kinds) for path, kinds in inside.items()}


def _match(
    first: Node, steps: tuple[str, ...], following: dict[str, Node], taken: set[str]
) -> list[Node]:
    """The chain from ``first`` that ``steps`` describe; empty when it does not start one."""
    chain: list[Node] = []
    node: Node | None = first
    for step in steps:
        if node is not None and node.id not in taken and _is(node, step.rstrip("?")):
            data = sum(value is not None for value in node.inputs)
            if chain and data != 1:
                break
            chain.append(node)
            node = following.get(node.id)
        elif not step.endswith("?"):
            return []
    return chain


def _is(node: Node, step: str) -> bool:
    if node.kind != "op" or node.subgraphs:
        return False
    symbol = table().merge.get(node.op)
    if step in ("bias", "scale"):
        is_stored = len(node.inputs) > sum(value is not None for value in node.inputs)
        return symbol == {"bias": "plus", "scale": "times"}[step] and is_stored
    return category_of(node.op) == step


def _common_scope(chain: list[Node], crowd: dict[ScopePath, int]) -> ScopePath | None:
    """The scope that holds every part; None when a part would leave a real module."""
    common = chain[0].scope
    for part in chain[1:]:
        while part.scope[: len(common)] != common:
            common = common[:-1]
    if len({part.scope for part in chain}) == 1:
        return common
    for part in chain:
        if part.scope != common and (len(part.scope) > len(common) + 1 or crowd[part.scope] > 1):
            return None
    return common


def _fused(chain: list[Node], crowd: dict[ScopePath, int]) -> Node:
    scope = _common_scope(chain, crowd) or ()
    first = chain[0]
    inside = first.scope[len(scope) :]
    return Node(
        id=first.id,
        op=first.op,
        attributes=first.attributes,
        scope=scope,
        location=first.location,
        kind="fused",
        domain=first.domain,
        name=".".join(inside) or first.name,
        parts=tuple(chain),
    )


PASS = Pass("fuse", "merges convolution, normalisation and activation into one card", apply)
