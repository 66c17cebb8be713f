"""TreeModels as columns of a Forest.

A node of PMML has any number of children, each with a predicate of its own; the first whose
predicate is true is taken. Nodes of two children that are each other's opposite are one split;
others become a chain of splits, the last of which leads to what the node itself would answer.
"""

from __future__ import annotations

import shlex
from typing import NamedTuple

from archviz.importers.pmml.document import Element
from archviz.ir import Condition
from archviz.reading.names import clean
from archviz.records import field, mutable

NAN = float("nan")
_PREDICATES = (
    "SimplePredicate",
    "SimpleSetPredicate",
    "CompoundPredicate",
    "True",
    "False",
)
_NUMERIC = {
    "lessThan": Condition.LT,
    "lessOrEqual": Condition.LE,
    "greaterThan": Condition.GT,
    "greaterOrEqual": Condition.GE,
    "equal": Condition.EQ,
    "notEqual": Condition.NE,
}
_OPPOSITE = {
    Condition.LT: Condition.GE,
    Condition.GE: Condition.LT,
    Condition.LE: Condition.GT,
    Condition.GT: Condition.LE,
    Condition.EQ: Condition.NE,
    Condition.NE: Condition.EQ,
    Condition.IN: Condition.NOT_IN,
    Condition.NOT_IN: Condition.IN,
}
MAX_CATEGORIES = 1 << 20


class Test(NamedTuple):
    """A predicate that a split can ask.

    Attributes:
        condition: What it asks.
        feature: Index of the feature.
        threshold: What a number is compared with.
        categories: What a category is looked for in.
        missing: Where a missing value goes: 1 to yes, 0 to no.
        is_swapped: Whether the outcome is the opposite of the predicate's.
    """

    condition: Condition
    feature: int
    threshold: float
    categories: tuple[int, ...]
    missing: int
    is_swapped: bool = False


