"""Draws the gallery: twenty architectures, each as anybody gets it by default.

    python docs/gallery/make.py [NAME ...]

Seven models come with the onnx package; architectures.py builds the others and exports them to a
temporary folder.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path

from architectures import export

import archviz

HERE = Path(__file__).resolve().parent
LIGHT = (
    "bvlc_alexnet", "densenet121", "inception_v1", "resnet50", "shufflenet", "squeezenet", "vgg19",
)  # fmt: skip
BUILT = (
    "autoencoder", "bert", "convnext", "gpt2", "llama", "lstm", "mixtral", "mobilenet_v2",
    "segformer", "swin", "unet", "vit", "whisper",
)  # fmt: skip


def light(name: str) -> Path:
    """A model that comes with the onnx package."""
    spec = importlib.util.find_spec("onnx")
    if spec is None or spec.origin is None:
        raise SystemExit("the onnx package is not installed")
    return Path(spec.origin).parent / "backend/test/data/light" / f"light_{name}.onnx"


def main() -> None:
    """Draws the named pictures, or all."""
    wanted = sys.argv[1:] or [*LIGHT, *BUILT]
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            source = light(name) if name in LIGHT else export(name, Path(folder))
            made = archviz.render(source, HERE / f"{name}.svg")
            size = Path(str(made)).stat().st_size
            total += size
            print(f"{name:18} {size / 1000:6.0f} kB")
    print(f"{'all':18} {total / 1000:6.0f} kB")


if __name__ == "__main__":
    main()
