"""What colours mean: a class and how pure it is, a predicted value, or a score around zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archviz.ir.forest import Forest
from archviz.records import record
from archviz.theme import SHADES, STEPS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CLASS_COLORS = 20
"""Colours of classes that themes have; later classes take them again."""

UNKNOWN = "card"
"""The fill of a node that the source says no value of."""


@record
class Fills:
    """How the values of a forest's nodes become colours.

    Attributes:
        kind: "class", "value" or "score".
        classes: Names of the classes of the target shown.
        low: The least value shown, for "value" and "score".
        high: The greatest.
        first: Where the target's values begin in a node's row.
        width: How many values it has there.
        name: What the values are of: the target, "score".
    """

    kind: str
    classes: tuple[str, ...]
    low: float
    high: float
    first: int
    width: int
    name: str

    def fractions(self, values: Sequence[float]) -> list[float]:
        """The share of each class in a node's values; empty when they have none."""
        own = values[self.first : self.first + self.width]
        if min(own) < 0.0:
            own = [max(value, 0.0) for value in own]
        total = sum(own)
        return [value / total for value in own] if 0 < total < float("inf") else []

    def own(self, values: Sequence[float]) -> Sequence[float]:
        """The values of the target shown."""
        return values[self.first : self.first + self.width]

    def class_name(self, index: int) -> str:
        """What a class is called."""
        return self.classes[index] if index < len(self.classes) else str(index)

    def fill(self, values: Sequence[float]) -> str:
        """The colour of a node with these values."""
        if self.kind == "class":
            parts = self.fractions(values)
            return mixed(parts) if parts else UNKNOWN
        own = self.own(values)
        if any(value != value for value in own):
            return UNKNOWN
        if len(own) > 1 and self.kind == "score":
            return self._strongest(own)
        return self.on_scale(own[0])

    def on_scale(self, value: float) -> str:
        """The colour of a single value."""
        if value != value:
            return UNKNOWN
        if self.kind == "score":
            most = max(-self.low, self.high) or 1.0
            step = min(round(abs(value) / most * (STEPS - 1)), STEPS - 1)
            return f"{'below' if value < 0 else 'above'}-{step}"
        span = self.high - self.low
        part = (value - self.low) / span if span > 0 else 0.5
        return f"value-{min(max(round(part * (STEPS - 1)), 0), STEPS - 1)}"

    def _strongest(self, own: Sequence[float]) -> str:
        """Vector leaves: the class with the greatest score, paler when it hardly leads."""
        best = max(range(len(own)), key=own.__getitem__)
        rest = max(value for index, value in enumerate(own) if index != best)
        most = (self.high - self.low) or 1.0
        return shade(best, min((own[best] - rest) / most, 1.0))


def shade(index: int, purity: float) -> str:
    """The colour of a class, paler the less pure it is."""
    return f"class-{index % CLASS_COLORS}-{1 + round(purity * (SHADES - 1))}"


def full(index: int) -> str:
    """The colour of a class itself."""
    return f"class-{index % CLASS_COLORS}"


def mixed(parts: Sequence[float]) -> str:
    """The colour of a node whose classes have these shares."""
    most = max(parts)
    even = 1 / len(parts)
    purity = (most - even) / (1 - even) if len(parts) > 1 else 1.0
    return shade(parts.index(most), max(purity, 0.0))


def fills_of(forest: Forest, target: int = 0, tree: int | None = None) -> Fills:
    """What colours mean in pictures of ``forest``.

    A tree of boosting may hold the mean answer besides its own scores, as LightGBM's first does:
    it does not stretch the scale of the others, and has one of its own in a picture of it alone.

    Args:
        forest: Any.
        target: Which of its targets.
        tree: The only tree in the picture; None for several.
    """
    width = forest.width // max(forest.targets, 1)
    import numpy as np

    first = target * width
    classes = forest.class_names[target] if target < len(forest.class_names) else ()
    name = forest.target_names[target] if target < len(forest.target_names) else ""
    if forest.value_kind in ("count", "fraction") and width > 1:
        return Fills("class", classes, 0.0, 1.0, first, width, name)
    values, counted = forest.value[:, first : first + width], forest.is_leaf
    if forest.value_kind != "score":
        return Fills("value", classes, *_range(values[counted]), first, width, name)
    if width == 1:
        is_far = far_from_zero(forest, values[:, 0])
        if tree is not None and is_far[tree]:
            rows = forest.rows(tree)
            own = values[rows][counted[rows]]
            return Fills("value", classes, *_range(own), first, width, name or "score")
        if not is_far.all():
            counted = counted & ~np.repeat(is_far, np.diff(forest.starts))
    return Fills("score", classes, *_range(values[counted]), first, width, name)


def far_from_zero(forest: Forest, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """For each tree whether its leaves are farther from zero than from one another."""
    import numpy as np

    starts = forest.starts[:-1]
    known = forest.is_leaf & np.isfinite(values)
    low = np.minimum.reduceat(np.where(known, values, np.inf), starts)
    high = np.maximum.reduceat(np.where(known, values, -np.inf), starts)
    return (high > low) & (np.maximum(low, -high) > high - low)


def _range(leaves: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The least and the greatest answer of a leaf, freaks at either end left out."""
    import numpy as np

    leaves = leaves[np.isfinite(leaves)]
    if not leaves.size:
        return 0.0, 0.0
    if leaves.size > 2000:
        low, high = np.quantile(leaves, (0.002, 0.998)).tolist()
    else:
        low, high = float(leaves.min()), float(leaves.max())
    return float(low), float(high)


def node_colors(fills: Fills, values: npt.NDArray[np.float64]) -> list[str]:
    """The colour of each row of ``values``, for many nodes at once."""
    import numpy as np

    own: Any = values[:, fills.first : fills.first + fills.width]
    if fills.kind == "score" and fills.width > 1:
        return [fills.fill(row) for row in values.tolist()]
    if fills.kind == "class":
        own = np.maximum(np.nan_to_num(own), 0.0)
        total = own.sum(1)
        known = total > 0
        most = own.max(1) / np.where(known, total, 1.0)
        even = 1 / fills.width
        purity = np.clip((most - even) / (1 - even), 0.0, 1.0)
        level = (1 + np.round(purity * (SHADES - 1))).astype(int).tolist()
        index = (own.argmax(1) % CLASS_COLORS).tolist()
        pairs = zip(index, level, known.tolist(), strict=True)
        return [f"class-{k}-{n}" if is_known else UNKNOWN for k, n, is_known in pairs]
    return [fills.on_scale(value) for value in own[:, 0].tolist()]
