"""CatBoost's cbm form: a magic number, a length, a FlatBuffer, and tables of encodings."""

from __future__ import annotations

import json
from typing import Any

from archviz.importers.catboost.stored import Links, Split, Stored, ctr_detail
from archviz.reading.flatbuffers import Table

_CTRS = (
    "Borders",
    "Buckets",
    "BinarizedTargetMeanValue",
    "FloatTargetMeanValue",
    "Counter",
    "FeatureFreq",
)
_TREATMENTS = ("AsIs", "AsFalse", "AsTrue")


def parse(data: bytes) -> Stored:
    """The model in the file.

    Raises:
        MalformedError: It refers to what is outside of it.
        ValueError: Parts do not fit one another.
    """
    import numpy as np

    length = int.from_bytes(data[4:8], "little")
    if length > len(data) - 8:
        raise ValueError("it is cut short")
    core = Table.root(data[8 : 8 + length])
    trees = core.table(1)
    if trees is None:
        raise ValueError("it has no trees")
    stored = Stored(dimension=trees.scalar(0, "int32", 0) or 1)
    _read_features(stored, trees)
    stored.scale = trees.scalar(14, "float64", 1.0)
    several = trees.array(16, "<f8").tolist()
    stored.bias = several or [trees.scalar(15, "float64", 0.0)]
    values = trees.array(8, "<f8")
    if stored.dimension < 1 or len(values) % stored.dimension:
        raise ValueError("its leaves have values of several lengths")
    stored.values = values.reshape(-1, stored.dimension)
    weights = trees.array(9, "<f8")
    stored.weights = weights if len(weights) == len(stored.values) else None
    sizes = trees.array(2, "<i4").astype(np.int64)
    steps = trees.array(10, "<u4")
    stored.tests = trees.array(1, "<i4")
    if len(steps):
        stored.links = _links(sizes, steps, trees.array(11, "<u4"), stored)
    else:
        stored.depths = sizes
    _read_info(stored, core)
    return stored


def _read_features(stored: Stored, trees: Table) -> None:
    floats, categorical = trees.tables(5), trees.tables(4)
    for item in floats:
        flat = item.scalar(2, "int32", -1)
        stored.feature(flat, item.text(4), "float")
        treatment = item.scalar(5, "int8", 0)
        if item.scalar(0, "bool", False) and 0 <= treatment < 3:
            stored.missing[flat] = _TREATMENTS[treatment]
    flat_of: dict[int, int] = {}
    for item in categorical:
        flat = item.scalar(1, "int32", -1)
        stored.feature(flat, item.text(2), "category")
        flat_of[item.scalar(0, "int32", -1)] = flat
    for item in floats:
        flat = item.scalar(2, "int32", -1)
        stored.splits += [Split(flat, border) for border in item.array(3, "<f4").tolist()]
    for item in trees.tables(13):
        number = stored.computed(f"estimated {item.scalar(0, 'int32', 0)}")
        stored.splits += [Split(number, border) for border in item.array(3, "<f4").tolist()]
    for item in trees.tables(6):
        flat = flat_of[item.scalar(0, "int32", -1)]
        hashes, names = item.array(1, "<i4").tolist(), item.texts(2)
        shown = (
            names if len(names) == len(hashes) else [f"#{value & 0xFFFFFFFF}" for value in hashes]
        )
        stored.categories[flat] = tuple(shown)
        stored.splits += [Split(flat, category=place) for place in range(len(hashes))]
    for item in trees.tables(7):
        ctr = item.table(0)
        number = stored.computed(_ctr_name(stored, ctr, flat_of), _ctr_detail(ctr))
        stored.splits += [Split(number, border) for border in item.array(1, "<f4").tolist()]


def _ctr_name(stored: Stored, ctr: Table | None, flat_of: dict[int, int]) -> str:
    base = ctr.table(0) if ctr else None
    combination = base.table(0) if base else None
    if base is None or combination is None:
        return "ctr"
    kind = base.scalar(1, "int8", 0)
    features = combination.array(0, "<i4").tolist()
    names = [stored.features[flat_of[index]] for index in features if index in flat_of]
    title = _CTRS[kind] if 0 <= kind < len(_CTRS) else "ctr"
    return f"{title}({', '.join(names)})"


def _ctr_detail(ctr: Table | None) -> str:
    if ctr is None:
        return ""
    scale = ctr.scalar(3, "float32", 1.0) or 1.0
    return ctr_detail(ctr.scalar(2, "float32", 0.0) / scale, ctr.scalar(1, "int32", 0))


def _links(sizes: Any, steps: Any, leaf_ids: Any, stored: Stored) -> Links:
    """The nodes of trees that are not symmetric.

    A step holds how far behind it each child is; 0 stands for a leaf that has no node of its own.
    """
    import numpy as np

    count = int(sizes.sum())
    if count != len(steps) or count != len(stored.tests) or len(leaf_ids) != count:
        raise ValueError("its trees do not divide its nodes")
    if (sizes < 1).any():
        raise ValueError("a tree has no nodes")
    starts = [0]
    left: list[int] = []
    right: list[int] = []
    test: list[int] = []
    leaf: list[int] = []
    pairs = steps.view("<u2").reshape(-1, 2).tolist()
    tests, ids = stored.tests.tolist(), leaf_ids.tolist()
    begin = 0
    for size in sizes.tolist():
        base = len(left)
        extra: list[int] = []
        for node in range(begin, begin + size):
            near, far = pairs[node]
            if not near and not far:
                row = (-1, -1, -1, ids[node])
            else:
                children = []
                for step in (near, far):
                    if step and node + step >= begin + size:
                        raise ValueError("a child is no node of its tree")
                    if step:
                        children.append(node - begin + step)
                    else:
                        children.append(size + len(extra))
                        extra.append(ids[node])
                row = (children[0], children[1], tests[node], -1)
            for column, item in zip((left, right, test, leaf), row, strict=True):
                column.append(item)
        for index in extra:
            for column, item in zip((left, right, test, leaf), (-1, -1, -1, index), strict=True):
                column.append(item)
        begin += size
        starts.append(base + size + len(extra))
    rows = np.array(leaf)
    return Links(
        np.array(starts),
        np.array(left),
        np.array(right),
        np.array(test),
        np.where(rows < 0, -1, rows // stored.dimension),
    )


def _read_info(stored: Stored, core: Table) -> None:
    info = {item.text(0): item.text(1) for item in core.tables(2)}
    stored.params = _json(info.get("params"))
    stored.class_names = class_names(_json(info.get("class_params")))
    if version := info.get("catboost_version_info", ""):
        stored.metadata["branch"] = version_of(version)


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def class_names(params: dict[str, Any]) -> tuple[str, ...]:
    """The labels in the settings of classes."""
    names = params.get("class_names") or params.get("class_to_label") or ()
    if not isinstance(names, list):
        return ()
    return tuple(str(int(n)) if isinstance(n, float) and n.is_integer() else str(n) for n in names)


def version_of(text: str) -> str:
    """The release in what CatBoost says of its build."""
    for line in text.splitlines():
        key, _, value = line.strip().partition(": ")
        if key == "Branch":
            return value.rpartition("/")[2]
    return ""
