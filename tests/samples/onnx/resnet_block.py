"""Makes resnet_block.onnx, the stem and one residual block of a ResNet, without its weights.

Run it in an environment with torch and onnxscript. The weights are declared to be
in a file beside the model, which is then left out: archviz never opens such files.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxscript.optimizer
import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
WEIGHTS = "resnet_block.weights"


class BasicBlock(nn.Module):
    """Two convolutions beside a downsampling shortcut."""

    def __init__(self, channels: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = nn.Sequential(
            nn.Conv2d(channels, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The block's result."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu(y + self.downsample(x))


class Net(nn.Module):
    """Stem, block and classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(64, 128, 2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(128, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Class scores."""
        y = self.maxpool(self.relu(self.bn1(self.conv1(image))))
        return self.fc(self.avgpool(self.layer1(y)).flatten(1))


def main() -> None:
    """Exports the network and forgets its weights and where it was exported."""
    program = torch.onnx.export(
        Net().eval(),
        (torch.zeros(1, 3, 224, 224),),
        input_names=["image"],
        output_names=["scores"],
        dynamo=True,
        optimize=False,  # it would merge normalisation into convolution
        verbose=False,
    )
    onnxscript.optimizer.fold_constants(program.model, onnx_shape_inference=True)
    onnxscript.optimizer.remove_unused_nodes(program.model)
    model = program.model_proto
    for node in model.graph.node:
        if node.op_type == "Conv":
            del node.input[2:]  # the zeros that the exporter puts where there is no bias
    used = {name for node in model.graph.node for name in node.input}
    stored = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(stored)
    offset = 0
    for tensor in model.graph.initializer:
        size = len(tensor.raw_data)
        if tensor.data_type == onnx.TensorProto.INT64:
            continue  # axes and shapes belong to the architecture
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS), ("offset", offset), ("length", size)):
            tensor.external_data.add(key=key, value=str(value))
        offset += size
    for node in model.graph.node:
        kept = [
            entry
            for entry in node.metadata_props
            if entry.key.endswith(("name_scopes", "class_hierarchy"))
        ]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    (HERE / "resnet_block.onnx").write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
