"""Chains: convolution, normalisation and activation one behind the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from archviz.ir import Graph, Node
from archviz.ops import category_of, table
from archviz.ops.patterns import chains
from archviz.passes.fuse.enclosure import Enclosure


def find(graph: Graph, enclosure: Enclosure) -> list[list[Node]]:
    """The chains that merge into one card each, longest first at each operation."""
    only_user = _only_users(graph)
    taken: set[str] = set()
    found: list[list[Node]] = []
    starting = _chains_by_category()
    # Most operations start no chain: that is seen from their name.
    known: dict[str, list[Steps]] = {}
    for node in graph.nodes:
        op = node.op
        steps_of = known.get(op)
        if steps_of is None:
            steps_of = known[op] = starting.get(category_of(op), [])
        if not steps_of or only_user(node) is None or node.id in taken:
            continue
        chain: list[Node] = []
        for steps in steps_of:
            other = _match(node, steps, only_user, taken, graph)
            if len(other) > len(chain):
                chain = other
        while len(chain) > 1 and enclosure.scope_around(chain) is None:
            chain = chain[:-1]
        if len(chain) > 1:
            taken.update([part.id for part in chain])
            found.append(chain)
    return found


Steps: TypeAlias = Sequence[tuple[str, bool]]
"""What each operation of a chain is, and whether it may be missing."""


@cache
def _chains_by_category() -> dict[str, list[Steps]]:
    """The chains by what their first operation is."""
    found: dict[str, list[Steps]] = {}
    for steps in chains():
        parsed = [(step.rstrip("?"), step.endswith("?")) for step in steps]
        found.setdefault(steps[0], []).append(parsed)
    return found


@cache
def _goes_on(op: str) -> bool:
    """Whether an operation of this name may stand behind another one in a chain."""
    behind = {step.rstrip("?") for steps in chains() for step in steps[1:]}
    return not behind.isdisjoint(_steps_of(op))


def _only_users(graph: Graph) -> Callable[[Node], Node | None]:
    """Says who alone uses the one output of a node, consumes nothing else and may go on a chain."""
    going_on = {op for op in {node.op for node in graph.nodes} if _goes_on(op)}
    used: dict[str | None, Node | None] = dict.fromkeys(graph.outputs)
    for node in graph.nodes:
        inputs = node.inputs
        user = node if node.op in going_on else None
        # What joins several values ends a chain.
        if len(inputs) > 1 and len(inputs) - inputs.count(None) > 1:
            user = None
        for value in inputs:
            used[value] = None if value in used else user
    used.pop(None, None)

    def only_user(node: Node) -> Node | None:
        made = node.outputs
        if len(made) > 1:
            made = tuple([value for value in made if value in used])
        return used.get(made[0]) if len(made) == 1 else None

    return only_user


def _match(
    first: Node,
    steps: Steps,
    only_user: Callable[[Node], Node | None],
    taken: set[str],
    graph: Graph,
) -> list[Node]:
    """The chain from ``first`` that ``steps`` describe; empty when it does not start one."""
    chain: list[Node] = []
    node: Node | None = first
    kinds = _steps_of(first.op)
    for step, may_miss in steps:
        if node is not None and step in kinds and _is(node, step, taken, graph):
            chain.append(node)
            node = only_user(node)
            kinds = _steps_of(node.op) if node is not None else ()
        elif not may_miss:
            return []
    return chain


@cache
def _steps_of(op: str) -> tuple[str, ...]:
    """What an operation may be in a chain, by its name."""
    added = {"plus": ("bias",), "times": ("scale",)}
    return (category_of(op), *added.get(table().merge.get(op, ""), ()))


def _is(node: Node, step: str, taken: set[str], graph: Graph) -> bool:
    """Whether a node that may be ``step`` by its name is that."""
    if node.id in taken or node.kind not in ("op", "fused") or node.subgraphs:
        return False
    if step in ("bias", "scale"):  # of a stored tensor
        return len(node.inputs) > sum(value is not None for value in node.inputs)
    # A product of two values has no bias: what is added to it is a mask.
    return step != "linear" or has_weights(node, graph)


def has_weights(node: Node, graph: Graph) -> bool:
    """Whether the node consumes a stored tensor that is no constant of the architecture."""
    found = (graph.parameters.get(use.parameter) for use in node.parameters)
    return any(parameter is not None and parameter.kind != "constant" for parameter in found)
