"""Figures of neurons: edges are the model's own weights, from whatever file they come."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest
from box_geometry import faults, groups, listed

import archviz
from archviz.errors import OptionError
from archviz.ir import Model
from archviz.ir.serde import to_json
from archviz.preparing import prepared
from archviz.scene import Path, Scene, Text, flatten
from archviz.theme import load_theme
from archviz.views import VIEWS
from archviz.views.layered.fcnn import CLASSES, weight_class

SIZES = (14, 12, 9, 3)


def matrices() -> list[Any]:
    """Weights (inputs, outputs) of a network of three layers, one of them zero, some large."""
    random = np.random.default_rng(7)
    found = [random.normal(size=pair).astype("float32") for pair in pairwise(SIZES)]
    found[0][0, 0] = 0
    found[1][2, 2] = -40
    return found


def figure(model: Model, **options: Any) -> tuple[Model, Scene]:
    ready, _ = prepared(model, "auto", "", (), False, (), None, False)
    return ready, VIEWS.get("layered").draw(ready, **options)


def drawn_edges(scene: Scene) -> Iterator[tuple[int, str, int, tuple[float, ...]]]:
    """Layer by number, sign, class and ends of every edge."""
    names: dict[str, int] = {}
    for group in groups(scene.marks):
        if group.role != "weights":
            continue
        layer = names.setdefault(group.data["layer"], len(names))
        for mark in group.marks:
            assert isinstance(mark, Path)
            points = [segment[1:] for segment in mark.segments]
            for start, end in zip(points[0::2], points[1::2], strict=True):
                yield layer, group.data["sign"], int(group.data["class"]), (*start, *end)


def columns(scene: Scene) -> list[list[float]]:
    """Heights of the neurons of every layer, from left to right."""
    found: dict[float, list[float]] = {}
    for mark in flatten(scene.marks):
        if isinstance(mark, Path) and mark.role.startswith("neuron"):
            xs = [n for s in mark.segments for n in s[1::2]]
            ys = [n for s in mark.segments for n in s[2::2]]
            x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
            found.setdefault(round(x, 1), []).append(round(y, 1))
    return [sorted(found[x]) for x in sorted(found)]


def check_edges(scene: Scene, weights: list[Any]) -> None:
    """Every edge stands for the weight of its two neurons, and every weight has its edge."""
    scale = float(np.percentile(np.abs(np.concatenate([w.ravel() for w in weights])), 99.5))
    heights = columns(scene)
    numbers = []
    for column, size in zip(heights, SIZES, strict=True):
        half = len(column) // 2
        shown = range(size) if len(column) == size else [*range(half), *range(size - half, size)]
        numbers.append(dict(zip(column, shown, strict=True)))
    seen: set[tuple[int, int, int]] = set()
    for layer, sign, strength, (_, y0, _, y1) in drawn_edges(scene):
        i, j = numbers[layer][round(y0, 1)], numbers[layer + 1][round(y1, 1)]
        weight = float(weights[layer][i, j])
        assert sign == ("negative" if weight < 0 else "positive")
        assert strength == min(CLASSES, round(abs(weight) / scale * CLASSES))
        seen.add((layer, i, j))
    for layer, matrix in enumerate(weights):
        for i in numbers[layer].values():
            for j in numbers[layer + 1].values():
                is_drawn = weight_class(float(matrix[i, j]), scale) > 0
                assert ((layer, i, j) in seen) == is_drawn


def torch_network() -> Any:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    layers = [nn.Linear(a, b) for a, b in pairwise(SIZES)]
    for layer, matrix in zip(layers, matrices(), strict=True):
        layer.weight.data = torch.tensor(matrix.T.copy())
    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.Tanh(), layers[2], nn.Softmax(-1))


def network() -> Any:
    """What ``package.module:function`` names on the command line."""
    return torch_network()


def live_torch(folder: File) -> Model:
    torch = pytest.importorskip("torch")
    return archviz.load(torch_network(), (torch.zeros(1, SIZES[0]),))


def named_torch(folder: File) -> Model:
    pytest.importorskip("torch")
    return archviz.load("test_neuron_figures:network", input=(f"1x{SIZES[0]}",))


def saved_torch(folder: File) -> Model:
    torch = pytest.importorskip("torch")
    torch.save(torch_network(), folder / "network.pt")
    return archviz.load(folder / "network.pt")


def onnx_file(folder: File) -> Model:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, given = [], "x"
    for k in range(len(SIZES) - 1):
        op = ("Gemm", "MatMul", "Gemm")[k]
        turned = {"transB": 1} if k == 2 else {}
        nodes.append(helper.make_node(op, [given, f"w{k}"], [f"y{k}"], **turned))
        given = f"y{k}"
    stored = [m.T.copy() if k == 2 else m for k, m in enumerate(matrices())]
    graph = helper.make_graph(
        nodes, "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, SIZES[0]])],
        [helper.make_tensor_value_info("y2", TensorProto.FLOAT, [1, SIZES[-1]])],
        [numpy_helper.from_array(matrix, f"w{k}") for k, matrix in enumerate(stored)],
    )  # fmt: skip
    onnx.save(helper.make_model(graph), folder / "mlp.onnx")
    return archviz.load(folder / "mlp.onnx")


def keras_network() -> Any:
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    made = [keras.layers.Dense(size, activation="relu") for size in SIZES[1:]]
    network = keras.Sequential([keras.layers.Input((SIZES[0],)), *made])
    for layer, matrix in zip(made, matrices(), strict=True):
        layer.set_weights([matrix, np.zeros(matrix.shape[1])])
    return network


def exported_torch(folder: File) -> Model:
    torch = pytest.importorskip("torch")
    program = torch.export.export(torch_network(), (torch.zeros(1, SIZES[0]),))
    torch.export.save(program, folder / "network.pt2")
    return archviz.load(folder / "network.pt2")


def live_keras(folder: File) -> Model:
    return archviz.load(keras_network())


def keras_file(folder: File) -> Model:
    keras_network().save(folder / "network.keras")
    return archviz.load(folder / "network.keras")


def keras_hdf5(folder: File) -> Model:
    keras_network().save(folder / "network.h5")
    return archviz.load(folder / "network.h5")


def estimator() -> Any:
    pytest.importorskip("sklearn")
    from sklearn.neural_network import MLPClassifier

    data = np.random.default_rng(0).normal(size=(30, SIZES[0]))
    made = MLPClassifier(SIZES[1:-1], max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged, and need not
        made.fit(data, np.arange(30) % SIZES[-1])
    made.coefs_ = matrices()
    return made


def live_sklearn(folder: File) -> Model:
    return archviz.load(estimator())


def pickled_sklearn(folder: File) -> Model:
    (folder / "mlp.pkl").write_bytes(pickle.dumps(estimator()))
    return archviz.load(folder / "mlp.pkl")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "source",
    [
        live_torch, named_torch, saved_torch, exported_torch, onnx_file, live_keras, keras_file,
        keras_hdf5, live_sklearn, pickled_sklearn,
    ],
)  # fmt: skip
def test_every_edge_is_as_wide_as_the_model_s_weight(source: Any, tmp_path: File) -> None:
    model = source(tmp_path)
    ready, scene = figure(model)
    assert not faults(scene)
    check_edges(scene, matrices())
    names = [o.replace(" ", "_") for node in ready.graph.nodes for o in node.origins]
    assert sorted(listed(scene)) == sorted(names)
    # What the weights are never enters the model's file.
    assert "weights" not in to_json(model)


def test_classes_of_weights_differ_in_width_and_shade_in_every_theme() -> None:
    for name in ("light", "dark", "gray", "print"):
        theme = load_theme(name)
        for sign in ("negative", "positive"):
            looks = [
                theme.style(f"weight-{k} {sign}-{min(k + 1, CLASSES)}")
                for k in range(1, CLASSES + 1)
            ]
            widths = [look.stroke_width for look in looks]
            assert widths == sorted(set(widths))
            assert widths[0] >= 0.35
            assert len({theme.color(look.stroke) for look in looks}) >= CLASSES - 1


def test_without_weights_edges_are_connections_and_the_figure_says_so(tmp_path: File) -> None:
    model = replace(onnx_file(tmp_path), weights=None)
    _, scene = figure(model)
    assert not list(drawn_edges(scene))
    words = " ".join(mark.text for mark in flatten(scene.marks) if isinstance(mark, Text))
    assert "weights are not at hand" in words
    assert not faults(scene)


def test_long_columns_show_their_ends_and_say_so(tmp_path: File) -> None:
    _, scene = figure(onnx_file(tmp_path))
    assert [len(column) for column in columns(scene)] == [10, 10, 9, 3]
    words = [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]
    assert {"x", "1", "14"} <= set(words)
    assert any("first and last 5 neurons" in word for word in words)


def test_other_models_are_not_drawn_as_neurons() -> None:
    torch = pytest.importorskip("torch")
    model = archviz.load(torch.nn.Conv2d(1, 4, 3), (torch.zeros(1, 1, 8, 8),))
    with pytest.raises(OptionError, match="dense layers"):
        figure(model, figure="fcnn")
