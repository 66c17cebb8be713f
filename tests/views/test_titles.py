"""Cards are called what the reader of the code calls them."""

from __future__ import annotations

import re

import pytest

from archviz import api

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import torch
from torch import nn


class Gate(nn.Module):
    """A module of the user's own that is one operation."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(x)


def words(module: nn.Module) -> list[str]:
    picture = api.render(api.load(module, args=(torch.zeros(1, 8),)))
    return re.findall(r">([^<>]*)</text>", str(picture))


def test_a_module_that_is_one_operation_is_called_by_its_class() -> None:
    found = words(nn.Sequential(nn.Linear(8, 4), nn.LayerNorm(4), nn.Softmax(-1)))
    assert {"Linear", "LayerNorm", "Softmax", "8 → 4"} <= set(found)
    assert not {"linear", "layer_norm", "softmax"} & set(found)


def test_a_fused_card_and_its_strips_are_called_by_their_classes() -> None:
    found = words(nn.Sequential(nn.Linear(8, 4), nn.ReLU(), Gate()))
    assert {"Linear", "ReLU", "8 → 4"} <= set(found)


def test_a_function_and_a_module_of_ones_own_keep_the_name_of_the_operation() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = Gate()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.gate(torch.tanh(x))

    found = words(Net())
    assert {"sigmoid", "tanh"} <= set(found)
    assert not {"Sigmoid", "Tanh"} & set(found)
