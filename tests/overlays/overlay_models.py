"""Models whose gradient flows, is cut, or is not wanted, for the pictures of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, is_cut: bool = False) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.first = nn.Linear(8, 16)
        self.second = nn.Linear(16, 8)
        self.is_cut = is_cut

    def forward(self, x: Any) -> Any:
        h = self.second(torch.relu(self.first(self.norm(x))))
        if self.is_cut:
            h = h.detach()
            x = x.detach()  # CUT
        return x + h


class Stack(nn.Module):
    def __init__(self, depth: int, cut: int = -1) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block(number == cut) for number in range(depth))
        self.head = nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


class Read(nn.Module):
    """Reads a parameter as a number, leaves one unused, and runs a part without gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Linear(8, 8)
        self.temperature = nn.Parameter(torch.ones(()))
        self.spare = nn.Parameter(torch.ones(3))
        self.head = nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        with torch.no_grad():
            h = self.backbone(x)
        return self.head(h) / self.temperature.item()
