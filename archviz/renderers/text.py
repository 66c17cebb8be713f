"""Plain text: the summary table of a Model, or the rules of decision trees."""

from __future__ import annotations

from archviz.analysis.summary import summarize
from archviz.analysis.tree_rules import forests_of, rules
from archviz.ir import Forest, Model
from archviz.ir.forest.counts import without_counts
from archviz.ir.walk import all_nodes
from archviz.renderers import Renderer


def render(
    model: Model,
    *,
    tree: int | None = None,
    root: int = 0,
    max_depth: int | None = None,
    max_nodes: int | None = None,
    digits: int = 0,
    counts: bool = True,
) -> str:
    """The model's modules and totals as a table; decision trees as rules.

    Args:
        model: What to write.
        tree: The only tree of a forest to write.
        root: Number of the node of a tree to start at.
        max_depth: Tests above the deepest line of a tree.
        max_nodes: How many nodes of a tree to write at most, those that tell most first.
        digits: Significant digits in rules; 0 for as many as an exact rule needs.
        counts: Whether rules say how many rows of the training came to their leaves.
    """

    def written(forest: Forest) -> str:
        found = rules(
            forest if counts else without_counts(forest),
            tree=tree,
            root=root,
            max_depth=max_depth,
            max_nodes=max_nodes,
            digits=digits,
        )
        return "".join(f"{line}\n" for line in found)

    if isinstance(model.body, Forest):
        return written(model.body)
    parts = [f"{summarize(model, depth='all')}\n"]
    parts += [
        f"\n{name}\n{written(forest)}" for name, forest in forests_of([*all_nodes(model.body)])
    ]
    return "".join(parts)


RENDERER = Renderer(
    name="text",
    title="table of modules and parameters, or the rules of decision trees",
    consumes="model",
    render=render,
    suffixes=(".txt",),
    loses="edges and attributes",
)
