"""Live PyTorch modules: hierarchy, operations, parameters, aliases, nested inputs and outputs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import torch
import torch_modules as modules
from torch import nn

import archviz
from archviz.errors import ImporterError
from archviz.ir import Graph, Model, Node, TensorType
from archviz.ir.verify import verify


def load(module: Any, *args: Any, **kwargs: Any) -> Graph:
    model = archviz.load(module, args, kwargs)
    assert verify(model.body) == []
    return model.body


def by_id(graph: Graph) -> dict[str, Node]:
    return {node.id: node for node in graph.nodes}


def test_a_module_called_again_is_a_scope_of_its_own_that_shares_parameters() -> None:
    graph = load(modules.Shared(), torch.ones(2, 8))
    assert [path for path in graph.scopes if len(path) == 1] == [
        ("block",), ("block@2",), ("block@3",), ("head",),
    ]  # fmt: skip
    nodes = by_id(graph)
    first = [use.parameter for use in nodes["block/0/linear"].parameters]
    assert first == ["block.0.weight", "block.0.bias"]
    assert [use.parameter for use in nodes["block@3/0/linear"].parameters] == first
    assert nodes["head/linear"].parameters[0].parameter == "block.0.weight"
    assert set(graph.parameters) == {"block.0.weight", "block.0.bias", "head.bias"}


def test_operations_have_shapes_types_and_settings_as_written() -> None:
    graph = load(modules.Aliased(), torch.ones(1, 3, 32, 32))
    conv = by_id(graph)["conv/conv2d"]
    assert conv.attributes == {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1)}
    assert [(use.role, use.parameter) for use in conv.parameters] == [
        ("weight", "conv.weight"),
        ("bias", "conv.bias"),
    ]
    made = graph.values[str(conv.outputs[0])]
    assert made.type == TensorType("float32", (1, 8, 16, 16))


def test_a_write_through_a_view_reaches_whoever_reads_the_tensor_afterwards() -> None:
    graph = load(modules.Aliased(), torch.ones(1, 3, 8, 8))
    nodes = by_id(graph)
    fill = nodes["fill_"].outputs[0]
    assert fill in nodes["zeros_like"].inputs
    assert fill in nodes["getitem#3"].inputs
    returned = next(node for node in graph.nodes if graph.outputs[1] in node.outputs)
    assert returned.op == "alias"
    assert fill in returned.inputs


def test_to_join_a_cache_that_is_empty_yet_changes_nothing() -> None:
    class Cached(nn.Module):
        def forward(self, new: torch.Tensor) -> torch.Tensor:
            return torch.tanh(torch.cat([torch.zeros(0), new], -2))

    graph = load(Cached(), torch.ones(2, 3))
    assert [(node.op, node.inputs) for node in graph.nodes if node.op != "zeros"] == [
        ("identity", ("new",)),
        ("tanh", ("identity",)),
    ]


def test_the_line_is_the_users_not_the_frameworks() -> None:
    graph = load(modules.Passing(), torch.ones(2, 4))
    location = by_id(graph)["first/linear"].location
    assert location is not None
    assert location.file.endswith("tests/importers/torch_modules.py")
    assert location.function == "forward"
    lines = Path(modules.__file__).read_text(encoding="utf-8").splitlines()
    assert "self.drop(self.nothing(self.first(x)))" in lines[location.line - 1]


def test_inputs_and_outputs_may_be_nested() -> None:
    batch = {"x": [torch.ones(2, 4), {"y": torch.ones(2, 4)}], "meta": "text"}
    graph = load(modules.Nested(), batch, flag=False)
    assert graph.inputs == ("batch.x.0", "batch.x.1.y")
    assert graph.outputs == ("logits", "extra.left", "extra.list.0", "extra.left")


def test_a_list_is_a_scope_only_where_its_modules_run_in_a_row() -> None:
    graph = load(modules.Listed(), torch.ones(2, 4))
    assert graph.scopes[("row",)].type == "ModuleList"
    assert ("row", "2") in graph.scopes
    assert ("mixed",) not in graph.scopes
    assert ("mixed.1",) in graph.scopes


def test_a_module_that_does_nothing_is_there_and_one_never_called_is_not() -> None:
    graph = load(modules.Passing(), torch.ones(2, 4))
    assert [node.op for node in graph.nodes] == ["linear", "identity", "dropout"]
    assert "unused.weight" in graph.parameters
    assert ("unused",) not in graph.scopes


def test_frozen_parameters_and_buffers_are_told_from_trainable_ones() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    module[0].weight.requires_grad_(False)
    parameters = load(module, torch.ones(2, 3)).parameters
    assert parameters["0.weight"].trainable is False
    assert parameters["0.bias"].trainable is True
    assert parameters["1.running_mean"].kind == "buffer"


def test_the_same_call_gives_the_same_model() -> None:
    module = modules.Tagger()
    words = torch.zeros(1, 7, dtype=torch.long)
    assert archviz.load(module, (words,)) == archviz.load(module, (words,))


def test_a_target_is_made_without_memory_for_its_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(Path(modules.__file__).parent))
    model = archviz.load("torch_modules:build_large", input=("2x100000",))
    weight = model.body.parameters["0.weight"]
    assert weight.type.shape == (1_000_000, 100_000)
    assert [node.op for node in model.body.nodes] == ["linear", "relu"]


def test_a_function_of_tensors_is_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(modules.__file__).parent))
    for target in (modules.double, "torch_modules:double"):
        model: Model = archviz.load(target, input=("3",))
        assert [node.op for node in model.body.nodes] == ["mul"]


def test_a_function_that_raises_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken_models.py").write_text("def build():\n    raise ValueError('no weights')\n")
    sys.path.insert(0, str(tmp_path))
    try:
        with pytest.raises(ImporterError, match="ValueError: no weights"):
            archviz.load("broken_models:build")
    finally:
        sys.path.remove(str(tmp_path))


def test_attention_that_gets_its_mask_by_name_and_has_no_plain_shapes_is_recorded() -> None:
    class Shared(nn.Module):
        """All heads share one key, which only broadcasting makes fit."""

        def forward(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
            mask = torch.ones(4, 4, dtype=torch.bool).tril()
            return nn.functional.scaled_dot_product_attention(query, key, key, attn_mask=mask)

    graph = load(Shared(), torch.zeros(1, 2, 4, 8), torch.zeros(1, 1, 4, 8))
    assert graph.nodes[-1].op == "scaled_dot_product_attention"
    assert graph.values[graph.outputs[0]].type == TensorType("float32", (1, 2, 4, 8))
