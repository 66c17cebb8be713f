"""What nodes say: their tests, their numbers, what they hide."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.ir.forest import Condition, Forest
from archviz.text import fit, printable
from archviz.views.tree.fills import Fills
from archviz.views.tree.numbers import DIGITS, count, distinct, number, percent, signed
from archviz.views.tree.part import Part

CRITERIA = {
    "squared_error": "MSE",
    "friedman_mse": "MSE",
    "mse": "MSE",
    "absolute_error": "MAE",
    "mae": "MAE",
    "log_loss": "entropy",
}
"""Short names of criteria that libraries name at length."""

NAME_WIDTH = 190.0
"""Pixels that a name may take at most."""

LISTED = 4
"""Categories and terms that a card lists before it counts the others."""


def conditions(part: Part, size: float, digits: int = 0) -> list[str]:
    """The test of each node shown, as one line; "" for leaves."""
    forest = part.forest
    rows = list(part.rows)
    features = forest.feature[rows].tolist()
    thresholds = forest.threshold[rows].tolist()
    kinds = [Condition(kind) for kind in forest.condition[rows].tolist()]
    places: dict[int, list[int]] = {}
    for index, (feature, kind) in enumerate(zip(features, kinds, strict=True)):
        if kind.symbol and kind not in (Condition.IN, Condition.NOT_IN):
            places.setdefault(feature, []).append(index)
    texts = [""] * len(rows)
    for indices in places.values():
        values = [thresholds[index] for index in indices]
        shown = [number(v, digits) for v in values] if digits else distinct(values, DIGITS)
        for index, text in zip(indices, shown, strict=True):
            texts[index] = text
    return [
        _condition(forest, row, kind, feature, text, size)
        for row, kind, feature, text in zip(rows, kinds, features, texts, strict=True)
    ]


def _condition(
    forest: Forest, row: int, kind: Condition, feature: int, threshold: str, size: float
) -> str:
    if kind is Condition.LEAF:
        return ""
    if kind is Condition.OBLIQUE:
        return f"{_terms(forest, row, size)} ≥ {threshold}"
    name = shown_name(forest.feature_name(feature), size)
    if kind is Condition.MISSING:
        return f"{name} is missing"
    if kind is Condition.TRUE:
        return f"{name} is true"
    if kind in (Condition.IN, Condition.NOT_IN):
        listed = [forest.category_name(feature, item) for item in forest.categories_of(row)]
        return f"{name} {_membership(listed, kind is Condition.IN, size)}"
    return f"{name} {kind.symbol} {threshold}"


def shown_name(name: str, size: float) -> str:
    """A name of the model on one line, shortened in its middle when it is long."""
    return fit(printable(name) or "?", size, NAME_WIDTH)


def _membership(names: Sequence[str], is_in: bool, size: float) -> str:
    if len(names) == 1:
        return f"{'is' if is_in else 'is not'} {shown_name(names[0], size)}"
    listed = [fit(printable(name) or "?", size, 60.0) for name in names[:LISTED]]
    more = [f"+{len(names) - LISTED}"] if len(names) > LISTED else []
    return f"{'in' if is_in else 'not in'} {{{', '.join([*listed, *more])}}}"


def _terms(forest: Forest, row: int, size: float) -> str:
    if (
        forest.oblique_starts is None
        or forest.oblique_features is None
        or forest.oblique_weights is None
    ):
        return "?"
    part = slice(int(forest.oblique_starts[row]), int(forest.oblique_starts[row + 1]))
    features = forest.oblique_features[part].tolist()
    weights = forest.oblique_weights[part].tolist()
    texts: list[str] = []
    for feature, weight in list(zip(features, weights, strict=True))[:2]:
        name = fit(printable(forest.feature_name(feature)), size, 80.0)
        sign = "− " if weight < 0 else "+ " if texts else ""
        texts.append(f"{sign}{number(abs(weight), 3)}·{name}")
    more = f" + {len(features) - 2} more" if len(features) > 2 else ""
    return " ".join(texts) + more


def prediction(fills: Fills, values: Sequence[float], digits: int = DIGITS) -> str:
    """What a node answers: a class, a value or a score."""
    if fills.kind == "class":
        parts = fills.fractions(values)
        if not parts:
            return "?"
        return printable(fills.class_name(parts.index(max(parts))), 40)
    own = fills.own(values)
    if fills.kind == "score" and len(own) > 1:
        best = max(range(len(own)), key=own.__getitem__)
        return f"{printable(fills.class_name(best), 30)} {signed(own[best], digits)}"
    return signed(own[0], digits) if fills.kind == "score" else number(own[0], digits)


def certainty(fills: Fills, values: Sequence[float]) -> str:
    """The share of the class that a node answers with; "" without classes."""
    parts = fills.fractions(values) if fills.kind == "class" else []
    return percent(max(parts)) if parts else ""


def value_list(fills: Fills, values: Sequence[float], weight: float | None, kind: str) -> str:
    """All values of a node in brackets, as rows where fractions can be turned into them."""
    own = list(fills.own(values))
    if kind == "fraction" and weight is not None:
        own = [value * weight for value in own]
        own = [round(value) if abs(value - round(value)) < 1e-6 else value for value in own]
    digits = 3 if fills.kind == "class" else DIGITS
    return f"[{', '.join(number(value, digits) for value in own)}]"


def rows_text(part: Part, samples: float | None, weight: float | None) -> str:
    """How many rows came to a node, or their weight when that alone is known."""
    if samples is not None and samples == samples:
        return f"n {count(samples)}"
    if weight is not None and weight == weight:
        return f"weight {number(weight)}"
    return ""


def criterion(forest: Forest) -> str:
    """What a forest's impurity is called on cards."""
    return CRITERIA.get(forest.criterion, forest.criterion or "impurity")


def hidden_text(nodes: int, leaves: int) -> str:
    """What a stub stands for."""
    return f"… {nodes - 1:,} more nodes, {leaves:,} leaves"
