"""What both of CatBoost's formats say of a model."""

from __future__ import annotations

from collections import Counter
from typing import Any

from archviz.records import field, mutable


@mutable
class Split:
    """A test that trees refer to by its number.

    Attributes:
        feature: The feature's number among those of ``Stored.features``.
        border: Rows with a larger value go to the right.
        category: In place of a border, the position of the category that goes to the right.
    """

    feature: int
    border: float = 0.0
    category: int = -1


@mutable
class Stored:
    """A model before it becomes a Forest.

    Attributes:
        features: Names; those that CatBoost computes from others come last.
        kinds: "float" or "category" for each.
        missing: Where a missing value goes by feature: "AsIs", "AsTrue" or "AsFalse".
        splits: The tests.
        categories: Names of the categories of a feature, by position.
        dimension: Values of a leaf.
        depths: Of symmetric trees, how many splits each has; None for trees of the other kind.
        tests: For symmetric trees the splits of each; otherwise the split of each inner node.
        links: For other trees the children of each node, and the index of its values.
        values: float64 (leaves, dimension), tree by tree.
        weights: float64 (leaves,), or None.
        scale: What the sum is multiplied by.
        bias: What is then added to each value.
        params: The settings it was trained with.
        class_names: Labels.
        metadata: Facts for people.
        details: What tells computed features apart that have the same name, by their number.
    """

    features: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    missing: dict[int, str] = field(default_factory=dict)
    splits: list[Split] = field(default_factory=list)
    categories: dict[int, tuple[str, ...]] = field(default_factory=dict)
    dimension: int = 1
    depths: Any = None
    tests: Any = None
    links: Any = None
    values: Any = None
    weights: Any = None
    scale: float = 1.0
    bias: list[float] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    details: dict[int, str] = field(default_factory=dict)

    def feature(self, index: int, name: str, kind: str) -> None:
        """Notes a feature of the data by its number there.

        Raises:
            ValueError: The number is out of range.
        """
        if not 0 <= index < 1 << 20:
            raise ValueError("a feature has a number out of range")
        while len(self.features) <= index:
            self.features.append(f"x[{len(self.features)}]")
            self.kinds.append("")
        self.features[index] = name or str(index)
        self.kinds[index] = kind

    def computed(self, name: str, detail: str = "") -> int:
        """Adds a feature that CatBoost computes, and returns its number.

        CatBoost computes several that have the same name and another prior, which tells them
        apart.
        """
        self.features.append(name)
        self.details[len(self.features) - 1] = detail
        self.kinds.append("float")
        return len(self.features) - 1

    def names(self) -> list[str]:
        """What features are called, with the detail where their own name is not theirs alone."""
        times = Counter(self.features[number] for number in self.details)
        found = list(self.features)
        for number, detail in self.details.items():
            if detail and times[found[number]] > 1:
                found[number] += f", {detail}"
        return found


def ctr_detail(prior: float, target: int) -> str:
    """How statistics of a category differ that have the same name: "prior 0.5, target 1"."""
    return f"prior {prior:.4g}" + (f", target {target}" if target else "")


@mutable
class Links:
    """Trees that are not symmetric, node by node, each tree's root first.

    Attributes:
        starts: Where each tree begins; int64 (trees + 1,).
        left: Child of rows that do not exceed the border, -1 at leaves; counted from the root.
        right: The other child.
        test: Number of the split, -1 at leaves.
        leaf: Row of the values, -1 at splits.
    """

    starts: Any
    left: Any
    right: Any
    test: Any
    leaf: Any
