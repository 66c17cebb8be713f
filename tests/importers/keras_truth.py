"""Holding a Graph against what Keras says of the model it was read from."""

from __future__ import annotations

from typing import Any

from archviz.ir import Graph, Model, TensorType

SAVED_AS = {"GroupedQueryAttention": "GroupQueryAttention"}
"""Classes that Keras saves under another name."""


def differences(model: Model, truth: dict[str, Any]) -> list[str]:
    """Every layer, edge, shape and count in which the two differ, as sentences."""
    graph = model.body
    found: list[str] = []
    total = sum(item.type.size or 0 for item in graph.parameters.values())
    if total != truth["parameters"]:
        found.append(f"{total} parameters, and Keras counts {truth['parameters']}")
    if truth["rows"] is None:
        return found
    trainable = sum(i.type.size or 0 for i in graph.parameters.values() if i.trainable)
    if trainable != truth["trainable"]:
        found.append(f"{trainable} trainable, and Keras counts {truth['trainable']}")
    made = rows(graph)
    expected = {row["name"]: row for row in truth["rows"]}
    found += [f"{name} is no call of Keras's" for name in made if name not in expected]
    for name, row in expected.items():
        ours = made.get(name)
        if ours is None:
            found.append(f"{name} is missing")
            continue
        keys = ("class", "inputs", "shapes", "dtypes")
        found += [
            f"{name}: {key} {ours[key]}, and Keras says {row[key]}"
            for key in keys
            if not _agree(key, ours[key], row[key])
        ]
    outputs = [producers(graph).get(value, f"input:{value}") for value in graph.outputs]
    if outputs != truth["outputs"]:
        found.append(f"the outputs are {outputs}, and Keras says {truth['outputs']}")
    found += _layers_that_differ(graph, truth["layers"])
    return found


def _agree(key: str, ours: Any, theirs: Any) -> bool:
    if key == "class":
        return ours in (theirs, SAVED_AS.get(theirs))
    if key == "inputs":
        return sorted(ours) == sorted(theirs)  # Keras 3 sorts what is given by keyword
    if key in ("shapes", "dtypes"):
        # A layer may have outputs that nothing consumes and no file tells of.
        return bool(ours) and ours == theirs[: len(ours)]
    return bool(ours == theirs)


def _layers_that_differ(graph: Graph, expected: dict[str, int]) -> list[str]:
    counted = dict.fromkeys(expected, 0)
    for name, parameter in graph.parameters.items():
        layer = name.partition("/")[0]
        counted[layer] = counted.get(layer, 0) + (parameter.type.size or 0)
    return [
        f"{layer} has {count} parameters, and Keras counts {expected.get(layer)}"
        for layer, count in counted.items()
        if count != expected.get(layer)
    ]


def producers(graph: Graph) -> dict[str, str]:
    """Node and output, "dense:0", by the value that they make."""
    return {
        value: f"{node.id}:{index}"
        for node in graph.nodes
        for index, value in enumerate(node.outputs)
        if value is not None
    }


def rows(graph: Graph) -> dict[str, dict[str, Any]]:
    """What a graph says of each call, in the form of :func:`keras_zoo.truth`."""
    source = producers(graph)
    made = {}
    for node in graph.nodes:
        types = [graph.values[value].type for value in node.outputs if value is not None]
        assert all(isinstance(type_, TensorType) for type_ in types)
        made[node.id] = {
            "class": node.op,
            "inputs": [source.get(v or "", f"input:{v}") for v in node.inputs],
            "shapes": [None if t.shape is None else list(t.shape) for t in types],  # type: ignore[union-attr]
            "dtypes": [t.dtype for t in types],  # type: ignore[union-attr]
        }
    return made
