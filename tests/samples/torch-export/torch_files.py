"""Writes the samples beside it with PyTorch: python torch_files.py."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve().parent
FRAME = re.compile(r' *File "([^"]*)"[^\n]*\n?(?: {4}[^\n]*\n?)*')


class Head(nn.Module):
    """A projection whose weight is that of the embedding."""

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.proj = nn.Linear(8, 10, bias=False)
        self.proj.weight = weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.proj(x)


class Network(nn.Module):
    """Tied weights, a module called twice, a branch, several results and a free batch size."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 8)
        self.layers = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])
        self.norm = nn.LayerNorm(8)
        self.head = Head(self.embed.weight)
        self.register_buffer("offset", torch.ones(8))
        self.scales = torch.tensor([1.0, 2.0] * 4)

    def forward(self, tokens: torch.Tensor, flag: torch.Tensor) -> dict[str, torch.Tensor]:
        x = self.embed(tokens) * self.scales
        for layer in self.layers:
            x = self.norm(layer(x)).relu()
        x = torch.cond(flag, lambda t: t.sigmoid() + self.offset, lambda t: t.sin(), (x,))
        first, _ = x.split(4, dim=-1)
        largest, place = first.max(dim=-1)
        return {"logits": self.head(x), "largest": largest, "place": place}


def main() -> None:
    batch = torch.export.Dim("batch")
    network = Network().eval()
    given = (torch.zeros(3, 5, dtype=torch.long), torch.tensor(True))
    exported = torch.export.export(network, given, dynamic_shapes=({0: batch}, None))
    save(exported, HERE / "network.pt2")
    attention = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    exported = torch.export.export(attention, (torch.zeros(1, 4, 8),))
    save(exported.run_decompositions(), HERE / "decomposed.pt2")


def save(exported: torch.export.ExportedProgram, path: Path) -> None:
    """Writes a program whose stack traces have lines of this file alone, without its folder."""
    torch.export.save(exported, path)
    with zipfile.ZipFile(path) as archive:
        members = [(item, archive.read(item)) for item in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for item, content in members:
            if item.filename.endswith("models/model.json"):
                document = json.loads(content)
                shorten(document)
                content = json.dumps(document).encode()
            archive.writestr(item, content)


def shorten(value: object) -> None:
    """Cuts every stack trace inside."""
    if isinstance(value, list):
        for item in value:
            shorten(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "stack_trace":
                own = [
                    m.group() for m in FRAME.finditer(item) if m.group(1) == str(HERE / __file__)
                ]
                value[key] = "".join(own).replace(f"{HERE}/", "").rstrip()
            else:
                shorten(item)


if __name__ == "__main__":
    main()
