"""The invariants of a forest, written down; the time they take grows with the nodes alone."""

from __future__ import annotations

from archviz.ir.forest.columns import COLUMNS, Condition, Forest, Missing, depths_of

VALUE_KINDS = ("count", "fraction", "mean", "score")
AGGREGATIONS = (
    "sum",
    "mean",
    "vote",
    "weighted-median",
    "min",
    "max",
    "product",
)


def problems_of(forest: Forest) -> list[str]:
    """Every broken invariant as a sentence; an empty list means the forest is sound."""
    return _lengths(forest) or [
        *_ranges(forest),
        *_lists(forest),
        *_shape(forest),
        *_words(forest),
    ]


def sound(forest: Forest) -> Forest:
    """The forest itself, when it keeps every invariant.

    Raises:
        ValueError: It breaks one; the message says which.
    """
    problems = problems_of(forest)
    if problems:
        raise ValueError(problems[0])
    return forest


def _lengths(forest: Forest) -> list[str]:
    import numpy as np

    starts = forest.starts
    if starts.ndim != 1 or len(starts) < 2 or starts[0] != 0 or (np.diff(starts) < 1).any():
        return ["the trees do not start one behind the other, each with a node"]
    nodes, trees = forest.node_count, forest.tree_count
    wanted = {"node": nodes, "node+1": nodes + 1, "row": nodes, "tree": trees, "tree+1": trees + 1}
    found = []
    for name, (_, per) in COLUMNS.items():
        column = getattr(forest, name)
        if column is None:
            continue
        if column.ndim != (2 if per == "row" else 1):
            found.append(f"the column {name!r} has {column.ndim} axes")
        elif per in wanted and len(column) != wanted[per]:
            found.append(f"the column {name!r} has {len(column)} entries, not {wanted[per]}")
    if not found and forest.width < 1:
        found.append("the nodes have no values")
    if forest.targets < 1 or forest.outputs % max(forest.targets, 1):
        found.append(f"{forest.targets} targets do not share {forest.outputs} values")
    return found


def _ranges(forest: Forest) -> list[str]:
    found = []
    is_leaf = forest.condition == int(Condition.LEAF)
    if (forest.condition > max(Condition)).any():
        found.append("a node has an unknown condition")
    if forest.missing_kind is not None and (forest.missing_kind > max(Missing)).any():
        found.append("a node has an unknown kind of missing value")
    if ((forest.yes < 0) != is_leaf).any() or ((forest.no < 0) != is_leaf).any():
        found.append("a node has one child, or a leaf has some")
    single = ~is_leaf & (forest.condition != int(Condition.OBLIQUE))
    if (forest.feature[single] < 0).any():
        found.append("a split tests no feature")
    if forest.tree_output is not None:
        output = forest.tree_output
        if (output < -1).any() or (forest.width > 1 and (output >= 0).any()):
            found.append("a tree adds to an output that it cannot")
    return found


def _lists(forest: Forest) -> list[str]:
    import numpy as np

    found = []
    for starts_name, *names in (
        ("category_starts", "categories"),
        ("oblique_starts", "oblique_features", "oblique_weights"),
        ("linear_starts", "linear_features", "linear_weights"),
    ):
        starts = getattr(forest, starts_name)
        lists = [getattr(forest, name) for name in names]
        if (starts is None) != any(item is None for item in lists):
            found.append(f"{starts_name!r} and {names[0]!r} come together or not at all")
        elif starts is not None and (
            starts[0] != 0
            or (np.diff(starts) < 0).any()
            or any(starts[-1] != len(item) for item in lists)
        ):
            found.append(f"{starts_name!r} does not divide {names[0]!r}")
    if forest.category_starts is not None and not found:
        listed = np.diff(forest.category_starts) > 0
        asks = np.isin(forest.condition, (int(Condition.IN), int(Condition.NOT_IN)))
        if (listed & ~asks).any():
            found.append("a node lists categories that its condition does not ask for")
    return found


def _shape(forest: Forest) -> list[str]:
    """That every tree is one: children in range, one parent each, all below the root."""
    import numpy as np

    sizes = np.repeat(np.diff(forest.starts), np.diff(forest.starts))
    inner = forest.yes >= 0
    for column in (forest.yes, forest.no):
        if (column[inner] >= sizes[inner]).any() or (column[inner] < 1).any():
            return ["a child is no node of its tree"]
    offset = np.repeat(forest.starts[:-1], np.diff(forest.starts))[inner]
    children = np.concatenate([forest.yes[inner] + offset, forest.no[inner] + offset])
    times = np.bincount(children, minlength=forest.node_count)
    times[forest.starts[:-1]] += 1
    if (times != 1).any():
        return ["a node has two parents or none"]
    parents = forest.parents()
    if (parents == np.arange(len(parents))).sum() != forest.tree_count:
        return ["a node is its own child"]
    if (depths_of(parents) >= sizes).any():
        return ["a node is not below the root of its tree"]
    return []


def _words(forest: Forest) -> list[str]:
    found = []
    if forest.value_kind not in VALUE_KINDS:
        found.append(f"the unknown kind of value {forest.value_kind!r}")
    if forest.aggregation not in AGGREGATIONS:
        found.append(f"the unknown aggregation {forest.aggregation!r}")
    if forest.compare_dtype not in ("float32", "float64"):
        found.append(f"rows compared as {forest.compare_dtype!r}")
    return found
