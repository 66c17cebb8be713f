"""Makes cnn_legacy.onnx and encoder_dynamo.onnx with PyTorch's old and new exporter.

Run it in an environment with torch and onnxscript. Payloads are left out, for nobody runs these
models, and so are the folders in stack traces.
"""

from __future__ import annotations

import re
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
KEEP = 64
_FILE = re.compile(r'File "(?:[^"\n]*/(?=site-packages/)|[^"\n]*/(?![^"\n]*/))([^"\n]*)"')


class Twice(nn.Module):
    """One convolution, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """What the second call gives."""
        return self.act(self.conv(self.act(self.conv(x))))


class Cnn(nn.Module):
    """A stem, a module that is called twice, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.blocks = nn.ModuleList([Twice(), Twice()])
        self.head = nn.Linear(4, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x.mean((2, 3)))


class Encoder(nn.Module):
    """One layer of a transformer with learned positions."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(50, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.register_buffer("positions", torch.zeros(12, 16))
        self.out = nn.Linear(16, 50)

    def forward(self, ids: Tensor) -> Tensor:
        """Scores of the next token."""
        return self.out(self.layer(self.tokens(ids) + self.positions))


def lighten(path: Path) -> None:
    """Leaves out payloads and folders."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) > KEEP:
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=f"{path.stem}.weights")
    for node in model.graph.node:
        for entry in node.metadata_props:
            entry.value = _FILE.sub(r'File "\1"', entry.value)
    onnx.save(model, path)


def main() -> None:
    """Writes both files beside this one."""
    torch.manual_seed(0)
    image, ids = torch.zeros(1, 3, 16, 16), torch.zeros(2, 12, dtype=torch.long)
    legacy, dynamo = HERE / "cnn_legacy.onnx", HERE / "encoder_dynamo.onnx"
    torch.onnx.export(
        Cnn().train(), (image,), str(legacy), dynamo=False, input_names=["image"],
        training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False,
        output_names=["scores"], dynamic_axes={"image": {0: "batch"}},
    )  # fmt: skip
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        Encoder().eval(), (ids,), str(dynamo), dynamo=True, external_data=False,
        dynamic_shapes=({0: batch},),
    )  # fmt: skip
    lighten(legacy)
    lighten(dynamo)


if __name__ == "__main__":
    main()
