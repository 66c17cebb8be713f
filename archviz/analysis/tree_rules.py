"""Decision trees as indented rules, a line a test or an answer.

A printed threshold is the shortest number that sends every row the way that the tree does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from archviz.analysis.tree_graph import chosen_trees
from archviz.errors import OptionError
from archviz.ir import Condition, Forest
from archviz.ir.forest.columns import Missing
from archviz.ir.forest.routing import ZERO
from archviz.ir.forest.subtree import cut
from archviz.reading.names import clean

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_SIGNS = {
    Condition.LE: ("<=", ">"),
    Condition.LT: ("<", ">="),
    Condition.GE: (">=", "<"),
    Condition.GT: (">", "<="),
    Condition.EQ: ("==", "!="),
    Condition.NE: ("!=", "=="),
    Condition.IN: ("in", "not in"),
    Condition.NOT_IN: ("not in", "in"),
    Condition.TRUE: ("is true", "is false"),
    Condition.MISSING: ("is missing", "is not missing"),
    Condition.OBLIQUE: (">=", "<"),
}
"""What stands between a feature and a threshold, for the yes child and for the no child."""


def rules(
    forest: Forest,
    *,
    tree: int | None = None,
    root: int = 0,
    max_depth: int | None = None,
    max_nodes: int | None = None,
    digits: int = 0,
) -> Iterator[str]:
    """Lines without their ends.

    Args:
        forest: Any.
        tree: The only tree to write; None for all.
        root: Number of the node to start at.
        max_depth: Tests above the deepest line.
        max_nodes: How many nodes of a tree to write at most, those that tell most first.
        digits: Significant digits; 0 for as many as an exact rule needs.

    Raises:
        OptionError: There is no such tree or node, or the tree is too deep.
    """
    asked = chosen_trees(forest, tree, root)
    if forest.tree_count > 1:
        yield combination(forest)
    writer = _Writer(forest, digits)
    for number in asked:
        if forest.tree_count > 1:
            yield ""
            yield heading(forest, number)
        yield from writer.lines(number, root, max_depth, max_nodes)


def heading(forest: Forest, tree: int) -> str:
    """Which tree it is: "tree 3 (class setosa, round 1)"."""
    facts = []
    if forest.tree_output is not None and forest.tree_output[tree] >= 0:
        output = int(forest.tree_output[tree])
        names = forest.class_names[0] if forest.class_names else ()
        name = clean(names[output]) if output < len(names) else str(output)
        facts.append(f"{'class' if names else 'output'} {name}")
    if forest.tree_round is not None:
        facts.append(f"round {int(forest.tree_round[tree])}")
    if forest.tree_weight is not None:
        facts.append(f"weight {float(forest.tree_weight[tree]):.6g}")
    return f"tree {tree}" + (f" ({', '.join(facts)})" if facts else "")


def combination(forest: Forest) -> str:
    """How the trees' answers become a prediction: "softmax(base + sum of 30 trees)"."""
    text = f"{forest.aggregation} of {forest.tree_count:,} trees"
    if forest.tree_weight is not None:
        text = f"weighted {text}".replace("weighted weighted", "weighted")
    base = [] if forest.base is None else forest.base.tolist()
    if any(base):
        shown = ", ".join(f"{value:.6g}" for value in base[:12])
        text = f"{shown if len(base) == 1 else f'[{shown}]'} + {text}"
    if forest.link_scale != 1.0:
        text = f"{forest.link_scale:.6g} * ({text})"
    return f"prediction: {text if forest.link == 'identity' else f'{forest.link}({text})'}"


MOST_DEPTH = 5000
"""Tests above a line; the bars before all lines grow with the square of it."""


