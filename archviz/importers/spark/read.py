"""The trees of Spark ML's folders as Forests."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

from archviz.errors import ImporterError
from archviz.importers.spark.folders import metadata, rows, settings, stages
from archviz.ir import Condition, Forest, Model
from archviz.ir.forest.check import sound
from archviz.reading.names import clean
from archviz.source import Source

_CLASSES = {
    "DecisionTreeClassificationModel": "mean",
    "DecisionTreeRegressionModel": "mean",
    "RandomForestClassificationModel": "mean",
    "RandomForestRegressionModel": "mean",
    "GBTClassificationModel": "sum",
    "GBTRegressionModel": "sum",
}
_HINT = "give the folder that model.save wrote, of trees or of a pipeline with trees"
MAX_CLASSES = 1 << 20
MAX_CELLS = 1 << 22
"""Shares of classes at all nodes together that may be missing in the file."""


def read(source: Source) -> Model:
    """The trees in ``source``.

    Raises:
        ImporterError: It is no such folder, it has no trees, or pyarrow is missing.
    """
    if source.path is None or source.kind != "folder":
        raise ImporterError(f"{source.name}: this {source.kind} is no folder of Spark", _HINT)
    try:
        return _model(source.path, source.name)
    except ImporterError as error:
        if error.message.startswith(source.name):
            raise
        raise ImporterError(f"{source.name}: {error.message}", error.hint) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ImporterError(f"{source.name}: a file cannot be read ({reason})", _HINT) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        reason = str(error).partition("\n")[0][:100]
        raise ImporterError(
            f"{source.name}: this is no model of Spark that can be read ({reason})", _HINT
        ) from None


def _model(folder: Path, name: str) -> Model:
    known = [(stage, metadata(stage)) for stage in stages(folder)]
    trees = [(s, about) for s, about in known if _kind(about) in _CLASSES]
    if not trees:
        kinds = ", ".join(dict.fromkeys(clean(_kind(about)) for _, about in known)) or "nothing"
        raise ImporterError(f"{name}: it holds {kinds}, no trees", _HINT)
    stage, about = trees[-1]
    forest = sound(_forest(stage, about, _Words.of(known, settings(about))))
    found = {"class": clean(str(about["class"])), "spark": clean(str(about.get("sparkVersion")))}
    return Model(forest, "spark", name, found)


def _kind(about: dict[str, Any]) -> str:
    return str(about.get("class", "")).rpartition(".")[2]


class _Words(NamedTuple):
    """Names that other stages of a pipeline know.

    Attributes:
        features: In order; () when no stage says them.
        categories: Of a feature, by its index.
        classes: () when no stage says them.
    """

    features: tuple[str, ...]
    categories: dict[int, tuple[str, ...]]
    classes: tuple[str, ...]

    @staticmethod
    def of(known: list[tuple[Path, dict[str, Any]]], own: dict[str, Any]) -> _Words:
        features: list[str] = []
        indexed: dict[str, tuple[str, ...]] = {}
        for stage, about in known:
            given = settings(about)
            if _kind(about) == "VectorAssembler" and given.get("outputCol") == own.get(
                "featuresCol"
            ):
                features = [clean(str(item)) for item in given.get("inputCols", ())]
            if _kind(about) == "StringIndexerModel":
                listed = _labels(stage)
                outputs = given.get("outputCols") or [given.get("outputCol")]
                indexed.update(zip(map(str, outputs), listed, strict=False))
        categories = {k: indexed[name] for k, name in enumerate(features) if name in indexed}
        return _Words(tuple(features), categories, indexed.get(str(own.get("labelCol")), ()))


def _labels(stage: Path) -> list[tuple[str, ...]]:
    """The labels of an indexer, column by column."""
    for row in rows(stage / "data"):
        if "labelsArray" in row:
            return [tuple(clean(str(item)) for item in part) for part in row["labelsArray"]]
        if "labels" in row:
            return [tuple(clean(str(item)) for item in row["labels"])]
    return []


def _forest(stage: Path, about: dict[str, Any], words: _Words) -> Forest:
    import numpy as np

    kind = _kind(about)
    own = settings(about)
    by_tree: dict[int, dict[int, dict[str, Any]]] = {}
    for row in rows(stage / "data"):
        node = row.get("nodeData", row)
        tree = by_tree.setdefault(int(row.get("treeID", 0)), {})
        if tree.setdefault(int(node["id"]), node) is not node:
            raise ValueError("two of its nodes have one number")
    if not by_tree or sorted(by_tree) != list(range(len(by_tree))):
        raise ValueError("its trees are not all there")
    is_classifier = kind in ("DecisionTreeClassificationModel", "RandomForestClassificationModel")
    classes = int(about.get("numClasses", 0) or own.get("numClasses", 0) or 0)
    nodes: list[dict[str, Any]] = []
    starts = [0]
    yes: list[int] = []
    no: list[int] = []
    for index in range(len(by_tree)):
        listed = by_tree[index]
        place = {number: index for index, number in enumerate(sorted(listed))}
        for number in sorted(listed):
            node = listed[number]
            left, right = int(node["leftChild"]), int(node["rightChild"])
            yes.append(place[left] if left >= 0 else -1)
            no.append(place[right] if right >= 0 else -1)
            nodes.append(node)
        starts.append(len(nodes))
    is_leaf = [child < 0 for child in yes]
    splits = [node["split"] for node in nodes]
    sets = [_left(split) for split in splits]
    stats = [list(map(float, node["impurityStats"])) for node in nodes]
    if is_classifier:
        classes = max(classes, *map(len, stats))
        if classes > MAX_CLASSES or classes * len(stats) > MAX_CELLS + 64 * sum(map(len, stats)):
            raise ValueError("it has too many classes")
        value = np.array([own_stats + [0.0] * (classes - len(own_stats)) for own_stats in stats])
        weight = value.sum(1)
    else:
        value = np.array([float(node["prediction"]) for node in nodes])
        weight = np.array([own_stats[0] if own_stats else math.nan for own_stats in stats])
    raw = [node.get("rawCount", -1) for node in nodes]
    counts = [len(item) for item in sets]
    gains = np.array([float(node["gain"]) for node in nodes])
    features = int(about.get("numFeatures", 0) or 0)
    named = words.features if len(words.features) == features else ()
    names = words.classes
    if is_classifier or kind == "GBTClassificationModel":
        wanted = classes if is_classifier else 2
        names = names if len(names) == wanted else tuple(str(k) for k in range(wanted))
    else:
        names = ()
    return Forest(
        starts=np.array(starts),
        yes=np.array(yes),
        no=np.array(no),
        condition=np.array(
            [
                int(Condition.LEAF if leaf else Condition.IN if in_set else Condition.LE)
                for leaf, in_set in zip(is_leaf, map(_is_set, splits), strict=True)
            ]
        ),
        feature=np.array(
            [
                -1 if leaf else int(s["featureIndex"])
                for leaf, s in zip(is_leaf, splits, strict=True)
            ]
        ),
        threshold=np.array(
            [
                0.0 if leaf or _is_set(s) else float(s["leftCategoriesOrThreshold"][0])
                for leaf, s in zip(is_leaf, splits, strict=True)
            ]
        ),
        value=value,
        samples=np.array(raw, np.float64) if min(raw) >= 0 else None,
        weight=weight,
        impurity=np.array([float(node["impurity"]) for node in nodes]),
        gain=np.where(is_leaf, np.nan, gains),
        category_starts=np.concatenate([[0], np.cumsum(counts)]) if any(counts) else None,
        categories=np.array([c for item in sets for c in item]) if any(counts) else None,
        tree_weight=_weights(stage, len(by_tree)) if kind.startswith("GBT") else None,
        name=kind.removesuffix("Model"),
        value_kind="count" if is_classifier else "score" if kind.startswith("GBT") else "mean",
        aggregation=_CLASSES[kind],
        link="logistic" if kind == "GBTClassificationModel" else "identity",
        link_scale=2.0 if kind == "GBTClassificationModel" else 1.0,
        criterion=clean(str(own.get("impurity", ""))),
        feature_names=named,
        class_names=(names,) if names else (),
        category_names=words.categories if named else {},
    )


def _is_set(split: dict[str, Any]) -> bool:
    return int(split["numCategories"]) >= 0


def _left(split: dict[str, Any]) -> list[int]:
    """The categories that go to the left."""
    if int(split["featureIndex"]) < 0 or not _is_set(split):
        return []
    return sorted({int(item) for item in split["leftCategoriesOrThreshold"]})


def _weights(stage: Path, trees: int) -> Any:
    """The weight of each tree, which a folder of its own says."""
    import numpy as np

    found = np.full(trees, np.nan)
    for row in rows(stage / "treesMetadata"):
        number, weight = row.get("treeID", row.get("_1")), row.get("weights", row.get("_3"))
        found[int(str(number))] = float(str(weight))
    if np.isnan(found).any():
        raise ValueError("the weights of its trees are not known")
    return found
