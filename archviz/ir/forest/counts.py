"""Forests that do not tell how many rows they were trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archviz.records import replace

if TYPE_CHECKING:
    from archviz.ir.forest import Forest


def without_counts(forest: Forest) -> Forest:
    """The forest without how many rows it was trained on, classes as shares of each node."""
    import numpy as np

    value, kind = forest.value, forest.value_kind
    if kind == "count":
        shape = (len(value), forest.targets, -1)
        total = value.reshape(shape).sum(-1, keepdims=True)
        value = (value.reshape(shape) / np.where(total > 0, total, 1.0)).reshape(value.shape)
        kind = "fraction"
    return replace(forest, samples=None, weight=None, value=value, value_kind=kind)
