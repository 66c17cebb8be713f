"""The nodes of a YDF model as columns of a Forest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archviz.importers.ydf.messages import (
    DISCRETIZED,
    Column,
    content,
    double,
    floats,
    parsed,
    single,
    whole,
    wholes,
)
from archviz.ir import Condition
from archviz.reading import MalformedError

NAN = float("nan")
_CONDITIONS = {
    1: Condition.MISSING,
    2: Condition.GE,
    3: Condition.TRUE,
    4: Condition.IN,
    5: Condition.IN,
    6: Condition.GE,
    7: Condition.OBLIQUE,
}


class Rows:
    """The nodes of all trees, put into columns one by one.

    Nodes are stored in preorder, of two children the one that does not meet the condition first.

    Args:
        columns: Of the training data.
        features: The place of a column among the features, by its index.
        width: Values of a node.
    """

    def __init__(self, columns: list[Column], features: dict[int, int], width: int) -> None:
        self.columns, self.features, self.width = columns, features, width
        self.starts = [0]
        self.yes: list[int] = []
        self.no: list[int] = []
        self.condition: list[int] = []
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.missing: list[int] = []
        self.samples: list[float] = []
        self.weight: list[float] = []
        self.gain: list[float] = []
        self.values: list[list[float]] = []
        self.categories: list[list[int]] = []
        self.oblique: list[list[tuple[int, float]]] = []
        self.replaces_missing = False
        self.unknown = 0
        self._open: list[tuple[int, bool, float]] = []

    def add(self, messages: Iterable[bytes]) -> None:
        """Adds nodes in the order of the shards."""
        for message in messages:
            self._add(parsed(message))

    def finish(self) -> None:
        """Checks that the last tree is whole.

        Raises:
            MalformedError: It is not.
        """
        if self._open:
            raise MalformedError("the last tree is not whole", "copy all shards of its nodes")

    def _add(self, message: dict[int, list[Any]]) -> None:
        node = len(self.yes) - self.starts[-1]
        samples = NAN
        if self._open:
            parent, is_yes, samples = self._open.pop()
            (self.yes if is_yes else self.no)[self.starts[-1] + parent] = node
        self.values.append(self._value(message))
        for column in (self.yes, self.no, self.feature):
            column.append(-1)
        for numbers in (self.threshold, self.gain, self.weight):
            numbers.append(NAN)
        self.condition.append(int(Condition.LEAF))
        self.missing.append(-1)
        self.categories.append([])
        self.oblique.append([])
        self.samples.append(samples)
        self.weight[-1] = self._leaf_weight(message)
        if 3 in message:
            self._split(message, parsed(content(message, 3)), node)
        elif 6 in message:
            self.samples[-1] = float(whole(parsed(content(message, 6)), 1))
        if not self._open:
            self.starts.append(len(self.yes))

    def _split(self, message: dict[int, list[Any]], split: dict[int, list[Any]], node: int) -> None:
        test = parsed(content(split, 3))
        kind = next((number for number in test if number in _CONDITIONS), 0)
        if not kind:
            self.unknown += 1
            kind = 3
        column = whole(split, 2)
        inner = parsed(content(test, kind)) if kind in test else {}
        self.condition[-1] = int(_CONDITIONS[kind])
        if kind != 7:
            self.feature[-1] = self._feature(column)
        self.missing[-1] = int(whole(split, 1) > 0)
        if kind == 2:
            self.threshold[-1] = single(inner, 1)
        elif kind == 6:
            self.threshold[-1] = self._boundary(column, whole(inner, 1))
        elif kind == 4:
            self.categories[-1] = wholes(inner, 1)
        elif kind == 5:
            self.categories[-1] = _bits(content(inner, 1))
        elif kind == 7:
            weights = floats(inner, 2)
            places = [self._feature(index) for index in wholes(inner, 1)]
            self.oblique[-1] = list(zip(places, weights, strict=True))
            self.threshold[-1] = single(inner, 3)
            self.replaces_missing |= bool(floats(inner, 4))
        total = float(whole(split, 4)) if 4 in split else self.samples[-1]
        positive = whole(split, 7) if 7 in split else whole(message, 4, -1)
        self.samples[-1] = total
        self.weight[-1] = double(split, 5, NAN)
        self.gain[-1] = single(split, 6)
        passed = float(positive) if positive >= 0 else NAN
        self._open.append((node, True, passed))
        self._open.append((node, False, total - passed))

    def _feature(self, column: int) -> int:
        if column not in self.features:
            raise MalformedError("a split tests a column that is no feature")
        return self.features[column]

    def _boundary(self, column: int, threshold: int) -> float:
        known = self.columns[column] if 0 <= column < len(self.columns) else None
        if known is None or known.type != DISCRETIZED or threshold > len(known.boundaries):
            raise MalformedError("a split tests a bin that is not there")
        return known.boundaries[threshold - 1] if threshold >= 1 else float("-inf")

    def _value(self, message: dict[int, list[Any]]) -> list[float]:
        if 1 in message:
            output = parsed(content(message, 1))
            counts = floats(parsed(content(output, 2)), 1, "d")
            if counts:
                own = counts[1 : self.width + 1]
                return own + [0.0] * (self.width - len(own))
            top = whole(output, 1) - 1
            return [float(index == top) for index in range(self.width)]
        if 2 in message:
            return [single(parsed(content(message, 2)), 1)]
        if 5 in message:
            return (floats(parsed(content(message, 5)), 4) + [NAN] * self.width)[: self.width]
        return [NAN] * self.width

    def _leaf_weight(self, message: dict[int, list[Any]]) -> float:
        if 1 in message:
            distribution = parsed(content(parsed(content(message, 1)), 2))
            return double(distribution, 2, NAN)
        if 2 in message:
            output = parsed(content(message, 2))
            counted = double(parsed(content(output, 2)), 3, NAN)
            return double(output, 5, counted)
        return NAN


def _bits(data: bytes) -> list[int]:
    """The numbers of the bits that are set, the lowest of the first byte being 0."""
    return [
        8 * place + bit
        for place, byte in enumerate(data)
        if byte
        for bit in range(8)
        if byte >> bit & 1
    ]
