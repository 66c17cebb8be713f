"""Modules that tests record; imported only where PyTorch is installed."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import nn


class Shared(nn.Module):
    """One block that runs three times, and a head that shares its weight."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.head = nn.Linear(8, 8)
        self.head.weight = self.block[0].weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(3):
            x = self.block(x)
        return self.head(x)


class Aliased(nn.Module):
    """Writes through views, with out= and into slices."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)
        self.bias = nn.Parameter(torch.zeros(8))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = self.conv(x)
        h += 1
        h[:, 0] = self.bias[0]
        flat = h.view(h.size(0), -1)
        flat[:, 0].fill_(3.0)
        other = torch.zeros_like(h)
        other[:, :4] = h[:, :4]
        torch.add(h, other, out=other)
        return other.sum((2, 3)), h


@dataclasses.dataclass
class Result:
    logits: torch.Tensor
    extra: Any = None


class Nested(nn.Module):
    """Nested containers in and out, with None and things that are no tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 4)
        self.right = nn.Linear(4, 4)

    def forward(self, batch: dict[str, Any], flag: bool = True) -> Result:
        left = self.left(batch["x"][0])
        right = self.right(batch["x"][1]["y"])
        return Result(left + right, {"left": left, "none": None, "list": [right, (left, 3)]})


class Listed(nn.Module):
    """Lists of modules: one called in a row, one with operations between."""

    def __init__(self) -> None:
        super().__init__()
        self.row = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.mixed = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.row:
            x = layer(x)
        for layer in self.mixed:
            x = layer(x) + x
        return x


class Passing(nn.Module):
    """Modules that do nothing in evaluation, and one that is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.nothing = nn.Identity()
        self.drop = nn.Dropout(0.5)
        self.unused = nn.Linear(4, 9)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(self.nothing(self.first(x)))


class Branching(nn.Module):
    """Branches on data, and a result whose size depends on it."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.a(x)
        if h.sum() > 0:
            h = self.b(h)
        assert torch.isfinite(h).all()
        for _ in range(int(x.abs().sum().item()) % 3 + 1):
            h = torch.relu(self.a(h))
        return h[h > 0]


class Failing(nn.Module):
    """Raises in its inner module after having written and drawn random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(5, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x + torch.rand(4))


class Tagger(nn.Module):
    """An embedding, a bidirectional LSTM of two layers, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 32)
        self.lstm = nn.LSTM(32, 64, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(128, 10)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(self.embedding(words))
        return self.out(states)


def build() -> nn.Module:
    """What "package.module:build" on the command line calls."""
    return Passing()


def build_large() -> nn.Module:
    """A model of 400 GB, were it made with its weights."""
    return nn.Sequential(nn.Linear(100_000, 1_000_000), nn.ReLU())


def double(x: torch.Tensor) -> torch.Tensor:
    """A function that is a model itself."""
    return x * 2
