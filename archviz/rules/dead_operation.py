"""Finds operations none of whose results reaches an output.

They cost time and memory at best; more often a result was meant to be used and is not. An operation
that produces nothing is taken to be there for its effect. Operations inside control flow are dead
when nothing leaves their branch from them.
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.diagnostics import Diagnostic, Severity
from archviz.ir import Graph, Model
from archviz.ir.edit import used_values
from archviz.ir.walk import all_graphs, producers
from archviz.rules import Rule

NAME = "dead-operation"
CODE = "AVS001"


def check(model: Model) -> Iterable[Diagnostic]:
    """A finding for every graph, the model's or a branch, with dead operations."""
    for graph in all_graphs(model.graph):
        dead = dead_nodes(graph)
        if dead:
            first = f"the result of {dead[0]!r} is"
            if len(dead) > 1:
                first = f"the results of {len(dead):,} operations are"
            yield Diagnostic(
                name=NAME,
                code=CODE,
                severity=Severity.WARNING,
                message=f"{first} never used",
                nodes=dead,
                hint="remove it or use its result" if len(dead) == 1 else "remove or use them",
            )


def dead_nodes(graph: Graph) -> tuple[str, ...]:
    """Ids of the nodes from which no output of the graph can be reached, in graph order."""
    producer = producers(graph)
    live: set[str] = set()
    wanted = list(graph.outputs)
    for node in graph.nodes:
        if not any(output is not None for output in node.outputs):
            live.add(node.id)
            wanted.extend(used_values(node))
    while wanted:
        source = producer.get(wanted.pop())
        if source is not None and source.id not in live:
            live.add(source.id)
            wanted.extend(used_values(source))
    return tuple(node.id for node in graph.nodes if node.id not in live)


RULE = Rule(name=NAME, code=CODE, title="an operation whose results reach no output", check=check)
