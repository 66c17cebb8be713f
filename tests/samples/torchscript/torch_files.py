"""Writes the samples beside it with PyTorch: python torch_files.py."""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve().parent
KEPT = ("data.pkl", "constants.pkl", "version", "byteorder", ".py")


class Block(nn.Module):
    """A residual block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(width, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x) * self.scale + x)


class Network(nn.Module):
    """A shared block, a branch on data, a loop, and several results."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2)
        self.blocks = nn.Sequential(Block(4), Block(4))
        self.shared = Block(4)
        self.head = nn.Linear(4, 5)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.blocks(self.stem(image))
        for _ in range(2):
            x = self.shared(x)
        x = x.sin() if x.sum() > 0 else x.cos()
        pooled = x.mean([2, 3])
        return self.head(pooled), pooled


def main() -> None:
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    network = Network().eval()
    save(torch.jit.script(network), HERE / "scripted.pt")
    save(torch.jit.trace(network, torch.ones(1, 3, 8, 8)), HERE / "traced.pt")


def save(module: torch.jit.ScriptModule, path: Path) -> None:
    """Writes what makes up the model, without the copies of sources that debuggers use."""
    torch.jit.save(module, str(path))
    with zipfile.ZipFile(path) as archive:
        members = [(item, archive.read(item)) for item in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for item, content in members:
            if item.filename.endswith(KEPT) or re.search(r"/data/\d+$", item.filename):
                archive.writestr(item, content)


if __name__ == "__main__":
    main()
