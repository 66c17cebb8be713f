"""Decision trees in numbers: how many, how deep, and which features matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archviz.analysis.trees import importances, tree_sizes
from archviz.ir import Forest
from archviz.records import record
from archviz.table import aligned, one_line

SHOWN = 20
"""Features that the table lists, those that matter most."""

MATTERS = {
    "impurity": "decrease of impurity",
    "gain": "gain",
    "splits": "number of splits",
}


@record
class ForestSummary:
    """What a forest is.

    Attributes:
        source: What it was read from.
        format: The importer that read it.
        name: The estimator's class.
        objective: What was minimised, "" when the source does not say.
        trees: How many.
        nodes: In all trees.
        leaves: In all trees.
        depth: Splits above the deepest leaf: the least of all trees, the mean, the greatest.
        features: How many there are.
        classes: Names of the classes of each target.
        importances: Each used feature's share, the greatest first.
        measure: What the shares are of: "impurity", "gain" or "splits".
    """

    source: str
    format: str
    name: str
    objective: str
    trees: int
    nodes: int
    leaves: int
    depth: tuple[int, float, int]
    features: int
    classes: tuple[tuple[str, ...], ...]
    importances: tuple[tuple[str, float], ...]
    measure: str

    def __str__(self) -> str:
        return "\n".join(_table(self))

    def to_json(self) -> dict[str, Any]:
        """The summary as a tree of JSON values."""
        return {
            "source": self.source,
            "format": self.format,
            "name": self.name,
            "objective": self.objective,
            "trees": self.trees,
            "nodes": self.nodes,
            "leaves": self.leaves,
            "depth": {"least": self.depth[0], "mean": self.depth[1], "greatest": self.depth[2]},
            "features": self.features,
            "classes": [list(names) for names in self.classes],
            "importances": dict(self.importances),
            "measure": self.measure,
        }


def summarize_forest(forest: Forest, source: str = "", format: str = "") -> ForestSummary:
    """The summary of ``forest``."""
    sizes = tree_sizes(forest)
    shares, measure = importances(forest)
    order = [index for index in (-shares).argsort(kind="stable").tolist() if shares[index] > 0]
    return ForestSummary(
        source,
        format,
        forest.name,
        forest.objective,
        forest.tree_count,
        forest.node_count,
        int(sizes.leaves.sum()),
        (int(sizes.depth.min()), round(float(sizes.depth.mean()), 3), int(sizes.depth.max())),
        forest.feature_count,
        forest.class_names,
        tuple((forest.feature_name(index), round(float(shares[index]), 6)) for index in order),
        measure,
    )


def _table(summary: ForestSummary) -> Iterator[str]:
    shown = summary.importances[:SHOWN]
    if shown:
        rows = [("feature", "importance"), *((one_line(n), f"{s * 100:.1f}%") for n, s in shown)]
        yield from aligned(rows, right=(1,), least=(20, 8))
        if len(summary.importances) > SHOWN:
            yield f"({len(summary.importances) - SHOWN:,} more features)"
        yield ""
    least, mean, greatest = summary.depth
    deep = str(least) if least == greatest else f"{least} to {greatest}, mean {mean:.1f}"
    facts = [
        ("model", summary.name or "decision trees"),
        ("objective", summary.objective),
        ("trees", f"{summary.trees:,}"),
        ("nodes", f"{summary.nodes:,}"),
        ("leaves", f"{summary.leaves:,}"),
        ("depth", deep),
        ("features", f"{summary.features:,}, {len(summary.importances):,} used"),
        ("importance", MATTERS[summary.measure] if shown else ""),
    ]
    for number, names in enumerate(summary.classes):
        target = f"classes of target {number}" if len(summary.classes) > 1 else "classes"
        listed = ", ".join(one_line(name) for name in names[:10])
        more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
        facts.append((target, listed + more))
    yield from aligned([(name, one_line(text)) for name, text in facts if text])
