"""Estimators made of trees alone, each as one Forest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archviz.importers.sklearn.boosting import gradient_boosting, histogram_boosting
from archviz.importers.sklearn.parts import Part
from archviz.importers.sklearn.trees import tree_columns, value_kind
from archviz.ir import Forest
from archviz.ir.forest.routing import average_path

SINGLE = (
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ExtraTreeClassifier",
    "ExtraTreeRegressor",
)


def forest_of(part: Part) -> Forest | None:
    """The forest of an estimator, None when it is not made of trees alone.

    Raises:
        ValueError: It is, and is broken or not fitted.
    """
    reader = _READERS.get(part.name)
    return reader(part) if reader and part.library in ("sklearn", "imblearn") else None


def class_names(part: Part) -> tuple[tuple[str, ...], ...]:
    """The classes of each target; () for a regressor."""
    classes = part.get("classes_")
    if classes is None:
        return ()
    if isinstance(classes, list):
        return tuple(_names(item) for item in classes)
    return (_names(classes),)


def _names(classes: Any) -> tuple[str, ...]:
    return Part("", "", {"names": classes}).names("names")


def facts(part: Part) -> dict[str, Any]:
    """What any estimator says of its features and targets."""
    criterion = part.text("criterion")
    return {
        "name": part.name,
        "feature_names": part.names("feature_names_in_"),
        "criterion": {"mse": "squared_error", "mae": "absolute_error"}.get(criterion, criterion),
    }


def _trees(part: Part, estimators: list[Part]) -> list[Part]:
    """The tree of each estimator.

    Raises:
        ValueError: One has none.
    """
    found = [estimator.part("tree_") for estimator in estimators]
    if not found or any(tree is None for tree in found):
        raise ValueError(f"the {part.name} is not fitted")
    return [tree for tree in found if tree is not None]


def _single(part: Part) -> Forest:
    columns = tree_columns(_trees(part, [part]))
    classes = class_names(part)
    return Forest(
        **columns,
        **facts(part),
        value_kind=value_kind(columns, bool(classes)),
        aggregation="mean",
        class_names=classes,
    )


def _bagged(part: Part) -> Forest:
    """Forests, and bags of trees, which may each see some of the features only."""
    import numpy as np

    estimators = part.parts("estimators_")
    columns = tree_columns(_trees(part, estimators))
    _map_features(part, columns)
    classes = class_names(part)
    made = facts(part)
    if not made["criterion"] and estimators:
        made["criterion"] = facts(estimators[0])["criterion"]
    if part.name == "RandomTreesEmbedding":
        classes = ()
    elif classes and len(classes[0]) * columns["targets"] > np.shape(columns["value"])[1]:
        raise ValueError("its trees know fewer classes than it does")
    return Forest(
        **columns,
        **made,
        value_kind=value_kind(columns, bool(classes)),
        aggregation="mean",
        class_names=classes,
    )


def _map_features(part: Part, columns: dict[str, Any]) -> None:
    """Gives features the numbers that the ensemble knows them by."""
    import numpy as np

    listed = part.get("estimators_features_")
    if listed is None:
        return
    starts = columns["starts"]
    for tree, features in enumerate(listed):
        rows = slice(starts[tree], starts[tree + 1])
        chosen = np.asarray(features)
        mine = columns["feature"][rows]
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or mine.max(initial=-1) >= len(chosen):
            raise ValueError("the features of one of its trees are not known")
        columns["feature"][rows] = np.where(mine < 0, -1, chosen[np.maximum(mine, 0)])


def _isolation(part: Part) -> Forest:
    """An isolation forest; its values are lengths of paths (Liu, Ting and Zhou, 2008)."""
    import numpy as np

    columns = tree_columns(_trees(part, part.parts("estimators_")))
    _map_features(part, columns)
    forest = Forest(**columns, name=part.name)
    rest = np.array([average_path(samples) for samples in columns["samples"].tolist()])
    drawn = average_path(part.number("_max_samples", part.number("max_samples_", 0)))
    columns["value"] = forest.depths() + rest
    return Forest(
        **columns,
        **{**facts(part), "criterion": ""},
        value_kind="score",
        aggregation="mean",
        link="power-of-two",
        link_scale=-1 / drawn if drawn > 0 else -1.0,
        objective="isolation",
    )


def _weighted(part: Part) -> Forest:
    """AdaBoost: trees that vote, or the median of their answers, by weight."""
    import numpy as np

    estimators = part.parts("estimators_")
    columns = tree_columns(_trees(part, estimators))
    weights = np.asarray(part.get("estimator_weights_"), np.float64)[: len(estimators)]
    if len(weights) != len(estimators):
        raise ValueError("the weights of its trees are not known")
    classes = class_names(part)
    is_real = part.text("algorithm") == "SAMME.R"
    return Forest(
        **columns,
        **{**facts(part), "criterion": facts(estimators[0])["criterion"]},
        tree_weight=None if is_real else weights,
        value_kind=value_kind(columns, bool(classes)),
        aggregation=("mean" if is_real else "vote") if classes else "weighted-median",
        objective=part.text("algorithm") or part.text("loss"),
        class_names=classes,
    )


_READERS: Mapping[str, Callable[[Part], Forest]] = {
    **dict.fromkeys(SINGLE, _single),
    "RandomForestClassifier": _bagged,
    "RandomForestRegressor": _bagged,
    "ExtraTreesClassifier": _bagged,
    "ExtraTreesRegressor": _bagged,
    "RandomTreesEmbedding": _bagged,
    "BalancedRandomForestClassifier": _bagged,
    "GradientBoostingClassifier": lambda part: gradient_boosting(
        part, facts(part), class_names(part)
    ),
    "GradientBoostingRegressor": lambda part: gradient_boosting(part, facts(part), ()),
    "HistGradientBoostingClassifier": lambda part: histogram_boosting(
        part, facts(part), class_names(part)
    ),
    "HistGradientBoostingRegressor": lambda part: histogram_boosting(part, facts(part), ()),
    "IsolationForest": _isolation,
}
BAGS = ("BaggingClassifier", "BaggingRegressor")
BOOSTS = ("AdaBoostClassifier", "AdaBoostRegressor")


def forest_of_trees(part: Part) -> Forest | None:
    """The forest of a meta-estimator whose members are all single trees, else None."""
    if part.name not in (*BAGS, *BOOSTS):
        return None
    members = part.parts("estimators_")
    if not members or any(member.name not in SINGLE for member in members):
        return None
    return _bagged(part) if part.name in BAGS else _weighted(part)
