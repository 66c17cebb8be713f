"""Tree ensembles in ONNX graphs: the trees as their exporters had them, and what they predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from archviz import api
from archviz.ir import Condition, Forest, Model
from archviz.ir.forest.routing import leaves_of, linked, raw_predictions
from archviz.ir.verify import verify


def ensemble(op: str, **attributes: Any) -> onnx.ModelProto:
    node = helper.make_node(op, ["x"], ["y"], domain="ai.onnx.ml", **attributes)
    if op == "TreeEnsembleClassifier":
        node.output.append("scores")
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.output]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])]
    graph = helper.make_graph([node], "trees", inputs, outputs)
    version = 5 if op == "TreeEnsemble" else 3
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", version)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def forest_in(model: Model) -> Forest:
    assert verify(model.graph) == []
    (forest,) = [node.forest for node in model.graph.nodes if node.forest is not None]
    return forest


def stump(**changes: Any) -> onnx.ModelProto:
    attributes: dict[str, Any] = {
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [1, 0, 0],
        "nodes_values": [0.5, 0.0, 0.0],
        "nodes_modes": ["BRANCH_LT", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "target_treeids": [0, 0],
        "target_nodeids": [1, 2],
        "target_ids": [0, 0],
        "target_weights": [1.0, 2.0],
        "n_targets": 1,
        **changes,
    }
    return ensemble("TreeEnsembleRegressor", **attributes)


def test_a_node_holds_its_forest_and_not_its_lists() -> None:
    model = api.load(stump(post_transform="LOGISTIC"))
    (node,) = model.graph.nodes
    assert dict(node.attributes) == {"n_targets": 1, "post_transform": "LOGISTIC"}
    forest = forest_in(model)
    assert forest.condition.tolist() == [Condition.LT, Condition.LEAF, Condition.LEAF]
    assert forest.link == "logistic"
    assert raw_predictions(forest, np.array([[9, 0.4, 9], [9, 0.5, 9]])).tolist() == [[1.0], [2.0]]


def test_nodes_may_come_in_any_order_under_any_numbers() -> None:
    forest = forest_in(
        api.load(
            stump(
                nodes_treeids=[7, 7, 7],
                nodes_nodeids=[30, 10, 20],
                nodes_modes=["LEAF", "LEAF", "BRANCH_GT"],
                nodes_featureids=[0, 0, 2],
                nodes_values=[0.0, 0.0, 4.0],
                nodes_truenodeids=[0, 0, 30],
                nodes_falsenodeids=[0, 0, 10],
                target_treeids=[7, 7],
                target_nodeids=[10, 30],
            )
        )
    )
    assert forest.ids is not None
    assert forest.ids.tolist() == [20, 10, 30]
    assert raw_predictions(forest, np.array([[0, 0, 5.0], [0, 0, 3.0]])).tolist() == [[2.0], [1.0]]


@pytest.mark.parametrize(
    "changes",
    [
        {"nodes_truenodeids": [7, 0, 0]},
        {"nodes_truenodeids": [0, 0, 0]},
        {"nodes_truenodeids": [2, 0, 0]},
        {"nodes_modes": ["BRANCH_MAYBE", "LEAF", "LEAF"]},
        {"nodes_values": [0.5]},
        {"nodes_nodeids": [0, 1, 1]},
        {"nodes_treeids": [0, 0, 2**62]},
        {"target_nodeids": [1, 9]},
        {"target_ids": [0, -1]},
        {"target_ids": [0, 2**40]},
        {"nodes_featureids": [-3, 0, 0]},
    ],
)
def test_broken_trees_are_left_out_and_said(changes: dict[str, Any]) -> None:
    model = api.load(stump(**changes))
    assert [node.forest for node in model.graph.nodes] == [None]
    assert [item.name for item in model.diagnostics] == ["broken-trees"]


def version_five(**changes: Any) -> onnx.ModelProto:
    def tensor(values: Any, dtype: Any) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(values, dtype))

    attributes: dict[str, Any] = {
        "tree_roots": [0, 2],
        "n_targets": 2,
        "nodes_featureids": [0, 1, 2],
        "nodes_modes": tensor([0, 6, 4], np.uint8),
        "nodes_splits": tensor([1.5, 0.0, 7.0], np.float32),
        "nodes_truenodeids": [1, 0, 3],
        "nodes_trueleafs": [0, 1, 1],
        "nodes_falsenodeids": [2, 1, 4],
        "nodes_falseleafs": [1, 1, 1],
        "leaf_targetids": [0, 0, 1, 1, 1],
        "leaf_weights": tensor([1.0, 2.0, 4.0, 8.0, 16.0], np.float32),
        "membership_values": tensor([2.0, 5.0, np.nan], np.float32),
        "aggregate_function": 1,
        **changes,
    }
    return ensemble("TreeEnsemble", **attributes)


def test_version_five_keeps_splits_and_leaves_apart() -> None:
    forest = forest_in(api.load(version_five()))
    assert forest.tree_count == 2
    data = np.array([[1.0, 5.0, 7.0], [1.0, 4.0, 0.0], [2.0, 0.0, 0.0]])
    assert raw_predictions(forest, data).tolist() == [[1.0, 8.0], [2.0, 16.0], [0.0, 20.0]]
    assert [forest.categories_of(row) for row in range(forest.node_count)].count((2, 5)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"tree_roots": [9]},
        {"nodes_truenodeids": [0, 0, 3]},
        {"nodes_falsenodeids": [9, 1, 4]},
        {"leaf_targetids": [0, 0, 1, 1, 5]},
        {"aggregate_function": 9},
        {"membership_values": numpy_helper.from_array(np.array([2.5, np.nan], np.float32))},
    ],
)
def test_broken_trees_of_version_five_are_left_out(changes: dict[str, Any]) -> None:
    model = api.load(version_five(**changes))
    assert [node.forest for node in model.graph.nodes] == [None]


def test_a_file_of_megabytes_keeps_its_trees_and_loses_its_weights(tmp_path: Path) -> None:
    """Beyond some size tensors are skipped; those of trees are their structure."""
    count = 2**17
    trees = np.arange(count // 2 - 1)
    inner = np.arange(count - 1) < count // 2 - 1

    def tensor(values: Any, dtype: Any) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(values, dtype))

    splits = len(trees)
    proto = version_five(
        tree_roots=[0],
        nodes_featureids=[0] * splits,
        nodes_modes=tensor(np.zeros(splits), np.uint8),
        nodes_splits=tensor(np.linspace(-1, 1, splits), np.float32),
        nodes_truenodeids=np.where(2 * trees + 1 < splits, 2 * trees + 1, 2 * trees + 1 - splits),
        nodes_trueleafs=(2 * trees + 1 >= splits).astype(int),
        nodes_falsenodeids=np.where(2 * trees + 2 < splits, 2 * trees + 2, 2 * trees + 2 - splits),
        nodes_falseleafs=(2 * trees + 2 >= splits).astype(int),
        leaf_targetids=[0] * (splits + 1),
        leaf_weights=tensor(np.arange(splits + 1), np.float32),
        membership_values=tensor([], np.float32),
    )
    proto.graph.initializer.append(numpy_helper.from_array(np.zeros(1_000_000, np.float32), "w"))
    path = tmp_path / "large.onnx"
    path.write_bytes(proto.SerializeToString())
    assert path.stat().st_size > 2**21
    forest = forest_in(api.load(path))
    assert forest_in(api.load(proto)) == forest
    assert forest.node_count == 2 * splits + 1
    assert inner.sum() == splits
    assert sorted(forest.value[forest.is_leaf, 0].tolist()) == list(range(splits + 1))


def converted(estimator: Any, data: np.ndarray, **options: Any) -> onnx.ModelProto:
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    made = skl2onnx.to_onnx(estimator, data[:1].astype(np.float32), options=options or None)
    assert isinstance(made, onnx.ModelProto)
    return made


@pytest.mark.parametrize("name", ["classifier", "regressor", "RandomForest-classifier", "extra"])
def test_what_sklearn_onnx_exports_predicts_as_the_estimator(name: str) -> None:
    pytest.importorskip("sklearn")
    from sklearn_zoo import ZOO

    estimator, data = ZOO[name]()
    forest = forest_in(api.load(converted(estimator, data)))
    own = api.load(estimator).body
    assert isinstance(own, Forest)
    assert forest.node_count == own.node_count
    mine = linked(forest, raw_predictions(forest, data))
    exact = hasattr(estimator, "predict_proba")
    expected = estimator.predict_proba(data) if exact else estimator.predict(data)
    np.testing.assert_allclose(mine.reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)
    assert (leaves_of(forest, data) == leaves_of(own, data)).mean() > 0.99
