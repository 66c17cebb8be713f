"""Decision trees as arrays: a million nodes are a dozen columns and no objects."""

from __future__ import annotations

from archviz.ir.forest.columns import Condition, Forest, Missing

__all__ = ["Condition", "Forest", "Missing"]
