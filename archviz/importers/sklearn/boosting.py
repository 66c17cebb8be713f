"""Gradient boosting, both kinds of it, as Forests."""

from __future__ import annotations

import math
from typing import Any

from archviz.importers.sklearn.parts import Part, names_of, number_of
from archviz.importers.sklearn.trees import histogram_columns, tree_columns
from archviz.ir import Forest

_EXPONENTIAL = ("poisson", "gamma")
_BEFORE_0_21 = {
    "LogOddsEstimator": "prior",
    "ScaledLogOddsEstimator": "prior",
    "MeanEstimator": "mean",
    "QuantileEstimator": "quantile",
}
_EPSILON = 1.1920929e-07


def gradient_boosting(
    part: Part, facts: dict[str, Any], classes: tuple[tuple[str, ...], ...]
) -> Forest:
    """GradientBoostingClassifier and GradientBoostingRegressor.

    Raises:
        ValueError: It is not fitted or broken.
    """
    import numpy as np

    trees = [member.part("tree_") for member in part.parts("estimators_")]
    if not trees or any(tree is None for tree in trees):
        raise ValueError(f"the {part.name} is not fitted")
    columns = tree_columns([tree for tree in trees if tree is not None])
    outputs = len(classes[0]) if classes and len(classes[0]) > 2 else 1
    if len(trees) % outputs:
        raise ValueError("its trees do not divide among its classes")
    numbers = np.arange(len(trees))
    loss = part.text("loss")
    link = "identity"
    if classes:
        link = "softmax" if outputs > 1 else "logistic"
    return Forest(
        **columns,
        **facts,
        tree_output=numbers % outputs if outputs > 1 else None,
        tree_weight=np.full(len(trees), part.number("learning_rate", 1.0)),
        tree_round=numbers // outputs,
        base=_start(part, outputs, loss),
        value_kind="score",
        link=link,
        link_scale=2.0 if loss == "exponential" else 1.0,
        objective=loss,
        class_names=classes,
    )


def _start(part: Part, outputs: int, loss: str) -> Any:
    """What the initial estimator adds to every row; None when it depends on the row."""
    import numpy as np

    if part.text("init") == "zero":
        return np.zeros(outputs)
    init = part.part("init_")
    if init is None:
        return None
    single = {"DummyRegressor": "constant_", **_BEFORE_0_21}.get(init.name)
    if single:
        return np.full(outputs, number_of(init.get(single), math.nan))
    if init.name == "PriorProbabilityEstimator":
        return np.asarray(init.get("priors"), np.float64)
    if init.name != "DummyClassifier" or init.text("strategy") not in ("prior", "stratified"):
        return None
    prior = np.asarray(init.get("class_prior_"), np.float64).reshape(-1)
    prior = np.clip(prior, _EPSILON, 1 - _EPSILON)
    if outputs > 1:
        start = np.log(prior)
        if len(start) != outputs:
            return None
        # Since 1.4 the multinomial link is symmetric; before, it was the logarithm.
        return start - start.mean() if _version(part) >= (1, 4) else start
    if len(prior) != 2:
        return None
    odds = math.log(prior[1] / (1 - prior[1]))
    return np.array([odds / 2 if loss == "exponential" else odds])


def _version(part: Part) -> tuple[int, int]:
    text = part.text("_sklearn_version")
    numbers = text.split(".")[:2]
    if len(numbers) == 2 and all(number.isdigit() for number in numbers):
        return int(numbers[0]), int(numbers[1])
    return (99, 0)  # a live object is of today's


def histogram_boosting(
    part: Part, facts: dict[str, Any], classes: tuple[tuple[str, ...], ...]
) -> Forest:
    """HistGradientBoostingClassifier and HistGradientBoostingRegressor.

    Raises:
        ValueError: It is not fitted or broken.
    """
    import numpy as np

    predictors = part.parts("_predictors")
    if not predictors:
        raise ValueError(f"the {part.name} is not fitted")
    columns = histogram_columns(predictors)
    base = np.asarray(part.get("_baseline_prediction", 0.0), np.float64).reshape(-1)
    outputs = max(int(part.number("n_trees_per_iteration_", len(base))), 1)
    if len(predictors) % outputs or len(base) != outputs:
        raise ValueError("its trees do not divide among its classes")
    numbers = np.arange(len(predictors))
    loss = part.text("loss")
    link = "exp" if loss in _EXPONENTIAL else "identity"
    if classes:
        link = "softmax" if outputs > 1 else "logistic"
    order = _feature_order(part)
    if order is not None:
        feature = columns["feature"]
        if feature.max(initial=-1) >= len(order):
            raise ValueError("a split tests a feature that is not there")
        columns["feature"] = np.where(feature < 0, -1, order[np.maximum(feature, 0)])
    return Forest(
        **columns,
        **facts,
        tree_output=numbers % outputs if outputs > 1 else None,
        tree_round=numbers // outputs,
        base=base,
        value_kind="score",
        link=link,
        objective=loss,
        class_names=classes,
        feature_types=_feature_types(part),
        category_names=_category_names(part, order),
    )


def _mask(part: Part) -> Any:
    import numpy as np

    mask = part.get("is_categorical_")
    if mask is None or np.ndim(mask) != 1:
        return None
    return np.asarray(mask, bool)


def _feature_order(part: Part) -> Any:
    """The feature that each column is which the trees see: categories come first since 1.4."""
    import numpy as np

    mask = _mask(part)
    if mask is None or part.get("_preprocessor") is None:
        return None
    return np.concatenate([np.flatnonzero(mask), np.flatnonzero(~mask)])


def _feature_types(part: Part) -> tuple[str, ...]:
    mask = _mask(part)
    if mask is None or not mask.any():
        return ()
    return tuple("category" if kind else "float" for kind in mask.tolist())


def _category_names(part: Part, order: Any) -> dict[int, tuple[str, ...]]:
    """Names by feature, from the encoder in front of the trees."""
    preprocessor = part.part("_preprocessor")
    if preprocessor is None or order is None:
        return {}
    for step in preprocessor.get("transformers_") or ():
        encoder = Part("", "", {"step": step[1] if len(step) > 1 else None}).part("step")
        if encoder is not None and encoder.name == "OrdinalEncoder":
            listed = encoder.get("categories_")
            if isinstance(listed, list) and len(listed) <= len(order):
                return {
                    int(order[place]): names
                    for place, names in enumerate(map(names_of, listed))
                    if names
                }
    return {}
