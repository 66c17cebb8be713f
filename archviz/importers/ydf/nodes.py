"""The nodes of a YDF model as columns of a Forest."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

from archviz.importers.ydf.batch import Batch, batches
from archviz.importers.ydf.messages import DISCRETIZED, Column
from archviz.ir import Condition
from archviz.reading import MalformedError

NAN = float("nan")
MISSING, HIGHER, TRUE, CONTAINS, BITMAP, DISCRETE, OBLIQUE = range(1, 8)
CONDITIONS = {
    MISSING: Condition.MISSING,
    HIGHER: Condition.GE,
    TRUE: Condition.TRUE,
    CONTAINS: Condition.IN,
    BITMAP: Condition.IN,
    DISCRETE: Condition.GE,
    OBLIQUE: Condition.OBLIQUE,
}
MAX_LISTED = 1 << 24
"""Categories, and terms of sums, of all nodes together."""
SMALLEST = 12
"""Bytes that a node takes on average in any file that is written, even a compressed one."""
ALWAYS = 500_000
"""Nodes that are read whatever they take."""


class Nodes:
    """The nodes of all trees, put into columns batch by batch.

    Nodes are stored in preorder, of two children the one that does not meet the condition first.

    Args:
        columns: Of the training data.
        features: The place of a column among the features, by its index.
        width: Values of a node.
        size: Bytes of the files.
    """

    def __init__(
        self, columns: list[Column], features: dict[int, int], width: int, size: int
    ) -> None:
        import numpy as np

        self.width, self.size = width, size
        self.replaces_missing = False
        self.unknown = self._count = self._bytes = self._listed = 0
        self._parts: dict[str, list[Any]] = {}
        self._places = np.full(len(columns) + 1, -1)
        for column, place in features.items():
            if 0 <= column < len(columns):
                self._places[column] = place
        bins = [c.boundaries if c.type == DISCRETIZED else () for c in columns]
        self._bins = np.array([0, *map(len, bins), 0])
        self._boundaries = np.array([value for item in bins for value in item] or [NAN])
        self._conditions = np.array([Condition.LEAF, *CONDITIONS.values()], np.uint8)

    def add(self, messages: Iterable[bytes]) -> None:
        """Adds nodes in the order of the shards.

        Raises:
            MalformedError: A node is none, or they are more than the files can hold.
        """
        for batch in batches(messages):
            self._count += len(batch.start)
            self._bytes += len(batch.data)
            if self._count > ALWAYS + self.size // SMALLEST:
                raise MalformedError(
                    f"a file of {self.size:,} bytes does not hold more than {self._count:,} nodes",
                    "copy the folder again",
                )
            if self._count * self.width > 8 * ALWAYS + self._bytes:
                raise MalformedError(
                    f"{self._count:,} nodes with values of {self.width:,} classes do not fit in "
                    f"{self._bytes:,} bytes",
                    "copy the folder again",
                )
            self._add(batch)

    def finish(self) -> dict[str, Any]:
        """The columns of the forest.

        Raises:
            MalformedError: The last tree is not whole.
        """
        import numpy as np

        if not self._parts:
            raise MalformedError("its trees have no nodes", "copy all shards of its nodes")
        found: dict[str, Any] = {}
        for name in list(self._parts):
            found[name] = np.concatenate(self._parts.pop(name))
        for name in ("category", "oblique"):
            counts = found.pop(f"{name}_counts")
            found[f"{name}_starts"] = np.concatenate([[0], np.cumsum(counts)])
        passed = found.pop("passed")
        found["starts"], yes, no = _children(found["condition"] != int(Condition.LEAF))
        found["samples"] = _samples(found["samples"], passed, yes, no)
        root = np.repeat(found["starts"][:-1].astype(np.int32), np.diff(found["starts"]))
        for name, child in (("yes", np.array(yes)), ("no", np.array(no))):
            found[name] = np.where(child < 0, -1, child - root)
        for names in (("category_starts", "categories"), ("oblique_starts", "oblique_features")):
            if not len(found[names[1]]):
                found |= dict.fromkeys(names)
        if found["oblique_features"] is None:
            found["oblique_weights"] = None
        for name in ("samples", "weight", "gain"):
            if np.isnan(found[name]).all():
                found[name] = None
        return found

    def _add(self, batch: Batch) -> None:
        import numpy as np

        node = batch.read((4,), (1, 2, 3, 5, 6))
        inner = node[3].stated
        split = node[3].read((1, 2, 4, 5, 6, 7), (3,))
        tests = split[3].read(contents=tuple(CONDITIONS))
        kind = np.zeros(len(inner), np.uint8)
        for number in reversed(CONDITIONS):
            kind[tests[number].stated] = number
        unknown = inner & (kind == 0)
        self.unknown += int(np.count_nonzero(unknown))
        kind[unknown] = TRUE
        column = split[2].wholes(0)
        drawn = node[6].read((1,))[1].wholes(0)
        passed = np.where(split[7].stated, split[7].wholes(0), node[4].wholes(-1))
        weight = np.where(inner, split[5].doubles(NAN), self._leaves(node))
        found = {
            "condition": self._conditions[kind],
            "feature": np.full(len(inner), -1),
            "threshold": self._thresholds(kind, column, tests),
            "missing": np.where(inner, split[1].wholes(0) > 0, -1),
            "samples": np.where(inner, split[4].wholes(-1), np.where(node[6].stated, drawn, -1)),
            "passed": np.where(passed < 0, NAN, passed),
            "weight": weight,
            "gain": np.where(inner, split[6].singles(0.0), NAN),
        }
        found["samples"] = np.where(found["samples"] < 0, NAN, found["samples"])
        tested = inner & (kind != OBLIQUE)
        found["feature"][tested] = self._features(column[tested])
        found |= self._categories(kind, tests) | self._sums(kind, tests)
        for name, values in found.items():
            self._parts.setdefault(name, []).append(values)

    def _features(self, columns: Any) -> Any:
        places = self._places[columns.clip(-1, len(self._places) - 1)]
        if (places < 0).any():
            raise MalformedError("a split tests a column that is no feature")
        return places

    def _thresholds(self, kind: Any, column: Any, tests: dict[int, Any]) -> Any:
        import numpy as np

        found = np.where(kind == HIGHER, tests[HIGHER].read((1,))[1].singles(0.0), NAN)
        found[kind == OBLIQUE] = tests[OBLIQUE].read((3,))[3].singles(0.0)[kind == OBLIQUE]
        discrete = kind == DISCRETE
        if discrete.any():
            column = column[discrete].clip(-1, len(self._bins) - 2)
            place = tests[DISCRETE].read((1,))[1].wholes(0)[discrete]
            if (place > self._bins[column + 1]).any():
                raise MalformedError("a split tests a bin that is not there")
            first = np.cumsum(self._bins)[column]
            value = self._boundaries[(first + place - 1).clip(0, len(self._boundaries) - 1)]
            found[discrete] = np.where(place >= 1, value, -np.inf)
        return found

    def _categories(self, kind: Any, tests: dict[int, Any]) -> dict[str, Any]:
        import numpy as np

        listed = tests[CONTAINS].read(contents=(1,))[1].only(kind == CONTAINS)
        mapped = tests[BITMAP].read(contents=(1,))[1].only(kind == BITMAP)
        counts, categories = listed.wholes(MAX_LISTED - self._listed)
        others, bits = mapped.bits(MAX_LISTED - self._listed)
        if len(categories) and len(bits):
            rows = np.concatenate([_rows(counts), _rows(others)])
            categories = np.concatenate([categories, bits])[np.argsort(rows, kind="stable")]
        elif len(bits):
            categories = bits
        self._listed += len(categories)
        return {"category_counts": counts + others, "categories": categories}

    def _sums(self, kind: Any, tests: dict[int, Any]) -> dict[str, Any]:
        inner = tests[OBLIQUE].only(kind == OBLIQUE).read(contents=(1, 2, 4))
        counts, columns = inner[1].wholes(MAX_LISTED - self._listed)
        weighted, weights = inner[2].floats("f")
        if (counts != weighted).any():
            raise MalformedError("a sum of features has not a weight for each")
        self._listed += len(columns)
        self.replaces_missing |= bool((inner[4].start < inner[4].end).any())
        return {
            "oblique_counts": counts,
            "oblique_features": self._features(columns),
            "oblique_weights": weights,
        }

    def _leaves(self, node: dict[int, Any]) -> Any:
        """Keeps the values of the nodes; their weights, as far as an answer states them."""
        import numpy as np

        classes = node[1].read((1,), (2,))
        classes_of = classes[2].read((2,), (1,))
        numbers = node[2].read((1, 5), (2,))
        value = np.full((len(node[1].stated), self.width), NAN)
        counts, distributed = classes_of[1].floats("d")
        voted = node[1].stated & (counts == 0)
        value[node[1].stated] = 0.0
        top = classes[1].wholes(0) - 1
        voted &= (top >= 0) & (top < self.width)
        value[np.flatnonzero(voted), top[voted]] = 1.0
        _fill(value, counts, distributed, first=1)
        single = node[2].stated & ~node[1].stated
        if self.width > 1 and single.any():
            raise MalformedError("a node answers with a number, though the model names classes")
        value[single, 0] = numbers[1].singles(0.0)[single]
        lifted = node[5].only(~node[1].stated & ~single).read(contents=(4,))[4]
        lifts, effects = lifted.floats("f")
        _fill(value, lifts, effects, first=0)
        self._parts.setdefault("value", []).append(value)
        counted = numbers[2].read((3,))[3].doubles(NAN)
        summed = np.where(numbers[5].stated, numbers[5].doubles(NAN), counted)
        return np.where(node[1].stated, classes_of[2].doubles(NAN), summed)


def _rows(counts: Any) -> Any:
    import numpy as np

    return np.repeat(np.arange(len(counts)), counts)


def _fill(value: Any, counts: Any, numbers: Any, first: int) -> None:
    """Puts each row's list of numbers into it, the one at ``first`` in its first column."""
    import numpy as np

    rows = _rows(counts)
    column = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) - first
    fits = (column >= 0) & (column < value.shape[1])
    value[rows[fits], column[fits]] = numbers[fits]


def _children(inner: Any) -> tuple[Any, Any, Any]:
    """Where trees start, and of each node in preorder the ``yes`` child and the other."""
    import numpy as np

    yes = array("i", [-1]) * len(inner)
    no = yes[:]
    starts = array("q", [0])
    waiting: list[int] = []
    for node, splits in enumerate(inner.tolist()):
        if waiting:
            parent = waiting.pop()
            if parent < 0:
                yes[~parent] = node
            else:
                no[parent] = node
        if splits:
            waiting += (~node, node)
        elif not waiting:
            starts.append(node + 1)
    if waiting:
        raise MalformedError("the last tree is not whole", "copy all shards of its nodes")
    return np.array(starts), yes, no


def _samples(stated: Any, passed: Any, yes: Any, no: Any) -> Any:
    """The training rows of each node, from those that its parent passed on if need be."""
    import numpy as np

    samples, through = array("d", stated.tobytes()), array("d", passed.tobytes())
    for node in np.flatnonzero(np.array(yes) >= 0).tolist():
        left, right = yes[node], no[node]
        if samples[left] != samples[left]:
            samples[left] = through[node]
        if samples[right] != samples[right]:
            samples[right] = samples[node] - through[node]
    return np.array(samples)
