"""Tree ensembles of the operator set ai.onnx.ml, each as a Forest.

``TreeEnsembleClassifier`` and ``TreeEnsembleRegressor`` (versions 1 to 3) list nodes by the numbers
of their tree and of themselves; ``TreeEnsemble`` (version 5) keeps splits and leaves apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from archviz.ir import Condition, Forest
from archviz.reading.names import clean

if TYPE_CHECKING:
    from onnx import AttributeProto

OPERATORS = ("TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble")
DOMAIN = "ai.onnx.ml"
TENSORS = frozenset(
    {
        b"nodes_values_as_tensor", b"nodes_hitrates_as_tensor", b"class_weights_as_tensor",
        b"target_weights_as_tensor", b"base_values_as_tensor", b"nodes_modes", b"nodes_splits",
        b"nodes_hitrates", b"leaf_weights", b"membership_values",
    }
)  # fmt: skip
"""Attributes whose tensors are the structure of trees, not weights."""

SETTINGS = ("post_transform", "aggregate_function", "n_targets")
"""Attributes that remain with the node; the others are in its forest."""

MAX_CELLS = 1 << 22
"""Values of all nodes that need not be justified by the number of weights."""

_MODES = {
    b"BRANCH_LEQ": Condition.LE,
    b"BRANCH_LT": Condition.LT,
    b"BRANCH_GTE": Condition.GE,
    b"BRANCH_GT": Condition.GT,
    b"BRANCH_EQ": Condition.EQ,
    b"BRANCH_NEQ": Condition.NE,
    b"LEAF": Condition.LEAF,
}
_CODES = (
    Condition.LE, Condition.LT, Condition.GE, Condition.GT, Condition.EQ, Condition.NE,
    Condition.IN,
)  # fmt: skip
_AGGREGATIONS = {"AVERAGE": "mean", "SUM": "sum", "MIN": "min", "MAX": "max"}
_LINKS = {"NONE": "identity", "SOFTMAX": "softmax", "LOGISTIC": "logistic"}
_AGGREGATE_CODES = ("AVERAGE", "SUM", "MIN", "MAX")
_TRANSFORM_CODES = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
_WIDE = (11,)  # TensorProto.DOUBLE


def forest_of(op: str, protos: Iterable[AttributeProto]) -> Forest:
    """The trees of a node.

    Args:
        op: One of ``OPERATORS``.
        protos: The node's attributes.

    Raises:
        ValueError: Its attributes describe no trees.
    """
    given = {proto.name: proto for proto in protos}
    return _split_apart(given) if op == "TreeEnsemble" else _numbered(op, given)


def _ints(given: dict[str, Any], name: str) -> Any:
    import numpy as np

    return np.array(given[name].ints, np.int64) if name in given else np.zeros(0, np.int64)


def _numbers(given: dict[str, Any], name: str) -> tuple[Any, bool]:
    """Numbers in a list or, under another name, in a tensor; and whether they are doubles."""
    import numpy as np

    tensor = given.get(f"{name}_as_tensor")
    if tensor is not None and tensor.t.dims:
        return _tensor(tensor.t).astype(np.float64), tensor.t.data_type in _WIDE
    if name in given:
        return np.array(given[name].floats, np.float64), False
    return np.zeros(0), False


def _tensor(tensor: Any) -> Any:
    from onnx import numpy_helper

    return numpy_helper.to_array(tensor).reshape(-1)


def _text(given: dict[str, Any], name: str, default: str) -> str:
    return given[name].s.decode("ascii", "replace") if name in given else default


def _numbered(op: str, given: dict[str, Any]) -> Forest:
    import numpy as np

    tree, number = _ints(given, "nodes_treeids"), _ints(given, "nodes_nodeids")
    count = len(tree)
    strings = given["nodes_modes"].strings if "nodes_modes" in given else ()
    modes = [_MODES.get(mode) for mode in strings]
    if not count or len(number) != count or len(modes) != count or None in modes:
        raise ValueError("its nodes are not described")
    condition = np.array(modes, np.uint8)
    is_leaf = condition == int(Condition.LEAF)
    feature = _ints(given, "nodes_featureids")
    threshold, is_wide = _numbers(given, "nodes_values")
    columns = [_ints(given, "nodes_truenodeids"), _ints(given, "nodes_falsenodeids"), feature]
    if any(len(column) != count for column in (*columns, threshold)):
        raise ValueError("the columns of its nodes are of several lengths")
    sorting = np.lexsort((number, tree))
    tree, number = tree[sorting], number[sorting]
    if ((np.diff(tree) == 0) & (np.diff(number) == 0)).any():
        raise ValueError("two nodes of a tree have one number")
    kinds = np.concatenate([[True], np.diff(tree) > 0])
    rank = np.cumsum(kinds) - 1
    find = _Finder(tree, number)
    inner = np.flatnonzero(~is_leaf[sorting])
    links = [find(tree[inner], column[sorting][inner]) for column in columns[:2]]
    has_parent = np.zeros(count, bool)
    for link in links:
        has_parent[link] = True
    trees = int(rank[-1]) + 1
    if (np.bincount(rank[~has_parent], minlength=trees) != 1).any():
        raise ValueError("a tree has no root, or several")
    # The root of each tree comes first.
    final = np.lexsort((number, has_parent, rank))
    place = np.empty(count, np.int64)
    place[final] = np.arange(count)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rank, minlength=trees))])
    children = []
    for link in links:
        child = np.full(count, -1)
        child[inner] = place[link] - starts[rank[inner]]
        children.append(child[final])
    order = sorting[final]
    leaf = is_leaf[order]
    local = np.arange(count) - starts[rank[final]]
    missing = _ints(given, "nodes_missing_value_tracks_true")
    hits, _ = _numbers(given, "nodes_hitrates")
    values, more = _leaf_values(op, given, find, place, leaf)
    return Forest(
        starts=starts,
        yes=children[0],
        no=children[1],
        condition=condition[order],
        feature=np.where(leaf, -1, feature[order]),
        threshold=np.where(leaf, 0.0, threshold[order]),
        value=values,
        ids=None if (number[final] == local).all() else number[final],
        missing=np.where(leaf, -1, missing[order] > 0) if len(missing) == count else None,
        # Exporters that have no counts write the same number everywhere.
        weight=hits[order] if len(hits) == count and (hits != hits[0]).any() else None,
        name=op,
        compare_dtype="float64" if is_wide else "float32",
        **more,
    )


class _Finder:
    """Finds nodes by the numbers of their tree and of themselves, which are sorted."""

    def __init__(self, tree: Any, number: Any) -> None:
        import numpy as np

        self._low = int(number.min())
        self._span = int(number.max()) - self._low + 1
        self._first = int(tree.min())
        if self._span * (int(tree.max()) - self._first + 1) >= 1 << 62:
            raise ValueError("the numbers of its nodes are too far apart")
        self._keys = (tree - self._first) * self._span + number - self._low
        self._np = np

    def __call__(self, tree: Any, number: Any) -> Any:
        np = self._np
        inside = (number >= self._low) & (number < self._low + self._span)
        inside &= tree >= self._first
        if not inside.all():
            raise ValueError("it refers to a node that is not there")
        wanted = (tree - self._first) * self._span + number - self._low
        found = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        if (self._keys[found] != wanted).any():
            raise ValueError("it refers to a node that is not there")
        return found


def _leaf_values(
    op: str, given: dict[str, Any], find: _Finder, place: Any, leaf: Any
) -> tuple[Any, dict[str, Any]]:
    """The values of nodes in their final order, and what goes with them."""
    import numpy as np

    prefix = "class" if op == "TreeEnsembleClassifier" else "target"
    output = _ints(given, f"{prefix}_ids")
    weight, _ = _numbers(given, f"{prefix}_weights")
    owner = find(_ints(given, f"{prefix}_treeids"), _ints(given, f"{prefix}_nodeids"))
    if not len(output) == len(weight) == len(owner) or (output < 0).any():
        raise ValueError("the values of its leaves are of several lengths")
    labels = _labels(given)
    width = max(int(output.max(initial=0)) + 1, len(labels))
    if "n_targets" in given:
        width = max(width, int(given["n_targets"].i))
    if len(labels) == 2 and len(np.unique(output)) <= 1:
        output, width = np.zeros_like(output), 1  # one column says it of both classes
    if width * len(leaf) > max(MAX_CELLS, 64 * len(weight)):
        raise ValueError("its nodes have too many values")
    value = np.full((len(leaf), width), np.nan)
    value[leaf] = 0.0
    np.add.at(value, (place[owner], output), weight)
    base, _ = _numbers(given, "base_values")
    transform = _text(given, "post_transform", "NONE")
    function = _text(given, "aggregate_function", "SUM")
    return value, {
        "base": _base(base, width),
        "aggregation": _AGGREGATIONS.get(function, "sum"),
        "link": _LINKS.get(transform, clean(transform).lower()),
        "class_names": (labels,) if labels else (),
        "targets": 1 if labels else width,
    }


def _base(base: Any, width: int) -> Any:
    if len(base) == width:
        return base
    return base[-1:] if width == 1 and len(base) == 2 else None


def _labels(given: dict[str, Any]) -> tuple[str, ...]:
    if "classlabels_strings" in given and len(given["classlabels_strings"].strings):
        return tuple(clean(item) for item in given["classlabels_strings"].strings)
    return tuple(str(item) for item in _ints(given, "classlabels_int64s").tolist())


def _split_apart(given: dict[str, Any]) -> Forest:
    """TreeEnsemble of version 5, whose splits and leaves are numbered apart."""
    import numpy as np

    splits = _tensor(given["nodes_splits"].t).astype(np.float64)
    modes = _tensor(given["nodes_modes"].t).astype(np.int64)
    feature = _ints(given, "nodes_featureids")
    count = len(splits)
    names = ("nodes_truenodeids", "nodes_falsenodeids", "nodes_trueleafs", "nodes_falseleafs")
    links = [_ints(given, name) for name in names]
    if any(len(column) != count for column in (modes, feature, *links)):
        raise ValueError("the columns of its nodes are of several lengths")
    if ((modes < 0) | (modes >= len(_CODES))).any():
        raise ValueError("a node has an unknown mode")
    weight = _tensor(given["leaf_weights"].t).astype(np.float64)
    target = _ints(given, "leaf_targetids")
    width = max(int(given["n_targets"].i) if "n_targets" in given else 1, 1)
    if len(weight) != len(target) or ((target < 0) | (target >= width)).any():
        raise ValueError("a leaf adds to a target that is not there")
    rows = _sweep(_ints(given, "tree_roots"), links, count, len(weight))
    total = len(rows.index)
    if width * total > max(MAX_CELLS, 64 * len(weight)):
        raise ValueError("its nodes have too many values")
    leaf, at = rows.is_leaf, rows.index
    value = np.full((total, width), np.nan)
    value[leaf] = 0.0
    value[np.flatnonzero(leaf), target[at[leaf]]] = weight[at[leaf]]
    split = np.where(leaf, 0, at)
    condition = np.array(_CODES, np.uint8)[modes[split]]
    condition[leaf] = int(Condition.LEAF)
    is_member = condition == int(Condition.IN)
    starts, listed = _members(given, modes, is_member, split)
    missing = _ints(given, "nodes_missing_value_tracks_true")
    hits = _tensor(given["nodes_hitrates"].t) if "nodes_hitrates" in given else np.zeros(0)
    function = given["aggregate_function"].i if "aggregate_function" in given else 1
    transform = given["post_transform"].i if "post_transform" in given else 0
    if not 0 <= function < 4 or not 0 <= transform < 5:
        raise ValueError("its trees are put together in an unknown way")
    name = _TRANSFORM_CODES[transform]
    return Forest(
        starts=rows.starts,
        yes=rows.yes,
        no=rows.no,
        condition=condition,
        feature=np.where(leaf, -1, feature[split]),
        threshold=np.where(leaf | is_member, 0.0, splits[split]),
        value=value,
        missing=np.where(leaf, -1, missing[split] > 0) if len(missing) == count else None,
        weight=np.where(leaf, np.nan, hits[split]) if len(hits) == count else None,
        category_starts=starts,
        categories=listed,
        name="TreeEnsemble",
        aggregation=_AGGREGATIONS[_AGGREGATE_CODES[function]],
        link=_LINKS.get(name, name.lower()),
        compare_dtype="float64" if given["nodes_splits"].t.data_type in _WIDE else "float32",
        targets=width,
    )


class _Rows:
    """Nodes tree by tree: which split or leaf each is, and its children."""

    def __init__(self, starts: Any, yes: Any, no: Any, is_leaf: Any, index: Any) -> None:
        self.starts, self.yes, self.no = starts, yes, no
        self.is_leaf, self.index = is_leaf, index


def _sweep(roots: Any, links: list[Any], splits: int, leaves: int) -> _Rows:
    """Goes through all trees level by level; a leaf that several splits share is repeated."""
    import numpy as np

    if not len(roots) or ((roots < 0) | (roots >= splits)).any():
        raise ValueError("it has no trees")
    tree = np.arange(len(roots))
    index, is_leaf = roots, np.zeros(len(roots), bool)
    parent, side = np.full(len(roots), -1), np.zeros(len(roots), np.int64)
    parts: list[tuple[Any, ...]] = []
    total = 0
    while len(index):
        parts.append((tree, index, is_leaf, parent, side))
        entries = total + np.flatnonzero(~is_leaf)
        total += len(index)
        if total > 2 * splits + len(roots):
            raise ValueError("a node has two parents")
        inner, owner = index[~is_leaf], tree[~is_leaf]
        child = np.concatenate([links[0][inner], links[1][inner]])
        is_leaf = np.concatenate([links[2][inner], links[3][inner]]) > 0
        limit = np.where(is_leaf, leaves, splits)
        if ((child < 0) | (child >= limit)).any():
            raise ValueError("it refers to a node that is not there")
        side = np.repeat([0, 1], len(inner))
        index, tree, parent = child, np.tile(owner, 2), np.tile(entries, 2)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    tree, index, is_leaf, parent, side = columns
    order = np.argsort(tree, kind="stable")
    place = np.empty(total, np.int64)
    place[order] = np.arange(total)
    starts = np.concatenate([[0], np.cumsum(np.bincount(tree, minlength=len(roots)))])
    children = np.full((2, total), -1)
    known = parent >= 0
    children[side[known], place[parent[known]]] = place[known] - starts[tree[known]]
    return _Rows(starts, children[0], children[1], is_leaf[order], index[order])


def _members(given: dict[str, Any], modes: Any, is_member: Any, split: Any) -> tuple[Any, Any]:
    """The sets of splits that ask for membership, which NaN divides in one tensor."""
    import numpy as np

    if not is_member.any():
        return None, None
    values = _tensor(given["membership_values"].t).astype(np.float64)
    ends = np.flatnonzero(np.isnan(values))
    asks = np.flatnonzero(modes == _CODES.index(Condition.IN))
    if len(ends) != len(asks):
        raise ValueError("its sets are not as many as the splits that ask for them")
    listed = values[~np.isnan(values)]
    if (listed != np.floor(listed)).any() or (np.abs(listed) >= 1 << 31).any():
        raise ValueError("its sets hold numbers that are no categories")
    first = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - first
    begins = np.concatenate([[0], np.cumsum(lengths)])
    number = np.full(len(modes), -1)
    number[asks] = np.arange(len(asks))
    counts = np.zeros(len(is_member), np.int64)
    mine = number[split[is_member]]
    counts[is_member] = lengths[mine]
    parts = [listed[begins[item] : begins[item + 1]] for item in mine.tolist()]
    return np.concatenate([[0], np.cumsum(counts)]), np.concatenate(parts)
