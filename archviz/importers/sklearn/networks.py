"""Multi-layer perceptrons of scikit-learn, ``MLPClassifier`` and ``MLPRegressor``, as layers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.sklearn.parts import Part
from archviz.ir import Parameter, ParameterUse, ScopePath, TensorType
from archviz.ir.build import GraphBuilder

NETWORKS = ("MLPClassifier", "MLPRegressor")
MAX_LAYERS = 10_000
_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "softmax": "Softmax"}


def is_network(part: Part) -> bool:
    """Whether an estimator is a fitted network."""
    return part.name in NETWORKS and bool(part.get("coefs_"))


def add_network(
    builder: GraphBuilder, part: Part, data: str, scope: ScopePath, arrays: dict[str, Any]
) -> str:
    """Adds the layers of a network that reads the value ``data``; returns what it gives.

    Args:
        builder: Takes the layers.
        part: The estimator.
        data: What it reads.
        scope: Its own scope.
        arrays: Takes the weights by the names of their parameters.

    Raises:
        ImporterError: Its weights do not fit each other.
    """
    weights, biases = list(part.get("coefs_")), list(part.get("intercepts_") or ())
    if len(weights) > MAX_LAYERS or any(getattr(one, "ndim", 0) != 2 for one in weights):
        raise ImporterError("the weights of a network are no matrices", "fit it again")
    for one, other in pairwise(weights):
        if one.shape[1] != other.shape[0]:
            raise ImporterError("the layers of a network do not fit each other", "fit it again")
    last = len(weights) - 1
    for number, weight in enumerate(weights):
        name = "output" if number == last else f"hidden {number + 1}"
        path = (*scope, name)
        builder.scope(path)
        stored = {"kernel": weight}
        if number < len(biases):
            stored["bias"] = biases[number]
        uses = []
        for role, array in stored.items():
            known = f"{'/'.join(path)}/{role}"
            arrays[known] = array
            type_ = TensorType(str(array.dtype), tuple(int(size) for size in array.shape))
            builder.parameter(Parameter(known, type_, trainable=True))
            uses.append(ParameterUse(known, role))
        made = TensorType(str(weight.dtype), ("samples", int(weight.shape[1])))
        value = builder.value("/".join(path), made)
        builder.node("Dense", (data,), (value,), parameters=tuple(uses), scope=path)
        data = value
        kind = part.text("out_activation_" if number == last else "activation")
        if kind in _ACTIVATIONS:
            value = builder.value(f"{'/'.join(path)}/{kind}", made)
            builder.node(_ACTIVATIONS[kind], (data,), (value,), scope=path)
            data = value
    return data
