"""Draws the figures of the gallery; needs torch.

python docs/gallery/make_figures.py
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from papers import network

import archviz

HERE = Path(__file__).resolve().parent
TITLES = {"lenet": "LeNet-5", "resnet50": "ResNet-50", "unet": "U-Net"}


def main() -> None:
    """Writes a file for each."""
    for name, title in TITLES.items():
        model = replace(network(name), source=title)
        archviz.render(model, HERE / f"figure_{name}.svg", style="layered")


if __name__ == "__main__":
    main()
