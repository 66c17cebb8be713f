"""Draws the figures for papers of networks that are no convolutional ones.

    python docs/gallery/make_networks.py

The perceptron is trained on scikit-learn's digits, so that its edges are weights that learned
something; the others are built without weights.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import archviz

HERE = Path(__file__).resolve().parent


def perceptron() -> Any:
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    data, digits = load_digits(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged, and need not
        return archviz.load(
            MLPClassifier((32, 16), max_iter=120, random_state=0).fit(data / 16, digits)
        )


def transformer() -> Any:
    import torch
    from torch import nn

    class Transformer(nn.Module):
        """A. Vaswani and others, "Attention Is All You Need", 2017, the base model."""

        def __init__(self) -> None:
            super().__init__()
            self.source = nn.Embedding(37_000, 512)
            self.target = nn.Embedding(37_000, 512)
            self.layers = nn.Transformer(512, 8, 6, 6, 2048, batch_first=True)
            self.words = nn.Linear(512, 37_000)
            self.register_buffer("positions", torch.zeros(512, 512))  # sines, which are not drawn

        def forward(self, inputs: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
            mask = nn.Transformer.generate_square_subsequent_mask(outputs.shape[1])
            source = self.source(inputs) + self.positions[: inputs.shape[1]]
            target = self.target(outputs) + self.positions[: outputs.shape[1]]
            made = self.layers(source, target, tgt_mask=mask)
            return self.words(made).softmax(-1)

    with torch.device("meta"):
        network = Transformer()
    source, target = (torch.zeros(1, 12, dtype=torch.long) for _ in range(2))
    return archviz.load(network, (source, target))


def tagger() -> Any:
    import torch
    from torch import nn

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(5_000, 100)
            self.cells = nn.LSTM(100, 128, 2, bidirectional=True, batch_first=True)
            self.tags = nn.Linear(256, 17)

        def forward(self, sentence: torch.Tensor) -> torch.Tensor:
            return self.tags(self.cells(self.words(sentence))[0])

    return archviz.load(Tagger(), (torch.zeros(1, 20, dtype=torch.long),))


FIGURES = {"mlp": perceptron, "transformer": transformer, "tagger": tagger}


def main() -> None:
    """Draws them all."""
    for name, built in FIGURES.items():
        made = archviz.render(built(), HERE / f"figure_{name}.svg", style="layered")
        print(f"{name:14} {Path(str(made)).stat().st_size / 1000:6.0f} kB")


if __name__ == "__main__":
    main()
