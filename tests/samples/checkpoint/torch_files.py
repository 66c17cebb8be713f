"""Writes the samples beside it with PyTorch: python torch_files.py."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve().parent


class Block(nn.Module):
    """A residual block."""

    def __init__(self, width: int, given: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(given, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)


class Network(nn.Module):
    """Two stages of residual blocks, whose classifier shares a tensor with a projection."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU())
        self.stage = nn.Sequential(Block(4, 4), Block(4, 4), Block(4, 4))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.scale = nn.Parameter(torch.ones(4))
        self.register_buffer("steps", torch.tensor(0))
        self.project = nn.Linear(4, 4, bias=False)
        self.head = nn.Linear(4, 4)
        self.head.weight = self.project.weight


def recurrent() -> nn.Module:
    """A model whose order is known: one Sequential in another."""
    return nn.Sequential(
        nn.Embedding(10, 6),
        nn.Sequential(nn.Linear(6, 4), nn.ReLU()),
        nn.LSTM(4, 3, 2, bidirectional=True),
    )


def main() -> None:
    torch.manual_seed(0)
    network = Network()
    torch.save(network.state_dict(), HERE / "network.pth")
    torch.save(network, HERE / "network_module.pt")
    torch.save(recurrent(), HERE / "recurrent_module.pt")
    # Not the module: with it this form would save the source of PyTorch's own classes.
    torch.save(
        recurrent().state_dict(),
        HERE / "recurrent_legacy.pt",
        _use_new_zipfile_serialization=False,
    )
    wrapped = {f"module.{name}": value for name, value in network.state_dict().items()}
    optimizer = torch.optim.Adam(network.parameters())
    sum(parameter.sum() for parameter in network.parameters()).backward()
    optimizer.step()
    torch.save(
        {"epoch": 3, "arch": "network", "state_dict": wrapped, "optimizer": optimizer.state_dict()},
        HERE / "training.ckpt",
    )
    transformers(HERE / "tiny_llama")


def transformers(folder: Path) -> None:
    """A folder as Hugging Face keeps them, in two shards."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=11,
        num_attention_heads=2,
        vocab_size=20,
    )
    LlamaForCausalLM(config).save_pretrained(folder, max_shard_size="20KB")
    (folder / "generation_config.json").unlink()


if __name__ == "__main__":
    main()
