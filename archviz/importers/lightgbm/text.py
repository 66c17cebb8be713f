"""LightGBM's text form: a header, then a block of columns for each tree."""

from __future__ import annotations

import json
import re
from typing import Any

from archviz.importers.lightgbm.trees import Trees
from archviz.reading.numbers import parse_numbers

_SPLITS = (
    "split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child",
    "internal_value", "internal_weight", "internal_count",
)  # fmt: skip
_LEAVES = ("leaf_value", "leaf_weight", "leaf_count", "leaf_const")
_REQUIRED = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
_END = re.compile(
    rb"\n(?:end of trees|feature importances:|feature_importances:|parameters:|pandas_categorical:)"
)
_WORD_BITS = 32


def parse(data: bytes) -> tuple[dict[str, Any], Trees]:
    """The header and the trees of a file.

    Raises:
        KeyError: A field is missing.
        ValueError: Columns are too short or too long.
    """
    data = data.replace(b"\r\n", b"\n")
    first = data.find(b"\nTree=")
    end = _END.search(data, max(first, 0))
    stop = end.start() if end else len(data)
    header = _header(data[: first if first >= 0 else stop].decode("utf-8", "replace"))
    header["pandas_categorical"] = _pandas(data[stop:])
    blocks = data[first:stop].split(b"\nTree=")[1:] if first >= 0 else []
    return header, _trees(blocks)


def _header(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        found[key] = value if equals else True
    found["feature_names"] = str(found.get("feature_names", "")).split()
    found["num_class"] = int(found.get("num_class", 1))
    found["num_tree_per_iteration"] = int(found.get("num_tree_per_iteration", 1))
    infos = str(found.get("feature_infos", "")).split()
    found["is_categorical"] = [not info.startswith("[") and info != "none" for info in infos]
    return found


def _pandas(tail: bytes) -> Any:
    at = tail.rfind(b"pandas_categorical:")
    if at < 0:
        return None
    line = tail[at + len(b"pandas_categorical:") :].splitlines()[:1]
    try:
        listed = json.loads(line[0]) if line else None
    except (ValueError, RecursionError):
        return None
    is_sound = isinstance(listed, list) and all(isinstance(item, list) for item in listed)
    return listed if is_sound else None


def _trees(blocks: list[bytes]) -> Trees:
    import numpy as np

    columns: dict[str, list[bytes]] = {name: [] for name in (*_SPLITS, *_LEAVES)}
    leaves: list[int] = []
    categorical: list[tuple[int, dict[bytes, bytes]]] = []
    linear: list[tuple[int, dict[bytes, bytes]]] = []
    for block in blocks:
        fields = dict(line.split(b"=", 1) for line in block.split(b"\n")[1:] if b"=" in line)
        leaves.append(int(fields[b"num_leaves"]))
        for name, parts in columns.items():
            parts.append(fields.get(name.encode(), b""))
        if int(fields.get(b"num_cat", 0)):
            categorical.append((len(leaves) - 1, fields))
        if fields.get(b"is_linear") == b"1":
            linear.append((len(leaves) - 1, fields))
    trees = Trees(np.asarray(leaves, np.int64))
    if len(leaves) and (trees.leaves < 1).any():
        raise ValueError("a tree has no leaves")
    counts = {"splits": trees.leaves - 1, "leaves": trees.leaves}
    for name in _SPLITS:
        _fill(trees.splits, name, columns[name], counts["splits"], name in _REQUIRED)
    for name in _LEAVES:
        if name != "leaf_const":
            _fill(trees.ends, name, columns[name], counts["leaves"], name == "leaf_value")
    starts = np.concatenate([[0], np.cumsum(trees.leaves - 1)])
    for index, fields in categorical:
        _read_categories(trees, fields, int(starts[index]), int(trees.leaves[index]) - 1)
    if linear:
        _read_linear(trees, linear)
    return trees


def _fill(
    into: dict[str, Any], name: str, parts: list[bytes], counts: Any, is_required: bool
) -> None:
    """Parses one column of all trees at once; NaN where single trees leave it out."""
    import numpy as np

    total = int(counts.sum())
    numbers = parse_numbers(b" ".join(parts))
    if len(numbers) == total:
        into[name] = numbers
        return
    if is_required:
        into[name] = _by_tree(name, parts, counts)
        return
    if not len(numbers):
        return
    # Leaves of a tree without splits have a value but no weight.
    found = np.full(total, np.nan)
    at = 0
    for part, count in zip(parts, counts.tolist(), strict=True):
        listed = parse_numbers(part)
        if len(listed) == count:
            found[at : at + count] = listed
        at += count
    into[name] = found


def _by_tree(name: str, parts: list[bytes], counts: Any) -> Any:
    """A column whose trees of one leaf may have entries for a split that is not there."""
    import numpy as np

    found = []
    for part, count in zip(parts, counts.tolist(), strict=True):
        listed = parse_numbers(part)
        if len(listed) < count or (count and len(listed) != count):
            raise ValueError(f"{name} has {len(listed)} entries, not {count}")
        found.append(listed[:count])
    return np.concatenate(found) if found else np.zeros(0)


def _read_categories(trees: Trees, fields: dict[bytes, bytes], start: int, splits: int) -> None:
    """Unpacks the sets of bits that splits of categories refer to by their threshold."""
    import numpy as np

    bounds = parse_numbers(fields[b"cat_boundaries"]).astype(np.int64)
    words = parse_numbers(fields[b"cat_threshold"]).astype("<u4")
    part = slice(start, start + splits)
    kinds = trees.splits["decision_type"][part].astype(np.int64)
    for index in np.flatnonzero(kinds & 1).tolist():
        at = int(trees.splits["threshold"][start + index])
        if not 0 <= at < len(bounds) - 1:
            raise ValueError("a split has categories that are not there")
        low, high = int(bounds[at]), int(bounds[at + 1])
        if not 0 <= low <= high <= len(words):
            raise ValueError("the categories of a split go beyond the end")
        bits = np.unpackbits(words[low:high].view(np.uint8), bitorder="little")
        trees.categories[start + index] = np.flatnonzero(bits)


def _read_linear(trees: Trees, linear: list[tuple[int, dict[bytes, bytes]]]) -> None:
    import numpy as np

    starts = np.concatenate([[0], np.cumsum(trees.leaves)]).tolist()
    constant = np.array(trees.ends["leaf_value"])
    lengths = np.zeros(len(constant), np.int64)
    features, weights = [], []
    for index, fields in linear:
        part = slice(starts[index], starts[index + 1])
        constant[part] = parse_numbers(fields[b"leaf_const"])
        lengths[part] = parse_numbers(fields[b"num_features"])
        features.append(parse_numbers(fields.get(b"leaf_features", b"")))
        weights.append(parse_numbers(fields.get(b"leaf_coeff", b"")))
        if not len(features[-1]) == len(weights[-1]) == lengths[part].sum():
            raise ValueError("the terms of a linear leaf do not fit one another")
    trees.ends["leaf_const"] = constant
    trees.linear = (np.concatenate(features), np.concatenate(weights), lengths)