@mutable
class Fields:
    """The features of a model, found as predicates name them.

    Attributes:
        names: Of the features, in order.
        types: "float", "int", "category", "bool" or "", by feature.
        categories: Values of a feature by their text, by feature.
        aliases: What a derived field stands for that only converts another.
        is_single: Whether a field has numbers of 32 bits, by name.
    """

    names: dict[str, int] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)
    categories: dict[int, dict[str, int]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    is_single: dict[str, bool] = field(default_factory=dict)
    tested: dict[str, None] = field(default_factory=dict)

    def add(self, name: str, kind: str) -> int:
        """A feature of that name, made when it is new."""
        if name not in self.names:
            self.names[name] = len(self.types)
            self.types.append(kind)
        return self.names[name]

    def find(self, name: str) -> int:
        """The feature that a predicate tests."""
        self.tested[name] = None
        for _ in range(16):
            if name not in self.aliases:
                break
            name = self.aliases[name]
        return self.add(name, "")

    def category(self, feature: int, value: str) -> int:
        """The number of a category."""
        known = self.categories.setdefault(feature, {})
        if len(known) >= MAX_CATEGORIES:
            raise ValueError("a feature has too many categories")
        return known.setdefault(value, len(known))


class Rows:
    """The nodes of all trees, put into columns one by one.

    Args:
        fields: The features.
        classes: Names of the classes; none for regression.
    """

    def __init__(self, fields: Fields, classes: dict[str, int]) -> None:
        self.fields, self.classes = fields, classes
        self.starts = [0]
        self.yes: list[int] = []
        self.no: list[int] = []
        self.condition: list[int] = []
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.missing: list[int] = []
        self.samples: list[float] = []
        self.values: list[dict[int, float]] = []
        self.categories: list[tuple[int, ...]] = []
        self.guesses = 0

    def add(self, model: Element) -> None:
        """Adds a TreeModel.

        Raises:
            ValueError: It has no node, or a predicate that no split can ask.
        """
        root = model.first("Node")
        if root is None:
            raise ValueError("a tree has no node")
        strategy = model.get("missingValueStrategy", "none")
        returns_last = model.get("noTrueChildStrategy") == "returnLastPrediction"
        self._leaf(root, None)
        stack = [(root, 0, self._value(root, None))]
        while stack:
            node, place, value = stack.pop()
            children = [child for child in node.children if child.tag == "Node"]
            self._children(node, children, place, value, strategy, returns_last, stack)
        self.starts.append(len(self.yes))

    def _children(
        self,
        node: Element,
        children: list[Element],
        place: int,
        value: dict[int, float],
        strategy: str,
        returns_last: bool,
        stack: list[tuple[Element, int, dict[int, float]]],
    ) -> None:
        start = self.starts[-1]
        default = node.get("defaultChild") if strategy == "defaultChild" else ""
        for index, child in enumerate(children):
            predicate = _predicate(child)
            rest = children[index + 1 :]
            if predicate.tag == "True":
                self._fill(start + place, child, value)
                stack.append((child, place, self._value(child, value)))
                return
            test = self._test(predicate)
            missing = test.missing
            ends = False
            if len(rest) == 1:
                after = _predicate(rest[0])
                ends = after.tag == "True" or self._is_opposite(test, after)
            if default:
                missing = int(child.get("id") == default)
            elif ends and missing == 0 and _predicate(rest[0]).tag != "True":
                # Both predicates fail: which child takes a missing value is not told.
                missing = -1
            other = rest[0] if ends else None
            yes = self._leaf(child, value)
            if other is not None:
                no = self._leaf(other, value)
            else:
                no = self._row(value if returns_last or rest else {}, NAN)
            pair = (no, yes) if test.is_swapped else (yes, no)
            self._split(start + place, test, pair, missing)
            stack.append((child, yes, self._value(child, value)))
            if other is not None:
                stack.append((other, no, self._value(other, value)))
                return
            place = no

    def _is_opposite(self, test: Test, predicate: Element) -> bool:
        if predicate.tag not in ("SimplePredicate", "SimpleSetPredicate", "CompoundPredicate"):
            return False
        other = self._test(predicate)
        if test.condition is Condition.MISSING or other.condition is Condition.MISSING:
            return test._replace(is_swapped=not test.is_swapped) == other
        return (
            _OPPOSITE.get(test.condition) is other.condition
            and (test.feature, test.categories) == (other.feature, other.categories)
            and test.threshold == other.threshold
        )

    def _row(self, value: dict[int, float], samples: float) -> int:
        self.yes.append(-1)
        self.no.append(-1)
        self.condition.append(int(Condition.LEAF))
        self.feature.append(-1)
        self.threshold.append(0.0)
        self.missing.append(-1)
        self.samples.append(samples)
        self.values.append(value)
        self.categories.append(())
        return len(self.yes) - 1 - self.starts[-1]

    def _leaf(self, node: Element, around: dict[int, float] | None) -> int:
        return self._row(self._value(node, around), node.number("recordCount", NAN))

    def _fill(self, row: int, node: Element, around: dict[int, float]) -> None:
        """A node whose predicate is always true stands in its parent's place."""
        self.values[row] = self._value(node, around)
        self.samples[row] = node.number("recordCount", self.samples[row])

    def _split(self, row: int, test: Test, pair: tuple[int, int], missing: int) -> None:
        self.yes[row], self.no[row] = pair
        self.condition[row] = int(test.condition)
        self.feature[row] = test.feature
        self.threshold[row] = test.threshold
        self.missing[row] = -1 if test.condition is Condition.MISSING else missing
        self.categories[row] = test.categories

    def _value(self, node: Element, around: dict[int, float] | None) -> dict[int, float]:
        """A node's answer by output; its parent's when it says none."""
        score = node.get("score")
        if not self.classes:
            return {0: float(score)} if score else dict(around or {})
        found: dict[int, float] = {}
        for item in node.all("ScoreDistribution"):
            name = item.get("value")
            if name in self.classes:
                share = item.get("probability") or item.get("recordCount") or "0"
                found[self.classes[name]] = float(share)
        if any(found.values()):
            return found
        if score:
            return {self.classes[score]: 1.0} if score in self.classes else {}
        return dict(around or {})

    def _test(self, predicate: Element) -> Test:
        """The test of a predicate.

        Raises:
            ValueError: No split can ask it.
        """
        if predicate.tag == "SimplePredicate":
            return self._simple(predicate)
        if predicate.tag == "SimpleSetPredicate":
            feature = self.fields.find(predicate.get("field"))
            array = predicate.first("Array")
            listed = _array(array.text if array is not None else "")
            numbers = tuple(sorted(self.fields.category(feature, value) for value in listed))
            condition = Condition.IN
            if predicate.get("booleanOperator") == "isNotIn":
                condition = Condition.NOT_IN
            return Test(condition, feature, 0.0, numbers, 0)
        if predicate.tag == "CompoundPredicate":
            return self._compound(predicate)
        raise ValueError(f"a node asks {clean(predicate.tag)!r:.40}, which no split can")

    def _simple(self, predicate: Element) -> Test:
        feature = self.fields.find(predicate.get("field"))
        operator, value = predicate.get("operator"), predicate.get("value")
        if operator in ("isMissing", "isNotMissing"):
            swapped = operator == "isNotMissing"
            return Test(Condition.MISSING, feature, 0.0, (), -1, swapped)
        if operator not in _NUMERIC:
            raise ValueError(f"a node asks for {clean(operator)!r:.40}, which no split can")
        condition = _NUMERIC[operator]
        is_named = feature in self.fields.categories or not _is_number(value)
        if condition in (Condition.EQ, Condition.NE) and is_named:
            listed = (self.fields.category(feature, value),)
            kind = Condition.IN if condition is Condition.EQ else Condition.NOT_IN
            return Test(kind, feature, 0.0, listed, 0)
        return Test(condition, feature, float(value), (), 0)

    def _compound(self, predicate: Element) -> Test:
        """A test that also says where a missing value goes; the first of surrogates."""
        operator = predicate.get("booleanOperator")
        parts = [child for child in predicate.children if child.tag in _PREDICATES]
        if operator == "surrogate" and parts:
            self.guesses += 1
            return self._test(parts[0])
        tests = [self._test(part) for part in parts]
        asks = [test for test in tests if test.condition is not Condition.MISSING]
        gaps = [test for test in tests if test.condition is Condition.MISSING]
        if len(asks) == 1 and all(gap.feature == asks[0].feature for gap in gaps):
            if operator == "or" and not any(gap.is_swapped for gap in gaps):
                return asks[0]._replace(missing=int(bool(gaps)))
            if operator == "and" and all(gap.is_swapped for gap in gaps):
                return asks[0]
        raise ValueError(f"a node asks {len(parts)} things at once, which no split can")


def _predicate(node: Element) -> Element:
    found = node.first(*_PREDICATES)
    return found if found is not None else Element("True", {})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _array(text: str) -> list[str]:
    """The values of an Array: apart by spaces, those with spaces inside in quotes."""
    reader = shlex.shlex(text, posix=True)
    reader.whitespace_split = True
    reader.quotes = '"'
    reader.commenters = ""
    return list(reader)