class _Writer:
    def __init__(self, forest: Forest, digits: int) -> None:
        self.forest = forest
        self.digits = digits
        self.names = [clean(forest.feature_name(index)) for index in range(forest.feature_count)]
        # Where sklearn's trees send what is missing says nothing of trees that never saw any.
        self.tells_missing = forest.missing is not None and forest.value_kind == "score"

    def lines(
        self, tree: int, root: int, max_depth: int | None, max_nodes: int | None
    ) -> Iterator[str]:
        """The rules of a tree."""
        forest = self.forest
        own = forest.rows(tree)
        yes, no = forest.yes[own].tolist(), forest.no[own].tolist()
        tests = self._tests(own)
        is_cut = max_depth is not None or max_nodes is not None
        hidden = cut(forest, tree, max_depth, max_nodes, root).hidden if is_cut else {}
        bars = ["|--- "]
        stack: list[tuple[int, int, str]] = [(root, 0, "")]
        while stack:
            node, depth, test = stack.pop()
            if depth > MOST_DEPTH:
                raise OptionError(
                    f"tree {tree} is more than {MOST_DEPTH:,} tests deep, too deep for rules",
                    "say how far with --max-depth N or --max-nodes N",
                )
            while depth >= len(bars):
                bars.append(f"|   {bars[-1]}")
            if test:
                yield f"{bars[depth - 1]}{test}"
            if node in hidden:
                nodes, leaves = hidden[node]
                yield f"{bars[depth]}... {nodes - 1:,} more nodes, {leaves:,} leaves"
            elif yes[node] < 0:
                yield f"{bars[depth]}{self._answer(own.start + node)}"
            else:
                met, failed = tests[node]
                stack.append((no[node], depth + 1, failed))
                stack.append((yes[node], depth + 1, met))

    def _tests(self, own: slice) -> list[tuple[str, str]]:
        """For each node of a tree the test that leads to its yes child, and to its no child."""
        forest = self.forest
        condition = forest.condition[own]
        thresholds = self._numbers(thresholds_of(forest, own))
        features = forest.feature[own].tolist()
        missing = (
            forest.missing[own].tolist()
            if self.tells_missing and forest.missing is not None
            else []
        )
        kinds = forest.missing_kind[own].tolist() if forest.missing_kind is not None else []
        found: list[tuple[str, str]] = []
        for node, code in enumerate(condition.tolist()):
            kind = Condition(code)
            if kind is Condition.LEAF:
                found.append(("", ""))
                continue
            row = own.start + node
            name = self._name(row, features[node], kind)
            met, failed = _SIGNS[kind]
            value = ""
            if kind in (Condition.IN, Condition.NOT_IN):
                value = f" {{{', '.join(self._categories(row, features[node]))}}}"
            elif kind not in (Condition.TRUE, Condition.MISSING):
                value = f" {thresholds[node]}"
            texts = [f"{name} {met}{value}", f"{name} {failed}{value}"]
            takes = missing and missing[node] >= 0 and kind is not Condition.MISSING
            if takes and not (kinds and kinds[node] == Missing.NEVER):
                texts[0 if missing[node] else 1] += " or missing"
            found.append((texts[0], texts[1]))
        return found

    def _name(self, row: int, feature: int, kind: Condition) -> str:
        if kind is not Condition.OBLIQUE:
            return self.names[feature]
        return self._sum(row, "oblique") or "0"

    def _sum(self, row: int, kind: str) -> str:
        """The weighted features of an oblique split or of a linear leaf."""
        starts = getattr(self.forest, f"{kind}_starts")
        if starts is None:
            return ""
        part = slice(int(starts[row]), int(starts[row + 1]))
        features = getattr(self.forest, f"{kind}_features")[part].tolist()
        weights = getattr(self.forest, f"{kind}_weights")[part].tolist()
        return " + ".join(
            f"{self._number(weight)} * {self.names[feature]}"
            for feature, weight in zip(features, weights, strict=True)
        )

    def _categories(self, row: int, feature: int) -> list[str]:
        names = self.forest.category_names.get(feature, ())
        return [
            clean(names[item]) if 0 <= item < len(names) else str(item)
            for item in self.forest.categories_of(row)
        ]

    def _answer(self, row: int) -> str:
        forest = self.forest
        values = forest.value[row].tolist()
        weighed = forest.samples if forest.samples is not None else forest.weight
        rows = "" if weighed is None or weighed[row] != weighed[row] else f"n {weighed[row]:.6g}"
        if forest.samples is None and rows:
            rows = f"weight {rows[2:]}"
        width = forest.width // forest.targets
        if forest.value_kind in ("count", "fraction") and forest.class_names and width > 1:
            parts = [values[at : at + width] for at in range(0, forest.width, width)]
            best = [max(range(width), key=part.__getitem__) for part in parts]
            names = [
                clean(known[index]) if index < len(known) else str(index)
                for index, known in zip(best, forest.class_names, strict=True)
            ]
            whole = sum(parts[0])
            share = f"{100 * parts[0][best[0]] / whole:.3g}%" if whole > 0 else ""
            facts = ", ".join(text for text in (share if len(parts) == 1 else "", rows) if text)
            return f"class: {', '.join(names)}" + (f" ({facts})" if facts else "")
        if forest.linear_constant is not None and forest.linear_starts is not None:
            terms = self._sum(row, "linear")
            if terms:
                return f"value: {self._number(float(forest.linear_constant[row]))} + {terms}"
        shown = ", ".join(self._number(value) for value in values)
        answer = f"value: {shown if len(values) == 1 else f'[{shown}]'}"
        return answer + (f" ({rows})" if rows else "")

    def _number(self, value: float) -> str:
        # Answers are no tests: six digits tell them apart, and no row takes another way.
        return f"{value:.{self.digits or 6}g}"

    def _numbers(self, thresholds: Array) -> list[str]:
        if self.digits:
            return [self._number(value) for value in thresholds.tolist()]
        texts: list[str] = thresholds.astype(str).tolist()
        return [text.removesuffix(".0") for text in texts]


def thresholds_of(forest: Forest, rows: slice) -> Array:
    """Thresholds in the dtype that rows are compared in, which send every row the same way.

    Where that is float32 and a threshold lies between two of its numbers, no row does, so that
    the one below stands for it in "at most" and the one above in "at least".
    """
    import numpy as np

    exact = forest.threshold[rows]
    exact = np.where(np.abs(exact) <= ZERO, 0.0, exact)
    if forest.compare_dtype != "float32":
        return np.asarray(exact)
    condition = forest.condition[rows]
    infinity = np.float32(np.inf)
    with np.errstate(over="ignore"):  # a threshold above every number is infinite, and stays so
        near = exact.astype(np.float32)
        down = np.isin(condition, (int(Condition.LE), int(Condition.GT))) & (near > exact)
        up = np.isin(condition, (int(Condition.LT), int(Condition.GE))) & (near < exact)
        near = np.where(down, np.nextafter(near, -infinity), near)
        return np.asarray(np.where(up, np.nextafter(near, infinity), near))


def forests_of(nodes: Sequence[Any]) -> list[tuple[str, Forest]]:
    """The forests that nodes of a graph run, by the nodes' ids."""
    return [(node.id, node.forest) for node in nodes if node.forest is not None]
